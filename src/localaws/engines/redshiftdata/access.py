"""What policies are told of a request: whose statement it means, and which workgroup.

Source: service authorization reference, "Actions, resources, and condition keys for Amazon Redshift Data API". AWS's
own policy AmazonRedshiftDataFullAccess holds everybody to statements of his own by these keys.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from moto.redshiftdata.models import redshiftdata_backends

from localaws.engines.redshiftdata.backend import RedshiftDataEngine
from localaws.engines.redshiftserverless.access import implied as of_serverless
from localaws.gateway.records import current_call
from localaws.policies.patterns import Values


def implied(parameters: Mapping[str, Any], account: str, region: str) -> Sequence[str]:
    """The workgroup that a request names; its ARN has an id."""
    name = parameters.get("WorkgroupName")
    if not isinstance(name, str):
        return ()
    return [name] if name.startswith("arn:") else of_serverless({"workgroupName": name}, account, region)


def keys_of(operation: str, parameters: Mapping[str, Any], account: str, region: str) -> Values:
    """The owner of the statement or the session that a request names; of a list that is the caller himself."""
    if operation in ("ListStatements", "ListSessions"):
        credential = current_call.get().credential
        kind = "statement" if operation == "ListStatements" else "session"
        return {f"redshift-data:{kind}-owner-iam-userid": [credential.user_id]} if credential else {}
    backend = redshiftdata_backends[account][region]
    assert isinstance(backend, RedshiftDataEngine)
    if (statement := backend.statements.get(str(parameters.get("Id")).partition(":")[0])) is not None:
        return {"redshift-data:statement-owner-iam-userid": [statement.owner]}
    if (session := backend.sessions.get(str(parameters.get("SessionId")))) is not None:
        return {"redshift-data:session-owner-iam-userid": [session.owner]}
    return {}
