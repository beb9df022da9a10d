"""Iceberg tables in Athena: made, filled, read, travelled through; with other writers of the same tables.

Sources, in the Athena user guide: "Create Iceberg tables", "Query Iceberg table data", "Perform time travel and version
travel queries", "Query Iceberg table metadata", "CTAS table properties", "Manage Iceberg tables"; in the Glue API
reference: UpdateTable. awswrangler and pyiceberg work on the tables as they would on AWS.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import awswrangler as wr
import boto3
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from botocore.exceptions import ClientError
from pyiceberg.catalog import Catalog, load_catalog
from pyiceberg.types import DoubleType, LongType, StringType

from tests.conftest import RunningLab
from tests.engines.athena_tools import Athena, as_role, athena_in, awswrangler_at
from tests.gateway.wire import advance

LAKE = "ice-lake"
OPTIONS = "TBLPROPERTIES ('table_type'='ICEBERG')"

athena = athena_in(LAKE, "ice")


@pytest.fixture(scope="module")
def pyiceberg(lab: RunningLab, athena: Athena) -> Catalog:
    """pyiceberg in the test's own process, over the socket."""
    return load_catalog(
        "glue",
        **{
            "type": "glue",
            "glue.endpoint": lab.endpoint,
            "glue.region": lab.facts["region"],
            "glue.access-key-id": lab.facts["access_key_id"],
            "glue.secret-access-key": lab.facts["secret_access_key"],
            "s3.endpoint": lab.endpoint,
            "s3.region": lab.facts["region"],
            "s3.access-key-id": lab.facts["access_key_id"],
            "s3.secret-access-key": lab.facts["secret_access_key"],
        },
    )


def objects(athena: Athena, prefix: str) -> list[str]:
    pages = athena.s3.get_paginator("list_objects_v2").paginate(Bucket=LAKE, Prefix=prefix)
    return [item["Key"] for page in pages for item in page.get("Contents", [])]


def create(athena: Athena, name: str, columns: str, partitioned: str = "") -> None:
    athena(f"CREATE TABLE {name} ({columns}) {partitioned} LOCATION 's3://{LAKE}/{name}/' {OPTIONS}")


def column(athena: Athena, sql: str) -> list[str | None]:
    return [row[0] for row in athena(sql).rows]


def test_a_table_is_an_entry_of_glue_that_points_to_its_metadata(athena: Athena) -> None:
    """ "Create Iceberg tables": format version 2, open source Glue catalog; not EXTERNAL in the statement."""
    athena(
        f"CREATE TABLE trips (id bigint COMMENT 'number', ts timestamp, who string, tags array<string>) "
        f"PARTITIONED BY (day(ts), bucket(4, id), truncate(2, who), who) LOCATION 's3://{LAKE}/trips/' "
        f"TBLPROPERTIES ('table_type'='ICEBERG', 'format'='parquet', 'write_compression'='snappy', "
        f"'vacuum_max_snapshot_age_seconds'='60')"
    )
    table = athena.lab.client("glue").get_table(DatabaseName="ice", Name="trips")["Table"]
    assert table["TableType"] == "EXTERNAL_TABLE"
    assert table["Parameters"]["table_type"] == "ICEBERG"
    assert table["Parameters"]["metadata_location"].startswith(f"s3://{LAKE}/trips/metadata/00000-")
    assert column(athena, "SELECT count(*) FROM trips") == ["0"]
    assert column(athena, "SHOW CREATE TABLE trips") == [
        "CREATE TABLE ice.trips (",
        "  id bigint COMMENT 'number',",
        "  ts timestamp,",
        "  who string,",
        "  tags array<string>)",
        "PARTITIONED BY (day(`ts`), bucket(4, `id`), truncate(2, `who`), `who`)",
        f"LOCATION 's3://{LAKE}/trips'",
        "TBLPROPERTIES (",
        "  'table_type'='iceberg',",
        "  'format'='parquet',",
        "  'write_compression'='SNAPPY',",
        "  'vacuum_max_snapshot_age_seconds'='60'",
        ");",
    ]
    described = athena("DESCRIBE trips").rows
    assert ("id", "bigint", "number") in described
    assert described[-4:] == [
        ("ts_day", "day", "ts"),
        ("id_bucket", "bucket(4)", "id"),
        ("who_trunc", "truncate(2)", "who"),
        ("who", "identity", "who"),
    ]
    assert column(athena, "SHOW TBLPROPERTIES trips('format')") == ["format\tparquet"]


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        (f"CREATE EXTERNAL TABLE n (a int) LOCATION 's3://{LAKE}/n/' {OPTIONS}", "External keyword not supported"),
        (f"CREATE TABLE n (a int) {OPTIONS}", "need a location"),
        (f"CREATE TABLE n (a tinyint) LOCATION 's3://{LAKE}/n/' {OPTIONS}", "Type not supported for Iceberg: tinyint"),
        (f"CREATE TABLE n (a int) PARTITIONED BY (b) LOCATION 's3://{LAKE}/n/' {OPTIONS}", "not present in schema"),
        (f"CREATE TABLE n (a string) PARTITIONED BY (day(a)) LOCATION 's3://{LAKE}/n/' {OPTIONS}",
         "Invalid source type string for transform: day"),
        (f"CREATE TABLE n (a int) LOCATION 's3://{LAKE}/n/' TBLPROPERTIES ('table_type'='ICEBERG', 'colour'='red')",
         "Unsupported table property key: colour"),
        (f"CREATE TABLE n WITH (table_type = 'ICEBERG', is_external = false, location = 's3://{LAKE}/n/', "
         "partitioned_by = ARRAY['a']) AS SELECT 1 AS a",
         "Catalog 'awsdatacatalog$iceberg-aws' table property 'partitioned_by' does not exist"),
        (f"CREATE TABLE n WITH (table_type = 'ICEBERG', is_external = false, location = 's3://{LAKE}/n/') AS "
         "SELECT TIMESTAMP '2013-01-01 05:00:00' AS t",
         'Timestamp precision (3) not supported for Iceberg. Use "timestamp(6)" instead.'),
    ],
)  # fmt: skip
def test_what_athena_refuses_to_create(athena: Athena, statement: str, words: str) -> None:
    assert words in athena.fails(statement)
    assert ("n",) not in athena("SHOW TABLES").rows
    assert objects(athena, "n/") == []


def test_every_type_comes_back_as_it_went_in(athena: Athena) -> None:
    """ "Supported data types for Iceberg tables": time and timestamp keep microseconds."""
    create(
        athena,
        "kinds",
        "b boolean, i int, l bigint, f float, d double, n decimal(9,2), s string, x binary, day date, t timestamp, "
        "a array<int>, m map<string,double>, r struct<u:int,v:array<string>>",
    )
    row = (
        "true, 1, 9007199254740993, REAL '1.5', 2.5e0, DECIMAL '1234567.89', 'é', X'00ff', DATE '2013-01-01', "
        "TIMESTAMP '2013-01-01 05:00:00.123456', ARRAY[1, NULL], MAP(ARRAY['k'], ARRAY[1e0]), "
        "CAST(ROW(7, ARRAY['z']) AS ROW(u integer, v array(varchar)))"
    )
    assert athena(f"INSERT INTO kinds VALUES ({row})").execution["StatementType"] == "DML"
    athena("INSERT INTO kinds (i) VALUES (2)")
    answer = athena("SELECT * FROM kinds ORDER BY i")
    assert answer.rows[0] == (
        "true", "1", "9007199254740993", "1.5", "2.5", "1234567.89", "é", "00 ff", "2013-01-01",
        "2013-01-01 05:00:00.123456", "[1, null]", "{k=1.0}", "{u=7, v=[z]}",
    )  # fmt: skip
    assert answer.rows[1] == (None, "2", *[None] * 11)
    told = "SELECT data_type FROM information_schema.columns WHERE table_name = 'kinds' AND column_name = 't'"
    assert column(athena, told) == ["timestamp(6)"]
    assert athena.fails("INSERT INTO kinds (i) VALUES ('one')").startswith("TYPE_MISMATCH")
    assert "does not exist in target table: nope" in athena.fails("INSERT INTO kinds (nope) VALUES (1)")


def test_hidden_partitioning_spares_the_reading_of_files(athena: Athena) -> None:
    """ "Query Iceberg table data": predicates go down to where the data lives; nobody filters by a partition column."""
    create(athena, "hours", "id bigint, ts timestamp, carrier string", "PARTITIONED BY (day(ts), carrier)")
    athena("""INSERT INTO hours SELECT i, TIMESTAMP '2013-01-01 00:00:00' + i * INTERVAL '1' HOUR,
              IF(i % 2 = 0, 'UA', 'AA') FROM UNNEST(sequence(0, 239)) AS t(i)""")
    assert len(objects(athena, "hours/data/")) == 20  # ten days, two carriers: a file for each
    counts = "SELECT count(id), count(ts), count(carrier) FROM hours"
    everything = athena(counts)
    assert everything.rows == [("240", "240", "240")]
    for condition, parts in {
        "ts >= TIMESTAMP '2013-01-10 00:00:00'": 10,
        "date(ts) = DATE '2013-01-03'": 10,
        "CAST(ts AS date) BETWEEN DATE '2013-01-03' AND DATE '2013-01-03' AND carrier = 'UA'": 20,
        "carrier LIKE 'U%'": 2,
        "(date(ts) = DATE '2013-01-03' OR id IS NULL) AND NOT (id < 0)": 10,
        "carrier IN ('UA', 'B6')": 2,
        "id < 24": 10,  # no partition column: the statistics of the files tell
    }.items():
        answer = athena(f"{counts} WHERE {condition}")
        assert int(answer.rows[0][0] or 0) == 240 // parts, condition
        assert 0 < answer.scanned < everything.scanned * 1.5 / parts, condition
    for condition in ("carrier NOT LIKE 'U%'", "NOT carrier = 'UA'", "carrier NOT IN ('UA', 'B6')", "carrier <> 'UA'"):
        assert athena(f"{counts} WHERE {condition}").rows == [("120", "120", "120")]
    nobody = athena("SELECT count(id) FROM hours WHERE ts > TIMESTAMP '2014-01-01 00:00:00' OR carrier IS NULL")
    assert (nobody.rows, nobody.scanned) == ([("0",)], 0)
    assert athena("SELECT count(*) FROM hours").scanned == 0
    partition = athena('SELECT DISTINCT "$path" FROM hours WHERE id = 0').rows[0][0]
    assert partition is not None and "/ts_day=2013-01-01/carrier=UA/" in partition
    assert athena('SELECT *, "$path" FROM hours WHERE id = 1').columns == ["id", "ts", "carrier", "$path"]


def test_an_insert_is_there_as_a_whole_or_not_at_all(athena: Athena) -> None:
    """ "Use Athena ACID transactions"; "Considerations and limitations for CTAS": at most 100 partitions."""
    create(athena, "whole", "id bigint", "PARTITIONED BY (id)")
    before = objects(athena, "whole/")
    failure = athena.fails("INSERT INTO whole SELECT i FROM UNNEST(sequence(1, 101)) AS t(i)")
    assert failure == "ICEBERG_TOO_MANY_OPEN_PARTITIONS: Exceeded limit of 100 open writers for partitions"
    assert "DIVISION_BY_ZERO" in athena.fails(
        "INSERT INTO whole SELECT 10 / (i - 5) FROM UNNEST(sequence(1, 9)) AS t(i)"
    )
    assert column(athena, "SELECT count(*) FROM whole") == ["0"]
    assert column(athena, 'SELECT count(*) FROM "whole$snapshots"') == ["0"]
    assert objects(athena, "whole/") == before


def test_create_table_as_makes_a_table_with_its_rows(athena: Athena) -> None:
    """ "CTAS table properties": table_type, is_external, location, partitioning, format."""
    athena(
        f"CREATE TABLE made WITH (table_type = 'ICEBERG', is_external = false, location = 's3://{LAKE}/made/', "
        "partitioning = ARRAY['month(day)', 'bucket(k, 3)'], format = 'PARQUET', write_compression = 'ZSTD') AS "
        "SELECT i AS k, date_add('day', i, DATE '2013-01-01') AS day, CAST(now() AS timestamp(6)) AS made "
        "FROM UNNEST(sequence(0, 89)) AS t(i)"
    )
    assert athena("SELECT count(*), min(day), max(day) FROM made").rows == [("90", "2013-01-01", "2013-03-31")]
    months = athena('SELECT partition.day_month, sum(record_count) FROM "made$partitions" GROUP BY 1 ORDER BY 1').rows
    assert months == [("516", "31"), ("517", "28"), ("518", "31")]
    key = objects(athena, "made/data/")[0]
    body = athena.s3.get_object(Bucket=LAKE, Key=key)["Body"].read()
    assert pq.ParquetFile(io.BytesIO(body)).metadata.row_group(0).column(0).compression == "ZSTD"
    failure = athena.fails(
        f"CREATE TABLE unmade WITH (table_type = 'ICEBERG', is_external = false, location = 's3://{LAKE}/unmade/') AS "
        "SELECT 1 / (k - 5) AS x FROM made"
    )
    assert failure.startswith("DIVISION_BY_ZERO")
    assert objects(athena, "unmade/") == []
    assert ("unmade",) not in athena("SHOW TABLES").rows
    athena(
        f"CREATE TABLE shape WITH (table_type = 'ICEBERG', is_external = false, location = 's3://{LAKE}/shape/') AS "
        "SELECT * FROM made WITH NO DATA"
    )
    assert column(athena, "SELECT count(*) FROM shape") == ["0"]


def test_drop_table_deletes_what_it_held(athena: Athena) -> None:
    """ "Drop Iceberg tables": the data goes with the table, unlike Hive's; what it never held stays."""
    create(athena, "gone", "id int")
    athena("INSERT INTO gone VALUES (1)")
    athena.put("gone/notes.txt", "kept")
    athena("DROP TABLE gone")
    assert objects(athena, "gone/") == ["gone/notes.txt"]
    assert "does not exist" in athena.fails("SELECT * FROM gone")


@pytest.mark.parametrize("statement", ["MSCK REPAIR TABLE steady", "ALTER TABLE steady ADD PARTITION (id = 1)"])
def test_partitions_are_nobodys_to_add(athena: Athena, statement: str) -> None:
    athena(f"CREATE TABLE IF NOT EXISTS steady (id int) LOCATION 's3://{LAKE}/steady/' {OPTIONS}")
    assert "not supported" in athena.fails(statement)
    assert "is not a partitioned table" in athena.fails("SHOW PARTITIONS steady")


def test_time_travel(athena: Athena) -> None:
    """ "Perform time travel and version travel queries"; each version with the columns that it had."""
    create(athena, "past", "id int, word string")
    athena("INSERT INTO past VALUES (1, 'one')")
    athena("INSERT INTO past VALUES (2, 'two')")
    first, second = column(athena, 'SELECT snapshot_id FROM "past$snapshots" ORDER BY committed_at')
    committed = column(athena, 'SELECT committed_at FROM "past$snapshots" ORDER BY committed_at')
    assert column(athena, f"SELECT count(*) FROM past FOR VERSION AS OF {first}") == ["1"]
    assert column(athena, f"SELECT count(*) FROM past FOR TIMESTAMP AS OF TIMESTAMP '{committed[0]}'") == ["1"]
    assert column(athena, f"SELECT count(*) FROM past FOR TIMESTAMP AS OF TIMESTAMP '{committed[1]}'") == ["2"]
    assert column(athena, "SELECT count(*) FROM past FOR TIMESTAMP AS OF (current_timestamp + INTERVAL '1' DAY)") == [
        "2"
    ]
    assert column(athena, "SELECT count(*) FROM past FOR VERSION AS OF 'main'") == ["2"]
    changed = f"""SELECT now.id FROM past AS now LEFT JOIN past FOR VERSION AS OF {first} AS before
                  ON now.id = before.id WHERE before.id IS NULL"""
    assert column(athena, changed) == ["2"]
    for version, failure in {
        "VERSION AS OF 5": "INVALID_ARGUMENTS: Iceberg snapshot ID does not exists: 5",
        "VERSION AS OF 'never'": "INVALID_ARGUMENTS: Cannot find snapshot with reference name: never",
        "TIMESTAMP AS OF TIMESTAMP '2020-01-01 10:00:00 UTC'":
            'INVALID_ARGUMENTS: No version history table "ice"."past" at or before 2020-01-01T10:00:00.000Z',
    }.items():  # fmt: skip
        assert athena.fails(f"SELECT * FROM past FOR {version}") == failure
    athena("ALTER TABLE past ADD COLUMNS (extra int)")
    assert athena(f"SELECT * FROM past FOR VERSION AS OF {first}").columns == ["id", "word"]
    assert athena("SELECT * FROM past").columns == ["id", "word", "extra"]
    assert second is not None


def test_snapshots_are_made_at_the_labs_time(new_lab: Any) -> None:
    """So that a lesson can advance it: a version of ten days ago is one of before the clock moved."""
    running = new_lab()
    athena = Athena(running, LAKE, "ice")
    create(athena, "aged", "id int")
    athena("INSERT INTO aged VALUES (1)")
    advance(running, 30 * 24 * 3600)
    athena("INSERT INTO aged VALUES (2)")
    old = "SELECT count(*) FROM aged FOR TIMESTAMP AS OF (current_timestamp - INTERVAL '10' DAY)"
    assert column(athena, old) == ["1"]


def test_tables_that_tell_of_a_table(athena: Athena) -> None:
    """ "Query Iceberg table metadata", with the columns of Trino's connector."""
    create(athena, "told", "id int, d date, x double", "PARTITIONED BY (d)")
    athena("INSERT INTO told VALUES (1, DATE '2013-01-01', 1.5), (2, DATE '2013-01-01', NULL), (3, NULL, 2)")
    files = athena('SELECT content, file_format, record_count, lower_bounds[1], null_value_counts[3] FROM "told$files" '
                   'ORDER BY record_count').rows  # fmt: skip
    assert files == [("0", "PARQUET", "1", "3", "0"), ("0", "PARQUET", "2", "1", "1")]
    assert athena("SELECT operation, summary['added-records'] FROM \"told$snapshots\"").rows == [("append", "3")]
    assert athena('SELECT is_current_ancestor, parent_id FROM "told$history"').rows == [("true", None)]
    assert athena('SELECT name, type FROM "told$refs"').rows == [("main", "BRANCH")]
    manifests = athena('SELECT added_data_files_count, partition_summaries[1].lower_bound FROM "told$manifests"').rows
    assert manifests == [("2", "2013-01-01")]
    partitions = 'SELECT partition.d, record_count, file_count, data.x.max FROM "told$partitions" ORDER BY record_count'
    assert athena(partitions).rows == [(None, "1", "1", "2.0"), ("2013-01-01", "2", "1", "1.5")]
    assert "does not exist" in athena.fails('SELECT * FROM "told$nothing"')
    assert athena('SELECT * FROM "ice"."told$history"').types[0] == "timestamp with time zone"


def test_athena_and_pyiceberg_share_a_table(athena: Athena, pyiceberg: Catalog) -> None:
    create(athena, "shared", "id bigint, word string")
    athena("INSERT INTO shared VALUES (1, 'athena')")
    table = pyiceberg.load_table("ice.shared")
    table.append(pa.table({"id": pa.array([2], pa.int64()), "word": ["pyiceberg"]}))
    assert athena("SELECT * FROM shared ORDER BY id").rows == [("1", "athena"), ("2", "pyiceberg")]
    athena("DELETE FROM shared WHERE id = 1")
    assert pyiceberg.load_table("ice.shared").scan().to_arrow().to_pylist() == [{"id": 2, "word": "pyiceberg"}]


def test_partitions_are_those_that_other_writers_would_make(athena: Athena, pyiceberg: Catalog) -> None:
    """Iceberg Table Spec, "Bucket Transform Details": pyiceberg finds each row where its own hash says that it lies."""
    spec = (
        "bucket(5, id), bucket(5, d), bucket(5, ts), bucket(5, word), truncate(10, n), truncate(2, word), bucket(3, x)"
    )
    create(athena, "spread", "id bigint, d date, ts timestamp, word string, n int, x decimal(9,2)",
           f"PARTITIONED BY ({spec})")  # fmt: skip
    athena("""INSERT INTO spread SELECT i * 1000003 - 7, date_add('day', i * 700 - 3000, DATE '1970-01-01'),
              TIMESTAMP '1970-01-01 00:00:00.000001' + (i - 3) * INTERVAL '12345' SECOND, 'wörd' || CAST(i AS varchar),
              CAST(i * 7 - 20 AS int), CAST(i AS decimal(9,2)) / 4 FROM UNNEST(sequence(0, 3)) AS t(i)""")
    table = pyiceberg.load_table("ice.spread")
    rows = table.scan().to_arrow().to_pylist()
    assert len(rows) == 4
    for row in rows:
        ts = row["ts"].isoformat()
        for condition in (f"id == {row['id']}", f"d == '{row['d']}'", f"ts == '{ts}'", f"word == '{row['word']}'",
                          f"n == {row['n']}", f"x == {row['x']}"):  # fmt: skip
            assert table.scan(condition).to_arrow().to_pylist() == [row], condition
        assert athena(f"SELECT n FROM spread WHERE id = {row['id']} AND d = DATE '{row['d']}'").rows == [
            (str(row["n"]),)
        ]


def test_columns_are_found_by_id_whatever_became_of_their_names(athena: Athena, pyiceberg: Catalog) -> None:
    """Iceberg Table Spec, "Schema Evolution": rename, drop, add, widen; within structs, lists and maps too."""
    before = pa.schema([
        ("id", pa.int32()), ("f", pa.float32()), ("gone", pa.string()),
        ("s", pa.struct([("u", pa.int32()), ("v", pa.string())])),
        ("l", pa.list_(pa.struct([("p", pa.int32())]))),
        ("m", pa.map_(pa.string(), pa.struct([("q", pa.int32())]))),
    ])  # fmt: skip
    table = pyiceberg.create_table("ice.grown", before, location=f"s3://{LAKE}/grown")
    row = {"id": 1, "f": 1.5, "gone": "x", "s": {"u": 1, "v": "x"}, "l": [{"p": 5}], "m": {"k": {"q": 7}}}
    table.append(pa.Table.from_pylist([row], table.schema().as_arrow()))
    with table.update_schema() as change:
        change.update_column("id", LongType())
        change.update_column("f", DoubleType())
        change.delete_column("gone")
        change.rename_column("s.u", "renamed")
        change.add_column(("l", "z"), StringType())
        change.rename_column("m.value.q", "r")
    with table.update_schema() as change:
        change.add_column("gone", LongType())  # another column of the same name
    row = {
        "id": 2**40,
        "f": 0.1,
        "s": {"renamed": 2, "v": "y"},
        "l": [{"p": 6, "z": "z"}],
        "m": {"k": {"r": 8}},
        "gone": 9,
    }
    table.append(pa.Table.from_pylist([row], table.schema().as_arrow()))
    assert athena("SELECT * FROM grown ORDER BY id").rows == [
        ("1", "1.5", "{renamed=1, v=x}", "[{p=5, z=null}]", "{k={r=7}}", None),
        (str(2**40), "0.1", "{renamed=2, v=y}", "[{p=6, z=z}]", "{k={r=8}}", "9"),
    ]
    assert column(athena, "SELECT s.renamed FROM grown WHERE id > 5000000000") == ["2"]
    assert ("gone                ",) in athena("SHOW COLUMNS IN grown").rows


def test_moments_that_others_wrote_keep_their_microseconds(athena: Athena, pyiceberg: Catalog) -> None:
    """ "Supported data types for Iceberg tables": Athena shows time and timestamp with time zone in UTC."""
    columns = pa.schema([("t", pa.time64("us")), ("z", pa.timestamp("us", tz="UTC"))])
    table = pyiceberg.create_table("ice.moments", columns, location=f"s3://{LAKE}/moments")
    moment = datetime(2013, 1, 1, 5, 6, 7, 89, tzinfo=UTC)
    table.append(pa.Table.from_pylist([{"t": moment.time(), "z": moment}], columns))
    answer = athena("SELECT t, z FROM moments WHERE z = TIMESTAMP '2013-01-01 05:06:07.000089 UTC'")
    assert answer.rows == [("05:06:07.000089", "2013-01-01 05:06:07.000089 UTC")]
    assert answer.types == ["time", "timestamp with time zone"]


def test_files_without_field_ids_are_read_by_name_mapping(athena: Athena, pyiceberg: Catalog) -> None:
    """Iceberg Table Spec, "Column Projection": schema.name-mapping.default."""
    buffer = io.BytesIO()
    pq.write_table(pa.table({"a": pa.array([1, 2], pa.int64()), "b": ["x", "y"]}), buffer)
    athena.put("raw/plain.parquet", buffer.getvalue())
    table = pyiceberg.create_table("ice.adopted", pa.schema([("a", pa.int64()), ("b", pa.string())]),
                                   location=f"s3://{LAKE}/adopted")  # fmt: skip
    table.add_files([f"s3://{LAKE}/raw/plain.parquet"])
    with table.update_schema() as change:
        change.rename_column("b", "c")
    athena("INSERT INTO adopted VALUES (3, 'z')")
    assert athena("SELECT * FROM adopted ORDER BY a").rows == [("1", "x"), ("2", "y"), ("3", "z")]
    athena.s3.delete_object(Bucket=LAKE, Key="raw/plain.parquet")
    failure = athena.fails("SELECT * FROM adopted")
    words = f"File does not exist: s3://{LAKE}/raw/plain.parquet"
    assert failure == f"ICEBERG_CANNOT_OPEN_SPLIT: Error opening Iceberg split: {words}"


def test_inserts_at_once_all_count(athena: Athena) -> None:
    """Appends do not conflict: the one that Glue refuses is committed again on the newer metadata."""
    create(athena, "busy", "id int")
    with ThreadPoolExecutor(5) as pool:
        list(pool.map(lambda n: athena(f"INSERT INTO busy VALUES ({n})"), range(5)))
    assert athena("SELECT id FROM busy ORDER BY id").rows == [(str(n),) for n in range(5)]
    assert column(athena, 'SELECT count(*) FROM "busy$snapshots"') == ["5"]


def test_glue_refuses_an_update_that_another_overtook(athena: Athena) -> None:
    """UpdateTable: VersionId is the version that the change was made from."""
    create(athena, "guarded", "id int")
    glue = athena.lab.client("glue")
    table = glue.get_table(DatabaseName="ice", Name="guarded")["Table"]
    change = {key: table[key] for key in ("Name", "TableType", "Parameters", "StorageDescriptor")}
    glue.update_table(DatabaseName="ice", TableInput=change, VersionId=table["VersionId"])
    with pytest.raises(ClientError) as caught:
        glue.update_table(DatabaseName="ice", TableInput=change, VersionId=table["VersionId"])
    assert caught.value.response["Error"]["Code"] == "ConcurrentModificationException"


def test_what_a_query_asks_of_s3_it_asks_as_its_caller(lab: RunningLab, athena: Athena) -> None:
    """ "Forward access sessions" (IAM user guide), whatever thread reads the manifests."""
    create(athena, "watched", "id int")
    for number in range(3):  # a manifest each
        athena(f"INSERT INTO watched VALUES ({number})")
    reader = as_role(lab, "reader", "ice")
    before = len(lab.calls())
    query = reader.start_query_execution(
        QueryString="SELECT sum(id) FROM ice.watched",
        ResultConfiguration={"OutputLocation": f"s3://{LAKE}/results/"},
    )["QueryExecutionId"]
    assert athena.wait(query)["Status"]["State"] == "SUCCEEDED"
    asked = [call for call in lab.calls()[before:] if any("watched/" in each for each in call["resources"])]
    assert len(asked) >= 8  # metadata, manifest list, three manifests, three data files
    assert {call["principal"].rsplit(":", 1)[1] for call in asked} == {"assumed-role/reader/ice"}


@pytest.fixture
def session(lab: RunningLab) -> Iterator[boto3.Session]:
    """awswrangler talking to the lab."""
    with awswrangler_at(lab) as session:
        yield session


def test_awswrangler_writes_and_reads(athena: Athena, session: boto3.Session) -> None:
    """to_iceberg: create, append with a new column, merge; delete_from_iceberg_table; read_sql_query."""
    common: dict[str, Any] = {"database": "ice", "table": "frames", "temp_path": f"s3://{LAKE}/temp/",
                              "s3_output": f"s3://{LAKE}/results/", "keep_files": False,
                              "boto3_session": session}  # fmt: skip
    frame = pd.DataFrame({"id": [1, 2], "word": ["a", None], "ts": [datetime(2013, 1, 1, 5), datetime(2013, 1, 2)]})
    wr.athena.to_iceberg(frame, table_location=f"s3://{LAKE}/frames/", partition_cols=["day(ts)"], **common)
    wr.athena.to_iceberg(frame.assign(id=[3, 4], extra="new"), schema_evolution=True, **common)
    wr.athena.to_iceberg(frame.assign(id=[1, 5], word="merged", extra="m"), merge_cols=["id"], **common)
    wr.athena.delete_from_iceberg_table(pd.DataFrame({"id": [2]}), merge_cols=["id"], **common)
    query: dict[str, Any] = {"sql": "SELECT * FROM frames ORDER BY id", "database": "ice", "boto3_session": session,
                             "s3_output": f"s3://{LAKE}/results/"}  # fmt: skip
    with pytest.raises(wr.exceptions.QueryFailed, match="the configured precision is MILLISECONDS; column name: ts"):
        wr.athena.read_sql_query(**query)  # by way of a table of Hive's, which has no microseconds
    read = wr.athena.read_sql_query(**query, ctas_approach=False)
    assert read["id"].tolist() == [1, 3, 4, 5]
    assert read["word"].fillna("-").tolist() == ["merged", "a", "-", "merged"]
    assert read["extra"].tolist() == ["m", "new", "new", "m"]
    assert str(read["ts"].dtype).startswith("datetime64")
    assert objects(athena, "temp/") == []
