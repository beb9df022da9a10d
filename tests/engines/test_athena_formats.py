"""Athena's formats and SerDes, read and written: Avro, delimited text, CSV, JSON, regular expressions, compression.

Sources, in the Athena user guide: "Use SerDes" with a page for each, "Use Hive table compression" (what each format
takes), "CTAS table properties", "INSERT INTO", "Use partitioning and bucketing".
"""

from __future__ import annotations

import bz2
import gzip
import io
import json
import struct
import zlib
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import awswrangler as wr
import fastavro
import pandas as pd
import pyarrow as pa
import pytest

from tests.engines.athena_tools import Athena, athena_in, awswrangler_at

LAKE = "athena-formats"
COMMA = "ROW FORMAT DELIMITED FIELDS TERMINATED BY ','"
OPEN_CSV = "ROW FORMAT SERDE 'org.apache.hadoop.hive.serde2.OpenCSVSerde'"
AVRO = "ROW FORMAT SERDE 'org.apache.hadoop.hive.serde2.avro.AvroSerDe'"
REGEX = "ROW FORMAT SERDE 'org.apache.hadoop.hive.serde2.RegexSerDe'"
OPENX = "ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe'"
HIVE_JSON = "ROW FORMAT SERDE 'org.apache.hive.hcatalog.data.JsonSerDe'"

RECORD = {
    "type": "record",
    "name": "reading",
    "fields": [
        {"name": "Id", "type": "int"},
        {"name": "name", "type": ["null", "string"]},
        {"name": "tags", "type": {"type": "array", "items": "string"}},
        {"name": "counts", "type": {"type": "map", "values": ["null", "long"]}},
        {"name": "at", "type": ["null", {"type": "record", "name": "place", "fields": [
            {"name": "X", "type": "double"}, {"name": "label", "type": ["null", "string"]}]}]},
        {"name": "day", "type": {"type": "int", "logicalType": "date"}},
        {"name": "ms", "type": {"type": "long", "logicalType": "timestamp-millis"}},
        {"name": "price", "type": {"type": "bytes", "logicalType": "decimal", "precision": 10, "scale": 2}},
        {"name": "raw", "type": "bytes"},
        {"name": "kind", "type": {"type": "enum", "name": "kinds", "symbols": ["A", "B"]}},
    ],
}  # fmt: skip
READINGS: list[dict[str, Any]] = [
    {"Id": 1, "name": "x", "tags": ["a", "b"], "counts": {"k": 1, "n": None}, "at": {"X": 1.5, "label": None},
     "day": date(2024, 1, 2), "ms": datetime(2024, 1, 2, 3, 4, 5, 678000, UTC), "price": Decimal("1.10"),
     "raw": b"\x01\xff", "kind": "A"},
    {"Id": 2, "name": None, "tags": [], "counts": {}, "at": None, "day": date(1969, 1, 2),
     "ms": datetime(1969, 1, 1, tzinfo=UTC), "price": Decimal("-3.00"), "raw": b"", "kind": "B"},
]  # fmt: skip

athena = athena_in(LAKE, "formats")


def table(athena: Athena, name: str, columns: str, layout: str, properties: str = "") -> None:
    """An external table over the objects under its name."""
    athena(f"CREATE EXTERNAL TABLE {name} ({columns}) {layout} LOCATION 's3://{LAKE}/{name}/' {properties}")


def avro(records: list[dict[str, Any]], codec: str = "null") -> bytes:
    buffer = io.BytesIO()
    fastavro.writer(buffer, fastavro.parse_schema(RECORD), records, codec=codec)
    return buffer.getvalue()


# Avro


def test_avro_is_read_by_name_with_its_logical_types(athena: Athena) -> None:
    """ "Avro SerDe": nested types, unions with null, date, timestamp, decimal; a row format is scanned whole."""
    sizes = 0
    for codec in ("null", "deflate", "bzip2"):
        data = avro(READINGS, codec)
        sizes += len(data)
        athena.put(f"avro/{codec}.avro", data)
    columns = (
        "kind string, id int, name string, tags array<string>, counts map<string,bigint>, "
        "at struct<x:double,label:string>, day date, ms timestamp, price decimal(10,2), raw binary, later string"
    )
    table(athena, "avro", columns, "STORED AS AVRO")
    answer = athena("SELECT DISTINCT * FROM avro ORDER BY id")
    assert answer.rows == [
        ("A", "1", "x", "[a, b]", "{k=1, n=null}", "{x=1.5, label=null}", "2024-01-02", "2024-01-02 03:04:05.678",
         "1.10", "01 ff", None),
        ("B", "2", None, "[]", "{}", None, "1969-01-02", "1969-01-01 00:00:00.000", "-3.00", "", None),
    ]  # fmt: skip
    assert answer.scanned == athena("SELECT count(*) FROM avro").scanned == sizes


@pytest.mark.parametrize("codec", ["snappy", "zstandard"])
def test_avro_may_be_packed_as_spark_packs_it(athena: Athena, codec: str) -> None:
    """ "Use Hive table compression": Avro takes SNAPPY and ZSTD."""
    plain = avro(READINGS)
    sync = plain[-16:]
    head, body = plain.split(sync)[:2]
    count, block = body[:1], body[3:] if body[1] & 0x80 else body[2:]
    packed = pa.Codec(codec.replace("zstandard", "zstd")).compress(block, asbytes=True)
    if codec == "snappy":
        packed += struct.pack(">I", zlib.crc32(block))
    size = len(packed) * 2  # a zigzag integer
    length = bytes([size & 0x7F | 0x80, size >> 7])
    head = head.replace(b"\x08null", bytes([len(codec) * 2]) + codec.encode())
    athena.put(f"avro_{codec}/a.avro", head + sync + count + length + packed + sync)
    table(athena, f"avro_{codec}", "id int, name string", "STORED AS AVRO")
    assert athena(f"SELECT id, name FROM avro_{codec} ORDER BY id").rows == [("1", "x"), ("2", None)]


def test_avros_own_schema_resolves_what_has_changed(athena: Athena) -> None:
    """ "Avro SerDe": avro.schema.literal is the reader's schema (defaults, aliases, wider numbers); no schema.url."""
    athena.put("resolved/a.avro", avro(READINGS))
    literal = json.dumps({"type": "record", "name": "reading", "fields": [
        {"name": "number", "type": "long", "aliases": ["Id"]},
        {"name": "unit", "type": "string", "default": "km"}]})  # fmt: skip
    columns = "number bigint, unit string"
    table(athena, "resolved", columns, f"{AVRO} WITH SERDEPROPERTIES ('avro.schema.literal'='{literal}') "
          "STORED AS AVRO")  # fmt: skip
    assert athena("SELECT * FROM resolved ORDER BY 1").rows == [("1", "km"), ("2", "km")]
    sql = f"CREATE EXTERNAL TABLE by_url (a int) {AVRO} WITH SERDEPROPERTIES ('avro.schema.url'='s3://x/y.avsc') "
    assert "avro.schema.url is not supported" in athena.fails(f"{sql} STORED AS AVRO LOCATION 's3://{LAKE}/resolved/'")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"not Avro at all", "cannot read header"),
        (avro(READINGS * 500)[:9000], "read"),
        (avro(READINGS), "convert 'x'"),
    ],
)
def test_avro_that_cannot_be_read_is_named(athena: Athena, data: bytes, words: str) -> None:
    athena.put("bad_avro/a.avro", data)
    athena(f"CREATE EXTERNAL TABLE IF NOT EXISTS bad_avro (name int) STORED AS AVRO LOCATION 's3://{LAKE}/bad_avro/'")
    reason = athena.fails("SELECT * FROM bad_avro")
    assert reason.startswith(f"HIVE_BAD_DATA: Error opening Hive split s3://{LAKE}/bad_avro/a.avro") and words in reason


# Writing

EVERYTHING = """SELECT * FROM (VALUES
    (1, BIGINT '-5', 'a,b', true, 1.5e0, DECIMAL '1.10', DATE '2024-01-02', TIMESTAMP '2024-01-02 03:04:05.678',
     ARRAY[1, NULL], MAP(ARRAY['k'], ARRAY[2]), CAST(ROW('x', 5) AS ROW(p varchar, q integer)), X'01FF',
     ARRAY[ARRAY['p', 'q'], ARRAY['r']]),
    (NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)
) AS t (i, b, s, o, d, m, dt, ts, ar, ma, st, bi, aa) ORDER BY i"""


@pytest.mark.parametrize("format", ["PARQUET", "ORC", "AVRO", "TEXTFILE", "JSON"])
def test_every_type_survives_every_format(athena: Athena, format: str) -> None:
    """ "CTAS table properties", "INSERT INTO", "UNLOAD": all formats, nested types too, NULL in each."""
    expected = athena(EVERYTHING).rows
    name = f"every_{format.lower()}"
    athena(f"CREATE TABLE {name} WITH (format = '{format}') AS {EVERYTHING}")
    assert athena(f"SELECT * FROM {name} ORDER BY i").rows == expected
    athena(f"INSERT INTO {name} {EVERYTHING}")
    assert athena(f"SELECT DISTINCT * FROM {name} ORDER BY i").rows == expected
    assert athena(f"SELECT count(*), count(i) FROM {name}").rows == [("4", "2")]
    athena(f"UNLOAD ({EVERYTHING}) TO 's3://{LAKE}/unload_{format}/' WITH (format = '{format}')")
    columns = f"SELECT column_name, data_type FROM information_schema.columns WHERE table_name = '{name}'"
    like = {column: str(data_type) for column, data_type in athena(columns).rows}
    assert like["st"] == "row(p varchar, q integer)" and like["m"].replace(" ", "") == "decimal(3,2)"


_TAKEN = {
    "PARQUET": {"GZIP", "SNAPPY", "ZSTD", "NONE"},
    "ORC": {"ZLIB", "SNAPPY", "ZSTD", "LZ4", "NONE"},
    "AVRO": {"DEFLATE", "SNAPPY", "ZSTD", "BZIP2", "NONE"},
    "TEXTFILE": {"GZIP", "BZIP2", "LZ4", "SNAPPY", "ZSTD", "NONE"},
    "JSON": {"GZIP", "BZIP2", "LZ4", "SNAPPY", "ZSTD", "NONE"},
}


@pytest.mark.parametrize("format", _TAKEN)
def test_each_format_takes_its_compressions(athena: Athena, format: str) -> None:
    """ "Use Hive table compression", engine version 3."""
    query = "SELECT x, 's' || CAST(x AS varchar) AS s FROM UNNEST(sequence(1, 3000)) AS t(x)"
    for codec in ("GZIP", "BZIP2", "LZ4", "SNAPPY", "ZSTD", "ZLIB", "DEFLATE", "NONE"):
        name = f"packed_{format}_{codec}".lower()
        sql = f"CREATE TABLE {name} WITH (format = '{format}', write_compression = '{codec}') AS {query}"
        if codec in _TAKEN[format]:
            athena(sql)
            assert athena(f"SELECT count(*), sum(x), max(s) FROM {name}").rows == [("3000", "4501500", "s999")]
        else:
            reason = athena.fails(sql)
            assert reason.startswith("INVALID_TABLE_PROPERTY: Compression"), name


@pytest.mark.parametrize("serde", ["org.apache.hadoop.hive.serde2.OpenCSVSerde", "org.openx.data.jsonserde.JsonSerDe"])
def test_invalid_value_is_null_if_that_is_asked_for(athena: Athena, serde: str) -> None:
    """ "Open CSV SerDe" (a table's property), "OpenX JSON SerDe" (a SerDe's): use.null.for.invalid.data."""
    csv = "csv" in serde.lower()
    name = "forgiving_csv" if csv else "forgiving_json"
    rows = [{"N": 1, "t": 1000000000000, "s": {"X": 1}}, {"n": "none", "t": "noon", "s": {"x": "y"}}, {"n": 3}]
    text = '"1","1000000000000"\n"none","noon"\n"",""\n' if csv else "".join(json.dumps(row) + "\n" for row in rows)
    athena.put(f"{name}/a", text)
    columns = "n int, t timestamp" if csv else "n int, t timestamp, s struct<x:int>"
    table(athena, name, columns, f"ROW FORMAT SERDE '{serde}'")
    assert athena.fails(f"SELECT n FROM {name}").startswith("HIVE_BAD_DATA")
    said = "('use.null.for.invalid.data' = 'true')"
    given = (f"ROW FORMAT SERDE '{serde}'", f"TBLPROPERTIES {said}") if csv else (
        f"ROW FORMAT SERDE '{serde}' WITH SERDEPROPERTIES {said}", "")  # fmt: skip
    athena(f"CREATE EXTERNAL TABLE {name}2 ({columns}) {given[0]} LOCATION 's3://{LAKE}/{name}/' {given[1]}")
    expected = [("1", "2001-09-09 01:46:40.000"), (None, None), (None if csv else "3", None)]
    assert athena(f"SELECT n, t FROM {name}2").rows == expected
    if not csv:
        assert athena(f"SELECT s FROM {name}2").rows == [("{x=1}",), ("{x=null}",), (None,)]


def hive_hash(text: str) -> int:
    value = 0
    for byte in text.encode():
        value = value * 31 + (byte - 256 if byte > 127 else byte) & 0xFFFFFFFF
    return value


def test_ctas_puts_rows_into_buckets_by_hives_hash(athena: Athena) -> None:
    """ "Use partitioning and bucketing": a file a bucket, with its number; the catalog knows; no INSERT after."""
    athena(
        "CREATE TABLE buckets WITH (bucketed_by = ARRAY['k'], bucket_count = 4, partitioned_by = ARRAY['p']) AS "
        "SELECT CAST(x - 500 AS bigint) AS k, x AS v, x % 2 AS p FROM UNNEST(sequence(1, 1000)) AS t(x)"
    )
    number = "CAST(regexp_extract(\"$path\", 'bucket-(\\d+)', 1) AS integer)"
    rows = athena(f"SELECT DISTINCT k, {number} FROM buckets").rows
    for key, bucket in ((int(k or 0), int(b or 0)) for k, b in rows):
        folded = (key & 0xFFFFFFFF) ^ (key >> 32 & 0xFFFFFFFF)
        assert bucket == (folded & 0x7FFFFFFF) % 4
    described = athena.lab.client("glue").get_table(DatabaseName="formats", Name="buckets")["Table"]
    storage = described["StorageDescriptor"]
    assert (storage["BucketColumns"], storage["NumberOfBuckets"]) == (["k"], 4)
    assert athena.fails("INSERT INTO buckets VALUES (1, 1, 1)").startswith(
        "NOT_SUPPORTED: INSERT INTO is not supported"
    )
    athena(
        "CREATE TABLE buckets_of_text WITH (bucketed_by = ARRAY['k', 'n'], bucket_count = 3) AS "
        "SELECT * FROM (VALUES ('a', 1), ('Zürich', 7), ('hello', 7), ('', 2)) AS t(k, n)"
    )
    for text, count, held in athena(f"SELECT k, n, {number} FROM buckets_of_text").rows:
        assert int(held or 0) == ((hive_hash(text or "") * 31 + int(count or 0)) & 0x7FFFFFFF) % 3
    for properties, words in (
        (
            "bucketed_by = ARRAY['nope'], bucket_count = 3",
            "INVALID_TABLE_PROPERTY: Bucketing columns ['nope'] not present",
        ),
        ("bucket_count = 3", "INVALID_TABLE_PROPERTY"),
        ("bucketed_by = ARRAY['k'], bucket_count = 101", "HIVE_TOO_MANY_OPEN_PARTITIONS: Exceeded limit of 100"),
    ):
        many = "SELECT x AS k FROM UNNEST(sequence(1, 1000)) AS t(x)"
        assert athena.fails(f"CREATE TABLE no_buckets WITH ({properties}) AS {many}").startswith(words)


def test_insert_into_text_keeps_to_the_tables_form(athena: Athena) -> None:
    """ "INSERT INTO": a header where the table has one, escapes, quotes; CSV with quotes holds texts only."""
    table(athena, "headed", "a int, b string", COMMA, "TBLPROPERTIES ('skip.header.line.count'='1')")
    athena("INSERT INTO headed VALUES (1, 'x'), (2, NULL)")
    assert athena("SELECT * FROM headed ORDER BY a").rows == [("1", "x"), ("2", None)]
    table(athena, "headed_twice", "a int", COMMA, "TBLPROPERTIES ('skip.header.line.count'='2')")
    assert "property greater than 1 is not supported" in athena.fails("INSERT INTO headed_twice VALUES (1)")
    table(athena, "escaped", "a string, b int", f"{COMMA} ESCAPED BY '\\\\'")
    athena("INSERT INTO escaped VALUES ('x,y\\z', 1)")
    assert athena("SELECT * FROM escaped").rows == [("x,y\\z", "1")]
    table(athena, "quoted", "a string, b string", OPEN_CSV)
    athena("INSERT INTO quoted VALUES ('x,y', 'say \"hi\"')")
    assert athena("SELECT * FROM quoted").rows == [("x,y", 'say "hi"')]
    table(athena, "quoted_number", "a int, b string", OPEN_CSV)
    assert "Hive CSV storage format only supports VARCHAR" in athena.fails("INSERT INTO quoted_number VALUES (1, 'x')")


# Text


def test_delimited_text_in_all_its_forms(athena: Athena) -> None:
    """ "Lazy Simple SerDe": delimiters of all levels, NULL DEFINED AS, what is within collections may be NULL."""
    athena.put("nested/a.txt", "1|a;b;\\N|k=1;l=\\N|x;5\n2||\\N|\\N\n3|q|z=9|only\n")
    delimited = (
        "ROW FORMAT DELIMITED FIELDS TERMINATED BY '|' COLLECTION ITEMS TERMINATED BY ';' MAP KEYS TERMINATED BY '='"
    )
    table(athena, "nested", "id int, tags array<string>, m map<string,int>, st struct<a:string,b:int>", delimited)
    assert athena("SELECT * FROM nested").rows == [
        ("1", "[a, b, null]", "{k=1, l=null}", "{a=x, b=5}"),
        ("2", "[]", None, None),
        ("3", "[q]", "{z=9}", "{a=only, b=null}"),
    ]
    athena.put("usual/a.txt", "1\x01a\x03b\x02c\x03d\x01k\x031\x042\x02l\x033\n")
    table(athena, "usual", "id int, aa array<array<string>>, ma map<string,array<int>>", "")
    assert athena("SELECT * FROM usual").rows == [("1", "[[a, b], [c, d]]", "{k=[1, 2], l=[3]}")]
    athena.put("nulls/a.tsv", "1\tnone\n2\tx\n")
    tabs = "ROW FORMAT DELIMITED FIELDS TERMINATED BY '\\t' LINES TERMINATED BY '\\n' NULL DEFINED AS 'none'"
    table(athena, "nulls", "id int, v string", tabs)
    assert athena("SELECT * FROM nulls").rows == [("1", None), ("2", "x")]


def test_open_csv_with_its_own_characters(athena: Athena) -> None:
    """ "Open CSV SerDe": separatorChar, quoteChar, escapeChar; dates are days, timestamps milliseconds."""
    athena.put("own/a.csv", "1;'it''s;x';a\\'b\n2;'q';\n3\n")
    own = "WITH SERDEPROPERTIES ('separatorChar'=';', 'quoteChar'=\"'\", 'escapeChar'='\\\\')"
    table(athena, "own", "id int, n string, e string", f"{OPEN_CSV} {own}")
    assert athena("SELECT * FROM own").rows == [("1", "it's;x", "a'b"), ("2", "q", ""), ("3", None, None)]
    athena.put("moments/a.csv", '"19000","1704067200000","true","say \\"hi\\" or ""hi"""\n')
    backslash = "WITH SERDEPROPERTIES ('escapeChar'='\\\\')"
    table(athena, "moments", "d date, t timestamp, b boolean, s string", f"{OPEN_CSV} {backslash}")
    assert athena("SELECT * FROM moments").rows == [
        ("2022-01-08", "2024-01-01 00:00:00.000", "true", 'say "hi" or "hi"')
    ]


def test_open_csv_escapes_by_a_backslash_unless_told_otherwise(athena: Athena) -> None:
    """As Hive's OpenCSVSerde and Trino's reader of the same bugs: to be told a double quote is to be told nothing."""
    for name, told in (("unsaid", ""), ("double", "WITH SERDEPROPERTIES ('escapeChar'='\"')")):
        athena.put(f"{name}/a.csv", '"say \\"hi\\"","say ""hi""",a\\b\n')
        table(athena, name, "a string, b string, c string", f"{OPEN_CSV} {told}")
        assert athena(f"SELECT * FROM {name}").rows == [('say "hi"', 'say "hi"', "ab")]


def test_json_in_both_of_its_serdes(athena: Athena) -> None:
    """ "OpenX JSON SerDe", "Hive JSON SerDe": keys of any case, deep too; mapping, dots.in.keys, case.insensitive."""
    lines = '{"ID":1,"at":{"XxX":1,"l":[{"Q":5}]},"a.b":"dot","Ts":"2024-01-01T00:00:00Z"}\n{"ID":"3","at":null}\n'
    for name in ("openx", "strict_case", "hive"):
        athena.put(f"{name}/a.json", lines)
    columns = "id int, at struct<xxx:int,l:array<struct<q:int>>>, a_b string, ts timestamp, named string"
    told = "WITH SERDEPROPERTIES ('dots.in.keys'='true', 'mapping.named'='a.b')"
    table(athena, "openx", columns, f"{OPENX} {told}")
    assert athena("SELECT * FROM openx").rows == [
        ("1", "{xxx=1, l=[{q=5}]}", "dot", "2024-01-01 00:00:00.000", "dot"),
        ("3", None, None, None, None),
    ]
    told = "WITH SERDEPROPERTIES ('case.insensitive'='false', 'mapping.ts'='Ts')"
    table(athena, "strict_case", "id int, ts string", f"{OPENX} {told}")
    assert athena("SELECT * FROM strict_case").rows == [(None, "2024-01-01T00:00:00Z"), (None, None)]
    table(athena, "hive", "id int, at struct<xxx:int>", HIVE_JSON)
    assert athena("SELECT id, at.xxx FROM hive").rows == [("1", "1"), ("3", None)]


def test_moments_in_json_come_in_several_forms(athena: Athena) -> None:
    """ "OpenX JSON SerDe": timestamps as text, ISO 8601, and numbers since 1970: milliseconds, or seconds."""
    moments = ('"2024-01-01 00:00:00"', '"2024-01-01T00:00:00.000Z"', "1704067200000", "1704067200", "1704067200.0")
    athena.put("moments_json/a.json", "".join(f'{{"t":{moment}}}\n' for moment in (*moments, "null")))
    table(athena, "moments_json", "t timestamp", OPENX)
    assert athena("SELECT DISTINCT t FROM moments_json WHERE t IS NOT NULL").rows == [("2024-01-01 00:00:00.000",)]
    athena.put("no_moment/a.json", '{"t":"soon"}\n')
    table(athena, "no_moment", "t timestamp", OPENX)
    assert athena.fails("SELECT t FROM no_moment") == "HIVE_BAD_DATA: Error parsing field value soon as a timestamp"


@pytest.mark.parametrize("column", ["day date", "at timestamp", "n int", "x double", "m decimal(10,2)", "yes boolean"])
def test_what_does_not_fit_delimited_text_is_null(athena: Athena, column: str) -> None:
    """ "Lazy Simple SerDe": each type alone, for a reader may treat one column otherwise than several."""
    name = f"misfit_{column.split()[1].partition('(')[0]}"
    athena.put(f"{name}/a.csv", "20240102,x\nnope,y\n2147483648e9,z\n")
    table(athena, name, f"{column}, t string", COMMA)
    for where in ("", " WHERE t = 'y'"):
        assert (None,) in athena(f"SELECT {column.split()[0]} FROM {name}{where}").rows


def test_try_cast_of_a_text_that_does_not_fit_is_null(athena: Athena) -> None:
    """TRY_CAST, whatever the table is made of."""
    athena.put("tried/a.csv", "x,1.5\n7,y\n")
    for name, layout in (("tried_lazy", COMMA), ("tried_csv", OPEN_CSV)):
        athena(f"CREATE EXTERNAL TABLE {name} (a string, b string) {layout} LOCATION 's3://{LAKE}/tried/'")
        assert athena(f"SELECT TRY_CAST(b AS double) FROM {name}").rows == [("1.5",), (None,)]
        assert athena(f"SELECT TRY_CAST(a AS bigint), TRY(CAST(b AS decimal(4,2))) FROM {name}").rows == [
            (None, "1.50"),
            ("7", None),
        ]


def test_a_text_of_a_length_is_cut(athena: Athena) -> None:
    """ "Data types in Amazon Athena": varchar(n) and char(n)."""
    athena.put("cut/a.csv", "abcdef,abcdef\n")
    table(athena, "cut", "a varchar(3), b char(4)", COMMA)
    assert athena("SELECT a, b FROM cut").rows == [("abc", "abcd")]


def test_of_several_objects_on_a_line_the_first_is_read(athena: Athena) -> None:
    """ "JSON SerDe libraries": a record a line. Firehose's objects without a delimiter give one row for each file."""
    packers: tuple[Callable[[bytes], bytes], ...] = (bytes, gzip.compress)
    for number, pack in enumerate(packers):
        athena.put(f"crammed/{number}.json{'.gz' * number}", pack(b'{"a":1}{"a":2}{"a":3}'))
    table(athena, "crammed", "a int", OPENX)
    assert athena("SELECT a FROM crammed").rows == [("1",), ("1",)]
    athena.put("doubled/a.json", '{"a":1,"a":2}\n')
    table(athena, "doubled", "a int", OPENX)
    reason = 'HIVE_CURSOR_ERROR: Row is not a valid JSON Object - JSONException: Duplicate key "a"'
    assert athena.fails("SELECT a FROM doubled") == reason


def test_what_is_no_utf_8_is_read_with_a_sign_in_its_place(athena: Athena) -> None:
    """Java's decoders, which the SerDes use: U+FFFD, and the rest of the line as it is."""
    packers: tuple[Callable[[bytes], bytes], ...] = (bytes, gzip.compress)
    for number, pack in enumerate(packers):
        athena.put(f"latin/{number}.csv{'.gz' * number}", pack("1,café\n2,ok\n".encode("latin-1")))
    table(athena, "latin", "n int, s string", COMMA)
    assert athena("SELECT DISTINCT n, s FROM latin ORDER BY n").rows == [("1", "caf\ufffd"), ("2", "ok")]


def hadoop(codec: str, *parts: bytes) -> bytes:
    """Parts as Hadoop's BlockCompressorStream frames them."""
    packed = [(len(part), pa.Codec(codec).compress(part, asbytes=True)) for part in parts]
    return b"".join(struct.pack(">II", size, len(part)) + part for size, part in packed)


HALF = b"1,a\n2,b\n" * 20_000
PACKED = {
    "frame.lz4": pa.Codec("lz4").compress(HALF * 2, asbytes=True),
    "hadoop.lz4": hadoop("lz4_raw", HALF, HALF),
    "hadoop.snappy": hadoop("snappy", HALF, HALF),
    "members.gz": gzip.compress(HALF) * 2,
    "streams.bz2": bz2.compress(HALF) * 2,
}


@pytest.mark.parametrize("file", PACKED)
def test_packed_text_in_each_framing(athena: Athena, file: str) -> None:
    """ "Use compression in Athena": LZ4 framed and Hadoop's, several members or blocks one after the other."""
    name = file.replace(".", "_")
    athena.put(f"{name}/a.csv.{file.split('.')[-1]}", PACKED[file])
    table(athena, name, "n int, s string", COMMA)
    answer = athena(f"SELECT count(*), sum(n), max(s) FROM {name}")
    assert answer.rows == [("80000", "120000", "b")] and answer.scanned == len(PACKED[file])


@pytest.mark.parametrize(
    ("file", "data", "reason"),
    [
        ("a.csv.lzo", b"\x89LZO", "NOT_SUPPORTED: Text compressed with LZO"),
        ("a.csv.deflate", zlib.compress(b"1,a\n"), "NOT_SUPPORTED: DEFLATE is for Avro, not for text"),
        ("a.csv.lz4", hadoop("lz4_raw", HALF)[:-5], "HIVE_CURSOR_ERROR: Failed to read file at"),
        ("a.csv.snappy", b"\xff\xff\xff\xff no blocks", "HIVE_CURSOR_ERROR: Failed to read file at"),
    ],
)
def test_packed_text_that_is_not_read_says_why(athena: Athena, file: str, data: bytes, reason: str) -> None:
    """ "Use Hive table compression": DEFLATE is not for text; LZO the lab does not read, and names what it does."""
    name = file.split(".")[-1] + "_unread"
    athena.put(f"{name}/{file}", data)
    table(athena, name, "n int, s string", COMMA)
    assert athena.fails(f"SELECT * FROM {name}").startswith(reason)


def test_what_show_create_table_prints_makes_the_table_again(athena: Athena) -> None:
    """ "SHOW CREATE TABLE": a statement to run; every part of a table survives it."""
    athena(
        "CREATE EXTERNAL TABLE told (a int COMMENT 'it\\'s', `date` struct<x:int,y:array<string>>) "
        "COMMENT 'a, \"table\"' PARTITIONED BY (p string COMMENT 'day', q int) "
        "CLUSTERED BY (a) INTO 4 BUCKETS ROW FORMAT DELIMITED FIELDS "
        "TERMINATED BY '\\t' ESCAPED BY '\\\\' COLLECTION ITEMS TERMINATED BY ';' MAP KEYS TERMINATED BY '=' NULL "
        f"DEFINED AS '-' STORED AS TEXTFILE LOCATION 's3://{LAKE}/told/' TBLPROPERTIES ('skip.header.line.count'='1')"
    )
    table(athena, "told_regex", "a string", f'{REGEX} WITH SERDEPROPERTIES ("input.regex" = "\\\\s*(\\\\d+)\'")')
    glue = athena.lab.client("glue")
    for name in ("told", "told_regex"):
        before = glue.get_table(DatabaseName="formats", Name=name)["Table"]
        statement = "\n".join(str(line) for (line,) in athena(f"SHOW CREATE TABLE {name}").rows)
        athena(f"DROP TABLE {name}")
        athena(statement)
        after = glue.get_table(DatabaseName="formats", Name=name)["Table"]
        for part in ("StorageDescriptor", "PartitionKeys", "Parameters", "Description", "TableType"):
            assert after.get(part) == before.get(part), part


def test_awswrangler_writes_each_format_and_reads_it_back(athena: Athena) -> None:
    """awswrangler.s3.to_csv, to_json, to_orc and to_parquet with a catalog table; CTAS with partitions and buckets."""
    frame = pd.DataFrame({"i": [1, 2], "f": [1.5, None], "s": ["a,b", 'say "x"'], "d": [date(2024, 1, 1)] * 2,
                          "t": pd.to_datetime(["2024-01-01 10:00:00.123"] * 2), "p": ["x", "y"]})  # fmt: skip
    expected = [("1", "1.5", "a,b", "2024-01-01", "2024-01-01 10:00:00.123", "x"),
                ("2", None, 'say "x"', "2024-01-01", "2024-01-01 10:00:00.123", "y")]  # fmt: skip
    with awswrangler_at(athena.lab) as session:
        common: dict[str, Any] = {"dataset": True, "database": "formats", "boto3_session": session}
        place = f"s3://{LAKE}/wrangler_"
        wr.s3.to_csv(frame, f"{place}csv/", table="w_csv", partition_cols=["p"], index=False, **common)
        wr.s3.to_json(frame, f"{place}json/", table="w_json", partition_cols=["p"], index=False, orient="records",
                      lines=True, date_format="iso", **common)  # fmt: skip
        wr.s3.to_orc(frame, f"{place}orc/", table="w_orc", partition_cols=["p"], **common)
        wr.s3.to_parquet(frame, f"{place}parquet/", table="w_parquet", bucketing_info=(["i"], 2), **common)
        wr.athena.create_ctas_table(
            "SELECT * FROM w_parquet", database="formats", ctas_table="w_ctas", storage_format="avro",
            partitioning_info=["p"], bucketing_info=(["i"], 2), s3_output=f"{place}ctas/", wait=True,
            boto3_session=session,
        )  # fmt: skip
    for name in ("w_csv", "w_json", "w_orc", "w_parquet", "w_ctas"):
        assert athena(f"SELECT i, f, s, d, t, p FROM {name} ORDER BY i").rows == expected, name
