"""The guide's samples, to the letter: what still runs, runs. The notebooks quote them."""

from __future__ import annotations

import json
import shlex
import subprocess
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.conftest import RunningLab
from tests.engines.athena_tools import Athena
from tests.engines.redshift_tools import create
from tests.security.people import ACCOUNT, refusal, session, trust

GUIDE_CLI = "aws s3 cp data.csv s3://mybucket/data.csv"
GUIDE_PUT = """
import boto3
kinesis = boto3.client('kinesis')
kinesis.put_record(StreamName='my-stream', Data='{"key": "value"}', PartitionKey='partition_key')
"""
GUIDE_QUERY = """
-- Example Athena query
SELECT * FROM my_table WHERE column = 'value';
"""
GUIDE_WAREHOUSE = """
-- Example query in Redshift
SELECT * FROM my_table WHERE column = 'value';
"""
GUIDE_ROLE = "aws iam create-role --role-name MyDataEngineerRole --assume-role-policy-document file://trust-policy.json"
GUIDE_KEY = 'aws kms create-key --description "My KMS Key"'


def test_the_upload_of_part_2_1(lab: RunningLab, tmp_path: Path) -> None:
    s3 = lab.client("s3")
    s3.create_bucket(Bucket="mybucket")
    (tmp_path / "data.csv").write_text("key\nvalue\n")
    subprocess.run(GUIDE_CLI.split(), env=lab.environment, cwd=tmp_path, check=True, capture_output=True)
    assert s3.get_object(Bucket="mybucket", Key="data.csv")["Body"].read() == b"key\nvalue\n"


def test_the_record_of_part_2_1(lab: RunningLab, monkeypatch: pytest.MonkeyPatch) -> None:
    kinesis: Any = lab.client("kinesis")
    kinesis.create_stream(StreamName="my-stream", ShardCount=1)
    kinesis.get_waiter("stream_exists").wait(StreamName="my-stream", WaiterConfig={"Delay": 1})
    for name, value in lab.environment.items():
        monkeypatch.setenv(name, value)
    exec(GUIDE_PUT, {})
    place = {"StreamName": "my-stream", "ShardId": "shardId-000000000000", "ShardIteratorType": "TRIM_HORIZON"}
    records = kinesis.get_records(ShardIterator=kinesis.get_shard_iterator(**place)["ShardIterator"])["Records"]
    assert [json.loads(record["Data"]) for record in records] == [{"key": "value"}]


def test_the_query_of_part_2_4(lab: RunningLab) -> None:
    """ "Escape reserved keywords in queries": COLUMN is reserved in DDL (backticks), and not in SELECT."""
    athena = Athena(lab, "guide-lake", "guide")
    assert "my_table' does not exist" in athena.fails(GUIDE_QUERY)
    athena.put("my_table/data.csv", "1,value\n2,other\n")
    ddl = (
        "CREATE EXTERNAL TABLE my_table (id int, {} string) ROW FORMAT DELIMITED FIELDS TERMINATED BY ',' "
        "LOCATION 's3://guide-lake/my_table/'"
    )
    assert "ParseException line 1:40 cannot recognize input near 'column'" in athena.fails(ddl.format("column"))
    athena(ddl.format("`column`"))
    assert athena(GUIDE_QUERY).rows == [("1", "value")]
    assert athena("""SELECT id FROM my_table WHERE "column" = 'value'""").rows == [("1",)]


def test_the_query_of_part_2_2(lab: RunningLab) -> None:
    """ "Reserved words": COLUMN is one in Redshift, in queries as in CREATE TABLE, and a name between double quotes."""
    cluster = create(lab, "guide")
    with cluster.connect() as connection:
        connection.execute('CREATE TABLE my_table (id int, "column" varchar(20))')
        connection.execute("INSERT INTO my_table VALUES (1, 'value'), (2, 'other')")
        with pytest.raises(psycopg.errors.SyntaxError, match='syntax error at or near "column"'):
            connection.execute(GUIDE_WAREHOUSE)
        found = connection.execute("""SELECT id FROM my_table WHERE "column" = 'value'""")
        assert found.fetchall() == [(1,)]
    lab.client("redshift").delete_cluster(ClusterIdentifier="guide", SkipFinalClusterSnapshot=True)


def test_the_role_of_part_4_1(lab: RunningLab, tmp_path: Path) -> None:
    """Without the file that it names the command fails; with it there is a role that nobody has given anything."""
    run = partial(subprocess.run, GUIDE_ROLE.split(), env=lab.environment, cwd=tmp_path, capture_output=True, text=True)
    assert "No such file or directory: 'trust-policy.json'" in run().stderr
    (tmp_path / "trust-policy.json").write_text(trust(AWS=ACCOUNT))
    made = json.loads(run(check=True).stdout)["Role"]["Arn"]
    taken = session(lab.client("sts"), made, lab)
    assert "no identity-based policy allows" in refusal(taken.client("s3").list_buckets)


def test_the_key_of_part_4_1(lab: RunningLab) -> None:
    """KMS API reference, CreateKey: a symmetric key, enabled, without an alias."""
    run = subprocess.run(shlex.split(GUIDE_KEY), env=lab.environment, check=True, capture_output=True, text=True)
    key = json.loads(run.stdout)["KeyMetadata"]
    assert (key["Description"], key["KeyState"], key["KeySpec"]) == ("My KMS Key", "Enabled", "SYMMETRIC_DEFAULT")
    assert lab.client("kms").list_aliases(KeyId=key["KeyId"])["Aliases"] == []
