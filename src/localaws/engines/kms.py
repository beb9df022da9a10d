"""KMS: a key that is disabled or pending deletion does no work, and answers say which algorithm was used."""

from __future__ import annotations

import json
from typing import Any

from moto.kms.models import Key, KmsBackend, kms_backends
from moto.kms.responses import KmsResponse

from localaws.engines import replace_backend, replace_responses
from localaws.gateway.errors import AwsError
from localaws.lab import Lab

#: What a symmetric key encrypts with (API reference, Encrypt, EncryptionAlgorithm).
ALGORITHM = "SYMMETRIC_DEFAULT"
_ALIAS = (
    'Alias must start with the prefix "alias/". '
    "Please see https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html"
)


class KmsEngine(KmsBackend):
    """Asks a key's state before it is used (developer guide, "Key states of AWS KMS keys")."""

    def encrypt(self, key_id: str, *args: Any, **kwargs: Any) -> tuple[bytes, str]:
        self._usable(self.any_id_to_key_id(key_id))
        return super().encrypt(key_id, *args, **kwargs)

    def decrypt(self, *args: Any, **kwargs: Any) -> tuple[bytes, str]:
        plaintext, arn = super().decrypt(*args, **kwargs)
        self._usable(arn.rpartition("/")[2])
        return plaintext, arn

    def sign(self, key_id: str, *args: Any, **kwargs: Any) -> Any:
        self._usable(self.any_id_to_key_id(key_id))
        return super().sign(key_id, *args, **kwargs)

    def verify(self, key_id: str, *args: Any, **kwargs: Any) -> Any:
        self._usable(self.any_id_to_key_id(key_id))
        return super().verify(key_id, *args, **kwargs)

    def generate_mac(self, message: bytes, key_id: str, *args: Any, **kwargs: Any) -> Any:
        self._usable(self.any_id_to_key_id(key_id))
        return super().generate_mac(message, key_id, *args, **kwargs)

    def _usable(self, key_id: str) -> None:
        key: Key = self.keys[key_id]
        if key.key_state == "Disabled":
            raise AwsError("DisabledException", f"{key.arn} is disabled.")
        if key.key_state != "Enabled":
            state = {"PendingDeletion": "pending deletion", "PendingImport": "pending import"}
            raise AwsError("KMSInvalidStateException", f"{key.arn} is {state.get(key.key_state, key.key_state)}.")


class KmsEngineResponse(KmsResponse):
    """Adds what moto leaves out of its answers."""

    def encrypt(self) -> str:
        return _with(super().encrypt(), EncryptionAlgorithm=self._algorithm("EncryptionAlgorithm"))

    def decrypt(self) -> str:
        return _with(super().decrypt(), EncryptionAlgorithm=self._algorithm("EncryptionAlgorithm"))

    def re_encrypt(self) -> str:
        return _with(
            super().re_encrypt(),
            SourceEncryptionAlgorithm=self._algorithm("SourceEncryptionAlgorithm"),
            DestinationEncryptionAlgorithm=self._algorithm("DestinationEncryptionAlgorithm"),
        )

    def get_key_policy(self) -> str:
        """PolicyName is "default" unless given, the only name there is (API reference, GetKeyPolicy)."""
        return _with(super().get_key_policy(), PolicyName=self._get_param("PolicyName"))

    def _get_param(self, param_name: str, if_none: Any = None) -> Any:
        return super()._get_param(param_name, "default" if param_name == "PolicyName" else if_none)

    def _set_alias(self, update: bool = False) -> str:
        if not self._get_param("AliasName").startswith("alias/"):
            raise AwsError("ValidationException", _ALIAS)
        return super()._set_alias(update)

    def _algorithm(self, parameter: str) -> str:
        return self._get_param(parameter) or ALGORITHM


def _with(answer: str, **more: str) -> str:
    return json.dumps(json.loads(answer) | more)


def install(lab: Lab) -> None:
    replace_backend(kms_backends, KmsEngine)
    replace_responses(KmsResponse, KmsEngineResponse)
