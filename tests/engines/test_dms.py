"""DMS full loads, through boto3 over the socket: PostgreSQL on RDS to files in S3.

Held to the user guide (docs.aws.amazon.com/dms/latest/userguide/…): CHAP_Target.S3, CHAP_Source.PostgreSQL,
CHAP_Tasks.CustomizingTasks.TableMapping; and to the API reference.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Callable, Iterator
from typing import Any

import pyarrow as pa
import pytest
from botocore.exceptions import ClientError
from pyarrow import parquet

from tests.conftest import RunningLab
from tests.engines.dms import PASSWORD, Migration, including
from tests.roles import role

FLIGHTS = {"schema-name": "public", "table-name": "flights"}


@pytest.fixture(scope="module")
def migration(lab: RunningLab) -> Iterator[Migration]:
    migration = Migration(lab)
    migration.sql(
        "CREATE TABLE flights (id int PRIMARY KEY, carrier text, at timestamp, delay numeric(6,2), cancelled boolean,"
        " raw bytea, more jsonb, ratio float8, day date)",
        """INSERT INTO flights VALUES
           (1, 'UA', '2013-01-01 05:15:00', 2.50, false, '\\x00ff', '{"gate": "A,1"}', 0.1, '2013-01-01'),
           (2, 'say "hi"', '2013-01-01 05:15:00.123456', NULL, true, NULL, NULL, NULL, NULL),
           (3, '', NULL, -1, NULL, '', NULL, 1e300, NULL),
           (4, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
           (5, E'two\\nlines', NULL, NULL, NULL, NULL, NULL, NULL, NULL),
           (6, 'NULL', NULL, NULL, NULL, NULL, NULL, NULL, NULL)""",
        'CREATE TABLE "Weather Hourly" (id int, "temp F" real)',
        'INSERT INTO "Weather Hourly" SELECT n, n FROM generate_series(1, 10) n',
        "CREATE TABLE empty_one (id int)",
        "CREATE SCHEMA secret",
        "CREATE TABLE secret.salaries (id int)",
        "INSERT INTO secret.salaries VALUES (1)",
    )
    yield migration
    migration.rds.delete_db_instance(DBInstanceIdentifier=migration.name, SkipFinalSnapshot=True)


def refused(code: str, text: str, action: Callable[..., Any], **arguments: Any) -> None:
    with pytest.raises(ClientError) as caught:
        action(**arguments)
    error = caught.value.response["Error"]
    assert (error["Code"], text in error["Message"]) == (code, True), error


def test_connections_are_really_made(migration: Migration) -> None:
    """TestConnection, DescribeConnections: the failure is the driver's or S3's own."""
    assert migration.tested(migration.source)["Status"] == "successful"
    wrong = migration.tested(migration.endpoint("source", "postgres", **{**migration.login(), "Password": "wrong"}))
    assert wrong["Status"] == "failed" and "password authentication failed" in wrong["LastFailureMessage"]
    nowhere = migration.tested(migration.endpoint("source", "postgres", **{**migration.login(), "Port": 1}))
    assert "refused" in nowhere["LastFailureMessage"]
    bucket = migration.tested(migration.target("no-such-bucket-anywhere"))
    assert bucket["Status"] == "failed" and "NoSuchBucket" in bucket["LastFailureMessage"]


def test_a_secret_instead_of_a_password(migration: Migration) -> None:
    """CHAP_Security "Using secrets to access endpoints": host, port, username and password in one secret."""
    login = migration.login()
    secret = {"host": login["ServerName"], "port": login["Port"], "username": "master", "password": PASSWORD}
    made = migration.lab.client("secretsmanager").create_secret(Name=migration.name, SecretString=json.dumps(secret))
    own = {"SecretsManagerSecretId": made["ARN"], "SecretsManagerAccessRoleArn": role(migration.lab, "secrets")}
    source = migration.endpoint("source", "postgres", DatabaseName="ops", PostgreSQLSettings=own)
    assert migration.tested(source)["Status"] == "successful"
    listed = migration.dms.describe_endpoints(Filters=[{"Name": "endpoint-arn", "Values": [migration.source]}])
    assert "Password" not in listed["Endpoints"][0] and listed["Endpoints"][0]["Username"] == "master"


def test_a_full_load_as_csv(migration: Migration) -> None:
    """CHAP_Target.S3: a folder a table, LOAD00000001.csv, no header, no Op; CsvNullValue; RFC 4180."""
    bucket = migration.bucket()
    task = migration.task("full-load", migration.target(bucket))
    done = migration.run(task)
    assert done["StopReason"] == "Stop Reason FULL_LOAD_ONLY_FINISHED"
    assert done["ReplicationTaskStats"]["FullLoadProgressPercent"] == 100
    assert done["ReplicationTaskStats"]["TablesLoaded"] == 3
    files = migration.objects(bucket)
    assert set(files) == {"public/Weather Hourly/LOAD00000001.csv", "public/flights/LOAD00000001.csv"}
    wrote = [call for call in migration.lab.calls() if call["operation"] == "PutObject" and bucket in str(call)]
    assert {call["principal"].rsplit("/", 1)[0] for call in wrote} == {"arn:aws:sts::123456789012:assumed-role/dms-s3"}
    assert {call["via"] for call in wrote} == {"dms.amazonaws.com"}
    text = files["public/flights/LOAD00000001.csv"].decode()
    assert text.splitlines()[:4] == [
        '1,UA,2013-01-01 05:15:00.000000,2.50,false,00ff,"{""gate"": ""A,1""}",0.1,2013-01-01',
        '2,"say ""hi""",2013-01-01 05:15:00.123456,NULL,true,NULL,NULL,NULL,NULL',
        "3,,NULL,-1.00,NULL,,NULL,1e+300,NULL",
        "4,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL",
    ]
    assert text.endswith('6,"NULL",NULL,NULL,NULL,NULL,NULL,NULL,NULL\n')
    statistics = migration.statistics(task)
    assert {name: (each["FullLoadRows"], each["TableState"]) for name, each in statistics.items()} == {
        "flights": (6, "Table completed"),
        "Weather Hourly": (10, "Table completed"),
        "empty_one": (0, "Table completed"),
    }


def test_what_dms_adds(migration: Migration) -> None:
    """S3Settings: AddColumnName, IncludeOpForFullLoad, TimestampColumnName, CsvNullValue, BucketFolder, GZIP."""
    bucket = migration.bucket()
    target = migration.target(
        bucket,
        AddColumnName=True,
        IncludeOpForFullLoad=True,
        TimestampColumnName="loaded_at",
        CsvNullValue="",
        CsvDelimiter="|",
        BucketFolder="raw/ops",
        CompressionType="GZIP",
    )
    task = migration.task("full-load", target, including(FLIGHTS))
    migration.run(task)
    [(key, body)] = migration.objects(bucket).items()
    assert key == "raw/ops/public/flights/LOAD00000001.csv.gz"
    rows = list(csv.reader(io.StringIO(gzip.decompress(body).decode(), newline=""), delimiter="|"))
    assert rows[0] == "Op|id|carrier|at|delay|cancelled|raw|more|ratio|day|loaded_at".split("|")
    assert rows[4][:4] == ["I", "4", "", ""] and len(rows[4]) == 11 and rows[4][10][10:11] == " "


def test_parquet(migration: Migration) -> None:
    """CHAP_Target.S3 "Parquet": typed columns, nulls told from empty text."""
    bucket = migration.bucket()
    settings = {"DataFormat": "parquet", "CompressionType": "GZIP", "TimestampColumnName": "ts"}
    migration.run(migration.task("full-load", migration.target(bucket, **settings), including(FLIGHTS)))
    table = parquet.read_table(io.BytesIO(migration.objects(bucket)["public/flights/LOAD00000001.parquet"]))
    assert table.schema.field("id").type == pa.int32()
    assert table.schema.field("at").type == pa.timestamp("us")
    assert table.schema.field("delay").type == pa.decimal128(6, 2)
    assert table.schema.field("day").type == pa.date32()
    assert table["carrier"].to_pylist() == ["UA", 'say "hi"', "", None, "two\nlines", "NULL"]
    assert table["ratio"].to_pylist()[:3] == [0.1, None, 1e300]


def test_selection_and_transformation_rules(migration: Migration) -> None:
    """…TableMapping.SelectionTransformation: wildcards, exclude, filters, rename, prefix, case, columns."""
    bucket = migration.bucket()

    def on(target: str, action: str, value: str = "", **locator: str) -> dict[str, Any]:
        rule: dict[str, Any] = {"rule-type": "transformation", "rule-target": target, "rule-action": action}
        named = {f"{name}-name": value for name, value in locator.items()}
        return rule | {"object-locator": {"schema-name": "public", **named}, **({"value": value} if value else {})}

    out: dict[str, Any] = {"rule-type": "selection", "rule-action": "exclude"}
    out |= {"object-locator": {"schema-name": "public", "table-name": "Weather%"}}
    filters = [
        {
            "filter-type": "source",
            "column-name": "id",
            "filter-conditions": [
                {"filter-operator": "ste", "value": "1"},
                {"filter-operator": "between", "start-value": "4", "end-value": "5"},
            ],
        }
    ]
    mappings = including(
        {"schema-name": "public", "table-name": "%"},
        filters=filters,
        rules=[
            out,
            {**out, "object-locator": {"schema-name": "public", "table-name": "empty_%"}},
            on("schema", "rename", "ops"),
            on("table", "add-prefix", "pg_", table="flights"),
            on("column", "convert-uppercase", table="flights", column="%"),
            on("column", "remove-column", table="flights", column="ra%"),
            on("column", "rename", "airline", table="flights", column="carrier"),
            on("column", "add-column", "label", table="flights") | {"expression": "'flight-'||$id"},
        ],
    )
    task = migration.task("full-load", migration.target(bucket, AddColumnName=True), mappings)
    migration.run(task)
    [(key, body)] = migration.objects(bucket).items()
    assert key == "ops/pg_flights/LOAD00000001.csv"
    rows = list(csv.DictReader(io.StringIO(body.decode(), newline="")))
    assert list(rows[0]) == ["ID", "airline", "AT", "DELAY", "CANCELLED", "MORE", "DAY", "label"]
    assert [(row["ID"], row["label"]) for row in rows] == [("1", "flight-1"), ("4", "flight-4"), ("5", "flight-5")]


def test_files_of_a_limited_size(migration: Migration) -> None:
    """MaxFileSize (KB), and the eight-digit hexadecimal counter in the names."""
    bucket = migration.bucket()
    migration.sql("CREATE TABLE many AS SELECT n, repeat('x', 100) AS pad FROM generate_series(1, 200) n")
    target = migration.target(bucket, MaxFileSize=1)
    task = migration.task("full-load", target, including({"schema-name": "public", "table-name": "many"}))
    migration.run(task)
    keys = list(migration.objects(bucket))
    assert len(keys) == 20 and keys[9] == "public/many/LOAD0000000A.csv"
    assert [int(line.split(",")[0]) for line in migration.lines(bucket, "public/many/")] == list(range(1, 201))
    # reload-target: "DROP_AND_CREATE" leaves nothing of the first load
    migration.sql("DELETE FROM many WHERE n > 5")
    refused(
        "InvalidParameterCombinationException",
        "START_REPLICATION",
        migration.dms.start_replication_task,
        ReplicationTaskArn=task,
        StartReplicationTaskType="start-replication",
    )
    migration.begin(task, "reload-target")
    migration.wait(task, "stopped")
    assert list(migration.objects(bucket)) == ["public/many/LOAD00000001.csv"]
    migration.sql("DROP TABLE many")


def test_mappings_and_settings_that_cannot_be_used(migration: Migration) -> None:
    """CreateReplicationTask, CreateEndpoint: the reason is named."""
    target = migration.target(migration.bucket())
    create = migration.dms.create_replication_task
    good = {"ReplicationTaskIdentifier": "bad", "SourceEndpointArn": migration.source, "TargetEndpointArn": target}
    good |= {"ReplicationInstanceArn": migration.instance, "MigrationType": "full-load"}
    rule = json.loads(including(FLIGHTS))["rules"][0]
    for reason, document in {
        "parse as JSON": "{",
        "at least one": '{"rules": []}',
        "is not an object": '{"rules": ["x"]}',
        "rule-name is missing": json.dumps({"rules": [{**rule, "rule-name": ""}]}),
        "is not unique": json.dumps({"rules": [rule, rule]}),
        "table-name": json.dumps({"rules": [{**rule, "object-locator": {"schema-name": "a"}}]}),
        "rule-action": json.dumps({"rules": [{**rule, "rule-action": "maybe"}]}),
        "includes anything": json.dumps({"rules": [{**rule, "rule-action": "exclude"}]}),
        "filter-operator": including(
            FLIGHTS, filters=[{"column-name": "id", "filter-conditions": [{"filter-operator": "like"}]}]
        ),
        "expressions": including(
            FLIGHTS,
            rules=[
                {"rule-type": "transformation", "rule-target": "column", "rule-action": "add-column", "value": "x"}
                | {"object-locator": FLIGHTS, "expression": "(SELECT 1)"}
            ],
        ),
    }.items():
        refused("InvalidParameterValueException", reason, create, **good, TableMappings=document)
    refused(
        "InvalidParameterValueException",
        "JSON",
        create,
        **good,
        TableMappings=including(FLIGHTS),
        ReplicationTaskSettings="{",
    )
    refused("ResourceNotFoundFault", "found", create, **{**good, "SourceEndpointArn": target + "x"}, TableMappings="{}")
    unfit: dict[str, dict[str, Any]] = {
        "DataFormat": {"DataFormat": "orc"},
        "CompressionType": {"CompressionType": "zip"},
        "MaxFileSize": {"MaxFileSize": 0},
        "PreserveTransactions": {"PreserveTransactions": True},
    }
    for reason, settings in unfit.items():
        with pytest.raises(ClientError, match=reason):
            migration.target("bucket", **settings)
    with pytest.raises(ClientError, match="no source mysql"):
        migration.endpoint("source", "mysql", ServerName="localhost")


def test_networks_in_use(lab: RunningLab) -> None:
    """DeleteReplicationSubnetGroup, DeleteSecurityGroup: what a replication instance uses stays as long as that."""
    dms, ec2 = lab.client("dms"), lab.client("ec2")
    subnets = {"ReplicationSubnetGroupIdentifier": "dms-used-subnets"}
    ids = [each["SubnetId"] for each in ec2.describe_subnets()["Subnets"][:2]]
    named = {**subnets, "ReplicationSubnetGroupDescription": "d"}
    refused("InvalidSubnet", "subnet-1", dms.create_replication_subnet_group, **named, SubnetIds=["subnet-1"])
    described = dms.create_replication_subnet_group(**named, SubnetIds=ids)["ReplicationSubnetGroup"]
    assert sorted(each["SubnetIdentifier"] for each in described["Subnets"]) == sorted(ids)
    group = ec2.create_security_group(GroupName="used-by-dms", Description="d")["GroupId"]
    made = dms.create_replication_instance(
        ReplicationInstanceIdentifier="dms-networked",
        ReplicationInstanceClass="dms.t3.micro",
        VpcSecurityGroupIds=[group],
        **subnets,
    )["ReplicationInstance"]
    assert made["ReplicationSubnetGroup"] == described
    said = "because at least one database instance: dms-networked is still using it."
    refused("InvalidResourceStateFault", said, dms.delete_replication_subnet_group, **subnets)
    refused("DependencyViolation", f"resource {group} has a dependent", ec2.delete_security_group, GroupId=group)
    dms.delete_replication_instance(ReplicationInstanceArn=made["ReplicationInstanceArn"])
    dms.delete_replication_subnet_group(**subnets)
    ec2.delete_security_group(GroupId=group)


def test_states(migration: Migration) -> None:
    """StartReplicationTask, StopReplicationTask, Delete…: what is refused in which state."""
    target = migration.target(migration.bucket())
    nothing = including({"schema-name": "public", "table-name": "nothing_like_it"})
    task = migration.task("full-load", target, nothing)
    assert migration.describe(task)["Status"] == "ready"
    refused("InvalidResourceStateFault", "not running", migration.dms.stop_replication_task, ReplicationTaskArn=task)
    migration.begin(task)
    failed = migration.wait(task, "failed")
    assert "No tables were found" in failed["LastFailureMessage"]
    refused("InvalidResourceStateFault", "used by", migration.dms.delete_endpoint, EndpointArn=target)
    migration.dms.delete_replication_task(ReplicationTaskArn=task)
    waiter = migration.dms.get_waiter("replication_task_deleted")
    waiter.config.delay = 0.1
    waiter.wait(Filters=[{"Name": "replication-task-arn", "Values": [task]}])
    migration.dms.delete_endpoint(EndpointArn=target)
    untested = migration.target(migration.bucket())
    untested_task = migration.dms.create_replication_task(
        ReplicationTaskIdentifier="untested",
        SourceEndpointArn=migration.source,
        TargetEndpointArn=untested,
        ReplicationInstanceArn=migration.instance,
        MigrationType="full-load",
        TableMappings=including(FLIGHTS),
    )["ReplicationTask"]["ReplicationTaskArn"]
    with pytest.raises(ClientError, match="Test connection"):
        migration.begin(untested_task)
