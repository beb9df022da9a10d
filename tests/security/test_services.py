"""Services are held to the policies of who asks, and of the roles that they work with.

Sources: Athena user guide, "Access to Amazon S3" and "Fine-grained access to databases and tables"; Firehose developer
guide, "Controlling access"; Lambda developer guide, "Execution role".
"""

from __future__ import annotations

import gzip
import time
from functools import partial
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.conftest import RunningLab, eventually
from tests.security.people import ACCOUNT, allow, document, refusal, role, trust, unique, user


@pytest.fixture(scope="module")
def lake(lab: RunningLab) -> str:
    """A bucket with a table of Athena over it, in a database of the same name."""
    s3, name = lab.client("s3"), unique("lake")
    s3.create_bucket(Bucket=name)
    s3.put_object(Bucket=name, Key="t/1.csv", Body=b"1\n2\n")
    database = name.replace("-", "_")
    glue = lab.client("glue")
    glue.create_database(DatabaseInput={"Name": database})
    serde = {"SerializationLibrary": "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"}
    text = {
        "InputFormat": "org.apache.hadoop.mapred.TextInputFormat",
        "OutputFormat": "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
    }
    storage = {"Columns": [{"Name": "n", "Type": "int"}], "Location": f"s3://{name}/t/", "SerdeInfo": serde, **text}
    table = {"Name": "t", "TableType": "EXTERNAL_TABLE", "StorageDescriptor": storage}
    glue.create_table(DatabaseName=database, TableInput=table)
    return name


def queried(lab: RunningLab, athena: Any, lake: str) -> tuple[str, str]:
    """State of a query of the table in *lake*, and why."""
    answer = athena.start_query_execution(
        QueryString=f"SELECT sum(n) FROM {lake.replace('-', '_')}.t",
        ResultConfiguration={"OutputLocation": f"s3://{lake}/results/"},
    )

    def ended() -> tuple[str, str] | None:
        told = lab.client("athena").get_query_execution(QueryExecutionId=answer["QueryExecutionId"])
        status = told["QueryExecution"]["Status"]
        done = status["State"] in ("SUCCEEDED", "FAILED")
        return (status["State"], status.get("StateChangeReason", "")) if done else None

    found: tuple[str, str] = eventually(ended, 30)
    return found


def test_a_query_needs_rights_in_athena_glue_and_s3(lab: RunningLab, lake: str) -> None:
    """Each right alone is not enough, and the reason of the failure says which is missing."""
    bucket = f"arn:aws:s3:::{lake}"
    rights = {
        "athena:StartQueryExecution": allow("athena:*"),
        "output bucket": allow(["s3:GetBucketLocation", "s3:ListBucket"], bucket),
        "glue:GetTable": allow("glue:Get*"),
        "s3:GetObject": allow("s3:GetObject", f"{bucket}/t/*"),
        "s3:PutObject": allow("s3:PutObject", f"{bucket}/results/*"),
    }
    for missing in list(rights)[2:]:
        ana = user(lab, *(statement for name, statement in rights.items() if name != missing))
        state, why = queried(lab, ana.client("athena"), lake)
        assert state == "FAILED", missing
        assert missing in why
    assert queried(lab, user(lab, *rights.values()).client("athena"), lake)[0] == "SUCCEEDED"


def test_a_query_without_a_workgroup_is_one_of_the_primary(lab: RunningLab, lake: str) -> None:
    """Athena API reference, StartQueryExecution, WorkGroup; a policy that names only "primary" lets it begin."""
    primary = f"arn:aws:athena:us-east-1:{ACCOUNT}:workgroup/primary"
    s3 = allow(["s3:GetBucketLocation", "s3:ListBucket"], f"arn:aws:s3:::{lake}")
    asked = {"QueryString": "SELECT 1", "ResultConfiguration": {"OutputLocation": f"s3://{lake}/results/"}}
    told = refusal(user(lab, s3).client("athena").start_query_execution, **asked)
    assert f"athena:StartQueryExecution on resource: {primary} because" in told
    within = user(lab, s3, allow("athena:StartQueryExecution", primary))
    assert not refusal(within.client("athena").start_query_execution, **asked)


def test_a_delivery_stream_does_what_its_role_may(lab: RunningLab, lake: str) -> None:
    """What cannot be written is kept, and written when the role may ("Handle data delivery failure")."""
    firehose, s3 = lab.client("firehose"), lab.client("s3")
    arn = role(lab, trust(Service="firehose.amazonaws.com"))
    destination = {
        "RoleARN": arn,
        "BucketARN": f"arn:aws:s3:::{lake}",
        "Prefix": "delivered/",
        "BufferingHints": {"SizeInMBs": 1, "IntervalInSeconds": 0},
    }
    name = unique("delivery")
    firehose.create_delivery_stream(DeliveryStreamName=name, ExtendedS3DestinationConfiguration=destination)
    firehose.put_record(DeliveryStreamName=name, Record={"Data": b"kept"})
    written = partial(s3.list_objects_v2, Bucket=lake, Prefix="delivered/")
    refused = lambda: [c for c in lab.calls() if c["session_issuer"] == arn and c["error"] == "AccessDenied"]  # noqa: E731
    assert eventually(refused)[0]["operation"] == "PutObject"
    assert written()["KeyCount"] == 0
    statement = allow("s3:PutObject", f"arn:aws:s3:::{lake}/delivered/*")
    lab.client("iam").put_role_policy(
        RoleName=arn.rpartition("/")[2], PolicyName="own", PolicyDocument=document(statement)
    )
    eventually(lambda: written()["KeyCount"] == 1, 30)


def test_a_role_may_be_held_to_one_log_group(lab: RunningLab) -> None:
    """CloudWatch Logs user guide, "Subscription filters with Amazon Kinesis Data Streams": the trust policy has a
    condition on aws:SourceArn, against the confused deputy."""
    logs, kinesis, stream = lab.client("logs"), lab.client("kinesis"), unique("logs")
    kinesis.create_stream(StreamName=stream, ShardCount=1)
    eventually(lambda: kinesis.describe_stream(StreamName=stream)["StreamDescription"]["StreamStatus"] == "ACTIVE")
    to = kinesis.describe_stream(StreamName=stream)["StreamDescription"]["StreamARN"]
    own, other = unique("own"), unique("other")
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "logs.amazonaws.com"},
        "Action": "sts:AssumeRole",
        "Condition": {"StringLike": {"aws:SourceArn": f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:{own}:*"}},
    }
    arn = role(lab, document(statement), allow("kinesis:PutRecord", to))
    for group in (own, other):
        logs.create_log_group(logGroupName=group)
    sent = {"filterName": "all", "filterPattern": "", "destinationArn": to, "roleArn": arn}
    with pytest.raises(ClientError, match="Could not deliver test message to specified Kinesis stream"):
        logs.put_subscription_filter(logGroupName=other, **sent)
    logs.put_subscription_filter(logGroupName=own, **sent)
    with pytest.raises(ClientError, match="Could not deliver"):  # nor with what the role gave for the first
        logs.put_subscription_filter(logGroupName=other, **sent)
    logs.create_log_stream(logGroupName=own, logStreamName="s")
    line = {"timestamp": int(time.time() * 1000), "message": "through"}
    logs.put_log_events(logGroupName=own, logStreamName="s", logEvents=[line])
    shard = {"StreamName": stream, "ShardId": "shardId-000000000000", "ShardIteratorType": "TRIM_HORIZON"}
    page = {"ShardIterator": kinesis.get_shard_iterator(**shard)["ShardIterator"]}
    [record] = eventually(lambda: kinesis.get_records(**page)["Records"])
    assert b"through" in gzip.decompress(record["Data"])
