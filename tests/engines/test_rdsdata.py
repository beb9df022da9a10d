"""RDS Data API, through boto3 over the socket, on a real PostgreSQL.

Held to the Data API reference (docs.aws.amazon.com/rdsdataservice/latest/APIReference/…) and to the Aurora user
guide's "Using RDS Data API". One thing differs: AWS has it for Aurora clusters, the lab for PostgreSQL instances.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.conftest import RunningLab, eventually
from tests.gateway.wire import advance


class Sql:
    """Runs statements on one database as its master user."""

    def __init__(self, lab: RunningLab) -> None:
        self.rds, self.data = lab.client("rds"), lab.client("rds-data")
        created = self.rds.create_db_instance(
            DBInstanceIdentifier="over-http",
            DBInstanceClass="db.t4g.micro",
            AllocatedStorage=20,
            Engine="postgres",
            DBName="ops",
            MasterUsername="master",
            ManageMasterUserPassword=True,
        )["DBInstance"]
        eventually(lambda: self._describe()["DBInstanceStatus"] == "available", 30)
        secret = self._describe()["MasterUserSecret"]["SecretArn"]
        self.target = {"resourceArn": created["DBInstanceArn"], "secretArn": secret, "database": "ops"}

    def _describe(self) -> dict[str, Any]:
        return self.rds.describe_db_instances(DBInstanceIdentifier="over-http")["DBInstances"][0]

    def run(self, sql: str, *parameters: dict[str, Any], **more: Any) -> dict[str, Any]:
        return self.data.execute_statement(**{**self.target, "sql": sql, "parameters": list(parameters), **more})

    def rows(self, sql: str, *parameters: dict[str, Any], **more: Any) -> list[Any]:
        return self.run(sql, *parameters, **more)["records"]

    def refused(self, code: str, text: str, sql: str, *parameters: dict[str, Any], **more: Any) -> None:
        with pytest.raises(ClientError) as caught:
            self.run(sql, *parameters, **more)
        error = caught.value.response["Error"]
        assert (error["Code"], text in error["Message"]) == (code, True), error


def named(name: str, hint: str | None = None, **value: Any) -> dict[str, Any]:
    return {"name": name, "value": value, **({"typeHint": hint} if hint else {})}


@pytest.fixture(scope="module")
def sql(lab: RunningLab) -> Iterator[Sql]:
    sql = Sql(lab)
    yield sql
    sql.rds.delete_db_instance(DBInstanceIdentifier="over-http", SkipFinalSnapshot=True)


def test_typed_fields(sql: Sql) -> None:
    """Field: one member by the value's type."""
    row = sql.rows(
        "SELECT 1::int, 2.5::float8, 1.10::numeric, 'x'::text, true, NULL::int, '\\xff00'::bytea, "
        "timestamptz '2013-01-01 05:00+02', date '2013-01-01', array[1,2], array['a','b c']"
    )[0]
    assert row == [
        {"longValue": 1},
        {"doubleValue": 2.5},
        {"stringValue": "1.10"},
        {"stringValue": "x"},
        {"booleanValue": True},
        {"isNull": True},
        {"blobValue": b"\xff\x00"},
        {"stringValue": "2013-01-01 03:00:00"},
        {"stringValue": "2013-01-01"},
        {"arrayValue": {"longValues": [1, 2]}},
        {"arrayValue": {"stringValues": ["a", "b c"]}},
    ]
    options = {"decimalReturnType": "DOUBLE_OR_LONG", "longReturnType": "STRING"}
    assert sql.rows("SELECT 1.5::numeric, 7", resultSetOptions=options)[0] == [
        {"doubleValue": 1.5},
        {"stringValue": "7"},
    ]


def test_parameters(sql: Sql) -> None:
    """SqlParameter: names, types, hints; a colon in a string, a cast or a comment is no parameter."""
    sql.run("CREATE TABLE flights (id int, carrier text, at timestamp, delay numeric, raw bytea, key uuid, more json)")
    made = sql.run(
        "INSERT INTO flights VALUES (:id, :carrier, :at, :delay, :raw, :key, :more)",
        named("id", longValue=1),
        named("carrier", stringValue="it's; DROP TABLE flights"),
        named("at", "TIMESTAMP", stringValue="2013-01-01 05:15:00"),
        named("delay", "DECIMAL", stringValue="12.50"),
        named("raw", blobValue=b"\x00\x01"),
        named("key", "UUID", stringValue="7f3cf2a0-0000-4000-8000-000000000001"),
        named("more", "JSON", stringValue='{"gate": 4}'),
    )
    assert made["numberOfRecordsUpdated"] == 1
    found = sql.rows(
        "SELECT carrier, delay::text || ':id' /* :not */ FROM flights WHERE id = :id -- :nor", named("id", longValue=1)
    )
    assert found == [[{"stringValue": "it's; DROP TABLE flights"}, {"stringValue": "12.50:id"}]]
    assert sql.rows("SELECT :x::int IS NULL", named("x", isNull=True)) == [[{"booleanValue": True}]]
    sql.refused("BadRequestException", "Cannot find parameter: id", "SELECT :id")
    sql.refused(
        "DatabaseErrorException", "type timestamp", "UPDATE flights SET at = :at", named("at", stringValue="2013-01-01")
    )


def test_json_and_metadata(sql: Sql) -> None:
    """ExecuteStatement: formatRecordsAs, includeResultMetadata."""
    answer = sql.run("SELECT 1 AS id, NULL AS gone, 'é' AS name, '{\"a\":1}'::jsonb AS more", formatRecordsAs="JSON")
    assert json.loads(answer["formattedRecords"]) == [{"id": 1, "gone": None, "name": "é", "more": {"a": 1}}]
    columns = sql.run("SELECT 1 AS id, now() AS at", includeResultMetadata=True)["columnMetadata"]
    assert [(column["label"], column["typeName"], column["type"]) for column in columns] == [
        ("id", "int4", 4),
        ("at", "timestamptz", 93),
    ]


def test_transactions(sql: Sql) -> None:
    """BeginTransaction, CommitTransaction, RollbackTransaction."""
    sql.run("CREATE TABLE counted (n int)")
    data, target = sql.data, sql.target
    end = {"resourceArn": target["resourceArn"], "secretArn": target["secretArn"]}
    for finish, left in ((data.rollback_transaction, 0), (data.commit_transaction, 1)):
        transaction = data.begin_transaction(**target)["transactionId"]
        sql.run("INSERT INTO counted VALUES (1)", transactionId=transaction)
        assert sql.rows("SELECT count(*) FROM counted") == [[{"longValue": 0}]]
        finish(**end, transactionId=transaction)
        assert sql.rows("SELECT count(*) FROM counted") == [[{"longValue": left}]]
    sql.refused("TransactionNotFoundException", "not found", "SELECT 1", transactionId=transaction)


def test_a_transaction_that_nobody_uses_lets_go(new_lab: Callable[..., RunningLab]) -> None:
    """BeginTransaction: "If a transaction has no calls using its transaction ID for three minutes", it is rolled back;
    what it had locked is free then, without anybody asking for it."""
    lab = new_lab()
    sql = Sql(lab)
    sql.run("CREATE TABLE locked (n int)")
    transaction = sql.data.begin_transaction(**sql.target)["transactionId"]
    for _ in range(2):
        advance(lab, 170)
        sql.run("LOCK TABLE locked", transactionId=transaction)
    advance(lab, 181)
    assert sql.rows("SELECT count(*) FROM locked") == [[{"longValue": 0}]]
    sql.refused("TransactionNotFoundException", "not found", "SELECT 1", transactionId=transaction)


def test_batches(sql: Sql) -> None:
    """BatchExecuteStatement: one statement, many parameter sets, all or nothing."""
    sql.run("CREATE TABLE batched (n int PRIMARY KEY)")
    insert = {**sql.target, "sql": "INSERT INTO batched VALUES (:n)"}
    sets = [[named("n", longValue=n)] for n in range(5)]
    assert len(sql.data.batch_execute_statement(**insert, parameterSets=sets)["updateResults"]) == 5
    with pytest.raises(ClientError, match="duplicate key"):
        sql.data.batch_execute_statement(**insert, parameterSets=[[named("n", longValue=n)] for n in (9, 0)])
    assert sql.rows("SELECT count(*) FROM batched") == [[{"longValue": 5}]]


def test_what_is_refused(sql: Sql) -> None:
    sql.refused("DatabaseErrorException", "42P01", "SELECT * FROM nowhere")
    sql.refused("DatabaseErrorException", "multiple commands", "SELECT 1; SELECT 2")
    sql.refused("DatabaseErrorException", "SQLState", "COPY (SELECT 1) TO STDOUT")
    sql.refused("BadRequestException", "size limit", "SELECT repeat('x', 2000000)")
    sql.refused("DatabaseNotFoundException", "does not exist", "SELECT 1", database="nowhere")
    sql.refused("BadRequestException", "no DB instance", "SELECT 1", resourceArn=sql.target["resourceArn"] + "x")
    sql.refused("SecretsErrorException", "find", "SELECT 1", secretArn=sql.target["secretArn"] + "x")
