"""The Redshift Data API runs SQL on clusters of the lab, for callers that do not wait.

Held to the Data API reference and to the management guide, "Using the Amazon Redshift Data API".
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.conftest import RunningLab
from tests.engines.redshift_tools import PASSWORD, USER, Cluster, await_available, create
from tests.gateway.wire import advance

PLACE = {"ClusterIdentifier": "data-api", "Database": "dev"}
BY_USER = {**PLACE, "DbUser": USER}
SLOW = "SELECT count(*) FROM many a, many b, many c"


@pytest.fixture(scope="module")
def cluster(lab: RunningLab) -> Iterator[Cluster]:
    made = create(lab, "data-api")
    with made.connect() as connection:
        connection.execute("CREATE TABLE many (n int)")
        connection.execute("INSERT INTO many VALUES " + ", ".join(f"({n})" for n in range(5000)))
    yield made
    lab.client("redshift").delete_cluster(ClusterIdentifier="data-api", SkipFinalClusterSnapshot=True)


@pytest.fixture
def data(lab: RunningLab, cluster: Cluster) -> Any:
    return lab.client("redshift-data")


def finish(data: Any, id: str) -> dict[str, Any]:
    """The description of the statement *id* once it has ended."""
    while (told := data.describe_statement(Id=id))["Status"] in ("SUBMITTED", "PICKED", "STARTED"):
        time.sleep(0.05)
    return dict(told)


def run(data: Any, sql: str, **more: Any) -> dict[str, Any]:
    return finish(data, data.execute_statement(Sql=sql, **{**BY_USER, **more})["Id"])


def values(data: Any, id: str) -> list[list[Any]]:
    pages = data.get_paginator("get_statement_result").paginate(Id=id)
    return [
        [None if "isNull" in field else next(iter(field.values())) for field in row]
        for page in pages
        for row in page["Records"]
    ]


def refused(call: Callable[..., Any], **arguments: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as error:
        call(**arguments)
    return error.value.response["Error"]["Code"], error.value.response["Error"]["Message"]


def test_rows_come_as_typed_fields(data: Any) -> None:
    """Field: longValue, doubleValue, booleanValue, stringValue, isNull; numeric and dates are texts."""
    sql = "SELECT 1 AS i, 1.5::float8 AS f, true AS b, 'x'::varchar(8) AS s, 2.50::decimal(5, 2) AS d, NULL::int AS n"
    told = run(data, sql, StatementName="typed")
    assert (told["Status"], told["ResultRows"], told["HasResultSet"]) == ("FINISHED", 1, True)
    assert told["Duration"] > 0 and told["ResultSize"] > 0 and told["QueryString"] == sql
    assert told["DbUser"] == USER and told["Database"] == "dev"
    result = data.get_statement_result(Id=told["Id"])
    assert result["Records"] == [
        [{"longValue": 1}, {"doubleValue": 1.5}, {"booleanValue": True}, {"stringValue": "x"}, {"stringValue": "2.50"},
         {"isNull": True}]
    ]  # fmt: skip
    assert [column["typeName"] for column in result["ColumnMetadata"]] == [
        "int4", "float8", "bool", "varchar", "numeric", "int4",
    ]  # fmt: skip
    assert result["TotalNumRows"] == 1
    [listed] = data.list_statements(StatementName="typed")["Statements"]
    assert (listed["Id"], listed["Status"], listed["IsBatchStatement"]) == (told["Id"], "FINISHED", False)


def test_parameters_are_values(data: Any) -> None:
    run(data, "CREATE TABLE parameters (id int, said varchar(40))")
    given = [{"name": "id", "value": "7"}, {"name": "said", "value": "'; DROP TABLE parameters; --"}]
    assert run(data, "INSERT INTO parameters VALUES (:id, :said)", Parameters=given)["ResultRows"] == 1
    told = run(data, "SELECT said FROM parameters WHERE id = :id", Parameters=given[:1])
    assert values(data, told["Id"]) == [["'; DROP TABLE parameters; --"]]
    assert told["QueryParameters"] == given[:1]
    code, said = refused(
        data.execute_statement, Sql="SELECT :a + :b", Parameters=[{"name": "a", "value": "1"}], **BY_USER
    )
    assert code == "ValidationException" and "b" in said


def test_many_rows_come_in_pages(data: Any) -> None:
    told = run(data, "SELECT n FROM many ORDER BY n")
    first = data.get_statement_result(Id=told["Id"])
    assert len(first["Records"]) < 5000 and first["TotalNumRows"] == 5000
    assert values(data, told["Id"]) == [[n] for n in range(5000)]
    code, _ = refused(data.get_statement_result, Id=told["Id"], NextToken="none")
    assert code == "ValidationException"


def test_csv_is_for_the_second_version(data: Any) -> None:
    told = run(
        data, "SELECT 1 AS a, 'x, \"y\"' AS b, NULL AS c UNION ALL SELECT 2, '', 'z' ORDER BY 1", ResultFormat="CSV"
    )
    result = data.get_statement_result_v2(Id=told["Id"])
    assert "".join(each["CSVRecords"] for each in result["Records"]) == '1,"x, ""y""",\r\n2,"",z\r\n'
    assert result["ResultFormat"] == "CSV" and result["TotalNumRows"] == 2
    assert refused(data.get_statement_result, Id=told["Id"])[0] == "ValidationException"


def test_a_failure_is_told_by_describe(data: Any) -> None:
    told = run(data, "SELECT * FROM nowhere")
    assert (told["Status"], told["Error"]) == ("FAILED", 'ERROR: relation "nowhere" does not exist')
    code, said = refused(data.get_statement_result, Id=told["Id"])
    assert (code, said) == (
        "ResourceNotFoundException",
        "Query does not have result. Please check query status with DescribeStatement.",
    )


def test_a_batch_is_one_transaction(data: Any) -> None:
    """Sub-statements are "id:1", "id:2"; when one fails, those before it are undone and those after it do not run."""
    run(data, "CREATE TABLE batched (n int)")
    sqls = ["INSERT INTO batched VALUES (1)", "SELECT count(*) FROM batched"]
    told = finish(data, data.batch_execute_statement(Sqls=sqls, **BY_USER)["Id"])
    assert told["Status"] == "FINISHED" and [each["Status"] for each in told["SubStatements"]] == ["FINISHED"] * 2
    assert [each["Id"] for each in told["SubStatements"]] == [f"{told['Id']}:1", f"{told['Id']}:2"]
    assert values(data, f"{told['Id']}:2") == [[1]]
    broken = ["INSERT INTO batched VALUES (2)", "SELECT * FROM nowhere", "INSERT INTO batched VALUES (3)"]
    told = finish(data, data.batch_execute_statement(Sqls=broken, **BY_USER)["Id"])
    assert told["Status"] == "FAILED" and "Query #2 failed" in told["Error"]
    assert [each["Status"] for each in told["SubStatements"]] == ["FINISHED", "FAILED", "ABORTED"]
    assert values(data, run(data, "SELECT n FROM batched")["Id"]) == [[1]]
    each_alone = data.batch_execute_statement(Sqls=broken, ExecutionMode="AUTO_COMMIT", **BY_USER)["Id"]
    assert finish(data, each_alone)["Status"] == "FAILED"
    assert values(data, run(data, "SELECT n FROM batched ORDER BY n")["Id"]) == [[1], [2], [3]]


def test_a_token_makes_a_call_idempotent(data: Any) -> None:
    run(data, "CREATE TABLE once (n int)")
    asked = {"Sql": "INSERT INTO once VALUES (1)", "ClientToken": "insert-once", **BY_USER}
    ids = {data.execute_statement(**asked)["Id"] for _ in range(3)}
    assert len(ids) == 1
    finish(data, ids.pop())
    assert values(data, run(data, "SELECT n FROM once")["Id"]) == [[1]]
    assert refused(data.execute_statement, **{**asked, "Sql": "SELECT 2"})[0] == "ValidationException"


def test_cancel_interrupts_what_runs(data: Any) -> None:
    id = data.execute_statement(Sql=SLOW, **BY_USER)["Id"]
    while data.describe_statement(Id=id)["Status"] != "STARTED":
        time.sleep(0.02)
    assert data.cancel_statement(Id=id)["Status"] is True
    assert finish(data, id)["Status"] == "ABORTED"
    code, said = refused(data.cancel_statement, Id=id)
    assert code == "ValidationException" and "ABORTED state" in said


def test_a_session_keeps_its_temporary_tables(data: Any) -> None:
    begun = data.execute_statement(
        Sql="CREATE TEMP TABLE mine AS SELECT 1 AS n", SessionKeepAliveSeconds=60, WaitTimeSeconds=20, **BY_USER
    )
    assert begun["Status"] == "FINISHED" and begun["SessionId"]
    id = data.execute_statement(Sql="SELECT n FROM mine", SessionId=begun["SessionId"], WaitTimeSeconds=20)["Id"]
    assert values(data, id) == [[1]]
    assert run(data, "SELECT n FROM mine")["Status"] == "FAILED"
    [session] = [s for s in data.list_sessions()["Sessions"] if s["SessionId"] == begun["SessionId"]]
    assert session["Status"] == "AVAILABLE"
    named = refused(data.execute_statement, Sql="SELECT 1", SessionId=begun["SessionId"], **BY_USER)
    assert named[0] == "ValidationException"


def test_the_catalog_is_listed(data: Any) -> None:
    run(data, "CREATE TABLE listed (id int NOT NULL, said varchar(20), price decimal(8, 2))")
    assert "dev" in data.list_databases(**BY_USER)["Databases"]
    assert "public" in data.list_schemas(**BY_USER)["Schemas"]
    found = data.list_tables(SchemaPattern="pub%", TablePattern="list%", **BY_USER)["Tables"]
    assert found == [{"name": "listed", "schema": "public", "type": "TABLE"}]
    columns = data.describe_table(Schema="public", Table="listed", **BY_USER)["ColumnList"]
    assert [(each["name"], each["typeName"], each["nullable"]) for each in columns] == [
        ("id", "int4", 0), ("said", "varchar", 1), ("price", "numeric", 1),
    ]  # fmt: skip


def test_a_secret_says_who_connects(lab: RunningLab, data: Any) -> None:
    secrets = lab.client("secretsmanager")
    good = secrets.create_secret(Name="data-api", SecretString=json.dumps({"username": USER, "password": PASSWORD}))
    id = data.execute_statement(Sql="SELECT 1", SecretArn=good["ARN"], **PLACE)["Id"]
    told = finish(data, id)
    assert told["Status"] == "FINISHED" and told["SecretArn"] == good["ARN"]
    wrong = secrets.create_secret(Name="data-api-wrong", SecretString=json.dumps({"username": USER, "password": "x"}))
    told = finish(data, data.execute_statement(Sql="SELECT 1", SecretArn=wrong["ARN"], **PLACE)["Id"])
    assert told["Status"] == "FAILED" and "password authentication failed" in told["Error"]
    empty = secrets.create_secret(Name="data-api-empty", SecretString="{}")
    code, said = refused(data.execute_statement, Sql="SELECT 1", SecretArn=empty["ARN"], **PLACE)
    assert (code, said) == ("ValidationException", "username and password in secret cannot be empty")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"ClusterIdentifier": "none", "Database": "dev", "DbUser": USER}, "Redshift endpoint doesn't exist"),
        ({"ClusterIdentifier": "data-api", "DbUser": USER}, "Database is required"),
        ({"Database": "dev", "DbUser": USER}, "Either ClusterIdentifier or WorkgroupName"),
        ({**BY_USER, "SecretArn": "arn:aws:secretsmanager:us-east-1:123456789012:secret:x"}, "Only one of"),
    ],
)
def test_a_request_that_names_no_database_is_refused(data: Any, wrong: dict[str, str], said: str) -> None:
    code, message = refused(data.execute_statement, Sql="SELECT 1", **wrong)
    assert code == "ValidationException" and said in message


def test_an_event_tells_of_the_end(lab: RunningLab, data: Any) -> None:
    """ "Monitoring events for the Amazon Redshift Data API in Amazon EventBridge"."""
    events, sqs = lab.client("events"), lab.client("sqs")
    queue = sqs.create_queue(QueueName="redshift-data-events")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    allow = {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sqs:SendMessage"}
    policy = {"Version": "2012-10-17", "Statement": [{**allow, "Resource": arn}]}
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": json.dumps(policy)})
    events.put_rule(Name="redshift-data", EventPattern=json.dumps({"source": ["aws.redshift-data"]}))
    events.put_targets(Rule="redshift-data", Targets=[{"Id": "queue", "Arn": arn}])
    told = run(data, "SELECT 1", WithEvent=True, StatementName="told")
    messages = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=20)["Messages"]
    event = json.loads(messages[0]["Body"])
    assert event["detail-type"] == "Redshift Data Statement Status Change"
    assert event["detail"]["statementId"] == told["Id"] and event["detail"]["state"] == "FINISHED"
    assert event["resources"] == ["arn:aws:redshift:us-east-1:123456789012:cluster:data-api"]


def test_statements_last_a_day_and_outlive_the_lab(new_lab: Callable[..., RunningLab]) -> None:
    """Results are kept for 24 hours; what ran when the lab was killed has failed, and says why."""
    lab = new_lab()
    create(lab, "data-api")
    data = lab.client("redshift-data")
    kept = run(data, "SELECT 'kept' AS word")["Id"]
    run(data, "CREATE TABLE many AS SELECT 1 AS n")
    for _ in range(4):
        run(data, "INSERT INTO many SELECT a.n FROM many a, many b, many c")
    slow = data.execute_statement(Sql="SELECT count(*) FROM many a, many b, many c, many d, many e", **BY_USER)["Id"]
    time.sleep(1)  # until settings are kept
    lab.kill()
    lab.start()
    data = lab.client("redshift-data")
    assert values(data, kept) == [["kept"]]
    assert data.describe_statement(Id=kept)["CreatedAt"].astimezone(UTC) < datetime.now(UTC)
    told = data.describe_statement(Id=slow)
    assert told["Status"] == "FAILED" and "stopped" in told["Error"]
    await_available(lab, "data-api")
    assert run(data, "SELECT 1")["Status"] == "FINISHED"
    advance(lab, 25 * 3600)
    assert refused(data.describe_statement, Id=kept)[0] == "ResourceNotFoundException"
