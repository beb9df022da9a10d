"""Redshift Serverless: a namespace has the data, and a workgroup computes on them.

Held to the Redshift Serverless API reference and to the management guide, "Amazon Redshift Serverless".
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from botocore.exceptions import ClientError

from awsfacts.meter import used
from tests.conftest import RunningLab, eventually

ADMIN, PASSWORD = "admin", "Correct-horse1"


def create_workgroup(lab: RunningLab, name: str, **more: Any) -> None:
    """A namespace and a workgroup of that *name*, once it takes connections."""
    serverless = lab.client("redshift-serverless")
    serverless.create_namespace(namespaceName=name, adminUsername=ADMIN, adminUserPassword=PASSWORD)
    told = serverless.create_workgroup(workgroupName=name, namespaceName=name, baseCapacity=8, **more)["workgroup"]
    assert told["status"] == "CREATING" and "endpoint" not in told
    await_workgroup(lab, name)


def await_workgroup(lab: RunningLab, name: str) -> None:
    get = lab.client("redshift-serverless").get_workgroup
    eventually(lambda: get(workgroupName=name)["workgroup"]["status"] == "AVAILABLE", 30)


def connect(lab: RunningLab, name: str, user: str = ADMIN, password: str = PASSWORD) -> psycopg.Connection[Any]:
    place = lab.client("redshift-serverless").get_workgroup(workgroupName=name)["workgroup"]["endpoint"]
    login: dict[str, Any] = {"user": user, "password": password, "dbname": "dev", "sslmode": "require"}
    return psycopg.connect(host=place["address"], port=place["port"], autocommit=True, **login)


def gone(lab: RunningLab, name: str) -> bool:
    return name not in [
        each["workgroupName"] for each in lab.client("redshift-serverless").list_workgroups()["workgroups"]
    ]


@pytest.fixture(scope="module")
def workgroup(lab: RunningLab) -> Iterator[str]:
    create_workgroup(lab, "flights-wg")
    with connect(lab, "flights-wg") as connection:
        connection.execute("CREATE TABLE kept (n int)")
        connection.execute("INSERT INTO kept VALUES (1), (2)")
    yield "flights-wg"
    lab.client("redshift-serverless").delete_workgroup(workgroupName="flights-wg")
    eventually(lambda: gone(lab, "flights-wg"))
    lab.client("redshift-serverless").delete_namespace(namespaceName="flights-wg")


@pytest.fixture
def serverless(lab: RunningLab) -> Any:
    return lab.client("redshift-serverless")


def refused(call: Callable[..., Any], **arguments: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as error:
        call(**arguments)
    return error.value.response["Error"]["Code"], error.value.response["Error"]["Message"]


def test_a_workgroup_is_a_database(lab: RunningLab, serverless: Any, workgroup: str) -> None:
    """By the admin user's password, by GetCredentials, and through the Data API by WorkgroupName."""
    told = serverless.get_workgroup(workgroupName=workgroup)["workgroup"]
    assert (told["namespaceName"], told["baseCapacity"], told["endpoint"]["address"]) == (workgroup, 8, "127.0.0.1")
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        connect(lab, workgroup, password="wrong")
    given = serverless.get_credentials(workgroupName=workgroup, dbName="dev", durationSeconds=900)
    assert given["dbUser"].startswith("IAM:") and given["nextRefreshTime"] < given["expiration"]
    connect(lab, workgroup, given["dbUser"], given["dbPassword"]).close()
    data = lab.client("redshift-data")
    asked = {"WorkgroupName": workgroup, "Database": "dev", "Sql": "SELECT 1 AS one", "WaitTimeSeconds": 20}
    done = data.execute_statement(**asked)
    assert done["Status"] == "FINISHED" and done["WorkgroupName"] == workgroup
    assert data.get_statement_result(Id=done["Id"])["Records"] == [[{"longValue": 1}]]


@pytest.mark.parametrize(
    ("operation", "wrong", "code"),
    [
        ("create_namespace", {"namespaceName": "flights-wg"}, "ConflictException"),
        ("create_namespace", {"namespaceName": "weak", "adminUserPassword": "weak"}, "ValidationException"),
        ("create_workgroup", {"workgroupName": "other", "namespaceName": "flights-wg"}, "ConflictException"),
        ("create_workgroup", {"workgroupName": "other", "namespaceName": "none"}, "ResourceNotFoundException"),
        ("update_workgroup", {"workgroupName": "flights-wg", "baseCapacity": 12}, "ValidationException"),
        ("update_workgroup", {"workgroupName": "flights-wg", "port": 80}, "ValidationException"),
        ("get_workgroup", {"workgroupName": "none"}, "ResourceNotFoundException"),
        ("get_credentials", {"workgroupName": "flights-wg", "durationSeconds": 60}, "ValidationException"),
        ("delete_namespace", {"namespaceName": "flights-wg"}, "ConflictException"),
    ],
)
def test_what_cannot_be_is_refused(
    serverless: Any, workgroup: str, operation: str, wrong: dict[str, Any], code: str
) -> None:
    assert refused(getattr(serverless, operation), **wrong)[0] == code


def test_a_namespace_is_changed(lab: RunningLab, serverless: Any, workgroup: str) -> None:
    serverless.update_namespace(namespaceName=workgroup, adminUserPassword="Another-horse2")
    connect(lab, workgroup, password="Another-horse2").close()
    serverless.update_namespace(namespaceName=workgroup, adminUserPassword=PASSWORD)
    told = serverless.update_workgroup(workgroupName=workgroup, baseCapacity=16)["workgroup"]
    assert told["status"] == "MODIFYING"
    await_workgroup(lab, workgroup)
    assert serverless.get_workgroup(workgroupName=workgroup)["workgroup"]["baseCapacity"] == 16
    serverless.update_workgroup(workgroupName=workgroup, baseCapacity=8)
    await_workgroup(lab, workgroup)


def test_capacity_is_billed_while_statements_run(lab: RunningLab, workgroup: str) -> None:
    """Per second, with a minimum charge of 60 seconds ("Billing for Amazon Redshift Serverless")."""
    with connect(lab, workgroup) as connection:
        connection.execute("SELECT count(*) FROM kept")
    arn = lab.client("redshift-serverless").get_workgroup(workgroupName=workgroup)["workgroup"]["workgroupArn"]
    records = [each for each in lab.calls() if each["resources"][:1] == [arn] and each["units"]]
    seconds = sum(each["units"]["redshift:rpu_seconds"] for each in records)
    assert seconds >= 8 * 60 and seconds / 8 % 60 < 60
    assert used(records)["redshift.rpu_hour"] == pytest.approx(seconds / 3600)


def test_a_snapshot_is_restored_into_a_namespace(lab: RunningLab, serverless: Any, workgroup: str) -> None:
    serverless.create_snapshot(namespaceName=workgroup, snapshotName="before", retentionPeriod=7)
    get = serverless.get_snapshot
    eventually(lambda: get(snapshotName="before")["snapshot"]["status"] == "AVAILABLE")
    with connect(lab, workgroup) as connection:
        connection.execute("DELETE FROM kept")
    told = serverless.restore_from_snapshot(namespaceName=workgroup, workgroupName=workgroup, snapshotName="before")
    assert told["snapshotName"] == "before"
    await_workgroup(lab, workgroup)
    with connect(lab, workgroup) as connection:
        assert connection.execute("SELECT n FROM kept ORDER BY n").fetchall() == [(1,), (2,)]
    serverless.delete_snapshot(snapshotName="before")
    assert refused(get, snapshotName="before")[0] == "ResourceNotFoundException"


def test_policies_name_a_workgroup_by_its_id(lab: RunningLab, serverless: Any, workgroup: str) -> None:
    """Service authorization reference: workgroup/${WorkgroupId}."""
    iam = lab.client("iam")
    arn = serverless.get_workgroup(workgroupName=workgroup)["workgroup"]["workgroupArn"]
    iam.create_user(UserName="of-one-workgroup")
    allow = {"Effect": "Allow", "Action": "redshift-serverless:Get*", "Resource": arn}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    iam.put_user_policy(UserName="of-one-workgroup", PolicyName="own", PolicyDocument=policy)
    key = iam.create_access_key(UserName="of-one-workgroup")["AccessKey"]
    keys = {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]}
    own = lab.fresh_client("redshift-serverless", **keys)
    given = own.get_credentials(workgroupName=workgroup)
    assert given["dbUser"] == "IAM:of-one-workgroup"
    assert refused(own.get_credentials, workgroupName="another-wg")[0] == "AccessDeniedException"
    assert refused(own.get_namespace, namespaceName=workgroup)[0] == "AccessDeniedException"


def test_data_survives_a_kill_of_the_lab(new_lab: Callable[..., RunningLab]) -> None:
    lab = new_lab()
    create_workgroup(lab, "survivor")
    with connect(lab, "survivor") as connection:
        connection.execute("CREATE TABLE kept (n int)")
        connection.execute("INSERT INTO kept VALUES (1)")
    lab.kill()
    lab.start()
    await_workgroup(lab, "survivor")
    with connect(lab, "survivor") as connection:
        assert connection.execute("SELECT n FROM kept").fetchall() == [(1,)]
    serverless = lab.client("redshift-serverless")
    serverless.delete_workgroup(workgroupName="survivor")
    eventually(lambda: gone(lab, "survivor"))
    serverless.delete_namespace(namespaceName="survivor")
    assert serverless.list_namespaces()["namespaces"] == []
    assert not list((lab.directory / "redshift-serverless").iterdir())
