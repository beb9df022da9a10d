"""Who may connect: the cluster's users, and passwords that are for a while only."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from pathlib import Path
from typing import Any

from localaws.warehouse.errors import UNDEFINED_OBJECT, RedshiftError


def verifier_of(user: str, password: str) -> str:
    """What is kept of a password, and asked for: MD5 of it and the user's name (CREATE USER, "Usage notes")."""
    return hashlib.md5(f"{password}{user}".encode()).hexdigest()


class Users:
    """Kept in *file*: by name what is known of each. Temporary passwords are in memory only."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._lock = threading.Lock()
        self._users: dict[str, dict[str, Any]] = json.loads(file.read_text()) if file.exists() else {}
        self._temporary: dict[str, list[tuple[str, float]]] = {}

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

    def lend(self, name: str, password: str, seconds: float) -> None:
        """Let *name* come in with *password* for so many seconds of the machine's clock."""
        with self._lock:
            now = time.time()
            alive = [each for each in self._temporary.get(name, []) if each[1] > now]
            self._temporary[name] = [*alive, (verifier_of(name, password), now + seconds)]

    def verifiers(self, name: str) -> list[str]:
        """Of all passwords with which *name* may come in now."""
        with self._lock:
            now = time.time()
            own = self._users.get(name, {}).get("verifier")
            lent = [verifier for verifier, end in self._temporary.get(name, []) if end > now]
            return [*([own] if own and name in self._users else []), *lent]

    def _write(self) -> None:
        fresh = self._file.with_suffix(".new")
        fresh.touch(mode=0o600)
        fresh.write_text(json.dumps(self._users))
        fresh.replace(self._file)
