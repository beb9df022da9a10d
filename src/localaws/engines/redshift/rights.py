"""With whose rights a statement works in S3 and elsewhere: a role of the cluster's, a chain of roles, or keys.

Sources: Redshift database developer guide, "Authorization parameters"; Redshift management guide, "Authorizing Amazon
Redshift to access AWS services" (chained roles).
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from localaws.client import credential_of_role, on_behalf_of
from localaws.credentials import Credential
from localaws.warehouse.errors import INTERNAL, RedshiftError

if TYPE_CHECKING:
    from localaws.engines.redshift.warehouse import Warehouse

PRINCIPAL = "redshift.amazonaws.com"
_SESSION = "RedshiftIamRoleSession"


@dataclass(frozen=True)
class Actor:
    """Who asks other services: *client* makes a client of one, by its name; *credential* is what it signs with."""

    client: Callable[[str], Any]
    credential: Credential


@contextmanager
def acting(cluster: Warehouse, rights: Mapping[str, str], region: str = "") -> Iterator[Actor]:
    """Within, what *rights* say (`loading.words.authorization`). Raises RedshiftError, also for other services' errors.

    *region* is where the other services are, if that is not the cluster's.
    """
    lab, region = cluster.lab, region or cluster.region
    try:
        if "role" not in rights:
            credential = _of_keys(cluster, rights)
            with on_behalf_of(credential, PRINCIPAL):
                yield Actor(lambda service: lab.client(service, region=region), credential)
            return
        first, *others = [_own_role(cluster, arn.strip()) if not place else arn.strip()
                          for place, arn in enumerate(rights["role"].split(","))]  # fmt: skip
        credential = credential_of_role(lab, first, _SESSION, "redshift")
        if not others:
            yield Actor(
                lambda service: lab.client(
                    service, region=region, role_arn=first, session_name=_SESSION, by="redshift"
                ),
                credential,
            )
            return
        for arn in others:
            with on_behalf_of(credential, PRINCIPAL):
                given = lab.client("sts", region=region).assume_role(RoleArn=arn, RoleSessionName=_SESSION)
            found = lab.credentials.find(given["Credentials"]["AccessKeyId"])
            assert found is not None
            credential = found
        with on_behalf_of(credential, PRINCIPAL):
            yield Actor(lambda service: lab.client(service, region=region), credential)
    except ClientError as error:
        told = error.response["Error"]
        service = "S3" if error.operation_name not in ("AssumeRole",) else "STS"
        raise RedshiftError(INTERNAL, f"{service}ServiceException:{told['Message']},Error {told['Code']}") from None


def _own_role(cluster: Warehouse, role: str) -> str:
    """The ARN of the role that a statement names. Raises RedshiftError for one that the cluster has not."""
    arn = cluster.default_iam_role_arn if role.lower() == "default" else role
    if role.lower() == "default" and not arn:
        raise RedshiftError(INTERNAL, "No default IAM role is set for the cluster: set one, or name a role")
    if arn not in cluster.iam_roles_arn:
        said = f"User arn:aws:redshift:{cluster.region}:{cluster.account_id}:dbuser:" \
               f"{cluster.cluster_identifier}/{cluster.master_username} is not authorized to assume " \
               f"IAM Role {arn}"  # fmt: skip
        raise RedshiftError(INTERNAL, said)
    return arn


def _of_keys(cluster: Warehouse, rights: Mapping[str, str]) -> Credential:
    """Who the keys in a statement are of. Raises RedshiftError for keys that are nobody's."""
    found = cluster.lab.credentials.find(rights.get("key", ""))
    if found is None:
        raise RedshiftError(
            INTERNAL, "S3ServiceException:The AWS Access Key Id you provided does not exist in our records.,Status 403,"
            "Error InvalidAccessKeyId"
        )  # fmt: skip
    secret = hmac.compare_digest(found.secret_access_key.encode(), rights.get("secret", "").encode())
    token = hmac.compare_digest((found.session_token or "").encode(), rights.get("token", "").encode())
    if not secret or not token or cluster.lab.credentials.expired(found):
        code = "SignatureDoesNotMatch" if not secret else "InvalidToken" if not token else "ExpiredToken"
        raise RedshiftError(INTERNAL, f"S3ServiceException:The provided credentials are not valid.,Error {code}")
    return found
