"""DMS change data capture, through boto3 over the socket: what is committed arrives, in order, and only once.

Held to the user guide (docs.aws.amazon.com/dms/latest/userguide/…): CHAP_Target.S3, CHAP_Source.PostgreSQL,
CHAP_Task.CDC.
"""

from __future__ import annotations

import io
import re
import threading
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from pyarrow import parquet

from tests.conftest import RunningLab, eventually
from tests.engines.dms import AT_ONCE, Migration, only


@pytest.fixture(scope="module")
def migration(lab: RunningLab) -> Iterator[Migration]:
    migration = Migration(lab)
    yield migration
    migration.rds.delete_db_instance(DBInstanceIdentifier=migration.name, SkipFinalSnapshot=True)


def test_inserts_updates_and_deletes_in_order(migration: Migration) -> None:
    """CHAP_Target.S3: I, U with the row after it, D; named by time; TimestampColumnName is the commit's."""
    migration.sql("CREATE TABLE flights (id int PRIMARY KEY, tail text, at timestamp, late boolean, raw bytea)")
    migration.sql("INSERT INTO flights VALUES (1, 'N1', '2013-01-01 05:00', false, NULL)")
    bucket = migration.bucket()
    target = migration.target(bucket, **AT_ONCE, TimestampColumnName="ts", AddColumnName=True)
    task = migration.task("full-load-and-cdc", target, only("flights"))
    migration.begin(task)
    eventually(lambda: migration.statistics(task).get("flights", {}).get("TableState") == "Table completed")
    migration.sql(
        "INSERT INTO flights VALUES (2, E'it''s \"2\",\\n[x]:null', '2013-01-01 06:00:00.5', true, '\\x00ff')",
        "UPDATE flights SET tail = 'N9' WHERE id = 1",
        "UPDATE flights SET id = 7 WHERE id = 1",
        "DELETE FROM flights WHERE id = 2",
        "BEGIN; INSERT INTO flights VALUES (3); ROLLBACK",
    )

    def counted() -> bool:
        row = migration.statistics(task)["flights"]
        return (row["Inserts"], row["Updates"], row["Deletes"], row["FullLoadRows"]) == (1, 2, 1, 1)

    eventually(counted)
    files = [key for key in migration.objects(bucket) if "/LOAD" not in key]
    assert all(re.fullmatch(r"public/flights/\d{8}-\d{10}\.csv", key) for key in files)
    text = "\n".join(line for line in migration.changes(bucket, "flights") if not line.startswith("Op,"))
    stamp = r",(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6})"
    stamps = re.findall(stamp + "$", text, re.MULTILINE)
    assert re.sub(stamp + r"(?=\n|$)", "", text).split("\n") == [
        'I,2,"it\'s ""2"",',
        '[x]:null",2013-01-01 06:00:00.500000,true,00ff',
        "U,1,N9,2013-01-01 05:00:00.000000,false,NULL",
        "U,7,N9,2013-01-01 05:00:00.000000,false,NULL",
        "D,2,NULL,NULL,NULL,NULL",
    ]
    assert len(stamps) == 4 and stamps == sorted(stamps)
    load = migration.objects(bucket)["public/flights/LOAD00000001.csv"].decode().splitlines()
    assert load[0] == "id,tail,at,late,raw,ts" and load[1].startswith("1,N1,2013-01-01 05:00:00.000000,false,NULL,")
    migration.discard(task)
    assert migration.slots() == 0  # gone with the task


def test_nothing_falls_between_load_and_changes(migration: Migration) -> None:
    """CHAP_Task.CDC: writers go on during the load; load and changes together are the table, each row once."""
    migration.sql("CREATE TABLE busy (id int PRIMARY KEY, pad text)")
    migration.sql("INSERT INTO busy SELECT n, repeat('x', 50) FROM generate_series(1, 20000) n")
    bucket = migration.bucket()
    task = migration.task("full-load-and-cdc", migration.target(bucket, **AT_ONCE, MaxFileSize=100), only("busy"))
    done = threading.Event()
    written = []

    def write() -> None:
        number = 20000
        while not done.is_set():
            number += 1
            migration.sql(f"INSERT INTO busy VALUES ({number}, 'new')")
            written.append(number)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        eventually(lambda: written)
        migration.begin(task)
        eventually(lambda: migration.statistics(task).get("busy", {}).get("Inserts", 0) > 20)
    finally:
        done.set()
        writer.join()

    def everything() -> list[int]:
        loaded = [int(line.split(",")[0]) for line in migration.lines(bucket, "public/busy/LOAD")]
        return loaded + [int(line.split(",")[1]) for line in migration.changes(bucket, "busy")]

    eventually(lambda: len(everything()) >= written[-1])
    assert everything() == list(range(1, written[-1] + 1))
    migration.discard(task)


def test_transactions_keep_their_order(migration: Migration) -> None:
    """A transaction's rows stand together, where its commit stands among the others'."""
    migration.sql("CREATE TABLE ordered (id serial PRIMARY KEY, who text)")
    bucket = migration.bucket()
    task = migration.task("cdc", migration.target(bucket, **AT_ONCE), only("ordered"))
    migration.begin(task)
    eventually(lambda: migration.slots() == 1)
    migration.sql(*[f"INSERT INTO ordered (who) SELECT 't{n}' FROM generate_series(1, 3)" for n in range(10)])
    eventually(lambda: len(migration.changes(bucket, "ordered")) == 30)
    assert [line.split(",")[2] for line in migration.changes(bucket, "ordered")] == [
        f"t{n}" for n in range(10) for _ in range(3)
    ]
    migration.discard(task)


def test_resume_goes_on_from_the_slot(migration: Migration) -> None:
    """StartReplicationTask, resume-processing: what happened meanwhile is there, nothing twice."""
    migration.sql("CREATE TABLE resumed (id int PRIMARY KEY)")
    bucket = migration.bucket()
    task = migration.task("full-load-and-cdc", migration.target(bucket, **AT_ONCE), only("resumed"))
    migration.begin(task)
    eventually(lambda: migration.describe(task)["ReplicationTaskStats"]["FullLoadProgressPercent"] == 100)
    migration.sql("INSERT INTO resumed VALUES (1)")
    eventually(lambda: migration.changes(bucket, "resumed") == ["I,1"])
    migration.end(task)
    assert migration.describe(task)["StopReason"] == "Stop Reason NORMAL"
    migration.sql("INSERT INTO resumed VALUES (2)")
    migration.begin(task, "resume-processing")
    eventually(lambda: migration.changes(bucket, "resumed") == ["I,1", "I,2"])
    assert migration.statistics(task)["resumed"]["Inserts"] == 2
    assert migration.describe(task)["RecoveryCheckpoint"]
    # reload-target begins anew, reload of one table beside the changes
    migration.end(task)
    migration.begin(task, "reload-target")
    eventually(lambda: migration.statistics(task).get("resumed", {}).get("FullLoadRows") == 2)
    assert list(migration.objects(bucket)) == ["public/resumed/LOAD00000001.csv"]
    eventually(lambda: migration.describe(task)["ReplicationTaskStats"]["FullLoadProgressPercent"] == 100)
    migration.sql("INSERT INTO resumed VALUES (3)")
    eventually(lambda: migration.changes(bucket, "resumed") == ["I,3"])
    table = {"SchemaName": "public", "TableName": "resumed"}
    migration.dms.reload_tables(ReplicationTaskArn=task, TablesToReload=[table])
    eventually(lambda: migration.statistics(task)["resumed"]["FullLoadRows"] == 3)
    assert migration.statistics(task)["resumed"]["FullLoadReloaded"] is True
    migration.discard(task)


def test_batches_partitions_and_parquet(migration: Migration) -> None:
    """S3Settings: CdcMaxBatchInterval on the lab's clock, DatePartitionEnabled by commit date, Parquet with Op."""
    migration.sql("CREATE TABLE parted (id int PRIMARY KEY, n numeric, at timestamptz)")
    bucket = migration.bucket()
    settings = {"CdcMaxBatchInterval": 86_400, "DataFormat": "parquet", "DatePartitionEnabled": True}
    settings |= {"DatePartitionSequence": "YYYYMMDD", "DatePartitionDelimiter": "SLASH"}
    task = migration.task("cdc", migration.target(bucket, **settings), only("parted"))
    migration.begin(task)
    eventually(lambda: migration.slots() == 1)
    migration.sql("INSERT INTO parted VALUES (1, 1.5, '2013-01-01 05:00+02')", "DELETE FROM parted")
    assert not migration.objects(bucket)
    # Its interval is a day: let the task stop, change the endpoint, and go on.
    migration.end(task)
    [endpoint] = [migration.describe(task)["TargetEndpointArn"]]
    migration.dms.modify_endpoint(EndpointArn=endpoint, S3Settings=AT_ONCE)
    migration.tested(endpoint)
    migration.begin(task, "resume-processing")
    eventually(lambda: migration.objects(bucket))
    [(key, body)] = migration.objects(bucket).items()
    today = datetime.now(UTC)
    assert re.fullmatch(rf"public/parted/{today:%Y/%m}/\d\d/\d{{8}}-\d{{10}}\.parquet", key)
    rows = parquet.read_table(io.BytesIO(body)).to_pylist()
    assert [(row["Op"], row["id"], str(row["n"])) for row in rows] == [("I", 1, "1.500000"), ("D", 1, "None")]
    assert rows[0]["at"] == datetime(2013, 1, 1, 3)
    migration.discard(task)


def test_a_column_added_at_the_source(migration: Migration) -> None:
    """CHAP_Source.PostgreSQL: new columns are captured from the change that first has them, in a file of its own."""
    migration.sql("CREATE TABLE grown (id int PRIMARY KEY)")
    bucket = migration.bucket()
    task = migration.task("cdc", migration.target(bucket, **AT_ONCE, AddColumnName=True), only("gr%"))
    migration.begin(task)
    eventually(lambda: migration.slots() == 1)
    migration.sql(
        "INSERT INTO grown VALUES (1)",
        "ALTER TABLE grown ADD COLUMN gate text",
        "INSERT INTO grown VALUES (2, 'B2')",
        "CREATE TABLE great (id int)",
        "INSERT INTO great VALUES (5)",
    )
    eventually(lambda: migration.changes(bucket, "great") == ["Op,id", "I,5"])
    assert [line for line in migration.changes(bucket, "grown") if "2" in line] == ["I,2,B2"]
    assert "Op,id,gate" in migration.changes(bucket, "grown")
    migration.discard(task)


def test_names_and_values_of_all_kinds(migration: Migration) -> None:
    """What the log's text must not be confused by: quotes, brackets and keywords in names, types and values."""
    table = 'Odd: "Name"'
    quoted = '"' + table.replace('"', '""') + '"'
    migration.sql(
        f'CREATE TABLE {quoted} ("a b[1]" int PRIMARY KEY, v text, list int[], bits bit(3), span interval, t time)',
        f"ALTER TABLE {quoted} REPLICA IDENTITY FULL",
    )
    bucket = migration.bucket()
    task = migration.task("cdc", migration.target(bucket, **AT_ONCE, CsvNullValue=""), only("Odd%"))
    migration.begin(task)
    eventually(lambda: migration.slots() == 1)
    migration.sql(
        f"INSERT INTO {quoted} VALUES (1, 'x[text]:''y'' new-tuple: null', '{{1,2}}', B'101', '1 day 02:00', '05:15')",
        f"UPDATE {quoted} SET v = 'null'",
        f"DELETE FROM {quoted}",
        f"TRUNCATE {quoted}",
    )
    eventually(lambda: migration.statistics(task).get(table, {}).get("Deletes") == 1)
    assert migration.changes(bucket, table) == [
        "I,1,x[text]:'y' new-tuple: null,\"{1,2}\",101,1 day 02:00:00,05:15:00",
        'U,1,null,"{1,2}",101,1 day 02:00:00,05:15:00',
        'D,1,null,"{1,2}",101,1 day 02:00:00,05:15:00',
    ]
    migration.discard(task)


def test_inserts_only(migration: Migration) -> None:
    """CHAP_Target.S3 "Indicating source DB operations": CdcInsertsOnly without IncludeOpForFullLoad has no Op."""
    migration.sql("CREATE TABLE grow_only (id int PRIMARY KEY)")
    bucket = migration.bucket()
    task = migration.task("cdc", migration.target(bucket, **AT_ONCE, CdcInsertsOnly=True), only("grow_only"))
    migration.begin(task)
    eventually(lambda: migration.slots() == 1)
    migration.sql("INSERT INTO grow_only VALUES (1)", "DELETE FROM grow_only", "INSERT INTO grow_only VALUES (2)")
    eventually(lambda: migration.changes(bucket, "grow_only") == ["1", "2"])
    migration.discard(task)
