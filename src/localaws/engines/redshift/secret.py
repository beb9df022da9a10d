"""The admin user's password in Secrets Manager (management guide, "Managing Amazon Redshift admin passwords using AWS
Secrets Manager")."""

from __future__ import annotations

import json
import secrets
import string
from contextlib import suppress
from typing import Any

from botocore.exceptions import ClientError

from localaws.lab import Lab


class ManagedSecret:
    """The secret ``redshift!cluster-user`` of the cluster, or the namespace, that is called *owner*."""

    def __init__(self, lab: Lab, region: str, owner: str, user: str, by: str, kms_key: str = "") -> None:
        self._region, self._owner, self._user, self._by, self._kms_key = region, owner, user, by, kms_key
        self._lab: Lab = lab
        self.arn = ""

    @property
    def _client(self) -> Any:
        return self._lab.client("secretsmanager", region=self._region, by=self._by)

    def create(self, more: dict[str, Any]) -> str:
        """Make the secret; *more* is what it has beside the user and the password, which is returned."""
        password = new_password()
        answer = self._client.create_secret(
            Name=f"redshift!{self._owner}-{self._user}",
            Description=f"The admin password of {self._owner}, which Amazon Redshift manages",
            SecretString=json.dumps({"username": self._user, "password": password, **more}),
            **({"KmsKeyId": self._kms_key} if self._kms_key else {}),
        )
        self.arn = answer["ARN"]
        return password

    def delete(self) -> None:
        with suppress(ClientError):  # somebody may have deleted it
            self._client.delete_secret(SecretId=self.arn, ForceDeleteWithoutRecovery=True)


def new_password() -> str:
    """One that Redshift takes: a capital and a small letter, a number, and more."""
    some = [secrets.choice(each) for each in (string.ascii_uppercase, string.ascii_lowercase, string.digits)]
    return "".join([*some, *(secrets.choice(string.ascii_letters + string.digits + "!#$%&*+-=?_") for _ in range(29))])
