"""Secrets Manager: every refusal is a 400 that says its ``Message``, and a missing secret is missing everywhere.

Source: API reference, "Common error types" and each operation's errors (all with HTTP status 400).
"""

from __future__ import annotations

import json

from moto.core.common_types import TYPE_RESPONSE
from moto.secretsmanager.exceptions import ResourceNotFoundException, SecretNotFoundException
from moto.secretsmanager.models import SecretsManagerBackend, secretsmanager_backends
from moto.secretsmanager.responses import SecretsManagerResponse

from localaws.engines import replace_backend, replace_responses
from localaws.lab import Lab


class SecretsManagerEngine(SecretsManagerBackend):
    """Tells what is missing: the secret, or the version with that label."""

    def list_secret_version_ids(self, secret_id: str) -> str:
        if not self._is_valid_identifier(secret_id):
            raise SecretNotFoundException
        return super().list_secret_version_ids(secret_id)

    def get_secret_value(self, secret_id: str, version_id: str, version_stage: str) -> dict[str, object]:
        try:
            return super().get_secret_value(secret_id, version_id, version_stage)
        except SecretNotFoundException:
            if not self._is_valid_identifier(secret_id) or not version_stage:
                raise
            said = f"Secrets Manager can't find the specified secret value for staging label: {version_stage}"
            raise ResourceNotFoundException(said) from None


class SecretsManagerEngineResponse(SecretsManagerResponse):
    """Writes errors as Secrets Manager does."""

    def call_action(self) -> TYPE_RESPONSE:
        status, headers, body = super().call_action()
        if 400 <= status < 500:
            error = json.loads(body)
            return 400, headers, json.dumps({"__type": error["__type"], "Message": error.get("message", "")})
        return status, headers, body


def install(lab: Lab) -> None:
    replace_backend(secretsmanager_backends, SecretsManagerEngine)
    replace_responses(SecretsManagerResponse, SecretsManagerEngineResponse)
