"""Athena's documented tables over what a trail of the lab has delivered, unchanged but for bucket and account.

Sources: Athena user guide, "Create a table for CloudTrail logs in Athena using manual partitioning" and "… using
partition projection", "Example CloudTrail log queries".
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.conftest import RunningLab, eventually
from tests.engines.athena_tools import Athena, athena_in
from tests.engines.trail_tools import ACCOUNT, TrailOfTest

athena = athena_in("trail-queries", "trails")
BUCKET = "trail-to-query"
COLUMNS = """
eventversion STRING,
useridentity STRUCT<
               type:STRING,
               principalid:STRING,
               arn:STRING,
               accountid:STRING,
               invokedby:STRING,
               accesskeyid:STRING,
               username:STRING,
               onbehalfof: STRUCT<
                    userid: STRING,
                    identitystorearn: STRING>,
  sessioncontext:STRUCT<
    attributes:STRUCT<
               mfaauthenticated:STRING,
               creationdate:STRING>,
    sessionissuer:STRUCT<
               type:STRING,
               principalid:STRING,
               arn:STRING,
               accountid:STRING,
               username:STRING>,
    ec2roledelivery:string,
    webidfederationdata: STRUCT<
               federatedprovider: STRING,
               attributes: map<string,string>>
  >
>,
eventtime STRING,
eventsource STRING,
eventname STRING,
awsregion STRING,
sourceipaddress STRING,
useragent STRING,
errorcode STRING,
errormessage STRING,
requestparameters STRING,
responseelements STRING,
additionaleventdata STRING,
requestid STRING,
eventid STRING,
resources ARRAY<STRUCT<
               arn:STRING,
               accountid:STRING,
               type:STRING>>,
eventtype STRING,
apiversion STRING,
readonly STRING,
recipientaccountid STRING,
serviceeventdetails STRING,
sharedeventid STRING,
vpcendpointid STRING,
vpcendpointaccountid STRING,
eventcategory STRING,
addendum STRUCT<
  reason:STRING,
  updatedfields:STRING,
  originalrequestid:STRING,
  originaleventid:STRING>,
sessioncredentialfromconsole STRING,
edgedevicedetails STRING,
tlsdetails STRUCT<
  tlsversion:STRING,
  ciphersuite:STRING,
  clientprovidedhostheader:STRING>
"""
MANUAL = f"""CREATE EXTERNAL TABLE cloudtrail_logs ({COLUMNS})
PARTITIONED BY (region string, year string, month string, day string)
ROW FORMAT SERDE 'org.apache.hive.hcatalog.data.JsonSerDe'
STORED AS INPUTFORMAT 'com.amazon.emr.cloudtrail.CloudTrailInputFormat'
OUTPUTFORMAT 'org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat'
LOCATION 's3://{BUCKET}/AWSLogs/{ACCOUNT}/'"""
OLDER = f"""CREATE EXTERNAL TABLE cloudtrail_logs_emr ({COLUMNS})
PARTITIONED BY (region string, year string, month string, day string)
ROW FORMAT SERDE 'com.amazon.emr.hive.serde.CloudTrailSerde'
STORED AS INPUTFORMAT 'com.amazon.emr.cloudtrail.CloudTrailInputFormat'
OUTPUTFORMAT 'org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat'
LOCATION 's3://{BUCKET}/AWSLogs/{ACCOUNT}/'"""
PROJECTED = f"""CREATE EXTERNAL TABLE cloudtrail_logs_pp ({COLUMNS})
PARTITIONED BY (`timestamp` string)
ROW FORMAT SERDE 'org.apache.hive.hcatalog.data.JsonSerDe'
STORED AS INPUTFORMAT 'com.amazon.emr.cloudtrail.CloudTrailInputFormat'
OUTPUTFORMAT 'org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat'
LOCATION 's3://{BUCKET}/AWSLogs/{ACCOUNT}/CloudTrail/us-east-1'
TBLPROPERTIES (
  'projection.enabled'='true',
  'projection.timestamp.format'='yyyy/MM/dd',
  'projection.timestamp.interval'='1',
  'projection.timestamp.interval.unit'='DAYS',
  'projection.timestamp.range'='2020/01/01,NOW',
  'projection.timestamp.type'='date',
  'storage.location.template'='s3://{BUCKET}/AWSLogs/{ACCOUNT}/CloudTrail/us-east-1/${{timestamp}}')"""


@pytest.fixture(scope="module")
def logged(athena: Athena, lab: RunningLab) -> Iterator[str]:
    """The day's folder, ``2026/11/28``, with what somebody has done."""
    trail = TrailOfTest(lab, BUCKET)
    lab.client("iam").create_user(UserName="queried")
    lab.client("kinesis").create_stream(StreamName="queried", ShardCount=1)
    with pytest.raises(lab.client("iam").exceptions.NoSuchEntityException):
        lab.client("iam").get_user(UserName="not-queried")
    eventually(lambda: trail.events("GetUser", userName="not-queried"), 20)
    yield trail.keys()[0].split("/us-east-1/")[1][:10]
    trail.delete()


@pytest.mark.parametrize(("table", "statement"), [("cloudtrail_logs", MANUAL), ("cloudtrail_logs_emr", OLDER)])
def test_the_table_with_partitions_by_hand(athena: Athena, logged: str, table: str, statement: str) -> None:
    athena(statement)
    year, month, day = logged.split("/")
    athena(
        f"ALTER TABLE {table} ADD PARTITION (region='us-east-1', year='{year}', month='{month}', day='{day}') "
        f"LOCATION 's3://{BUCKET}/AWSLogs/{ACCOUNT}/CloudTrail/us-east-1/{year}/{month}/{day}/'"
    )
    answer = athena(
        "SELECT useridentity.username, json_extract_scalar(requestparameters, '$.userName'), readonly, "
        "responseelements "
        f"FROM {table} WHERE eventsource = 'iam.amazonaws.com' AND eventname = 'CreateUser' "
        "AND json_extract_scalar(requestparameters, '$.userName') = 'queried'"
    )
    ((who, whom, readonly, response),) = answer.rows
    assert (who, whom, readonly) == ("lab-admin", "queried", "false")
    assert json.loads(str(response))["user"]["userName"] == "queried"


def test_the_table_with_partition_projection(athena: Athena, logged: str) -> None:
    """ "Example CloudTrail log queries": who, from where, what failed."""
    athena(PROJECTED)
    names = athena(
        "SELECT eventname, eventsource, awsregion FROM cloudtrail_logs_pp "
        f"WHERE \"timestamp\" = '{logged}' AND requestparameters LIKE '%\"queried\"%' AND readonly = 'false'"
    )
    assert sorted(names.rows) == [
        ("CreateStream", "kinesis.amazonaws.com", "us-east-1"),
        ("CreateUser", "iam.amazonaws.com", "us-east-1"),
    ]
    failed = athena(
        "SELECT useridentity.arn, eventname, sourceipaddress, errorcode FROM cloudtrail_logs_pp "
        f"WHERE \"timestamp\" >= '{logged}' AND errorcode IS NOT NULL AND errormessage LIKE '%not-queried%'"
    )
    assert failed.rows == [(f"arn:aws:iam::{ACCOUNT}:user/lab-admin", "GetUser", "127.0.0.1", "NoSuchEntity")]
