"""teardown deletes the session's own, only that, and proves it: seen with boto3 over the socket."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

import dehelpers as de
from dehelpers.errors import TeardownError
from dehelpers.words.teardown import SEARCHED, types
from tests.conftest import RunningLab
from tests.connected import connected, keys_of, process
from tests.roles import TRUST, role

DOCUMENT = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})


@pytest.fixture(scope="module")
def session(lab: RunningLab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[de.Session]:
    with connected(lab, tmp_path_factory.mktemp("home"), prefix="gone") as session:
        yield session


def make_one_of_each() -> None:
    """What a course leaves behind, each with what makes it hard to delete."""
    s3, bucket = boto3.client("s3"), de.name("lake")
    s3.create_bucket(Bucket=bucket)
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    for body in (b"old", b"new"):
        s3.put_object(Bucket=bucket, Key="k", Body=body)
    s3.delete_object(Bucket=bucket, Key="k")  # leaves both versions and a marker
    s3.create_multipart_upload(Bucket=bucket, Key="never finished")

    kinesis = boto3.client("kinesis")
    kinesis.create_stream(StreamName=de.name("departures", "stream"), ShardCount=1)
    arn = kinesis.describe_stream_summary(StreamName="gone-departures")["StreamDescriptionSummary"]["StreamARN"]
    kinesis.get_waiter("stream_exists").wait(StreamName="gone-departures", WaiterConfig={"Delay": 1})
    kinesis.register_stream_consumer(StreamARN=arn, ConsumerName="fast")

    iam, delivery = boto3.client("iam"), de.name("delivery", "role")
    role_arn = iam.create_role(RoleName=delivery, AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
    iam.put_role_policy(RoleName=delivery, PolicyName="inline", PolicyDocument=DOCUMENT)
    policy = iam.create_policy(PolicyName=de.name("read", "role"), PolicyDocument=DOCUMENT)["Policy"]["Arn"]
    iam.create_policy_version(PolicyArn=policy, PolicyDocument=DOCUMENT, SetAsDefault=True)
    iam.attach_role_policy(RoleName=delivery, PolicyArn=policy)

    boto3.client("firehose").create_delivery_stream(
        DeliveryStreamName=de.name("to-lake", "firehose"),
        ExtendedS3DestinationConfiguration={"RoleARN": role_arn, "BucketARN": f"arn:aws:s3:::{bucket}"},
    )
    queue = boto3.client("sqs").create_queue(QueueName=de.name("new-files", "queue"))["QueueUrl"]
    topic = boto3.client("sns").create_topic(Name=de.name("alerts", "topic"))["TopicArn"]
    boto3.client("sns").subscribe(
        TopicArn=topic, Protocol="sqs", Endpoint=f"arn:aws:sqs:us-east-1:123456789012:{queue.rpartition('/')[2]}"
    )
    boto3.client("cloudwatch").put_metric_alarm(
        AlarmName=de.name("late", "alarm"), Namespace="AWS/Kinesis", MetricName="IncomingRecords", Period=60,
        EvaluationPeriods=1, Threshold=1, ComparisonOperator="LessThanThreshold", Statistic="Sum",
    )  # fmt: skip
    glue, database = boto3.client("glue"), de.name("lake", "database")
    glue.create_database(DatabaseInput={"Name": database})
    glue.create_table(DatabaseName=database, TableInput={"Name": "weather"})
    athena, group = boto3.client("athena"), de.name("analysts", "workgroup")
    athena.create_work_group(Name=group)
    kept = {"Database": database, "QueryString": "SELECT 1"}
    athena.create_named_query(Name=de.name("late", "statement"), WorkGroup=group, **kept)
    athena.create_prepared_statement(
        StatementName=de.name("late", "statement"), WorkGroup=group, QueryStatement="SELECT ?"
    )
    query("SELECT 1", WorkGroup=group)  # a workgroup with a history is not empty
    boto3.client("dynamodb").create_table(
        TableName=de.name("checkpoints", "table"), BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
    )  # fmt: skip
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("main.py", "def handler(event, context): ...")
    boto3.client("lambda").create_function(
        FunctionName=de.name("clean", "function"), Role=role_arn, Runtime="python3.13", Handler="main.handler",
        Code={"ZipFile": code.getvalue()},
    )  # fmt: skip
    boto3.client("logs").create_log_group(logGroupName="/aws/lambda/gone-clean")
    boto3.client("secretsmanager").create_secret(Name=de.name("login", "instance"), SecretString="secret")
    make_a_migration(bucket, role_arn)


def query(sql: str, **settings: Any) -> None:
    athena, output = boto3.client("athena"), {"OutputLocation": f"s3://{de.name('lake')}/results/"}
    started = athena.start_query_execution(QueryString=sql, ResultConfiguration=output, **settings)
    one = {"QueryExecutionId": started["QueryExecutionId"]}
    status = lambda: athena.get_query_execution(**one)["QueryExecution"]["Status"]["State"]  # noqa: E731
    de.wait(status, until="SUCCEEDED", what="query", quiet=True)


def make_a_migration(bucket: str, role_arn: str) -> None:
    """A database with a parameter group and a snapshot, and a DMS task that is reading its changes."""
    rds, dms, name = boto3.client("rds"), boto3.client("dms"), de.name("ops", "instance")
    family = rds.describe_db_engine_versions(Engine="postgres")["DBEngineVersions"][0]["DBParameterGroupFamily"]
    rds.create_db_parameter_group(DBParameterGroupName=name, DBParameterGroupFamily=family, Description="CDC")
    logical = {"ParameterName": "rds.logical_replication", "ParameterValue": "1", "ApplyMethod": "pending-reboot"}
    rds.modify_db_parameter_group(DBParameterGroupName=name, Parameters=[logical])
    login = {"MasterUsername": "master", "MasterUserPassword": "correct-horse-7"}
    rds.create_db_instance(
        DBInstanceIdentifier=name, DBInstanceClass="db.t4g.micro", Engine="postgres", AllocatedStorage=20,
        DBName="ops", DBParameterGroupName=name, **login,
    )  # fmt: skip
    database = lambda: rds.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"][0]  # noqa: E731
    de.wait(lambda: database()["DBInstanceStatus"], until="available", what=name, quiet=True)
    rds.create_db_snapshot(DBInstanceIdentifier=name, DBSnapshotIdentifier=name)
    de.wait(lambda: database()["DBInstanceStatus"], until="available", what=name, quiet=True)
    restored = f"{name}-restored"
    snapshot = lambda: rds.describe_db_snapshots(DBSnapshotIdentifier=name)["DBSnapshots"][0]["Status"]  # noqa: E731
    de.wait(snapshot, until="available", what=name, quiet=True)
    rds.restore_db_instance_from_db_snapshot(DBInstanceIdentifier=restored, DBSnapshotIdentifier=name)
    subnets = [subnet["SubnetId"] for subnet in boto3.client("ec2").describe_subnets()["Subnets"]]
    rds.create_db_subnet_group(DBSubnetGroupName=name, DBSubnetGroupDescription="two", SubnetIds=subnets[:2])
    dms.create_replication_subnet_group(
        ReplicationSubnetGroupIdentifier=name, ReplicationSubnetGroupDescription="CDC", SubnetIds=subnets[:2]
    )
    instance = dms.create_replication_instance(
        ReplicationInstanceIdentifier=name, ReplicationInstanceClass="dms.t3.micro"
    )["ReplicationInstance"]["ReplicationInstanceArn"]
    place = {"ServerName": database()["Endpoint"]["Address"], "Port": database()["Endpoint"]["Port"]}
    source = dms.create_endpoint(
        EndpointIdentifier=f"{name}-source", EndpointType="source", EngineName="postgres", DatabaseName="ops",
        Username=login["MasterUsername"], Password=login["MasterUserPassword"], **place,
    )["Endpoint"]["EndpointArn"]  # fmt: skip
    target = dms.create_endpoint(
        EndpointIdentifier=f"{name}-target", EndpointType="target", EngineName="s3",
        S3Settings={"BucketName": bucket, "ServiceAccessRoleArn": role_arn},
    )["Endpoint"]["EndpointArn"]  # fmt: skip
    own = [{"Name": "replication-instance-arn", "Values": [instance]}]
    connections = lambda: dms.describe_connections(Filters=own)["Connections"]  # noqa: E731
    for endpoint in (source, target):
        dms.test_connection(ReplicationInstanceArn=instance, EndpointArn=endpoint)
    de.wait(lambda: {each["Status"] for each in connections()} == {"successful"}, until=True, what="tests", quiet=True)
    everything: dict[str, Any] = {
        "rule-type": "selection",
        "rule-action": "include",
        "rule-id": "1",
        "rule-name": "all",
    }
    everything |= {"object-locator": {"schema-name": "public", "table-name": "%"}}
    task = dms.create_replication_task(
        ReplicationTaskIdentifier=name, SourceEndpointArn=source, TargetEndpointArn=target,
        ReplicationInstanceArn=instance, MigrationType="full-load-and-cdc",
        TableMappings=json.dumps({"rules": [everything]}),
    )["ReplicationTask"]["ReplicationTaskArn"]  # fmt: skip
    dms.start_replication_task(ReplicationTaskArn=task, StartReplicationTaskType="start-replication")


def remaining(prefix: str) -> list[str]:
    return [
        name
        for each in types().values()
        if each.service in SEARCHED
        for name in each.names("us-east-1")
        if name.rpartition("/")[2].rpartition(":")[2].startswith(prefix)
    ]


def test_everything_is_deleted_and_only_the_sessions_own(
    session: de.Session, lab: RunningLab, capsys: pytest.CaptureFixture[str]
) -> None:
    lab.aws("s3", "mb", "s3://somebody-elses")
    lab.aws("sns", "create-topic", "--name", "somebody-elses")
    make_one_of_each()
    assert len(remaining("gone")) == 26, "or this test proves too little"
    capsys.readouterr()
    de.teardown()
    said = capsys.readouterr().out
    assert max(map(len, said.splitlines())) <= 96, "JupyterLab breaks longer lines within a word"
    assert " ".join(said.split()) == (
        "Teardown: 1 alarm, 1 bucket, 2 DMS endpoints, 1 DMS instance, 1 DMS subnet group, 1 DMS task, "
        "1 DynamoDB table, 1 Firehose stream, 1 Glue database, 1 IAM policy, 1 IAM role, 1 Kinesis stream, "
        "1 Lambda function, 2 log groups, 1 named query, 1 prepared statement, 2 RDS instances, "
        "1 RDS parameter group, 1 RDS snapshot, 1 RDS subnet group, 1 secret, 1 SNS topic, 1 SQS queue, "
        "1 workgroup. Nothing is left."
    )
    assert remaining("gone") == []
    assert len(session.ledger) == 0
    subscribed = [each["TopicArn"] for each in boto3.client("sns").list_subscriptions()["Subscriptions"]]
    assert not [arn for arn in subscribed if ":gone-" in arn]
    assert "somebody-elses" in {bucket["Name"] for bucket in lab.client("s3").list_buckets()["Buckets"]}
    topics = {topic["TopicArn"].rpartition(":")[2] for topic in lab.client("sns").list_topics()["Topics"]}
    assert "somebody-elses" in topics and not [name for name in topics if name.startswith("gone-")]


def test_it_can_be_run_again(session: de.Session, capsys: pytest.CaptureFixture[str]) -> None:
    de.teardown()
    assert capsys.readouterr().out == "Teardown: nothing to delete. Nothing is left.\n"


def test_what_the_aws_cli_made_is_found_by_its_prefix(session: de.Session, lab: RunningLab) -> None:
    lab.aws("s3", "mb", "s3://gone-by-hand")
    assert len(session.ledger) == 0, "another program's calls are not in the ledger"
    de.teardown()
    assert remaining("gone") == []


def test_what_has_another_name_is_found_by_the_ledger(session: de.Session, capsys: pytest.CaptureFixture[str]) -> None:
    boto3.client("sqs").create_queue(QueueName="any-name-at-all")
    de.teardown()
    assert "1 SQS queue" in capsys.readouterr().out
    assert remaining("any-name") == []


def test_what_a_statement_of_athena_made_is_the_sessions_own(
    session: de.Session, lab: RunningLab, capsys: pytest.CaptureFixture[str]
) -> None:
    lab.aws("glue", "create-database", "--database-input", "Name=everybodys")
    lab.aws("glue", "create-table", "--database-name", "everybodys", "--table-input", "Name=kept")
    boto3.client("s3").create_bucket(Bucket=de.name("lake"))
    query("CREATE DATABASE IF NOT EXISTS everybodys")
    query("CREATE DATABASE IF NOT EXISTS `gone_air`")
    query(f"CREATE EXTERNAL TABLE IF NOT EXISTS everybodys.kept (n int) LOCATION 's3://{de.name('lake')}/n/'")
    query("CREATE TABLE gone_air.n WITH (format = 'PARQUET') AS SELECT 1 AS n")
    query(f"CREATE EXTERNAL TABLE everybodys.`n` (n int) LOCATION 's3://{de.name('lake')}/n/'")
    query("CREATE OR REPLACE VIEW everybodys.v AS SELECT n FROM gone_air.n")
    query("PREPARE nth FROM SELECT n FROM gone_air.n WHERE n = ?")
    kept = boto3.client("athena").create_named_query(Name="all", Database="gone_air", QueryString="SELECT n FROM n")
    boto3.client("athena").update_named_query(**_id(kept), Name="every", QueryString="SELECT n FROM gone_air.n")
    capsys.readouterr()
    de.teardown()
    made = "1 bucket, 1 Glue database, 2 Glue tables, 1 named query, 1 prepared statement"
    assert " ".join(capsys.readouterr().out.split()) == f"Teardown: {made}. Nothing is left."
    databases = {each["Name"] for each in lab.client("glue").get_databases()["DatabaseList"]}
    assert "everybodys" in databases and "gone_air" not in databases
    tables = lab.client("glue").get_tables(DatabaseName="everybodys")["TableList"]
    assert [table["Name"] for table in tables] == ["kept"]
    assert len(session.ledger) == 0


def _id(answer: dict[str, Any]) -> dict[str, str]:
    return {"NamedQueryId": answer["NamedQueryId"]}


def test_what_cannot_be_deleted_is_an_error_that_names_it(session: de.Session) -> None:
    ecs, dynamodb = boto3.client("ecs"), boto3.client("dynamodb")
    boto3.client("s3").create_bucket(Bucket=de.name("lake"))
    ecs.create_cluster(clusterName="keeper")  # no kind that teardown knows
    dynamodb.create_table(
        TableName="gone-held", BillingMode="PAY_PER_REQUEST", DeletionProtectionEnabled=True,
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
    )  # fmt: skip
    with pytest.raises(TeardownError) as caught:
        de.teardown()
    message = str(caught.value)
    assert "- DynamoDB table gone-held: An error occurred (ValidationException)" in message
    assert "- ecs CreateCluster keeper: teardown does not know this kind" in message
    assert remaining("gone") == ["gone-held"], "what could be deleted was"
    dynamodb.update_table(TableName="gone-held", DeletionProtectionEnabled=False)
    ecs.delete_cluster(cluster="keeper")
    session.ledger.remove(next(entry for entry in session.ledger if entry.operation == "CreateCluster"))
    de.teardown()
    assert remaining("gone") == []


def test_a_key_that_shuts_its_maker_out_is_named_not_forgotten(session: de.Session, lab: RunningLab) -> None:
    """KMS developer guide, "Key policies": whom a key's policy does not name may not even look at the key."""
    keeper = role(lab, "keeper-of-keys")
    closed = {"Policy": _all_of_kms(keeper), "BypassPolicyLockoutSafetyCheck": True}
    own = boto3.client("kms").create_key(**closed)["KeyMetadata"]["KeyId"]
    given = lab.client("sts").assume_role(RoleArn=keeper, RoleSessionName="opens")["Credentials"]
    with pytest.raises(TeardownError, match=own):
        de.teardown(timeout=1)
    opens = lab.client(
        "kms",
        aws_access_key_id=given["AccessKeyId"],
        aws_secret_access_key=given["SecretAccessKey"],
        aws_session_token=given["SessionToken"],
    )
    opens.put_key_policy(KeyId=own, PolicyName="default", Policy=_all_of_kms("arn:aws:iam::123456789012:root"))
    de.teardown()
    assert lab.client("kms").describe_key(KeyId=own)["KeyMetadata"]["KeyState"] == "PendingDeletion"


def _all_of_kms(principal: str) -> str:
    statement = {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "kms:*", "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def test_a_url_as_target_is_torn_down_too(lab: RunningLab, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with process(tmp_path, keys_of(lab)):
        session = de.connect(lab.endpoint, prefix="url")
        assert session.target == "endpoint"
        boto3.client("s3").create_bucket(Bucket=de.name("lake"))
        de.teardown()
        assert remaining("url") == []
    assert "1 bucket" in capsys.readouterr().out


def test_a_bucket_goes_whose_policy_denies_its_deletion(
    session: de.Session, capsys: pytest.CaptureFixture[str]
) -> None:
    """ "Restrict access to only HTTPS requests" (S3 user guide) holds for who deletes, too: teardown comes over TLS."""
    s3, bucket = boto3.client("s3"), de.name("locked")
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="k", Body=b"1")
    resources = [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]
    to_all = {"Effect": "Deny", "Principal": "*", "Resource": resources}
    insecure = {"Action": "s3:*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}
    kept = {"Action": ["s3:DeleteObject", "s3:DeleteObjectVersion", "s3:DeleteBucket"]}
    policy = {"Version": "2012-10-17", "Statement": [{**to_all, **insecure}, {**to_all, **kept}]}
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))
    de.teardown()
    assert "1 bucket" in capsys.readouterr().out
    assert bucket not in [each["Name"] for each in s3.list_buckets()["Buckets"]]


def test_an_organization_goes_with_its_policies_and_accounts(
    new_lab: Callable[..., RunningLab], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """API reference, DeleteOrganization: all members have to have left; DeletePolicy: it is attached nowhere."""
    with connected(new_lab(), tmp_path, prefix="org"):
        client = boto3.client("organizations")
        client.create_organization(FeatureSet="ALL")
        root = client.list_roots()["Roots"][0]["Id"]
        client.enable_policy_type(RootId=root, PolicyType="SERVICE_CONTROL_POLICY")
        client.create_account(AccountName="org-data", Email="data@example.com")
        named = {"Name": "org-guard", "Description": "guard", "Type": "SERVICE_CONTROL_POLICY"}
        made = client.create_policy(**named, Content=DOCUMENT)["Policy"]["PolicySummary"]["Id"]
        client.attach_policy(PolicyId=made, TargetId=root)
        de.teardown()
        assert "1 member account, 1 organization, 1 policy of an organization" in capsys.readouterr().out
        with pytest.raises(client.exceptions.AWSOrganizationsNotInUseException):
            client.describe_organization()
