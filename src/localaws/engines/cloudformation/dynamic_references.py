"""Values that a template leaves to Systems Manager and Secrets Manager: ``{{resolve:service:name:…}}``.

Source: CloudFormation user guide, "Get values stored in other services using dynamic references".
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable

from moto.cloudformation.exceptions import CloudFormationError

from localaws.engines.cloudformation.coercion import Api
from localaws.lab import Lab

_REFERENCE = re.compile(r"\{\{resolve:(ssm|ssm-secure|secretsmanager):([^{}]+)\}\}")


def resolve(lab: Lab, region: str, text: str) -> str:
    """*text* with the values that it refers to. Raises CloudFormationError, or the service's error, for none."""
    return _REFERENCE.sub(lambda found: _SERVICES[found[1]](lab, region, found[2]), text)


def _parameter(lab: Lab, region: str, name: str) -> str:
    """*name* may end in a version."""
    found = Api(lab, "ssm", region)("GetParameter", Name=name)["Parameter"]
    if found["Type"] == "SecureString":
        raise CloudFormationError(f"Non-secure ssm prefix was used for secure parameter: {name}")
    return str(found["Value"])


def _secure_parameter(lab: Lab, region: str, name: str) -> str:
    return str(Api(lab, "ssm", region)("GetParameter", Name=name, WithDecryption=True)["Parameter"]["Value"])


def _secret(lab: Lab, region: str, reference: str) -> str:
    """The secret's name or ARN, and then: SecretString, a key of it if it is JSON, a version's stage, a version."""
    parts = reference.split(":")
    length = 7 if parts[0] == "arn" else 1
    secret = ":".join(parts[:length])
    kind, key, stage, version, *_ = [*parts[length:], "", "", "", ""]
    if kind not in ("", "SecretString"):
        raise CloudFormationError(f"Secrets Manager has no {kind} for a dynamic reference: it is SecretString.")
    found = Api(lab, "secretsmanager", region)(
        "GetSecretValue", SecretId=secret, VersionStage=stage or None, VersionId=version or None
    )["SecretString"]
    if not key:
        return str(found)
    try:
        return str(json.loads(found)[key])
    except (ValueError, TypeError, KeyError):
        raise CloudFormationError(f"Could not find a value associated with JSONKey in SecretString: {key}") from None


_SERVICES: dict[str, Callable[[Lab, str, str], str]] = {
    "ssm": _parameter,
    "ssm-secure": _secure_parameter,
    "secretsmanager": _secret,
}
