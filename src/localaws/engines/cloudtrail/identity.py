"""Who did it: CloudTrail's ``userIdentity``.

Source: CloudTrail user guide, "CloudTrail userIdentity element".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_Record = Mapping[str, Any]


def user_identity(record: _Record, account: str) -> dict[str, Any]:
    """Of the *record* of a call, as it is told to *account*: others learn no more of a caller than his account."""
    kind = record["principal_type"]
    if record["event_type"] == "AwsServiceEvent":
        return {"accountId": record["account_id"], "invokedBy": "AWS Internal"}
    if kind == "AWSService":
        return {"type": "AWSService", "invokedBy": record["principal"]}
    if kind == "Unknown":  # who may do so unsigned
        return {"type": "AWSAccount", "principalId": "", "accountId": "ANONYMOUS_PRINCIPAL"}
    identity: dict[str, Any] = {"type": kind, "principalId": record["principal_id"]}
    if account != record["account_id"]:
        identity |= {"type": "AWSAccount", "accountId": record["account_id"]}
    else:
        identity |= {
            "arn": record["principal"],
            "accountId": record["account_id"],
            "accessKeyId": record["access_key_id"],
            **_name(record),
            **_session(record),
        }
    return {**identity, "invokedBy": record["via"]} if record["via"] else identity


def user_name(record: _Record) -> str:
    """Whom LookupEvents names: a user, or the name of a session; "" for a service."""
    kind, principal = record["principal_type"], str(record["principal"])
    if kind == "Root":
        return "root"
    return principal.rpartition("/")[2] if kind in ("IAMUser", "AssumedRole", "FederatedUser") else ""


def _name(record: _Record) -> dict[str, str]:
    return {"userName": user_name(record)} if record["principal_type"] == "IAMUser" else {}


def _session(record: _Record) -> dict[str, Any]:
    """The context of temporary keys: of whom they are, and since when."""
    if not record["access_key_id"].startswith("ASIA"):
        return {}
    context: dict[str, Any] = {}
    if issuer := record["session_issuer"]:
        of_role = ":role/" in issuer
        context["sessionIssuer"] = {
            "type": "Role" if of_role else "IAMUser",
            **({"principalId": record["principal_id"].partition(":")[0]} if of_role else {}),
            "arn": issuer,
            "accountId": issuer.split(":")[4],
            "userName": issuer.rpartition("/")[2],
        }
    created = record["session_created"][:19]
    context["attributes"] = {**({"creationDate": f"{created}Z"} if created else {}), "mfaAuthenticated": "false"}
    return {"sessionContext": context}
