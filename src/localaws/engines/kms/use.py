"""Whether somebody may use a key now, for services that use it for him without asking KMS each time.

On AWS they keep a data key for a while, and learn late what has changed; here it counts at once.

Sources: KMS developer guide, "Key states of AWS KMS keys" and "kms:ViaService"; SQS developer guide, "Key management"
(the data key reuse period); Kinesis developer guide, "Permissions to use user-generated KMS keys".
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import cast

from moto.kms.models import kms_backends

from localaws.credentials import Credential
from localaws.engines.kms.backend import KeyEngine, KmsEngine
from localaws.gateway.errors import AwsError
from localaws.lab import Lab

_MANAGED = "alias/aws/"


def check_use(
    lab: Lab,
    caller: Credential,
    service: str,
    region: str,
    key: str,
    action: str,
    context: Mapping[str, str],
    errors: Mapping[str, str] = MappingProxyType({}),
) -> None:
    """Raises KMS's error if *caller* may not do *action* ("Decrypt") with *key* through *service*, or the key cannot.

    *key* is an id, an ARN or an alias of *region*; *context* is the encryption context; *errors* are the codes of KMS
    that the service calls otherwise. AWS managed keys can always be used through their service.
    """
    if key.startswith(_MANAGED) or f":{_MANAGED}" in key:
        return
    keys = {f"kms:EncryptionContext:{name}": value for name, value in context.items()}
    via = {"kms:ViaService": f"{service}.{region}.amazonaws.com", "kms:CallerAccount": caller.account_id}
    try:
        found = find_key(lab, key, region)
        lab.authorize(caller, "kms", f"kms:{action}", [found.arn], keys | via)
        found.check("ENCRYPT_DECRYPT", action, None)
    except AwsError as error:
        raise AwsError(errors.get(error.code, error.code), error.message) from None


def find_key(lab: Lab, key: str, region: str) -> KeyEngine:
    """The key that *key* names: an id, an ARN or an alias of *region*. Raises NotFoundException if there is none."""
    assert lab.install is not None, "the lab is not serving yet"
    lab.install("kms")  # after a start its keys are there again when they are first asked for
    backend = cast(KmsEngine, kms_backends[key.split(":")[4] if key.startswith("arn:") else lab.account_id][region])
    key_id = backend.get_key_id(backend.get_alias_name(key))
    if key_id.startswith("alias/"):
        key_id = backend.get_key_id_from_alias(key_id) or ""
    found = backend.keys.get(key_id)
    if found is None:
        raise AwsError("NotFoundException", f"Key '{key}' does not exist")
    return found
