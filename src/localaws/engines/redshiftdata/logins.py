"""Where a request's database is, and who works there: by a secret, or by a password for a while.

Source: management guide, "Choosing database authentication credentials when calling the Amazon Redshift Data API".
What the Data API asks of other services it asks in the caller's name.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from localaws.client import on_behalf_of
from localaws.gateway.errors import AwsError
from localaws.gateway.records import current_call
from localaws.lab import Lab

_PRINCIPAL = "redshift-data.amazonaws.com"
#: What these services say if there is no such cluster or workgroup, or if it does not take connections now.
_MISSING = {"ClusterNotFound", "ClusterNotFoundFault", "ResourceNotFoundException"}


@dataclass(frozen=True)
class Login:
    """A *database* of the cluster or workgroup *arn*, and whose *password* opens it."""

    arn: str
    port: int
    database: str
    user: str
    password: str = field(repr=False)


def login(lab: Lab, region: str, request: Mapping[str, Any], database: str | None = None) -> Login:
    """That of *request*, to *database* or to the one that it names.

    Raises AwsError: ValidationException for what the request lacks, and what the services refuse as they do.
    """
    database = database or request.get("Database")
    if not database:
        raise _invalid("Database is required: name the database to connect to.")
    if request.get("ClusterIdentifier") and request.get("WorkgroupName"):
        raise _invalid("Only one of ClusterIdentifier and WorkgroupName can be given.")
    if request.get("SecretArn") and request.get("DbUser"):
        raise _invalid("Only one of SecretArn and DbUser can be given.")
    with _refused_as_validation():
        secret = _secret(lab, region, request["SecretArn"]) if request.get("SecretArn") else {}
        if workgroup := request.get("WorkgroupName"):
            if request.get("DbUser"):
                raise _invalid("DbUser cannot be given with WorkgroupName: the caller's identity is the user.")
            return _of_workgroup(lab, region, workgroup.rpartition("/")[2], database, secret)
        cluster = request.get("ClusterIdentifier") or secret.get("dbClusterIdentifier")
        if not cluster:
            raise _invalid("Either ClusterIdentifier or WorkgroupName is required.")
        if secret.get("dbClusterIdentifier", cluster) != cluster:
            raise _invalid("The cluster identifier of the request is not the one in the secret.")
        return _of_cluster(lab, region, cluster, database, request.get("DbUser"), secret)


def _of_cluster(lab: Lab, region: str, name: str, database: str, user: str | None, secret: Mapping[str, str]) -> Login:
    own = lab.client("redshift", region=region, by="redshift-data")
    found = own.describe_clusters(ClusterIdentifier=name)["Clusters"][0]
    if "Endpoint" not in found or found["ClusterStatus"] != "available":
        raise _invalid(f"Cluster {name} is {found['ClusterStatus']}; it has to be available.")
    arn = f"arn:aws:redshift:{region}:{lab.account_id}:cluster:{name}"
    port = int(found["Endpoint"]["Port"])
    if secret:
        return Login(arn, port, database, secret["username"], secret["password"])
    with on_behalf_of(current_call.get().credential, _PRINCIPAL):
        redshift = lab.client("redshift", region=region)
        if user:
            given = redshift.get_cluster_credentials(ClusterIdentifier=name, DbUser=user, DbName=database)
        else:
            given = redshift.get_cluster_credentials_with_iam(ClusterIdentifier=name, DbName=database)
    return Login(arn, port, database, given["DbUser"], given["DbPassword"])


def _of_workgroup(lab: Lab, region: str, name: str, database: str, secret: Mapping[str, str]) -> Login:
    own = lab.client("redshift-serverless", region=region, by="redshift-data")
    found = own.get_workgroup(workgroupName=name)["workgroup"]
    if found["status"] != "AVAILABLE":
        raise _invalid(f"Workgroup {name} is {found['status']}; it has to be AVAILABLE.")
    port = int(found["endpoint"]["port"])
    if secret:
        return Login(found["workgroupArn"], port, database, secret["username"], secret["password"])
    with on_behalf_of(current_call.get().credential, _PRINCIPAL):
        serverless = lab.client("redshift-serverless", region=region)
        given = serverless.get_credentials(workgroupName=name, dbName=database)
    return Login(found["workgroupArn"], port, database, given["dbUser"], given["dbPassword"])


def _secret(lab: Lab, region: str, arn: str) -> dict[str, str]:
    with on_behalf_of(current_call.get().credential, _PRINCIPAL):
        found = lab.client("secretsmanager", region=region).get_secret_value(SecretId=arn)
    try:
        read: dict[str, Any] = json.loads(found.get("SecretString", ""))
        if read["username"] and read["password"]:
            return {name: str(value) for name, value in read.items()}
    except (KeyError, ValueError, TypeError):
        pass
    raise _invalid("username and password in secret cannot be empty")


@contextmanager
def _refused_as_validation() -> Iterator[None]:
    """Within, what another service refuses is an error of the Data API."""
    try:
        yield
    except ClientError as error:
        told = error.response["Error"]
        if told["Code"] in _MISSING:
            raise _invalid("Redshift endpoint doesn't exist in this region.") from None
        if told["Code"].startswith("AccessDenied"):
            raise AwsError("AccessDeniedException", told["Message"]) from None
        raise _invalid(told["Message"]) from None


def _invalid(said: str) -> AwsError:
    return AwsError("ValidationException", said)
