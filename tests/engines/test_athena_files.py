"""What Athena makes of the files of a table: text, CSV, JSON, ORC and Parquet, packed, broken or of another schema.

Sources, in the Athena user guide: "Supported SerDes", "Compression support", "Handle schema updates", "Troubleshoot
issues in Athena".
"""

from __future__ import annotations

import bz2
import gzip
import struct

import pyarrow as pa
import pytest

from tests.conftest import RunningLab
from tests.engines.athena_tools import Athena, with_flights


@pytest.fixture(scope="module")
def athena(lab: RunningLab) -> Athena:
    return with_flights(Athena(lab, "athena-files", "files"))


def test_lazy_simple_text_has_no_quotes_and_forgives(athena: Athena) -> None:
    """LazySimpleSerDe: \\N and what does not fit are NULL, missing columns are NULL, extra ones are dropped."""
    athena.put("lazy/a.csv", 'id,name,score\n1,"x,1.5\n2,,\\N\n3\nx,y,z,more\n')
    athena(
        "CREATE EXTERNAL TABLE lazy (id int, name string, score double) ROW FORMAT DELIMITED FIELDS TERMINATED BY ',' "
        "LOCATION 's3://athena-files/lazy/' TBLPROPERTIES ('skip.header.line.count'='1')"
    )
    answer = athena("SELECT * FROM lazy")
    assert answer.rows == [("1", '"x', "1.5"), ("2", "", None), ("3", None, None), (None, "y", None)]
    assert answer.scanned == len('id,name,score\n1,"x,1.5\n2,,\\N\n3\nx,y,z,more\n')


def test_lazy_simple_text_holds_collections(athena: Athena) -> None:
    """LazySimpleSerDe: COLLECTION ITEMS and MAP KEYS TERMINATED BY."""
    athena.put("nested/a.txt", "1|a;b|k=1;l=2\n")
    athena(
        "CREATE EXTERNAL TABLE nested (id int, tags array<string>, counts map<string,int>) ROW FORMAT DELIMITED "
        "FIELDS TERMINATED BY '|' COLLECTION ITEMS TERMINATED BY ';' MAP KEYS TERMINATED BY '=' "
        "LOCATION 's3://athena-files/nested/'"
    )
    assert athena("SELECT tags, counts, counts['l'], tags[1] FROM nested").rows == [("[a, b]", "{k=1, l=2}", "2", "a")]


def test_lazy_simple_text_may_be_escaped(athena: Athena) -> None:
    """ "ROW FORMAT DELIMITED … ESCAPED BY": an escaped delimiter is part of the value."""
    athena.put("escaped/a.csv", "a\\,b,2\n")
    athena(
        "CREATE EXTERNAL TABLE escaped (a string, b int) ROW FORMAT DELIMITED FIELDS TERMINATED BY ',' ESCAPED BY "
        "'\\\\' LOCATION 's3://athena-files/escaped/'"
    )
    assert athena("SELECT * FROM escaped").rows == [("a,b", "2")]


@pytest.mark.parametrize("packed", ["", ".gz"])
@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe' WITH SERDEPROPERTIES ('field.delim'=','", "{}\n"),
        ("org.apache.hadoop.hive.serde2.OpenCSVSerde' WITH SERDEPROPERTIES ('separatorChar'=','", "{}\n"),
        ("org.openx.data.jsonserde.JsonSerDe' WITH SERDEPROPERTIES ('case.insensitive'='TRUE'", '{{"n": {}}}\n'),
        ("org.apache.hadoop.hive.serde2.RegexSerDe' WITH SERDEPROPERTIES ('input.regex'='(\\\\d+)'", "{}\n"),
    ],
)
def test_lines_at_both_ends_of_a_file_may_be_no_rows(athena: Athena, kind: str, text: str, packed: str) -> None:
    """skip.header.line.count and skip.footer.line.count, for every SerDe that reads lines.

    "LazySimpleSerDe", "Ignoring headers"; for other SerDes and for footers Trino's LinePageSourceFactory, from which
    Athena's engine version 3 comes.
    """
    name = "ends_" + kind.partition("'")[0].rpartition(".")[2].lower() + packed[1:]
    body = "head\n" + "".join(text.format(number) for number in (1, 2, 3)) + "in all\n3\n"
    athena.put(f"{name}/a{packed}", gzip.compress(body.encode()) if packed else body)
    athena(
        f"CREATE EXTERNAL TABLE {name} (n string) ROW FORMAT SERDE '{kind}) LOCATION 's3://athena-files/{name}/' "
        "TBLPROPERTIES ('skip.header.line.count'='1', 'skip.footer.line.count'='2')"
    )
    assert athena(f"SELECT n FROM {name} ORDER BY n").rows == [("1",), ("2",), ("3",)]
    if "Regex" not in kind:
        reason = "NOT_SUPPORTED: Inserting into Hive table with skip.footer.line.count property not supported"
        assert athena.fails(f"INSERT INTO {name} VALUES ('4')").startswith(reason)


def test_a_count_of_lines_that_is_none_is_told(athena: Athena) -> None:
    """Trino's HiveUtil, getHeaderCount: HIVE_INVALID_METADATA."""
    athena.put("uncounted/a", "1\n")
    athena(
        "CREATE EXTERNAL TABLE uncounted (n int) ROW FORMAT DELIMITED LOCATION 's3://athena-files/uncounted/' "
        "TBLPROPERTIES ('skip.header.line.count'='one')"
    )
    reason = "HIVE_INVALID_METADATA: Invalid value for skip.header.line.count property: one"
    assert athena.fails("SELECT * FROM uncounted") == reason


def test_open_csv_reads_quotes(athena: Athena) -> None:
    """OpenCSVSerDe: separators within quotes; every value a text first."""
    athena.put("quoted/a.csv", 'id,name\n1,"Smith, J"\n2,"say ""hi"""\n')
    athena(
        "CREATE EXTERNAL TABLE quoted (id int, name string) ROW FORMAT SERDE "
        "'org.apache.hadoop.hive.serde2.OpenCSVSerde' WITH SERDEPROPERTIES ('separatorChar' = ',', 'quoteChar' = '\"') "
        "LOCATION 's3://athena-files/quoted/' TBLPROPERTIES ('skip.header.line.count'='1')"
    )
    assert athena("SELECT * FROM quoted ORDER BY id").rows == [("1", "Smith, J"), ("2", 'say "hi"')]


def test_json_lines_nested_and_compressed(athena: Athena) -> None:
    """OpenX JSON SerDe: nested types, names without regard to case; gzip by the key's ending; hidden files unread."""
    lines = b'{"Id":1,"tags":["a","b"],"at":{"x":1,"y":"z"}}\n{"Id":2}\n'
    athena.put("json/a.json.gz", gzip.compress(lines))
    athena.put("json/_SUCCESS", "not data")
    athena.put("json/.part", "not data")
    athena(
        "CREATE EXTERNAL TABLE events (id int, tags array<string>, at struct<x:int,y:string>) "
        "ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe' LOCATION 's3://athena-files/json/'"
    )
    answer = athena("SELECT id, tags, at, at.x FROM events ORDER BY id")
    assert answer.rows == [("1", "[a, b]", "{x=1, y=z}", "1"), ("2", None, None, None)]
    assert answer.types == ["integer", "array", "row", "integer"]
    assert answer.scanned == len(gzip.compress(lines, mtime=0))
    unnested = athena("SELECT id, tag, n FROM events CROSS JOIN UNNEST(tags) WITH ORDINALITY AS t(tag, n) ORDER BY n")
    assert unnested.rows == [("1", "a", "1"), ("1", "b", "2")]


def test_malformed_json_ends_the_query_unless_it_is_to_be_ignored(athena: Athena) -> None:
    """OpenX JSON SerDe, ignore.malformed.json; the failure names the object, never a file of this machine."""
    athena.put("malformed/a.json", '{"a": 1}\n{bad\n')
    sql = "CREATE EXTERNAL TABLE {} (a int) ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe' {} LOCATION '{}'"
    athena(sql.format("strict", "", "s3://athena-files/malformed/"))
    reason = athena.fails("SELECT * FROM strict")
    assert reason.startswith("HIVE_CURSOR_ERROR: Row is not a valid JSON Object")
    assert "s3://athena-files/malformed/a.json" in reason and "/objects/" not in reason
    lenient = "WITH SERDEPROPERTIES ('ignore.malformed.json' = 'true')"
    athena(sql.format("lenient", lenient, "s3://athena-files/malformed/"))
    assert athena("SELECT * FROM lenient").rows == [("1",), (None,)]


def test_a_schema_that_does_not_fit_the_file_is_told(athena: Athena) -> None:
    """ "Troubleshoot Athena": HIVE_BAD_DATA names the column, both types and the object."""
    athena("CREATE EXTERNAL TABLE misread (carrier int) STORED AS PARQUET LOCATION 's3://athena-files/flights/'")
    assert athena.fails("SELECT carrier FROM misread") == (
        "HIVE_BAD_DATA: Malformed Parquet file. Field carrier's type BYTE_ARRAY in parquet file "
        "s3://athena-files/flights/flights.parquet is incompatible with type integer defined in table schema"
    )


def test_orc_is_written_and_read_by_position(athena: Athena) -> None:
    """ "Handle schema updates": ORC columns are matched by index; INSERT adds files of the same format."""
    athena(
        "CREATE TABLE as_orc WITH (format = 'ORC', partitioned_by = ARRAY['origin'], external_location = "
        "'s3://athena-files/as_orc/') AS SELECT carrier, dep_delay, time_hour, origin FROM flights WHERE month = 1"
    )
    expected = athena("SELECT origin, sum(dep_delay) FROM flights WHERE month = 1 GROUP BY 1 ORDER BY 1").rows
    assert athena("SELECT origin, sum(dep_delay) FROM as_orc GROUP BY 1 ORDER BY 1").rows == expected
    athena("INSERT INTO as_orc VALUES ('ZZ', 1, TIMESTAMP '2024-01-01 00:00:00', 'XXX')")
    assert athena("SELECT carrier, time_hour FROM as_orc WHERE origin = 'XXX'").rows == [
        ("ZZ", "2024-01-01 00:00:00.000")
    ]
    athena(
        "CREATE EXTERNAL TABLE renamed (airline string, late int) PARTITIONED BY (origin string) STORED AS ORC "
        "LOCATION 's3://athena-files/as_orc/'"
    )
    athena("MSCK REPAIR TABLE renamed")
    assert athena("SELECT airline, late FROM renamed WHERE origin = 'XXX'").rows == [("ZZ", "1")]


@pytest.mark.parametrize("suffix", ["gz", "bz2", "snappy", "zst"])
def test_text_may_be_compressed(athena: Athena, suffix: str) -> None:
    """ "Compression support": the key's ending tells; what is scanned is the compressed size."""
    plain = b"1,a\n2,b\n" * 500
    packed = {
        "gz": lambda: gzip.compress(plain),
        "bz2": lambda: bz2.compress(plain),
        "snappy": lambda: _hadoop_snappy(plain),
        "zst": lambda: pa.Codec("zstd").compress(plain, asbytes=True),
    }[suffix]()
    athena.put(f"packed-{suffix}/a.csv.{suffix}", packed)
    athena(
        f"CREATE EXTERNAL TABLE packed_{suffix} (n int, s string) ROW FORMAT DELIMITED FIELDS TERMINATED BY ',' "
        f"LOCATION 's3://athena-files/packed-{suffix}/'"
    )
    answer = athena(f"SELECT count(*), sum(n), max(s) FROM packed_{suffix}")
    assert answer.rows == [("1000", "1500", "b")]
    assert answer.scanned == len(packed)


def _hadoop_snappy(data: bytes) -> bytes:
    packed = pa.Codec("snappy").compress(data, asbytes=True)
    return struct.pack(">II", len(data), len(packed)) + packed


def test_files_that_cannot_be_read_are_named(athena: Athena) -> None:
    """ "Troubleshoot Athena": HIVE_BAD_DATA for a Parquet or ORC table over something else."""
    athena.put("broken/a", "this is not a columnar file, whatever the table says")
    for format, words in (("PARQUET", "HIVE_BAD_DATA: Not valid Parquet file: s3://athena-files/broken/a"),
                          ("ORC", "HIVE_BAD_DATA: Error opening Hive split s3://athena-files/broken/a")):  # fmt: skip
        columns = "(a int)"
        athena(
            f"CREATE EXTERNAL TABLE broken_{format} {columns} STORED AS {format} LOCATION 's3://athena-files/broken/'"
        )
        assert athena.fails(f"SELECT * FROM broken_{format}").startswith(words)


def test_schema_drift_between_files_is_read_by_name(athena: Athena) -> None:
    """ "Handle schema updates": Parquet by name; what a file does not have is NULL; a narrower integer widens."""
    for number, sql in enumerate(("SELECT 1 AS a, 'x' AS b", "SELECT CAST(2 AS bigint) AS a, 'new' AS c")):
        athena(f"UNLOAD ({sql}) TO 's3://athena-files/drift/{number}/' WITH (format = 'PARQUET')")
    athena(
        "CREATE EXTERNAL TABLE drift (c string, a bigint, b string) STORED AS PARQUET LOCATION 's3://athena-files/drift/'"
    )
    assert athena("SELECT a, b, c FROM drift ORDER BY a").rows == [("1", "x", None), ("2", None, "new")]


def test_a_table_over_a_missing_bucket_fails(athena: Athena) -> None:
    athena("CREATE EXTERNAL TABLE lost (a int) STORED AS PARQUET LOCATION 's3://athena-no-such-bucket/x/'")
    assert "NoSuchBucket" in athena.fails("SELECT * FROM lost")
