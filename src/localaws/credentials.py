"""Who a request can come from: the lab's own keys, IAM users' keys, and temporary ones from STS."""

from __future__ import annotations

import json
import logging
import secrets
import string
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

from localaws.clock import Clock
from localaws.policies.principals import Principal
from localaws.state.append_log import AppendLog

log = logging.getLogger(__name__)

_KEY_ALPHABET = string.ascii_uppercase + "234567"
#: How the resource begins in a principal's ARN → the type of the identity.
_KINDS = {"user": "IAMUser", "assumed-role": "AssumedRole", "federated-user": "FederatedUser", "root": "Root"}


@dataclass(frozen=True)
class Credential:
    """A key pair and the principal it stands for.

    ``expires`` is None for long-term keys; temporary ones also carry a ``session_token``, ``issuer``, the ARN of the
    role or the user that they are of, and when they were ``created``. A service's own principal is no ARN:
    "s3.amazonaws.com".

    Of a session ``policies`` are the documents of the policies that limit it, ``tags`` its tags, by name and value,
    ``transitive`` the names of those that the next role of a chain has too, and ``source_identity`` who took the role,
    as he said. ``mfa`` is when he proved himself by a second factor, "" if he did not.
    """

    access_key_id: str
    secret_access_key: str
    principal: str
    account_id: str
    user_id: str
    session_token: str | None = None
    expires: datetime | None = None
    issuer: str = ""
    created: str = ""
    policies: tuple[str, ...] = ()
    tags: tuple[tuple[str, str], ...] = ()
    source_identity: str = ""
    transitive: tuple[str, ...] = ()
    mfa: str = ""

    @cached_property
    def kind(self) -> str:
        """What CloudTrail calls the type of such an identity ("CloudTrail userIdentity element")."""
        if not self.principal.startswith("arn:"):
            return "AWSService"
        return _KINDS.get(self.principal.split(":", 5)[5].partition("/")[0], "Unknown")

    @cached_property
    def as_principal(self) -> Principal:
        """Who it stands for, as policies name him."""
        return Principal(self.principal, self.account_id, self.user_id, self.issuer)


class CredentialStore:
    """Key pairs by access key id; *find_iam_key* is asked for those that IAM keeps, *find_role_id* for a role's id.

    Temporary ones that somebody was given are in the file *path*: whoever has some goes on after a restart.
    """

    def __init__(self, clock: Clock, path: Path) -> None:
        self._clock = clock
        self._credentials: dict[str, Credential] = {}
        self._of_services: dict[str, Credential] = {}
        self._lock = threading.Lock()
        self.find_iam_key: Callable[[str], Credential | None] = lambda access_key_id: None
        self.find_role_id: Callable[[str], str | None] = lambda role_arn: None
        self._given = AppendLog(path)
        self._read()

    def _read(self) -> None:
        given = list(map(_from_json, self._given.replay()))
        alive = [credential for credential in given if not self._is_forgotten(credential)]
        self._credentials.update({credential.access_key_id: credential for credential in alive})
        if len(alive) < len(given):
            self._given.rewrite(map(_as_json, alive))

    def add(self, credential: Credential) -> None:
        """Make *credential* valid for signing, and forget temporary ones that ended over an hour ago."""
        with self._lock:
            for key, old in list(self._credentials.items()):
                if self._is_forgotten(old):
                    del self._credentials[key]
            self._credentials[credential.access_key_id] = credential

    def _is_forgotten(self, credential: Credential) -> bool:
        return credential.expires is not None and credential.expires < self._clock.now() - timedelta(hours=1)

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

    def give(self, principal: str, account_id: str, user_id: str, seconds: int, **session: Any) -> Credential:
        """`mint` for somebody outside of this process, who may outlive it.

        What the disk does not take is good until this process ends: who reads by a role needs no room on the disk.
        """
        credential = self.mint(principal, account_id, user_id, seconds, **session)
        try:
            self._given.append(_as_json(credential))
        except OSError as error:
            log.warning("the keys of %s end with this lab, for they cannot be kept: %s", principal, error)
        return credential

    def mint(self, principal: str, account_id: str, user_id: str, seconds: int, **session: Any) -> Credential:
        """Make temporary credentials for *principal*, valid for *seconds* on the lab's clock.

        *session* is what a credential says of one: its ``issuer``, ``policies``, ``tags``, ``source_identity``. Their
        ids begin with ASIA, as AWS's do (IAM user guide, "IAM identifiers").
        """
        credential = Credential(
            access_key_id=random_key_id("ASIA"),
            secret_access_key=secrets.token_urlsafe(30),
            principal=principal,
            account_id=account_id,
            user_id=user_id,
            session_token=secrets.token_urlsafe(120),
            expires=self._clock.now() + timedelta(seconds=seconds),
            created=self._clock.now().isoformat(timespec="seconds"),
            **session,
        )
        self.add(credential)
        return credential


def _as_json(credential: Credential) -> bytes:
    return json.dumps(asdict(credential), default=datetime.isoformat).encode()


def _from_json(record: bytes) -> Credential:
    members = json.loads(record)
    members["expires"] = datetime.fromisoformat(members["expires"])
    members["policies"] = tuple(members.get("policies", ()))
    members["tags"] = tuple((name, value) for name, value in members.get("tags", ()))
    members["transitive"] = tuple(members.get("transitive", ()))
    return Credential(**members)


def random_key_id(prefix: str) -> str:
    """A 20-character AWS identifier: a four-letter prefix (AKIA, ASIA, AROA, …) and 16 random characters."""
    return prefix + "".join(secrets.choice(_KEY_ALPHABET) for _ in range(16))
