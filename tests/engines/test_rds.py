"""RDS, through boto3 over the socket and real PostgreSQL drivers: instances that are servers.

Every test names the page of the user guide (docs.aws.amazon.com/AmazonRDS/latest/UserGuide/…) or the operation of the
API reference that it holds to.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import awswrangler as wr
import pandas as pd
import pg8000
import psutil
import psycopg
import pytest
import sqlalchemy
from botocore.exceptions import ClientError

from tests.conftest import RunningLab, eventually
from tests.engines.databases import PASSWORD, Databases, refused, servers_below


@pytest.fixture(scope="module")
def databases(lab: RunningLab) -> Databases:
    return Databases(lab)


@pytest.fixture(scope="module")
def ops(databases: Databases) -> Iterator[str]:
    """One instance for the tests that only use it."""
    name = databases.make()
    yield name
    databases.rds.delete_db_instance(DBInstanceIdentifier=name, SkipFinalSnapshot=True)
    databases.gone(name)


def test_an_instance_is_a_server_that_drivers_can_use(databases: Databases, ops: str) -> None:
    """USER_ConnectToPostgreSQLInstance: address and port come from DescribeDBInstances, the rest was asked for."""
    instance = databases.describe(ops)
    assert instance["Endpoint"]["Address"] == "127.0.0.1"
    assert (instance["MasterUsername"], instance["DBName"]) == ("master", "ops")
    with databases.connect(ops) as connection:
        version = connection.execute("SHOW server_version").fetchone()
        connection.execute("CREATE TABLE flights (id int PRIMARY KEY, tail text)")
        with connection.cursor().copy("COPY flights FROM STDIN") as copy:
            copy.write("1\tN14228\n2\t\\N\n")
        rows = connection.execute("SELECT * FROM flights ORDER BY id").fetchall()
    assert version is not None and version[0].startswith(instance["EngineVersion"])
    assert rows == [(1, "N14228"), (2, None)]


def test_sqlalchemy(databases: Databases, ops: str) -> None:
    port = databases.describe(ops)["Endpoint"]["Port"]
    engine = sqlalchemy.create_engine(f"postgresql+psycopg://master:{PASSWORD}@127.0.0.1:{port}/ops")
    with engine.begin() as connection:
        connection.execute(sqlalchemy.text("CREATE TABLE planes (tail text, seats int)"))
        connection.execute(sqlalchemy.text("INSERT INTO planes VALUES (:tail, :seats)"), {"tail": "N1", "seats": 55})
    assert pd.read_sql("SELECT seats FROM planes", engine)["seats"].tolist() == [55]
    engine.dispose()


def test_awswrangler(databases: Databases, ops: str) -> None:
    port = databases.describe(ops)["Endpoint"]["Port"]
    connection = pg8000.connect(host="127.0.0.1", port=port, user="master", password=PASSWORD, database="ops")
    frame = pd.DataFrame({"id": [1, 2], "name": ["Newark", None], "delay": [1.5, -2.0]})
    wr.postgresql.to_sql(frame, con=connection, table="airports", schema="public", mode="overwrite")
    back = wr.postgresql.read_sql_query("SELECT * FROM public.airports ORDER BY id", con=connection)
    connection.close()
    assert back["delay"].tolist() == [1.5, -2.0] and back["name"].isna().tolist() == [False, True]


def test_passwords_are_asked_for(databases: Databases, ops: str) -> None:
    """No trust, no md5, and no way in but the loopback interface."""
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        databases.connect(ops, password="wrong-horse-7")
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        databases.connect(ops, user="rdsadmin")
    assert databases.ask(ops, "SHOW password_encryption") == "scram-sha-256"
    port = databases.describe(ops)["Endpoint"]["Port"]
    listening = {each.laddr.ip for each in psutil.net_connections("tcp") if each.laddr and each.laddr.port == port}
    assert listening == {"127.0.0.1"}


def test_the_master_user_is_no_superuser(databases: Databases, ops: str) -> None:
    """Appendix.PostgreSQL.CommonDBATasks.Roles: rds_superuser has much, but neither files nor programs of the host."""
    assert databases.ask(ops, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user") is False
    assert databases.ask(ops, "SELECT pg_has_role('rds_superuser', 'member')") is True
    for attack in (
        "COPY (SELECT 1) TO PROGRAM 'id'",
        "SELECT pg_read_file('/etc/passwd')",
        "ALTER SYSTEM SET archive_command = 'id'",
        "GRANT pg_execute_server_program TO master",
        "ALTER ROLE rdsadmin PASSWORD 'mine'",
        "CREATE FUNCTION run(cstring) RETURNS int AS '/lib/x86_64-linux-gnu/libc.so.6', 'system' LANGUAGE c",
    ):
        with pytest.raises(psycopg.Error), databases.connect(ops) as connection:
            connection.execute(attack)
    with databases.connect(ops) as connection:
        connection.execute("CREATE ROLE reader LOGIN PASSWORD 'reader-pass-1'")
        connection.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader")
    assert databases.ask(ops, "SELECT current_user", user="reader", password="reader-pass-1") == "reader"


def test_nothing_of_the_lab_is_in_the_servers_environment(databases: Databases, ops: str) -> None:
    for process in servers_below(databases.lab):
        assert not [name for name in process.environ() if name.startswith(("AWS", "HOME", "PYTHON"))]


def test_what_is_refused(databases: Databases, ops: str) -> None:
    """API reference, CreateDBInstance: errors, and MasterUserPassword's constraints."""
    create = databases.rds.create_db_instance
    good = {"DBInstanceClass": "db.t4g.micro", "AllocatedStorage": 20, "Engine": "postgres"}
    good |= {"MasterUsername": "master", "MasterUserPassword": PASSWORD, "DBInstanceIdentifier": "refused"}
    for engine in ("mysql", "mariadb", "oracle-ee", "sqlserver-ex", "aurora-postgresql"):
        refused("InvalidParameterValue", "has PostgreSQL only", create, **{**good, "Engine": engine})
    refused("InvalidParameterValue", "8 to 128", create, **{**good, "MasterUserPassword": "short"})
    refused("InvalidParameterValue", "besides", create, **{**good, "MasterUserPassword": "with space in it"})
    refused("InvalidParameterValue", "reserved word", create, **{**good, "MasterUsername": "rdsadmin"})
    refused("InvalidParameterValue", "MasterUsername", create, **{**good, "MasterUsername": 'a"; DROP'})
    refused("InvalidParameterValue", "DBName", create, **{**good, "DBName": "a-b"})
    refused("InvalidParameterCombination", "Cannot find version 9.6", create, **{**good, "EngineVersion": "9.6"})
    refused("DBParameterGroupNotFound", "nowhere", create, **{**good, "DBParameterGroupName": "nowhere"})
    refused("DBInstanceAlreadyExists", "exists", create, **{**good, "DBInstanceIdentifier": ops})
    refused("DBInstanceNotFound", "nobody", databases.rds.stop_db_instance, DBInstanceIdentifier="nobody")
    refused("InvalidDBInstanceState", "available", databases.rds.start_db_instance, DBInstanceIdentifier=ops)


def test_stop_and_start_keep_the_data(databases: Databases, ops: str) -> None:
    """USER_StopInstance: the endpoint stays, sessions end, data stays."""
    with databases.connect(ops) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
        endpoint = databases.describe(ops)["Endpoint"]
        assert databases.rds.stop_db_instance(DBInstanceIdentifier=ops)["DBInstance"]["DBInstanceStatus"] == "stopping"
        databases.wait(ops, "stopped")
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")
    with pytest.raises(psycopg.OperationalError, match="refused"):
        databases.connect(ops)
    refused("InvalidDBInstanceState", "stopped", databases.rds.reboot_db_instance, DBInstanceIdentifier=ops)
    started = databases.rds.start_db_instance(DBInstanceIdentifier=ops)["DBInstance"]
    assert started["DBInstanceStatus"] == "starting"
    databases.wait(ops)
    assert databases.describe(ops)["Endpoint"] == endpoint
    assert databases.ask(ops, "SELECT answer FROM kept") == 42


def test_modify_the_password(databases: Databases, ops: str) -> None:
    """API reference, ModifyDBInstance, MasterUserPassword."""
    modify = databases.rds.modify_db_instance
    modify(DBInstanceIdentifier=ops, MasterUserPassword="it's-new-\\1", ApplyImmediately=True)
    assert databases.ask(ops, "SELECT 1", password="it's-new-\\1") == 1
    with pytest.raises(psycopg.OperationalError):
        databases.connect(ops)
    modify(DBInstanceIdentifier=ops, MasterUserPassword=PASSWORD, ApplyImmediately=True)
    refused("InvalidParameterValue", "8 to 128", modify, DBInstanceIdentifier=ops, MasterUserPassword="short")


def test_logical_replication_by_a_parameter_group(databases: Databases, ops: str) -> None:
    """PostgreSQL.Concepts.General.FeatureSupport.LogicalReplication: rds.logical_replication, then a reboot."""
    rds = databases.rds
    family = rds.describe_db_engine_versions(Engine="postgres")["DBEngineVersions"][0]["DBParameterGroupFamily"]
    group = f"cdc-{ops}"
    rds.create_db_parameter_group(DBParameterGroupName=group, DBParameterGroupFamily=family, Description="CDC")
    logical = {"ParameterName": "rds.logical_replication", "ParameterValue": "1", "ApplyMethod": "pending-reboot"}
    rds.modify_db_parameter_group(DBParameterGroupName=group, Parameters=[logical])
    rds.modify_db_instance(DBInstanceIdentifier=ops, DBParameterGroupName=group, ApplyImmediately=True)

    def status() -> str:
        return databases.describe(ops)["DBParameterGroups"][0]["ParameterApplyStatus"]

    assert (status(), databases.ask(ops, "SHOW wal_level")) == ("pending-reboot", "replica")
    rds.reboot_db_instance(DBInstanceIdentifier=ops)
    databases.wait(ops)
    assert (status(), databases.ask(ops, "SHOW wal_level")) == ("in-sync", "logical")
    with databases.connect(ops) as connection:
        connection.execute("SELECT pg_create_logical_replication_slot('tried', 'test_decoding')")
        connection.execute("SELECT pg_drop_replication_slot('tried')")
    # A dynamic parameter needs no reboot.
    memory = {"ParameterName": "work_mem", "ParameterValue": "8192", "ApplyMethod": "immediate"}
    rds.modify_db_parameter_group(DBParameterGroupName=group, Parameters=[memory])
    eventually(lambda: databases.ask(ops, "SHOW work_mem") == "8MB")
    assert status() == "in-sync"
    described = rds.describe_db_parameters(DBParameterGroupName=group, Source="user")["Parameters"]
    assert {each["ParameterName"]: each["ParameterValue"] for each in described} == {
        "rds.logical_replication": "1",
        "work_mem": "8192",
    }
    for undeletable, said in ((group, ops), (f"default.{family}", "Default DBParameterGroup cannot be deleted")):
        refused("InvalidDBParameterGroupState", said, rds.delete_db_parameter_group, DBParameterGroupName=undeletable)
    options = databases.describe(ops)["OptionGroupMemberships"][0]["OptionGroupName"]
    refused("InvalidOptionGroupStateFault", "in use", rds.delete_option_group, OptionGroupName=options)
    refused("InvalidOptionGroupStateFault", "default", rds.delete_option_group, OptionGroupName="default:postgres-1")


def test_networks_in_use(databases: Databases) -> None:
    """DeleteDBSubnetGroup, DeleteSecurityGroup: what an instance uses stays until the instance is gone."""
    rds, ec2 = databases.rds, databases.lab.client("ec2")
    network = ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"][0]["VpcId"]
    found = ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [network]}])["Subnets"]
    subnets = {"DBSubnetGroupName": "Used-Subnets"}
    one = {**subnets, "DBSubnetGroupDescription": "d", "SubnetIds": [found[0]["SubnetId"]]}
    refused("DBSubnetGroupDoesNotCoverEnoughAZs", found[0]["AvailabilityZone"], rds.create_db_subnet_group, **one)
    rds.create_db_subnet_group(
        **subnets, DBSubnetGroupDescription="d", SubnetIds=[each["SubnetId"] for each in found[:2]]
    )
    group = ec2.create_security_group(GroupName="used-by-rds", Description="d", VpcId=network)["GroupId"]
    name = databases.make(**subnets, VpcSecurityGroupIds=[group])
    said = f"because at least one database instance: {name} is still using it."
    refused("InvalidDBSubnetGroupStateFault", said, rds.delete_db_subnet_group, **subnets)
    refused("DependencyViolation", f"resource {group} has a dependent", ec2.delete_security_group, GroupId=group)
    rds.delete_db_instance(DBInstanceIdentifier=name, SkipFinalSnapshot=True)
    databases.gone(name)
    rds.delete_db_subnet_group(**subnets)
    ec2.delete_security_group(GroupId=group)


def test_parameters_that_cannot_be_set(databases: Databases) -> None:
    """USER_WorkingWithParamGroups: what is not modifiable, out of range, unknown or static is refused."""
    rds = databases.rds
    family = rds.describe_db_engine_versions(Engine="postgres")["DBEngineVersions"][0]["DBParameterGroupFamily"]
    rds.create_db_parameter_group(DBParameterGroupName="attacked", DBParameterGroupFamily=family, Description="x")

    def change(name: str, value: str, method: str = "pending-reboot") -> dict[str, Any]:
        parameter = {"ParameterName": name, "ParameterValue": value, "ApplyMethod": method}
        return {"DBParameterGroupName": "attacked", "Parameters": [parameter]}

    modify = rds.modify_db_parameter_group
    for name in (
        "archive_command",
        "ssl_passphrase_command",
        "listen_addresses",
        "hba_file",
        "local_preload_libraries",
    ):
        refused("InvalidParameterValue", "cannot be modified", modify, **change(name, "id"))
    refused("InvalidParameterValue", "not supported", modify, **change("work_mem", "1\narchive_command='id'"))
    refused("InvalidParameterValue", "not supported", modify, **change("search_path", "a\nlisten_addresses='*'"))
    refused("InvalidParameterValue", "not supported", modify, **change("max_connections", "-5"))
    refused("InvalidParameterValue", "not supported", modify, **change("shared_preload_libraries", "/tmp/evil"))
    refused("InvalidParameterValue", "Could not find parameter", modify, **change("made_up", "1"))
    refused("InvalidParameterCombination", "static", modify, **change("max_connections", "50", "immediate"))
    other = {"DBParameterGroupName": "older", "DBParameterGroupFamily": "postgres9.6", "Description": "x"}
    rds.create_db_parameter_group(**other)
    instance = {"DBInstanceIdentifier": "wrong", "DBInstanceClass": "db.t4g.micro", "Engine": "postgres"}
    instance |= {"MasterUsername": "master", "MasterUserPassword": PASSWORD, "DBParameterGroupName": "older"}
    refused("InvalidParameterCombination", "can't be used", rds.create_db_instance, **instance)


def test_the_servers_log(databases: Databases, ops: str) -> None:
    """USER_LogAccess.Concepts.PostgreSQL: DescribeDBLogFiles, DownloadDBLogFilePortion."""
    with pytest.raises(psycopg.errors.UndefinedTable), databases.connect(ops) as connection:
        connection.execute("SELECT * FROM missing_on_purpose")
    [log] = databases.rds.describe_db_log_files(DBInstanceIdentifier=ops)["DescribeDBLogFiles"]
    read = databases.rds.download_db_log_file_portion(DBInstanceIdentifier=ops, LogFileName=log["LogFileName"])
    assert "missing_on_purpose" in read["LogFileData"] and not read["AdditionalDataPending"]
    unknown = {"DBInstanceIdentifier": ops, "LogFileName": "../../state.json"}
    refused("DBLogFileNotFoundFault", "no log file", databases.rds.download_db_log_file_portion, **unknown)


def test_parameters_that_stop_the_server_from_starting(databases: Databases, ops: str) -> None:
    """ "DB instance status": incompatible-parameters, until the group is mended and the instance rebooted."""
    rds = databases.rds
    group = databases.describe(ops)["DBParameterGroups"][0]["DBParameterGroupName"]
    bad = {"ParameterName": "shared_buffers", "ParameterValue": "900000000", "ApplyMethod": "pending-reboot"}
    rds.modify_db_parameter_group(DBParameterGroupName=group, Parameters=[bad])
    rds.reboot_db_instance(DBInstanceIdentifier=ops)
    databases.wait(ops, "incompatible-parameters")
    rds.reset_db_parameter_group(DBParameterGroupName=group, Parameters=[{**bad}])
    rds.reboot_db_instance(DBInstanceIdentifier=ops)
    databases.wait(ops)


def test_snapshot_and_restore(databases: Databases, ops: str) -> None:
    """USER_RestoreFromSnapshot: a new instance, with the data and passwords of when the snapshot was taken."""
    rds = databases.rds
    with databases.connect(ops) as connection:
        connection.execute("CREATE TABLE moments (at text)")
        connection.execute("INSERT INTO moments VALUES ('before')")
        made = rds.create_db_snapshot(DBInstanceIdentifier=ops, DBSnapshotIdentifier="before")["DBSnapshot"]
        assert made["Status"] == "creating"
        snapshots = lambda: rds.describe_db_snapshots(DBSnapshotIdentifier="before")["DBSnapshots"]  # noqa: E731
        eventually(lambda: snapshots()[0]["Status"] == "available")
        databases.wait(ops)
        connection.execute("INSERT INTO moments VALUES ('after')")
    rds.restore_db_instance_from_db_snapshot(DBInstanceIdentifier="restored", DBSnapshotIdentifier="before")
    databases.wait("restored")
    assert databases.ask("restored", "SELECT string_agg(at, ',') FROM moments") == "before"
    assert databases.ask(ops, "SELECT count(*) FROM moments") == 2
    refused(
        "DBSnapshotAlreadyExists",
        "before",
        rds.create_db_snapshot,
        DBInstanceIdentifier=ops,
        DBSnapshotIdentifier="before",
    )
    rds.delete_db_instance(DBInstanceIdentifier="restored", SkipFinalSnapshot=True)
    databases.gone("restored")


def test_deletion(databases: Databases) -> None:
    """USER_DeleteInstance: protection, and a final snapshot unless told otherwise; then nothing is left."""
    rds = databases.rds
    name = databases.make(DeletionProtection=True)
    refused("InvalidParameterCombination", "protected", rds.delete_db_instance, DBInstanceIdentifier=name)
    rds.modify_db_instance(DBInstanceIdentifier=name, DeletionProtection=False, ApplyImmediately=True)
    refused("InvalidParameterCombination", "is required", rds.delete_db_instance, DBInstanceIdentifier=name)
    both = {"SkipFinalSnapshot": True, "FinalDBSnapshotIdentifier": "last"}
    refused("InvalidParameterCombination", "can not", rds.delete_db_instance, DBInstanceIdentifier=name, **both)
    port = databases.describe(name)["Endpoint"]["Port"]
    deleted = rds.delete_db_instance(DBInstanceIdentifier=name, FinalDBSnapshotIdentifier="last")["DBInstance"]
    assert deleted["DBInstanceStatus"] == "deleting"
    databases.gone(name)
    assert rds.describe_db_snapshots(DBSnapshotIdentifier="last")["DBSnapshots"][0]["Status"] == "available"
    with pytest.raises(psycopg.OperationalError, match="refused"):
        psycopg.connect(host="127.0.0.1", port=port, user="master", password=PASSWORD, dbname="ops")


def test_a_password_managed_in_secrets_manager(databases: Databases) -> None:
    """rds-secrets-manager: a secret made with the instance, rotated by it, deleted with it."""
    name = databases.make(ManageMasterUserPassword=True)
    secrets = databases.lab.client("secretsmanager")
    secret_arn = databases.describe(name)["MasterUserSecret"]["SecretArn"]

    def login() -> dict[str, str]:
        return json.loads(secrets.get_secret_value(SecretId=secret_arn)["SecretString"])

    first = login()
    assert ":secret:rds!db-" in secret_arn and first["username"] == "master"
    assert databases.ask(name, "SELECT 1", password=first["password"]) == 1
    databases.rds.modify_db_instance(DBInstanceIdentifier=name, RotateMasterUserPassword=True, ApplyImmediately=True)
    assert databases.ask(name, "SELECT 1", password=login()["password"]) == 1
    with pytest.raises(psycopg.OperationalError):
        databases.connect(name, password=first["password"])
    databases.rds.delete_db_instance(DBInstanceIdentifier=name, SkipFinalSnapshot=True)
    databases.gone(name)
    with pytest.raises(ClientError):
        login()
