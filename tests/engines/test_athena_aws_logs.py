"""Tables over AWS's own logs, as the Athena user guide writes them, with a few made-up lines.

Sources: "Query AWS CloudTrail logs", "Query Amazon VPC flow logs", "Query Application Load Balancer logs".
"""

from __future__ import annotations

import gzip
import json

import pytest

from tests.engines.athena_tools import Athena, athena_in

athena = athena_in("aws-logs", "logs")


def _record(name: str, user: str) -> dict[str, object]:
    return {
        "eventVersion": "1.08",
        "userIdentity": {"type": "IAMUser", "arn": f"arn:aws:iam::1:user/{user}"},
        "eventName": name,
        "requestParameters": {"bucketName": "b"},
        "resources": [{"ARN": "arn:aws:s3:::b", "accountId": "1"}],
    }


CLOUDTRAIL = """CREATE EXTERNAL TABLE {name} (
    eventversion STRING, useridentity STRUCT<type:STRING, arn:STRING>, eventname STRING, requestparameters STRING,
    resources ARRAY<STRUCT<arn:STRING, accountid:STRING>>)
    PARTITIONED BY (`timestamp` string)
    ROW FORMAT SERDE 'org.apache.hive.hcatalog.data.JsonSerDe'
    STORED AS INPUTFORMAT 'com.amazon.emr.cloudtrail.CloudTrailInputFormat'
    OUTPUTFORMAT 'org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat'
    LOCATION 's3://aws-logs/{name}'
    TBLPROPERTIES ('projection.enabled' = 'true', 'projection.timestamp.type' = 'date',
      'projection.timestamp.format' = 'yyyy/MM/dd', 'projection.timestamp.range' = '2021/05/01,2021/05/02',
      'projection.timestamp.interval' = '1', 'projection.timestamp.interval.unit' = 'DAYS',
      'storage.location.template' = 's3://aws-logs/{name}/${{timestamp}}')"""


def test_every_record_of_a_cloudtrail_file_is_a_row(athena: Athena) -> None:
    records = [_record("GetObject", "alice"), _record("PutObject", "bob")]
    athena.put("trail/2021/05/01/a.json.gz", gzip.compress(json.dumps({"Records": records}).encode()))
    athena.put("trail/2021/05/02/b.json", json.dumps({"Records": [_record("ConsoleLogin", "bob")]}, indent=2))
    athena.put("trail/2021/05/02/empty.json", '{"Records": []}')
    athena(CLOUDTRAIL.format(name="trail"))
    answer = athena(
        "SELECT useridentity.arn, eventname, json_extract_scalar(requestparameters, '$.bucketName'), resources[1].arn "
        "FROM trail WHERE \"timestamp\" >= '2021/05/01' ORDER BY eventname"
    )
    assert [row[1] for row in answer.rows] == ["ConsoleLogin", "GetObject", "PutObject"]
    assert answer.rows[1] == ("arn:aws:iam::1:user/alice", "GetObject", "b", "arn:aws:s3:::b")


@pytest.mark.parametrize("text", ['{"Records": [{"a": 1}', '{"Records": [{"a": 1} {"b"', '{"eventName": "x"}'])
def test_a_file_that_is_not_cloudtrails_fails_the_query(athena: Athena, text: str) -> None:
    athena("DROP TABLE IF EXISTS broken")
    athena.put("broken/2021/05/01/a.json", text)
    athena(CLOUDTRAIL.format(name="broken"))
    assert "HIVE_CURSOR_ERROR" in athena.fails("SELECT eventname FROM broken")


def test_flow_logs_have_columns_called_start_and_action(athena: Athena) -> None:
    athena.put("flows/a.log", "version start end action\n2 1620140761 1620140821 REJECT\n")
    athena(
        "CREATE EXTERNAL TABLE flows (version int, start bigint, `end` bigint, action string) ROW FORMAT DELIMITED "
        "FIELDS TERMINATED BY ' ' LOCATION 's3://aws-logs/flows/' TBLPROPERTIES (\"skip.header.line.count\"=\"1\")"
    )
    assert athena("SELECT from_unixtime(start), action FROM flows").rows == [("2021-05-04 15:06:01.000 UTC", "REJECT")]


def test_a_pattern_may_have_groups_for_fields_that_are_to_come(athena: Athena) -> None:
    """ "Create the table for ALB connection logs": its last group, ``( .*)?``, has no column."""
    athena.put("connections/a.log", "2023-10-04T17:05:15Z 1.2.3.4 36280 TID_1 what comes next\n")
    athena(
        "CREATE EXTERNAL TABLE connections (time string, client_ip string, client_port int, conn_trace_id string) "
        "ROW FORMAT SERDE 'org.apache.hadoop.hive.serde2.RegexSerDe' WITH SERDEPROPERTIES ("
        "'serialization.format' = '1', 'input.regex' = '([^ ]*) ([^ ]*) ([0-9]*) ?([^ ]*)?( .*)?') LOCATION 's3://aws-logs/connections/'"
    )
    assert athena("SELECT * FROM connections").rows == [("2023-10-04T17:05:15Z", "1.2.3.4", "36280", "TID_1")]


@pytest.fixture(scope="module")
def waf(athena: Athena) -> Athena:
    """WAF's logs, a folder for each minute of many years."""
    for minute, action in (("09", "ALLOW"), ("10", "BLOCK"), ("11", "BLOCK")):
        request = {
            "clientIp": "1.1.1.1",
            "headers": [{"name": "Host", "value": "h"}, {"name": "Referer", "value": "r"}],
        }
        line = {"action": action, "httpRequest": request, "labels": [{"name": "l1"}], "minute": minute}
        athena.put(f"waf/2025/03/01/10/{minute}/a.json", json.dumps(line))
    athena(
        "CREATE EXTERNAL TABLE waf (action string, minute string, "
        "httprequest struct<clientip:string,headers:array<struct<name:string,value:string>>>, "
        "labels array<struct<name:string>>) PARTITIONED BY (log_time string) "
        "ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe' LOCATION 's3://aws-logs/waf/' TBLPROPERTIES ("
        "'projection.enabled' = 'true', 'projection.log_time.type' = 'date', "
        "'projection.log_time.format' = 'yyyy/MM/dd/HH/mm', 'projection.log_time.range' = '2020/01/01/00/00,NOW', "
        "'projection.log_time.interval' = '1', 'projection.log_time.interval.unit' = 'minutes', "
        "'storage.location.template' = 's3://aws-logs/waf/${log_time}')"
    )
    return athena


@pytest.mark.parametrize(
    ("condition", "minutes"),
    [
        ("log_time = '2025/03/01/10/10'", ["10"]),
        ("log_time IN ('2025/03/01/10/09', '2025/03/01/10/11')", ["09", "11"]),
        ("log_time >= '2025/03/01/10/10' AND log_time < '2025/03/01/10/12'", ["10", "11"]),
        ("log_time > '2025/03/01/10/09' AND log_time <= '2025/03/01/10/10'", ["10"]),
        ("log_time BETWEEN '2025/03/01/10/09' AND '2025/03/01/10/10'", ["09", "10"]),
        ("log_time = '2025/03/01/10/10' AND log_time = '2025/03/01/10/11'", []),
        ("log_time = '2019/12/31/00/00'", []),
    ],
)
def test_a_long_projection_is_narrowed_by_the_condition(waf: Athena, condition: str, minutes: list[str]) -> None:
    """ "Query AWS WAF logs": a partition for each minute since 2020 is more than may be read at once."""
    assert [row[0] for row in waf(f"SELECT minute FROM waf WHERE {condition} ORDER BY 1").rows] == minutes


def test_without_a_condition_it_is_too_many_partitions(waf: Athena) -> None:
    assert "HIVE_EXCEEDED_PARTITION_LIMIT" in waf.fails("SELECT minute FROM waf WHERE log_time > '2020/02/01/00/00'")


def test_unnest_of_rows_under_one_name_gives_the_rows(waf: Athena) -> None:
    """ "Query AWS WAF logs" counts referrers so; with a name for each field there is a column for each."""
    where = "WHERE log_time = '2025/03/01/10/10'"
    unnested = "FROM waf CROSS JOIN UNNEST(httprequest.headers) AS t"
    whole = f"WITH h AS (SELECT header {unnested}(header) {where}) SELECT header.value FROM h"
    assert waf(f"{whole} WHERE lower(header.name) = 'referer'").rows == [("r",)]
    assert waf(f"SELECT name, value {unnested}(name, value) {where} ORDER BY 1").rows == [
        ("Host", "h"),
        ("Referer", "r"),
    ]
    label = f"SELECT label.name FROM waf CROSS JOIN UNNEST(labels) AS t(label) {where}"
    assert waf(label).rows == [("l1",)]
