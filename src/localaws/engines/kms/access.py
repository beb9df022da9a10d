"""The policy of a key, which decides alone ("Key policies in AWS KMS", KMS developer guide)."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from typing import Any

from moto.kms.exceptions import InvalidCiphertextException
from moto.kms.models import Grant, kms_backends
from moto.kms.utils import RESERVED_ALIASE_TARGET_KEY_IDS

from localaws.engines.kms.material import key_id_of
from localaws.lab import Lab
from localaws.resource_policies import ResourcePolicy, backend_of

#: Services by the ids of the keys that AWS manages for them: of ``alias/aws/s3`` it is "s3".
_MANAGED = {key_id: alias.rpartition("/")[2] for alias, key_id in RESERVED_ALIASE_TARGET_KEY_IDS.items()}
_THROUGH_THE_SERVICE = ["Encrypt", "Decrypt", "ReEncrypt*", "GenerateDataKey*", "CreateGrant", "DescribeKey"]


def policy_of(lab: Lab, arn: str, action: str) -> ResourcePolicy | None:
    """Who names an alias means its key, but for what is done to the alias itself.

    A key that is not there has no policy, and everybody may be told so.
    """
    _, _, _, region, account, rest = arn.split(":", 5)
    kms = backend_of(kms_backends, arn)
    if kms is None or (rest.startswith("alias/") and action.endswith("Alias")):
        return None
    key_id = kms.get_key_id_from_alias(rest) if rest.startswith("alias/") else rest.partition("/")[2]
    key = kms.keys.get(key_id or "")
    if key is None or key_id is None:
        return None
    document = _managed(_MANAGED[key_id], region, account) if key_id in _MANAGED else key.policy
    if key.grants:
        policy = json.loads(document)
        given = policy["Statement"] if isinstance(policy["Statement"], list) else [policy["Statement"]]
        document = json.dumps({**policy, "Statement": [*given, *map(_statement, list(key.grants.values()))]})
    return ResourcePolicy(document, decides=True, arn=key.arn)


def _statement(grant: Grant) -> dict[str, Any]:
    """What a grant gives, as a key policy would ("Grants in AWS KMS"; its constraints: CreateGrant, API reference)."""
    constraints = grant.constraints or {}
    exactly = constraints.get("EncryptionContextEquals") or {}
    wanted = {**(constraints.get("EncryptionContextSubset") or {}), **exactly}
    conditions: dict[str, Any] = {
        "StringEquals": {f"kms:EncryptionContext:{name}": each for name, each in wanted.items()}
    }
    if exactly:
        conditions["ForAllValues:StringEquals"] = {"kms:EncryptionContextKeys": list(exactly)}
    return {
        "Effect": "Allow",
        "Principal": {"AWS": grant.grantee_principal},
        "Action": [f"kms:{operation}" for operation in grant.operations],
        "Resource": "*",
        **({"Condition": conditions} if wanted else {}),
    }


def _managed(service: str, region: str, account: str) -> str:
    """Everybody in the account may use it through the service, and look at it ("AWS managed keys")."""
    conditions = {"kms:CallerAccount": account, "kms:ViaService": f"{service}.{region}.amazonaws.com"}
    through = {
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Action": [f"kms:{action}" for action in _THROUGH_THE_SERVICE],
        "Resource": "*",
        "Condition": {"StringEquals": conditions},
    }
    looking = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
        "Action": ["kms:Describe*", "kms:Get*", "kms:List*", "kms:RevokeGrant"],
        "Resource": "*",
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [through, looking]})


def implied(parameters: Mapping[str, Any], account: str, region: str) -> Sequence[str]:
    """The key that a symmetric ciphertext names (API reference, Decrypt, KeyId)."""
    blob = parameters.get("CiphertextBlob")
    try:
        key_id = key_id_of(base64.b64decode(blob) if isinstance(blob, str) else b"")
    except (ValueError, InvalidCiphertextException):
        return ()
    arn = f"arn:aws:kms:{region}:{account}:key/{key_id}"
    kms = backend_of(kms_backends, arn)
    return [arn] if kms and key_id in kms.keys else ()
