"""Who comes into a cluster with a password for a while, and where to.

Held to the Redshift API reference, GetClusterCredentials and GetClusterCredentialsWithIAM, and to the management guide,
"Generating database credentials for an IAM identity using the Amazon Redshift CLI or API".
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from botocore.exceptions import ClientError

from tests.conftest import RunningLab
from tests.engines.redshift_tools import Cluster, create
from tests.gateway.wire import advance

REFUSED = "password authentication failed"


@pytest.fixture(scope="module")
def cluster(lab: RunningLab) -> Iterator[Cluster]:
    made = create(lab, "lending")
    with made.connect() as connection:
        connection.execute("CREATE DATABASE other")
    yield made
    lab.client("redshift").delete_cluster(ClusterIdentifier="lending", SkipFinalClusterSnapshot=True)


def credentials(lab: RunningLab, **asked: Any) -> tuple[str, str]:
    given = lab.client("redshift").get_cluster_credentials(ClusterIdentifier="lending", **asked)
    return given["DbUser"], given["DbPassword"]


def user_with(lab: RunningLab, name: str, *statements: dict[str, Any]) -> RunningLab:
    """A client of Redshift's for a new IAM user who may do what *statements* allow."""
    iam = lab.client("iam")
    iam.create_user(UserName=name)
    policy = {"Version": "2012-10-17", "Statement": list(statements)}
    iam.put_user_policy(UserName=name, PolicyName="own", PolicyDocument=json.dumps(policy))
    key = iam.create_access_key(UserName=name)["AccessKey"]
    keys = {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]}
    return lab.fresh_client("redshift", **keys)


def test_names_say_whether_a_user_is_made(lab: RunningLab, cluster: Cluster) -> None:
    """IAM:name is for who is there already, IAMA:name makes him as he comes."""
    name, password = credentials(lab, DbUser="bea")
    assert name == "IAM:bea"
    with pytest.raises(psycopg.OperationalError, match=REFUSED):
        cluster.connect(name, password)
    name, password = credentials(lab, DbUser="bea", AutoCreate=True)
    assert name == "IAMA:bea"
    with cluster.connect(name, password) as connection:
        connection.execute("SELECT 1")
    name, password = credentials(lab, DbUser="bea")
    cluster.connect(name, password).close()
    for wrong in ((name, password + "x"), ("bea", password), ("IAM:cid", password)):
        with pytest.raises(psycopg.OperationalError, match=REFUSED):
            cluster.connect(*wrong)


def test_a_database_that_is_named_is_the_only_one(lab: RunningLab, cluster: Cluster) -> None:
    name, password = credentials(lab, DbUser="dan", AutoCreate=True, DbName="other")
    cluster.connect(name, password, dbname="other").close()
    with pytest.raises(psycopg.OperationalError, match=REFUSED):
        cluster.connect(name, password, dbname="dev")


def test_an_identity_is_a_user_of_its_own(lab: RunningLab, cluster: Cluster) -> None:
    allow = {"Effect": "Allow", "Action": "redshift:GetClusterCredentialsWithIAM", "Resource": "*"}
    redshift: Any = user_with(lab, "eva", allow)
    given = redshift.get_cluster_credentials_with_iam(ClusterIdentifier="lending", DbName="dev")
    assert given["DbUser"] == "IAM:eva"
    cluster.connect(given["DbUser"], given["DbPassword"]).close()


def test_what_policies_allow_is_a_user_a_database_and_a_group(lab: RunningLab, cluster: Cluster) -> None:
    """redshift:GetClusterCredentials on dbuser and dbname, redshift:CreateClusterUser, redshift:JoinGroup."""
    arn = "arn:aws:redshift:us-east-1:123456789012"
    resources = [f"{arn}:dbuser:lending/fay", f"{arn}:dbname:lending/dev"]
    allow = {"Effect": "Allow", "Action": "redshift:GetClusterCredentials", "Resource": resources}
    redshift: Any = user_with(lab, "fay", allow)
    asked = {"ClusterIdentifier": "lending", "DbUser": "fay", "DbName": "dev"}
    assert redshift.get_cluster_credentials(**asked)["DbUser"] == "IAM:fay"
    for more, action in (
        ({"DbName": "other"}, "redshift:GetClusterCredentials"),
        ({"DbUser": "gil"}, "redshift:GetClusterCredentials"),
        ({"AutoCreate": True}, "redshift:CreateClusterUser"),
        ({"DbGroups": ["analysts"]}, "redshift:JoinGroup"),
    ):
        with pytest.raises(ClientError, match=f"not authorized to perform: {action}"):
            redshift.get_cluster_credentials(**{**asked, **more})


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"DurationSeconds": 899}, "InvalidParameterValue"),
        ({"DurationSeconds": 3601}, "InvalidParameterValue"),
        ({"DbUser": "a/b"}, "InvalidParameterValue"),
        ({"DbUser": "IAM:a"}, "InvalidParameterValue"),
        ({"DbUser": "public"}, "InvalidParameterValue"),
        ({"ClusterIdentifier": "nowhere"}, "ClusterNotFound"),
    ],
)
def test_wrong_requests_are_refused(lab: RunningLab, cluster: Cluster, wrong: dict[str, Any], code: str) -> None:
    with pytest.raises(ClientError) as error:
        lab.client("redshift").get_cluster_credentials(**{"ClusterIdentifier": "lending", "DbUser": "hal", **wrong})
    assert error.value.response["Error"]["Code"] == code


def test_a_password_ends_on_the_labs_clock(new_lab: Callable[..., RunningLab]) -> None:
    lab = new_lab()
    cluster = create(lab, "lending")
    name, password = credentials(lab, DbUser="ida", AutoCreate=True)
    cluster.connect(name, password).close()
    advance(lab, 901)
    with pytest.raises(psycopg.OperationalError, match=REFUSED):
        cluster.connect(name, password)
