"""Who a request can come from: the lab's own keys, IAM users' keys, and temporary ones from STS."""

from __future__ import annotations

import secrets
import string
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from localaws.clock import Clock

_KEY_ALPHABET = string.ascii_uppercase + "234567"
#: How the resource begins in a principal's ARN → the type of the identity.
_KINDS = {"user": "IAMUser", "assumed-role": "AssumedRole", "federated-user": "FederatedUser", "root": "Root"}


@dataclass(frozen=True)
class Credential:
    """A key pair and the principal it stands for.

    ``expires`` is None for long-term keys; temporary ones also carry a ``session_token``, and ``issuer``, the ARN of
    the role that they are of. A service's own principal is no ARN: "s3.amazonaws.com".
    """

    access_key_id: str
    secret_access_key: str
    principal: str
    account_id: str
    user_id: str
    session_token: str | None = None
    expires: datetime | None = None
    issuer: str = ""

    @cached_property
    def kind(self) -> str:
        """What CloudTrail calls the type of such an identity ("CloudTrail userIdentity element")."""
        if not self.principal.startswith("arn:"):
            return "AWSService"
        return _KINDS.get(self.principal.split(":", 5)[5].partition("/")[0], "Unknown")


class CredentialStore:
    """Key pairs by access key id; *find_iam_key* is asked for those that IAM keeps."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._credentials: dict[str, Credential] = {}
        self._of_services: dict[str, Credential] = {}
        self._lock = threading.Lock()
        self.find_iam_key: Callable[[str], Credential | None] = lambda access_key_id: None

    def add(self, credential: Credential) -> None:
        """Make *credential* valid for signing, and forget temporary ones that ended over an hour ago."""
        forget = self._clock.now() - timedelta(hours=1)
        with self._lock:
            for key, old in list(self._credentials.items()):
                if old.expires is not None and old.expires < forget:
                    del self._credentials[key]
            self._credentials[credential.access_key_id] = credential

    def find(self, access_key_id: str) -> Credential | None:
        """The credential with that id, expired or not; None if nobody was ever given it."""
        return self._credentials.get(access_key_id) or self.find_iam_key(access_key_id)

    def expired(self, credential: Credential) -> bool:
        """Whether temporary *credential* has ended on the lab's clock."""
        return credential.expires is not None and credential.expires <= self._clock.now()

    def of_service(self, principal: str, account_id: str) -> Credential:
        """Keys of the service *principal* ("s3.amazonaws.com"), for what it does by itself; nobody else gets them."""
        with self._lock:
            if principal not in self._of_services:
                made = Credential(
                    random_key_id("AKIA"), secrets.token_urlsafe(30), principal, account_id, user_id=principal
                )
                self._of_services[principal] = self._credentials[made.access_key_id] = made
            return self._of_services[principal]

    def mint(self, principal: str, account_id: str, user_id: str, seconds: int, issuer: str = "") -> Credential:
        """Make temporary credentials for *principal*, of the role *issuer*, valid for *seconds* on the lab's clock.

        Their ids begin with ASIA, as AWS's do (IAM user guide, "IAM identifiers").
        """
        credential = Credential(
            access_key_id=random_key_id("ASIA"),
            secret_access_key=secrets.token_urlsafe(30),
            principal=principal,
            account_id=account_id,
            user_id=user_id,
            session_token=secrets.token_urlsafe(120),
            expires=self._clock.now() + timedelta(seconds=seconds),
            issuer=issuer,
        )
        self.add(credential)
        return credential


def random_key_id(prefix: str) -> str:
    """A 20-character AWS identifier: a four-letter prefix (AKIA, ASIA, AROA, …) and 16 random characters."""
    return prefix + "".join(secrets.choice(_KEY_ALPHABET) for _ in range(16))
