"""The secrets of connections: EventBridge makes and deletes them with the rights of who asks for the connection.

Source: "Connections for API destinations" (EventBridge user guide): to create one, a user needs
secretsmanager:CreateSecret on ``events!connection/…``.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from localaws.client import on_behalf_of
from localaws.gateway.errors import AwsError
from localaws.gateway.records import current_call
from localaws.lab import Lab


@dataclass(frozen=True)
class Secret:
    """What moto's connections want to know of their secret."""

    arn: str


@dataclass(frozen=True)
class ConnectionSecrets:
    """What moto's connections want of Secrets Manager's backend; each method raises AwsError if it is refused."""

    lab: Lab
    region: str

    def create_managed_secret(self, service_name: str, secret_id: str, secret_string: str, description: str) -> Secret:
        owner = {"Key": "aws:secretsmanager:owningService", "Value": service_name}
        with self._as_caller() as secrets:
            made = secrets.create_secret(
                Name=secret_id, SecretString=secret_string, Description=description, Tags=[owner]
            )
        return Secret(made["ARN"])

    def delete_secret(self, secret_id: str, **how: Any) -> None:
        with self._as_caller() as secrets:
            secrets.delete_secret(SecretId=secret_id, ForceDeleteWithoutRecovery=True)

    @contextmanager
    def _as_caller(self) -> Iterator[Any]:
        try:
            with on_behalf_of(current_call.get().credential, "events.amazonaws.com"):
                yield self.lab.client("secretsmanager", region=self.region)
        except ClientError as error:
            raise AwsError(error.response["Error"]["Code"], error.response["Error"]["Message"]) from None
