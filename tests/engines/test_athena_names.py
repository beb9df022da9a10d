"""The lab's own names in SQL never meet a user's: a table may call its columns whatever our own are called.

The names are collected from the code: the words that are given to ``internal`` and ``own``, what stands behind AS in
the SQL that is put together, and DuckDB's own columns of files. Source: "Name databases, tables, and columns"
(athena/latest/ug/tables-databases-columns-names.html) reserves none of them.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import localaws
from tests.engines.athena_tools import Athena, athena_in, outside

DATABASE = "own_names"
_GIVEN = re.compile(r"\b(?:internal|own|_identifier|_parameter|_lambda)\(f?\"([a-z_]+)(\{[^}]*\})?\"")
_ALIASES = re.compile(r"\bAS (\w+)\b|(?:LAMBDA|lambda) (\w+)|\bAS \{own\(.(\w+).\)\}|map\(own, \(([^)]*)\)")
_SQL_WORDS = {"as", "bigint", "integer", "varchar", "timestamp", "date", "double", "boolean", "decimal", "blob"}


def our_names() -> list[str]:
    """Every name that the lab gives to a column, table or parameter of its own, as a user may spell it too."""
    source = Path(localaws.__file__).parent
    rooms = (source / "engines" / "athena", source / "lake")
    code = "\n".join(path.read_text() for room in rooms for path in room.rglob("*.py"))
    found = {"file_row_number", "file_index", "filename", "rowid", "n", "i", "x", "c0", "p0", "data_0"}
    for word, counted in _GIVEN.findall(code):
        found |= {f"{word}0", f"{word}1"} if counted else {word}
    for words in _ALIASES.findall(code):
        found |= {word for part in words for word in re.findall(r"\w+", part.lower())}
    return sorted(found - _SQL_WORDS)


NAMES = our_names()


def columns(kind: str) -> str:
    return ", ".join(f"`{name}` {kind}" for name in NAMES)


def row(start: int) -> str:
    return ", ".join(str(start + number) for number in range(len(NAMES)))


def quoted(*listed: str) -> str:
    return ", ".join(f'"{name}"' for name in listed or NAMES)


def numbers(start: int) -> tuple[str, ...]:
    return tuple(str(start + number) for number in range(len(NAMES)))


athena = athena_in("own-names", DATABASE)


def test_names_are_collected_from_the_code() -> None:
    assert {"action", "number", "clause", "position", "relation0", "uri", "place", "entry", "item0"} <= set(NAMES)


@pytest.mark.parametrize("format", ["TEXTFILE", "JSON", "PARQUET", "ORC", "AVRO"])
def test_hive_table_holds_columns_of_our_names(athena: Athena, format: str) -> None:
    table, copy = f"t_{format.lower()}", f"c_{format.lower()}"
    place = f"s3://{athena.bucket}/{table}/"
    athena(f"CREATE EXTERNAL TABLE {table} ({columns('int')}) STORED AS {format} LOCATION '{place}'".replace(
        "STORED AS JSON", "ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe'"))  # fmt: skip
    athena(f"INSERT INTO {table} VALUES ({row(0)}), ({row(1000)})")
    assert athena(f"SELECT * FROM {table} ORDER BY {quoted('action')}").rows == [numbers(0), numbers(1000)]
    (found,) = athena(f'SELECT {quoted()}, "$path" FROM {table} WHERE "n" < 1000').rows
    assert found[:-1] == numbers(0)
    assert str(found[-1]).startswith(place)
    athena(f"CREATE TABLE {copy} WITH (format = '{format}') AS SELECT {quoted()} FROM {table}")
    assert athena(f"SELECT {quoted()} FROM {copy} ORDER BY 1").rows == [numbers(0), numbers(1000)]


@pytest.mark.parametrize("key", ["n", "number", "listed", "filename", "place"])
def test_partition_key_of_our_name_is_pruned_right(athena: Athena, key: str) -> None:
    table = f"k_{key}"
    athena(f"CREATE EXTERNAL TABLE {table} (v string) PARTITIONED BY (`{key}` int) "
           f"STORED AS PARQUET LOCATION 's3://{athena.bucket}/{table}/'")  # fmt: skip
    athena(f"INSERT INTO {table} VALUES ('eleven', 11), ('twelve', 12)")
    assert athena(f'SELECT v FROM {table} WHERE "{key}" = 12').rows == [("twelve",)]
    assert athena(f'SELECT v FROM {table} WHERE "{key}" > 1 ORDER BY "{key}"').rows == [("eleven",), ("twelve",)]


def test_buckets_and_partitions_take_no_name_from_the_columns(athena: Athena) -> None:
    athena("CREATE TABLE buckets WITH (bucketed_by = ARRAY['bucket'], bucket_count = 2, partitioned_by = ARRAY['n']) "
           "AS SELECT 5 AS bucket, 6 AS c0, 7 AS athena_bucket, 8 AS n")  # fmt: skip
    assert athena("SELECT * FROM buckets").rows == [("5", "6", "7", "8")]


@pytest.fixture(scope="module")
def iceberg(athena: Athena) -> str:
    athena(f"CREATE TABLE ice ({columns('int')}) PARTITIONED BY (bucket(2, `n`)) "
           f"LOCATION 's3://{athena.bucket}/ice/' TBLPROPERTIES ('table_type' = 'ICEBERG')")  # fmt: skip
    athena(f"INSERT INTO ice VALUES ({row(0)}), ({row(1000)}), ({row(2000)})")
    return "ice"


def rows_of(athena: Athena, table: str) -> list[tuple[str | None, ...]]:
    return athena(f'SELECT * FROM {table} ORDER BY "n"').rows


def changed(start: int, **values: int) -> tuple[str, ...]:
    return tuple(str(values[name]) if name in values else str(start + place) for place, name in enumerate(NAMES))


def test_iceberg_table_with_columns_of_our_names_changes(athena: Athena, iceberg: str) -> None:
    """UPDATE, DELETE, MERGE and OPTIMIZE touch the rows that they name, and every other value stays."""
    place = NAMES.index("file_row_number")
    athena(f"UPDATE {iceberg} SET action = 77 WHERE file_row_number = {1000 + place}")
    assert rows_of(athena, iceberg) == [numbers(0), changed(1000, action=77), numbers(2000)]
    athena(f"DELETE FROM {iceberg} WHERE file_row_number = {place}")
    assert rows_of(athena, iceberg) == [changed(1000, action=77), numbers(2000)]
    source = f"SELECT {2000 + NAMES.index('n')} AS n, 55 AS action UNION ALL SELECT 5, 66"
    inserted = ", ".join(f"s.{name}" if name in ("n", "action") else "0" for name in NAMES)
    athena(f"MERGE INTO {iceberg} t USING ({source}) s ON t.n = s.n "
           f"WHEN MATCHED THEN UPDATE SET action = s.action, clause = 9 "
           f"WHEN NOT MATCHED THEN INSERT ({quoted()}) VALUES ({inserted})")  # fmt: skip
    new = changed(0, **{**dict.fromkeys(NAMES, 0), "n": 5, "action": 66})
    expected = [new, changed(1000, action=77), changed(2000, action=55, clause=9)]
    assert rows_of(athena, iceberg) == expected
    athena(f"OPTIMIZE {iceberg} REWRITE DATA USING BIN_PACK")
    assert rows_of(athena, iceberg) == expected
    assert athena(f'SELECT DISTINCT substr("$path", 1, 5) FROM {iceberg}').rows == [("s3://",)]
    athena(f"CREATE TABLE ice_copy WITH (table_type = 'ICEBERG', is_external = false, partitioning = ARRAY['action'], "
           f"location = 's3://{athena.bucket}/ice_copy/') AS SELECT * FROM {iceberg}")  # fmt: skip
    assert rows_of(athena, "ice_copy") == expected


def test_file_of_iceberg_that_goes_by_names_is_read_beside_our_columns(athena: Athena) -> None:
    """A file whose structs are renamed is put together by names; its rows' numbers are not its own columns."""
    athena(f"CREATE TABLE renamed (file_row_number int, file_index int, data struct<a:int,x:int>, x int) "
           f"LOCATION 's3://{athena.bucket}/renamed/' TBLPROPERTIES ('table_type' = 'ICEBERG')")  # fmt: skip
    athena("INSERT INTO renamed VALUES (7, 7, ROW(1, 2), 3), (7, 7, ROW(4, 5), 6)")
    table = outside(athena, "renamed")
    with table.update_schema() as schema:
        schema.rename_column(("data", "a"), "b")
    athena("DELETE FROM renamed WHERE data.b = 4")
    assert athena("SELECT file_row_number, file_index, data.b, data.x, x FROM renamed").rows == [
        ("7", "7", "1", "2", "3")
    ]


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("WITH relation0 AS (SELECT 1 AS one), athena_relation_0 AS (SELECT 2 AS two) SELECT one, two, v "
         "FROM relation0, athena_relation_0, plain", [("1", "2", "a")]),
        ("SELECT v FROM plain CROSS JOIN UNNEST(ARRAY[ROW(1, 2)]) AS places (i, j)", [("a",)]),
        ("SELECT j.a FROM (SELECT ARRAY[ROW(1, 2)] AS i) places CROSS JOIN UNNEST(places.i) AS j (a, b)", [("1",)]),
        ("SELECT map_filter(map(ARRAY[1, 2], ARRAY[3, 4]), (k, v) -> v > entry) FROM (SELECT 3 AS entry)",
         [("{2=4}",)]),
        ("SELECT zip_with(ARRAY[1], ARRAY[2], (a, b) -> a + b + pair) FROM (SELECT 3 AS pair)", [("[6]",)]),
        ("SELECT cardinality(combinations(place0, 2)) FROM (SELECT ARRAY[1, 2, 3] AS place0)", [("3",)]),
        ("SELECT array_sort(ARRAY[2, 1], (a, b) -> (a - b) * here) FROM (SELECT -1 AS here)", [("[2, 1]",)]),
        ("SELECT reduce(item, 0, (s, x) -> s + x + entry, s -> s) FROM (SELECT ARRAY[1, 2] AS item, 1 AS entry)",
         [("5",)]),
        ("SELECT count(*) FROM (VALUES 1, 2) CROSS JOIN (SELECT 1 AS one) listed", [("2",)]),
    ],
)  # fmt: skip
def test_names_in_a_query_are_not_taken_for_ours(athena: Athena, sql: str, expected: list[tuple[str, ...]]) -> None:
    athena(f"CREATE EXTERNAL TABLE IF NOT EXISTS plain (v string) LOCATION 's3://{athena.bucket}/plain/'")
    athena.put("plain/one.txt", "a\n")
    assert athena(sql).rows == expected


def test_name_that_duckdb_keeps_for_itself_is_refused_before_anything_is_written(athena: Athena) -> None:
    athena(
        f"CREATE TABLE kept_name (s struct<`__duckdb_field_id`:int,b:int>) LOCATION 's3://{athena.bucket}/kept_name/' "
        "TBLPROPERTIES ('table_type' = 'ICEBERG')"
    )
    assert "NOT_SUPPORTED" in athena.fails("INSERT INTO kept_name VALUES (ROW(1, 2))")
    assert athena("SELECT count(*) FROM kept_name").rows == [("0",)]


def test_query_with_a_name_of_ours_is_refused(athena: Athena) -> None:
    with pytest.raises(athena.client.exceptions.InvalidRequestException, match="mismatched input"):
        athena('SELECT 1 AS "\x1faction"')
