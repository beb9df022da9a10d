"""Athena changes Iceberg tables: rows, files, snapshots, columns; seen through Athena, awswrangler and pyiceberg.

Sources, in the Athena user guide: "Update Iceberg table data" with "UPDATE", "DELETE", "MERGE INTO"; "Optimize Iceberg
tables" with "OPTIMIZE", "VACUUM"; "Evolve Iceberg table schema"; the properties of "Create Iceberg tables". Beyond it,
the Iceberg Table Spec. Error texts are Trino's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import awswrangler as wr
import boto3
import pandas as pd
import pytest
from pyiceberg.table import Table

from tests.conftest import RunningLab
from tests.engines.athena_tools import Athena, athena_in, awswrangler_at, outside, snapshot_of
from tests.gateway.wire import advance

DATABASE = "ice_changes"

athena = athena_in("ice-changes", DATABASE)


@pytest.fixture
def wrangler(lab: RunningLab) -> Iterator[boto3.Session]:
    """awswrangler talking to the lab."""
    with awswrangler_at(lab) as session:
        yield session


def make(athena: Athena, table: str, columns: str, rows: str = "", partitions: str = "", **properties: Any) -> None:
    """An Iceberg table, with *rows* if there are some."""
    athena(f"DROP TABLE IF EXISTS {table}")
    partitioned = f"PARTITIONED BY ({partitions})" if partitions else ""
    listed = "".join(f", '{key}'='{value}'" for key, value in properties.items())
    athena(
        f"CREATE TABLE {table} ({columns}) {partitioned} LOCATION 's3://{athena.bucket}/{table}/' "
        f"TBLPROPERTIES ('table_type'='ICEBERG'{listed})"
    )
    if rows:
        athena(f"INSERT INTO {table} VALUES {rows}")


def rows(athena: Athena, table: str, columns: str = "*") -> list[tuple[str | None, ...]]:
    """What Athena reads, which pyiceberg has to agree with in number."""
    found = athena(f"SELECT {columns} FROM {table} ORDER BY 1").rows
    assert outside(athena, table).scan().to_arrow().num_rows == len(found)
    return found


def contents(athena: Athena, table: str) -> list[int]:
    """Of each file of the table: 0 holds rows, 1 the positions of deleted rows."""
    return sorted(int(content or 0) for (content,) in athena(f'SELECT content FROM "{table}$files"').rows)


def operations(athena: Athena, table: str) -> list[str]:
    return [snapshot.summary.operation.value for snapshot in outside(athena, table).snapshots() if snapshot.summary]


def objects(athena: Athena, table: str, folder: str = "data") -> set[str]:
    pages = athena.s3.get_paginator("list_objects_v2").paginate(Bucket=athena.bucket, Prefix=f"{table}/{folder}/")
    return {f"s3://{athena.bucket}/{item['Key']}" for page in pages for item in page.get("Contents", [])}


def referenced(table: Table) -> set[str]:
    """Every file of rows or deletes that a snapshot has."""
    return {
        entry.data_file.file_path
        for snapshot in table.snapshots()
        for manifest in snapshot.manifests(table.io)
        for entry in manifest.fetch_manifest_entry(table.io)
    }


# DELETE and UPDATE


def test_delete_marks_rows_and_leaves_the_data_file(athena: Athena) -> None:
    """ "DELETE": Iceberg position delete files, merge on read."""
    make(athena, "marked", "id int, name string", "(1, 'a'), (2, 'b'), (3, NULL)")
    before = objects(athena, "marked")
    answer = athena("DELETE FROM marked WHERE id = 2")
    assert (answer.execution["StatementType"], answer.execution["SubstatementType"]) == ("DML", "DELETE")
    results = athena.client.get_query_results(QueryExecutionId=answer.execution["QueryExecutionId"])
    assert results["UpdateCount"] == 1
    assert 0 < answer.scanned < 2000
    assert answer.execution["ResultConfiguration"]["OutputLocation"].endswith(".csv")
    assert rows(athena, "marked") == [("1", "a"), ("3", None)]
    assert contents(athena, "marked") == [0, 1]
    assert before < objects(athena, "marked")
    assert operations(athena, "marked") == ["append", "delete"]
    athena("DELETE FROM marked WHERE id = 1")
    assert contents(athena, "marked") == [0, 1, 1]
    assert rows(athena, "marked") == [("3", None)]


def test_a_file_without_rows_left_is_dropped(athena: Athena) -> None:
    make(athena, "emptied", "id int, day date", "(1, DATE '2024-01-01'), (2, DATE '2024-01-02')", "day")
    athena("DELETE FROM emptied WHERE day = DATE '2024-01-01'")
    assert contents(athena, "emptied") == [0]
    athena("INSERT INTO emptied VALUES (3, DATE '2024-01-02'), (4, DATE '2024-01-02'), (5, DATE '2024-01-03')")
    for condition in ("day > DATE '2024-01-02' OR day IS NULL", "day = DATE '2024-01-09'"):
        assert athena(f"DELETE FROM emptied WHERE {condition}").scanned == 0  # the partitions tell which files go
    assert rows(athena, "emptied", "id") == [("2",), ("3",), ("4",)]
    assert "TYPE_MISMATCH" in athena.fails("DELETE FROM emptied WHERE day = 'today'")
    athena("DELETE FROM emptied WHERE id = 3")
    assert athena("DELETE FROM emptied").scanned == 0
    assert contents(athena, "emptied") == []
    assert rows(athena, "emptied") == []
    summary = snapshot_of(outside(athena, "emptied")).summary
    assert summary and summary["total-records"] == "0"


def test_null_is_not_equal_to_anything(athena: Athena) -> None:
    make(athena, "nulls", "id int, name string", "(1, 'a'), (2, NULL)")
    for condition in ("name = NULL", "id NOT IN (1, NULL)", "name <> 'a'", "name IN ('b', NULL)"):
        athena(f"DELETE FROM nulls WHERE {condition}")
    assert rows(athena, "nulls", "id") == [("1",), ("2",)]
    assert operations(athena, "nulls") == ["append"]  # what changes nothing makes no snapshot
    athena("UPDATE nulls SET name = 'b' WHERE name IS NULL")
    assert rows(athena, "nulls") == [("1", "a"), ("2", "b")]


def test_update_writes_rows_anew_in_one_snapshot(athena: Athena) -> None:
    """ "UPDATE": the old rows are deleted by position, the new ones added, in one snapshot; others stay as they are."""
    make(athena, "fares", "id int, fare decimal(8,2), tags array<string>", "(1, 10, ARRAY['x']), (2, 20, NULL)")
    athena("UPDATE fares SET fare = fare * 1.5, tags = ARRAY['y', CAST(id AS varchar)] WHERE id > 1")
    assert rows(athena, "fares") == [("1", "10.00", "[x]"), ("2", "30.00", "[y, 2]")]
    assert contents(athena, "fares") == [0, 0, 1]
    assert operations(athena, "fares") == ["append", "overwrite"]
    athena("UPDATE fares SET id = id + (SELECT max(id) FROM fares), fare = NULL")
    assert rows(athena, "fares", "id, fare") == [("3", None), ("4", None)]


def test_an_update_moves_a_row_to_another_partition(athena: Athena) -> None:
    listed = ", ".join(f"({n}, 'n{n}', TIMESTAMP '2024-01-0{n % 3 + 1} 12:00:00')" for n in range(9))
    make(athena, "moved", "id bigint, name string, at timestamp", listed, "day(at), bucket(4, id), truncate(1, name)")
    athena("UPDATE moved SET at = TIMESTAMP '2024-02-01 00:00:00', id = id + 100, name = 'zz' WHERE id IN (0, 4)")
    assert [row[0] for row in rows(athena, "moved", "id")] == ["1", "2", "3", "5", "6", "7", "8", "100", "104"]
    found = athena("SELECT id FROM moved WHERE at = TIMESTAMP '2024-02-01 00:00:00' AND name = 'zz' ORDER BY id")
    assert found.rows == [("100",), ("104",)]
    for file in outside(athena, "moved").inspect.data_files().to_pylist():
        assert file["partition"]["name_trunc"] in ("n", "z")
    table = outside(athena, "moved")
    assert table.scan("id = 104").to_arrow().num_rows == 1  # pyiceberg prunes by the bucket that we wrote


def test_time_travel_sees_what_was_deleted(athena: Athena) -> None:
    make(athena, "travel", "id int", "(1), (2)")
    first = snapshot_of(outside(athena, "travel"))
    athena("DELETE FROM travel WHERE id = 1")
    athena("UPDATE travel SET id = 9")
    assert rows(athena, "travel") == [("9",)]
    assert athena(f"SELECT id FROM travel FOR VERSION AS OF {first.snapshot_id} ORDER BY id").rows == [
        ("1",),
        ("2",),
    ]


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("UPDATE wrong SET nope = 1", "COLUMN_NOT_FOUND: line 1:18: The UPDATE SET target column nope doesn't exist"),
        (
            "UPDATE wrong SET id = 'x'",
            "TYPE_MISMATCH: line 1:1: UPDATE table column types don't match SET expressions: "
            "Table: [integer], Expressions: [varchar",
        ),
        ("DELETE FROM wrong WHERE nope = 1", "COLUMN_NOT_FOUND: line 1:25: Column 'nope' cannot be resolved"),
        (
            "DELETE FROM missing",
            "TABLE_NOT_FOUND: line 1:13: Table 'awsdatacatalog.ice_changes.missing' does not exist",
        ),
        ("UPDATE wrong SET id = id / 0", "DIVISION_BY_ZERO: Division by zero"),
        (
            "MERGE INTO wrong t USING (VALUES 1) AS s(id) ON t.id = s.id WHEN MATCHED THEN UPDATE SET nope = 1",
            "COLUMN_NOT_FOUND: line 1:90: Merge column name does not exist in target table: nope",
        ),
        (
            "MERGE INTO wrong t USING (VALUES (1, 'a'), (1, 'b')) AS s(id, name) ON t.id = s.id "
            "WHEN MATCHED THEN UPDATE SET name = s.name",
            "MERGE_TARGET_ROW_MULTIPLE_MATCHES: One MERGE target table row matched more than one source row",
        ),
        (
            "MERGE INTO wrong t USING (VALUES 1) AS s(id) ON t.id = s.id WHEN MATCHED THEN UPDATE SET name = 1",
            "TYPE_MISMATCH: line 1:1: MERGE table column types don't match for MERGE case 0, SET expressions: "
            "Table: [varchar], Expressions: [integer]",
        ),
    ],
)
def test_what_is_wrong_is_told_and_leaves_nothing(athena: Athena, sql: str, reason: str) -> None:
    """Trino's words; a statement that fails leaves the table and its folder as they were."""
    if not objects(athena, "wrong"):
        make(athena, "wrong", "id int, name string", "(1, 'a')")
    before = objects(athena, "wrong", "")
    assert athena.fails(sql).startswith(reason)
    assert objects(athena, "wrong", "") == before
    assert rows(athena, "wrong") == [("1", "a")]


def test_rows_of_other_tables_are_not_changed(athena: Athena) -> None:
    athena.put("plain/rows.csv", "1,a\n")
    athena(
        f"CREATE EXTERNAL TABLE plain (id int, name string) ROW FORMAT DELIMITED FIELDS TERMINATED BY ',' "
        f"LOCATION 's3://{athena.bucket}/plain/'"
    )
    athena("CREATE VIEW seen AS SELECT 1 AS id")
    words = "NOT_SUPPORTED: Modifying Hive table rows is only supported for transactional tables"
    merge = "MERGE INTO plain t USING plain s ON t.id = s.id WHEN MATCHED THEN DELETE"
    for sql in ("UPDATE plain SET id = 2", "DELETE FROM plain WHERE id = 1", merge):
        assert athena.fails(sql) == words
    assert "Deleting from views is not supported" in athena.fails("DELETE FROM seen")


def test_explain_changes_nothing(athena: Athena) -> None:
    make(athena, "explained", "id int, name string", "(1, 'a'), (2, 'b')")
    merge = "MERGE INTO explained t USING (VALUES 3) AS s(id) ON t.id = s.id WHEN MATCHED THEN DELETE"
    for sql in ("DELETE FROM explained WHERE id = 1", "UPDATE explained SET id = 5", merge):
        assert athena(f"EXPLAIN {sql}").rows
    assert athena.fails("EXPLAIN UPDATE explained SET nope = 1").startswith("COLUMN_NOT_FOUND: line 1:30: ")
    assert rows(athena, "explained") == [("1", "a"), ("2", "b")]


# MERGE


def test_merge_takes_the_first_clause_that_suits(athena: Athena) -> None:
    """ "MERGE INTO": clauses in order, the first match counts; rows without a clause are left alone."""
    make(athena, "stock", "id int, name string, n int", "(1, 'a', 1), (2, 'b', 2), (3, 'c', 3), (4, 'd', 4)")
    answer = athena(
        """
        MERGE INTO stock AS t
        USING (SELECT * FROM (VALUES (1, 'A', 10), (2, 'B', 0), (3, 'skip', 5), (7, 'new', 7), (8, 'no', 0))
               AS v(id, name, n)) AS s
        ON t.id = s.id
        WHEN MATCHED AND s.n = 0 THEN DELETE
        WHEN MATCHED AND s.name <> 'skip' THEN UPDATE SET name = s.name, n = t.n + s.n
        WHEN NOT MATCHED AND s.n > 0 THEN INSERT (id, name) VALUES (s.id, upper(s.name))
        """
    )
    assert answer.execution["SubstatementType"] == "MERGE"
    results = athena.client.get_query_results(QueryExecutionId=answer.execution["QueryExecutionId"])
    assert results["UpdateCount"] == 3
    assert rows(athena, "stock") == [("1", "A", "11"), ("3", "c", "3"), ("4", "d", "4"), ("7", "NEW", None)]
    assert operations(athena, "stock") == ["append", "overwrite"]
    # a target row with two partners is fine as long as one of them has a clause; so are expressions of other clauses
    athena(
        "MERGE INTO stock USING (VALUES (1, 0), (1, 5)) AS s(id, d) ON stock.id = s.id "
        "WHEN MATCHED AND d > 0 THEN UPDATE SET n = 10 / d"
    )
    assert rows(athena, "stock", "id, n")[0] == ("1", "2")
    athena("MERGE INTO stock t USING stock s ON t.id = s.id WHEN NOT MATCHED THEN INSERT VALUES (1, 'x', 1)")
    assert len(operations(athena, "stock")) == 3


def test_an_upsert_of_ten_thousand_rows(athena: Athena) -> None:
    make(athena, "big", "id bigint, part bigint, state string", partitions="part")
    athena("INSERT INTO big SELECT n, n % 7, 'old' FROM UNNEST(sequence(1, 10000)) AS s(n)")
    athena(
        "MERGE INTO big t USING (SELECT n AS id, n % 7 AS part FROM UNNEST(sequence(5001, 15000)) AS s(n)) s "
        "ON t.id = s.id AND t.part = s.part WHEN MATCHED THEN UPDATE SET state = 'new' "
        "WHEN NOT MATCHED THEN INSERT (id, part, state) VALUES (s.id, s.part, 'added')"
    )
    found = athena("SELECT state, count(*), count(DISTINCT id), min(id), max(id) FROM big GROUP BY 1 ORDER BY 1").rows
    assert found == [
        ("added", "5000", "5000", "10001", "15000"),
        ("new", "5000", "5000", "5001", "10000"),
        ("old", "5000", "5000", "1", "5000"),
    ]
    assert outside(athena, "big").scan("state = 'old'").to_arrow().num_rows == 5000
    athena("DROP TABLE big")


def test_awswrangler_upserts_and_deletes(athena: Athena, wrangler: boto3.Session) -> None:
    """awswrangler's Iceberg writers make MERGE and ALTER TABLE of what they are asked."""
    place: dict[str, Any] = {"database": DATABASE, "table": "wrangled", "boto3_session": wrangler}
    paths: dict[str, Any] = {
        "temp_path": f"s3://{athena.bucket}/temp/",
        "s3_output": f"s3://{athena.bucket}/results/",
        "keep_files": False,  # else the next call finds them in its own staging table
    }
    location = f"s3://{athena.bucket}/wrangled/"
    first = pd.DataFrame({"id": [1, 2, 3], "name": ["a", "b", "c"]})
    wr.athena.to_iceberg(first, **place, **paths, table_location=location)
    second = pd.DataFrame({"id": [2, 4], "name": ["B", "D"]})
    wr.athena.to_iceberg(second, **place, **paths, table_location=location, merge_cols=["id"])
    wr.athena.delete_from_iceberg_table(pd.DataFrame({"id": [1, 9]}), **place, **paths, merge_cols=["id"])
    assert rows(athena, "wrangled") == [("2", "B"), ("3", "c"), ("4", "D")]
    third = pd.DataFrame({"id": [5], "name": ["e"], "extra": [1.5]})
    wr.athena.to_iceberg(third, **place, **paths, table_location=location, mode="overwrite", schema_evolution=True)
    assert rows(athena, "wrangled") == [("5", "e", "1.5")]


def test_many_manifests_become_few(athena: Athena) -> None:
    """Iceberg's property commit.manifest.min-count-to-merge, which Athena's own statements do not set."""
    make(athena, "often", "id int, n int", "(1, 0), (2, 0), (3, 0), (4, 0)")
    with outside(athena, "often").transaction() as transaction:
        transaction.set_properties({"commit.manifest.min-count-to-merge": "4"})
    athena("DELETE FROM often WHERE id = 4")
    for n in range(5):
        athena(f"UPDATE often SET n = n + 1 WHERE id = {n % 3 + 1}")
    table = outside(athena, "often")
    assert len(snapshot_of(table).manifests(table.io)) < 7
    assert rows(athena, "often") == [("1", "2"), ("2", "2"), ("3", "1")]


# Several at once


def test_concurrent_updates_lose_nothing(athena: Athena) -> None:
    """Optimistic concurrency: who comes too late for the same rows fails; what it wrote is taken back."""
    make(athena, "counter", "id int, n int", "(1, 0), (2, 0)")
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(athena.run, ["UPDATE counter SET n = n + 1 WHERE id = 1"] * 4))
    done = [answer for answer in answers if answer.state == "SUCCEEDED"]
    assert done
    for answer in answers:
        if answer not in done:
            words = "ICEBERG_COMMIT_ERROR: Failed to commit Iceberg update to table: ice_changes.counter"
            assert answer.reason == words
    assert rows(athena, "counter") == [("1", str(len(done))), ("2", "0")]
    assert objects(athena, "counter") == referenced(outside(athena, "counter"))


def test_what_touches_other_files_does_not_conflict(athena: Athena) -> None:
    """Snapshot isolation: rows that others add or change elsewhere are no conflict."""
    make(athena, "apart", "id int, part int", "(1, 1), (2, 2), (3, 3)", "part")
    statements = [
        "UPDATE apart SET id = id + 10 WHERE part = 1",
        "DELETE FROM apart WHERE part = 2",
        "INSERT INTO apart VALUES (4, 4)",
    ]
    with ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(athena.run, statements))
    assert [answer.reason for answer in answers] == ["", "", ""]
    assert rows(athena, "apart") == [("3", "3"), ("4", "4"), ("11", "1")]


# OPTIMIZE and VACUUM


def test_optimize_packs_files_and_keeps_rows(athena: Athena) -> None:
    """ "OPTIMIZE": by size from 5 files on; one file with 2 delete files or more; only in the partitions asked for."""
    make(athena, "packed", "id int, part int", partitions="part")
    for n in range(5):
        athena(f"INSERT INTO packed VALUES ({n}, 1), ({n + 10}, 1), ({n + 20}, 2)")
    athena("DELETE FROM packed WHERE id = 10")
    before = rows(athena, "packed")
    assert contents(athena, "packed") == [0] * 10 + [1]
    answer = athena("OPTIMIZE packed REWRITE DATA USING BIN_PACK WHERE part = 1")
    assert answer.scanned > 0
    assert contents(athena, "packed") == [0] * 6
    assert rows(athena, "packed") == before
    assert operations(athena, "packed")[-1] == "replace"
    athena("OPTIMIZE packed REWRITE DATA USING BIN_PACK")
    assert contents(athena, "packed") == [0, 0]
    snapshots = len(operations(athena, "packed"))
    athena("OPTIMIZE packed REWRITE DATA USING BIN_PACK")  # nothing is left to do
    athena("DELETE FROM packed WHERE id = 11")
    athena("OPTIMIZE packed REWRITE DATA USING BIN_PACK")  # one delete file is not worth it
    assert contents(athena, "packed") == [0, 0, 1]
    athena("DELETE FROM packed WHERE id = 12")
    athena("OPTIMIZE packed REWRITE DATA USING BIN_PACK")
    assert contents(athena, "packed") == [0, 0]
    assert len(operations(athena, "packed")) == snapshots + 3
    assert len(rows(athena, "packed")) == len(before) - 2
    assert "Only partition columns" in athena.fails("OPTIMIZE packed REWRITE DATA USING BIN_PACK WHERE id = 1")


def test_vacuum_forgets_snapshots_and_deletes_objects(new_lab: Callable[..., RunningLab]) -> None:
    """ "VACUUM": snapshots older than vacuum_max_snapshot_age_seconds go, with the files that only they have; orphans
    of that age too; the newest vacuum_min_snapshots_to_keep stay."""
    lab = new_lab()
    athena = Athena(lab, "ice-vacuum", DATABASE)
    make(athena, "swept", "id int", "(1), (2)", vacuum_max_snapshot_age_seconds=3600, vacuum_min_snapshots_to_keep=2)
    first = snapshot_of(outside(athena, "swept"))
    athena("DELETE FROM swept WHERE id = 1")
    athena("UPDATE swept SET id = 3")
    athena.put("swept/data/orphan.parquet", b"of a writer that died")
    before = objects(athena, "swept", "")
    athena("VACUUM swept")
    assert len(operations(athena, "swept")) == 3
    assert before == objects(athena, "swept", "")  # nothing is old enough
    advance(lab, 3601)
    assert athena("VACUUM swept").execution["SubstatementType"] == "VACUUM"
    table = outside(athena, "swept")
    assert len(table.snapshots()) == 2
    left = objects(athena, "swept")
    assert left == referenced(table)
    assert rows(athena, "swept") == [("3",)]
    assert str(first.snapshot_id) in athena.fails(f"SELECT * FROM swept FOR VERSION AS OF {first.snapshot_id}")
    athena("ALTER TABLE swept SET TBLPROPERTIES ('vacuum_min_snapshots_to_keep'='1')")
    athena("VACUUM swept")
    assert len(objects(athena, "swept")) < len(left)
    assert rows(athena, "swept") == [("3",)]


def test_vacuum_needs_a_folder(athena: Athena) -> None:
    """ "VACUUM": a table at the root of its bucket is refused, in these words."""
    athena.s3.create_bucket(Bucket="ice-root")
    athena("CREATE TABLE rooted (id int) LOCATION 's3://ice-root/' TBLPROPERTIES ('table_type'='ICEBERG')")
    words = "GENERIC_INTERNAL_ERROR: Path missing in file system location: s3://ice-root"
    assert athena.fails("VACUUM rooted") == words


# ALTER TABLE


def test_columns_evolve_and_old_files_stay_readable(athena: Athena) -> None:
    """ "Evolve Iceberg table schema": add, drop, rename, reorder, int → bigint, float → double, wider decimals."""
    columns = "id int, name string, f float, d decimal(5,2)"
    make(athena, "evolved", columns, "(1, 'a', 1.5, 2.25), (2, 'b', 2.5, 3), (3, 'c', 3.5, 4)")
    files = objects(athena, "evolved")
    athena("DELETE FROM evolved WHERE id = 2")
    athena("ALTER TABLE evolved ADD COLUMNS (extra string COMMENT 'more', tags array<string>)")
    athena("ALTER TABLE evolved CHANGE COLUMN id key bigint COMMENT 'the key' AFTER name")
    athena("ALTER TABLE evolved CHANGE f f double FIRST")
    athena("ALTER TABLE evolved CHANGE d d decimal(10,2)")
    assert files < objects(athena, "evolved")
    names = ["f", "name", "key", "d", "extra", "tags"]
    answer = athena("SELECT * FROM evolved ORDER BY f")
    assert answer.columns == names
    assert answer.rows == [("1.5", "a", "1", "2.25", None, None), ("3.5", "c", "3", "4.00", None, None)]
    entry = athena.lab.client("glue").get_table(DatabaseName=DATABASE, Name="evolved")["Table"]
    kept = [
        each for each in entry["StorageDescriptor"]["Columns"] if each["Parameters"]["iceberg.field.current"] == "true"
    ]
    assert [each["Name"] for each in kept] == names
    athena("UPDATE evolved SET extra = 'new', key = 5000000000 WHERE key = 3")
    assert rows(athena, "evolved", "key, extra") == [("1", None), ("5000000000", "new")]
    athena("ALTER TABLE evolved DROP COLUMN extra")
    athena("ALTER TABLE evolved ADD COLUMNS (extra string)")
    assert rows(athena, "evolved", "key, extra") == [("1", None), ("5000000000", None)]
    athena("ALTER TABLE evolved RENAME TO evolved_too")
    assert len(rows(athena, "evolved_too")) == 2
    assert "TABLE_NOT_FOUND" in athena.fails("SELECT * FROM evolved")


def test_what_iceberg_does_not_change(athena: Athena) -> None:
    make(athena, "fixed", "id int, part int", "(1, 1)", "part")
    not_there = "Query type not supported by Athena Iceberg at this time"
    for sql, reason in {
        "CHANGE id id string": "Cannot change column type: id: int -> string",
        "CHANGE nope more int": "Cannot update missing column: nope",
        "DROP COLUMN part": "Cannot drop partition field: part",
        "DROP COLUMN nope": "Cannot delete missing column: nope",
        "ADD COLUMNS (part int)": "Cannot add column, name already exists: part",
        "REPLACE COLUMNS (id int)": not_there,
        "ADD PARTITION (part = 1)": not_there,
        "SET LOCATION 's3://elsewhere/'": not_there,
        "SET TBLPROPERTIES ('comment' = 'x')": "Unsupported table property key: comment",
    }.items():
        assert athena.fails(f"ALTER TABLE fixed {sql}") == reason
    assert athena.fails("MSCK REPAIR TABLE fixed") == not_there
    assert rows(athena, "fixed") == [("1", "1")]


def test_a_table_partitioned_anew_by_pyiceberg(athena: Athena) -> None:
    """Athena has no statement for partition evolution; tables that others evolved it reads and writes."""
    columns = "id int, kind string, day date"
    listed = "(1, 'a', DATE '2024-01-01')"
    make(athena, "repartitioned", columns, listed, "kind", optimize_rewrite_data_file_threshold=2)
    with outside(athena, "repartitioned").update_spec() as spec:
        spec.add_field("day", "month", "day_month")
        spec.remove_field("kind")
    athena("INSERT INTO repartitioned VALUES (2, 'a', DATE '2024-02-01'), (3, 'b', DATE '2024-03-01')")
    athena("UPDATE repartitioned SET kind = 'z', day = DATE '2024-03-02' WHERE id < 3")
    athena("DELETE FROM repartitioned WHERE id = 3")
    assert rows(athena, "repartitioned") == [("1", "z", "2024-03-02"), ("2", "z", "2024-03-02")]
    assert outside(athena, "repartitioned").scan("day >= '2024-03-01'").to_arrow().num_rows == 2
    words = "Cannot drop column which is used by an old partition spec: kind"
    assert athena.fails("ALTER TABLE repartitioned DROP COLUMN kind") == words
    athena("OPTIMIZE repartitioned REWRITE DATA USING BIN_PACK")
    assert len(rows(athena, "repartitioned")) == 2


def test_rows_within_rows_are_assigned_by_place(athena: Athena) -> None:
    """row(…) has no names of its own; Trino's rows are assigned part by part."""
    columns = "id int, s struct<a:int,b:string>, l array<struct<c:int>>"
    make(athena, "nested", columns, "(1, row(1, 'x'), ARRAY[row(1)])")
    athena("UPDATE nested SET s = row(2, 'y'), l = ARRAY[row(2), row(3)] WHERE id = 1")
    assert rows(athena, "nested", "s.a, s.b, l[2].c") == [("2", "y", "3")]
    athena(
        "MERGE INTO nested t USING (VALUES 1, 2) AS u (id) ON t.id = u.id WHEN MATCHED THEN UPDATE SET s = row(3, 'z') "
        "WHEN NOT MATCHED THEN INSERT (id, s) VALUES (u.id, row(4, 'new'))"
    )
    assert rows(athena, "nested", "id, s.a, s.b") == [("1", "3", "z"), ("2", "4", "new")]
