"""Secrets Manager: every refusal is a 400 that says its ``Message``, and a missing secret is missing everywhere.

Source: API reference, "Common error types" and each operation's errors (all with HTTP status 400).
"""

from __future__ import annotations

import json
import re
from typing import Any, ClassVar, cast

from moto.core.common_types import TYPE_RESPONSE
from moto.secretsmanager.exceptions import (
    InvalidParameterException,
    InvalidRequestException,
    OperationNotPermittedOnReplica,
    ResourceExistsException,
    ResourceNotFoundException,
    SecretNotFoundException,
    ValidationException,
)
from moto.secretsmanager.models import FakeSecret, ReplicaSecret, SecretsManagerBackend
from moto.secretsmanager.responses import SecretsManagerResponse

from localaws.authorization import keys_of_call
from localaws.engines.policies import PolicyFaultError, check_policy
from localaws.engines.secretsmanager.deletion import await_deletion
from localaws.engines.secretsmanager.rotation import (
    await_rotation,
    begin,
    check_function,
    new_version,
    pending,
    set_date,
)
from localaws.engines.secretsmanager.schedule import ScheduleFaultError, next_window
from localaws.engines.secretsmanager.secrets import RotatedSecret
from localaws.gateway.condition_keys import keys_of_request
from localaws.gateway.errors import AwsError
from localaws.gateway.records import current_call
from localaws.lab import Lab


class SecretsManagerEngine(SecretsManagerBackend):
    """Tells what is missing: the secret, or the version with that label."""

    lab: ClassVar[Lab]

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

    def create_secret(self, name: str, *arguments: Any, **more: Any) -> str:
        """Raises InvalidRequestException while a deleted secret of this name can still be restored."""
        if name in self.secrets and self.secrets[name].is_deleted():
            said = "You can't create this secret because a secret with this name is already scheduled for deletion."
            raise InvalidRequestException(said)
        return super().create_secret(name, *arguments, **more)

    def put_secret_value(
        self,
        secret_id: str,
        secret_string: str,
        secret_binary: str,
        client_request_token: str,
        version_stages: list[str],
    ) -> str:
        """Raises ResourceExistsException for another value of a version that has one: moto changes one that is pending
        (API reference, PutSecretValue: "you can't modify an existing version")."""
        secret = self.secrets[secret_id] if self._is_valid_identifier(secret_id) else None
        version = secret.versions.get(client_request_token, {}) if isinstance(secret, FakeSecret) else {}
        values = version.get("secret_string"), version.get("secret_binary")
        if secret and any(value is not None for value in values) and values != (secret_string, secret_binary):
            said = (
                f"You can't use ClientRequestToken {client_request_token} because that value is already in use for a "
                f"version of secret {secret.arn}."
            )
            raise ResourceExistsException(said)
        return super().put_secret_value(secret_id, secret_string, secret_binary, client_request_token, version_stages)

    def batch_get_secret_value(
        self,
        secret_id_list: list[str] | None = None,
        filters: list[dict[str, Any]] | None = None,
        max_results: int | None = None,
        next_token: str | None = None,
    ) -> tuple[list[dict[str, Any]], list[Any], str | None]:
        """Of each secret only what the caller may get alone; the others are errors of the answer, by secret.

        Source: API reference, BatchGetSecretValue: "you must also have secretsmanager:GetSecretValue for each secret".
        """
        found, errors, token = super().batch_get_secret_value(secret_id_list, filters, max_results, next_token)
        allowed = []
        for value in found:
            try:
                self._check_may_get(value["ARN"])
                allowed.append(value)
            except AwsError as error:
                errors.append({"SecretId": value["ARN"], "ErrorCode": error.code, "Message": error.message})
        return allowed, errors, token

    def _check_may_get(self, arn: str) -> None:
        """Raises AccessDeniedException unless the caller may get the value of the secret *arn*; as `check_key`, too."""
        call = current_call.get()
        assert call.credential is not None
        keys = {**keys_of_call(call), **keys_of_request(call, {"SecretId": arn})}
        self.lab.authorize(call.credential, "secretsmanager", "secretsmanager:GetSecretValue", [arn], keys)
        self.check_key(arn)

    def check_key(self, secret_id: str) -> None:
        """Raises AccessDeniedException unless the caller may decrypt with the secret's key, if it has one of its own.

        DecryptionFailure, if nobody can. Sources: API reference, GetSecretValue; user guide, "Secret encryption and
        decryption".
        """
        caller = current_call.get().credential
        secret = self.secrets.get(secret_id)
        if caller is None or not isinstance(secret, FakeSecret) or not secret.kms_key_id:
            return
        from localaws.engines.kms.use import check_use  # not above: most secrets have no key of KMS

        try:
            context = {"SecretARN": secret.arn}
            check_use(self.lab, caller, "secretsmanager", self.region_name, secret.kms_key_id, "Decrypt", context)
        except AwsError as error:
            if error.code == "AccessDeniedException":
                raise AwsError("AccessDeniedException", "Access to KMS is not allowed") from None
            said = "Secrets Manager can't decrypt the protected secret text using the provided KMS key."
            raise AwsError("DecryptionFailure", f"{said} {error.message}") from None

    def delete_secret(
        self, secret_id: str, recovery_window_in_days: int | None, force_delete_without_recovery: bool
    ) -> tuple[str, str, float]:
        deleted = super().delete_secret(secret_id, recovery_window_in_days, force_delete_without_recovery)
        await_deletion(self.lab, self, deleted[0])
        return deleted

    def rotate_secret(
        self,
        secret_id: str,
        client_request_token: str | None = None,
        rotation_lambda_arn: str | None = None,
        rotation_rules: dict[str, Any] | None = None,
        rotate_immediately: bool = True,
    ) -> str:
        """Give a new version the label AWSPENDING and have it rotated to (`rotation`).

        Raises InvalidRequestException where nothing would rotate the secret, or a rotation has not ended, which is
        then tried again; AccessDeniedException; and ResourceNotFoundException (API reference, RotateSecret).
        """
        if not self._is_valid_identifier(secret_id):
            raise SecretNotFoundException
        secret = self.secrets[secret_id]
        if isinstance(secret, ReplicaSecret):
            raise OperationNotPermittedOnReplica
        self._check_not_deleted(secret.arn)
        assert isinstance(secret, RotatedSecret)
        function = rotation_lambda_arn or secret.rotation_lambda_arn
        if not function:
            raise InvalidRequestException("No Lambda rotation function ARN is associated with this secret.")
        rules = _rules(rotation_rules, secret)
        token = self._from_client_request_token(client_request_token)
        check_function(self.lab, secret, function)
        secret.rotation_requested, secret.rotation_lambda_arn = True, function
        now = int(self.lab.clock.time())
        secret.rules = rules
        set_date(secret, now)
        await_rotation(self.lab, self, secret.arn)
        former = pending(secret)
        if former is None:
            value = {} if rotate_immediately else secret.versions.get(secret.default_version_id or "", {})
            new_version(secret, token, now, **value)
        ended = begin(self.lab, secret, former or token, rotate_immediately)
        self.lab.timer.follow(f"rotation of secret {secret.arn}", ended)
        if former:
            raise InvalidRequestException("A previous rotation isn't complete. That rotation will be reattempted.")
        return secret.to_short_dict(version_id=token)

    def cancel_rotate_secret(self, secret_id: str) -> str:
        """Also ends a rotation that is under way, after the step that it is at; labels stay as they are then."""
        answer = super().cancel_rotate_secret(secret_id)
        secret = self.secrets[secret_id]
        assert isinstance(secret, RotatedSecret)
        secret.rotating, secret.rotates_at, secret.next_rotation_date = "", None, None
        return answer

    def update_secret_version_stage(
        self, secret_id: str, version_stage: str, remove_from_version_id: str, move_to_version_id: str
    ) -> tuple[str, str]:
        """The version with the label AWSCURRENT is the one that is told where none is asked for."""
        answer = super().update_secret_version_stage(
            secret_id, version_stage, remove_from_version_id, move_to_version_id
        )
        if version_stage == "AWSCURRENT" and move_to_version_id:
            secret = self.secrets[secret_id]
            assert isinstance(secret, FakeSecret)
            secret.set_default_version_id(move_to_version_id)
        return answer

    def put_resource_policy(self, secret_id: str, policy: str) -> tuple[str, str]:
        """Raises MalformedPolicyDocumentException (API reference, PutResourcePolicy)."""
        try:
            check_policy(self.lab, policy, "secretsmanager")
        except PolicyFaultError as fault:
            said = "This resource policy contains a syntax error."
            if fault.element == "Principal":
                said = "This resource policy contains an unsupported principal."
            raise AwsError("MalformedPolicyDocumentException", said, 400, {"Message": said}) from None
        return super().put_resource_policy(secret_id, policy)

    def tag_resource(self, arn: str, tags: dict[str, str]) -> None:
        self._check_not_deleted(arn)
        super().tag_resource(arn, tags)

    def untag_resource(self, arn: str, tag_keys: list[str]) -> None:
        self._check_not_deleted(arn)
        super().untag_resource(arn, tag_keys)

    def _check_not_deleted(self, arn: str) -> None:
        if arn in self.secrets and self.secrets[arn].is_deleted():
            said = "You can't perform this operation on the secret because it was marked for deletion."
            raise InvalidRequestException(said)


def _rules(given: dict[str, Any] | None, secret: RotatedSecret) -> dict[str, Any]:
    """The rules that count from now on: those *given*, else those that the secret has.

    Raises InvalidParameterException (API reference, RotationRulesType).
    """
    rules = given or secret.schedule
    try:
        next_window(rules, 0)
    except ScheduleFaultError as fault:
        raise InvalidParameterException(str(fault)) from None
    return rules


class SecretsManagerEngineResponse(SecretsManagerResponse):
    """Writes errors as Secrets Manager does."""

    def get_secret_value(self) -> str:
        """Raises as `SecretsManagerEngine.check_key`."""
        cast(SecretsManagerEngine, self.backend).check_key(self._get_param("SecretId"))
        return super().get_secret_value()

    def create_secret(self) -> str:
        """Raises ValidationException for a name that no secret can have (API reference, CreateSecret, Name)."""
        if not re.fullmatch(r"[\w/+=.@!-]+", self._get_param("Name") or "", re.ASCII):
            raise ValidationException(
                "Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: "
                "-/_+=.@!"
            )
        return super().create_secret()

    def call_action(self) -> TYPE_RESPONSE:
        status, headers, body = super().call_action()
        if 400 <= status < 500:
            error = json.loads(body)
            return 400, headers, _error(error["__type"], error.get("message", ""))
        return status, headers, body


def _error(code: str, message: str) -> str:
    """The service's errors say ``Message``; what AWS finds before the service sees the request, ``message``."""
    return json.dumps({"__type": code, "message" if code == "ValidationException" else "Message": message})
