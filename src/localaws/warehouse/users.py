"""Who may connect: the cluster's users, and passwords that are for a while only."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from localaws.warehouse.errors import UNDEFINED_OBJECT, RedshiftError


def verifier_of(user: str, password: str) -> str:
    """What is kept of a password, and asked for: MD5 of it and the user's name (CREATE USER, "Usage notes")."""
    return hashlib.md5(f"{password}{user}".encode()).hexdigest()


@dataclass(frozen=True)
class Loan:
    """A password for a while, with which *user* may come in: into *database* only, unless that is "".

    Source: Redshift management guide, "Generating database credentials for an IAM identity using the Amazon Redshift
    CLI or API".

    Attributes:
        verifier: of the password and the name that is to be given with it, which may differ from the user's.
        end: when it ends, in seconds of the machine's clock.
        groups: in which the user is as well, in sessions that begin with it.
        creates: whether a user that is not there is made as he comes.
    """

    verifier: str
    user: str
    database: str
    groups: tuple[str, ...]
    creates: bool
    end: float


class Users:
    """Kept in *file*: by name what is known of each. Temporary passwords are in memory only."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._lock = threading.Lock()
        self._users: dict[str, dict[str, Any]] = json.loads(file.read_text()) if file.exists() else {}
        self._loans: dict[str, list[Loan]] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._users

    def __iter__(self) -> Any:
        return iter(sorted(self._users))

    def get(self, name: str) -> dict[str, Any]:
        """Raises RedshiftError for nobody."""
        if name not in self._users:
            raise RedshiftError(UNDEFINED_OBJECT, f'user "{name}" does not exist')
        return self._users[name]

    def put(self, name: str, password: str | None = None, **more: Any) -> None:
        """Make or change a user; *password* None leaves him the one that he has, or none."""
        with self._lock:
            user = {**self._users.get(name, {"id": 100 + len(self._users), "superuser": False}), **more}
            if password is not None:
                user["verifier"] = verifier_of(name, password)
            self._users[name] = user
            self._write()

    def drop(self, name: str) -> None:
        with self._lock:
            self.get(name)
            del self._users[name]
            self._write()

    def lend(
        self, name: str, password: str, seconds: float, user: str, database: str, groups: list[str], creates: bool
    ) -> None:
        """Let *user* come in as *name* with *password* for so many seconds of the machine's clock (see `Loan`)."""
        with self._lock:
            now = time.time()
            alive = [each for each in self._loans.get(name, []) if each.end > now]
            loan = Loan(verifier_of(name, password), user, database, tuple(groups), creates, now + seconds)
            self._loans[name] = [*alive, loan]

    def take_back(self, name: str, password: str) -> None:
        """End a loan before its time."""
        with self._lock:
            verifier = verifier_of(name, password)
            self._loans[name] = [each for each in self._loans.get(name, []) if each.verifier != verifier]

    def loans(self, name: str, database: str) -> list[Loan]:
        """With which somebody may come into *database* as *name* now."""
        with self._lock:
            now = time.time()
            return [
                each
                for each in self._loans.get(name, [])
                if each.end > now and each.database in ("", database) and (each.creates or each.user in self._users)
            ]

    def verifiers(self, name: str, database: str) -> list[str]:
        """Of all passwords with which somebody may come into *database* as *name* now."""
        own = self._users.get(name, {}).get("verifier")
        return [*([own] if own else []), *(each.verifier for each in self.loans(name, database))]

    def let_in(self, name: str, database: str, verifier: str) -> tuple[str, tuple[str, ...]]:
        """Who it is that has proved himself as *name* by *verifier*, and the groups of a loan."""
        for loan in self.loans(name, database):
            if loan.verifier == verifier:
                if loan.user not in self:
                    self.put(loan.user)
                return loan.user, loan.groups
        return name, ()

    def _write(self) -> None:
        fresh = self._file.with_suffix(".new")
        fresh.touch(mode=0o600)
        fresh.write_text(json.dumps(self._users))
        fresh.replace(self._file)
