"""The master user's password, managed in Secrets Manager (RDS user guide, "Password management with RDS")."""

from __future__ import annotations

import json
import uuid
from contextlib import suppress
from typing import Any

from botocore.exceptions import ClientError

from localaws.engines.rds.accounts import new_password
from localaws.lab import Lab


class ManagedSecret:
    """The secret ``rds!db-…`` of one instance; its attributes are those of RDS's MasterUserSecret."""

    def __init__(self, lab: Lab, region: str, kms_key_id: str | None, arn: str = "") -> None:
        self.secret_arn = arn
        self.secret_status = "active"
        self.kms_key_id = kms_key_id or f"arn:aws:kms:{region}:{lab.account_id}:alias/aws/secretsmanager"
        self._lab = lab
        self._region = region

    @property
    def _client(self) -> Any:
        return self._lab.client("secretsmanager", region=self._region, by="rds")

    def create(self, instance_arn: str, username: str) -> str:
        """Make the secret and return the password in it."""
        password = new_password()
        answer = self._client.create_secret(
            Name=f"rds!db-{uuid.uuid4()}",
            Description=f"The secret associated with the primary RDS DB instance: {instance_arn}",
            SecretString=json.dumps({"username": username, "password": password}),
            Tags=[{"Key": "aws:rds:primaryDBInstanceArn", "Value": instance_arn}],
        )
        self.secret_arn = answer["ARN"]
        return password

    def rotate(self, username: str) -> str:
        """Put a new password into the secret and return it."""
        password = new_password()
        self._client.put_secret_value(
            SecretId=self.secret_arn, SecretString=json.dumps({"username": username, "password": password})
        )
        return password

    def exists(self) -> bool:
        try:
            self._client.describe_secret(SecretId=self.secret_arn)
        except ClientError:
            return False
        return True

    def delete(self) -> None:
        with suppress(ClientError):  # somebody may have deleted it
            self._client.delete_secret(SecretId=self.secret_arn, ForceDeleteWithoutRecovery=True)
