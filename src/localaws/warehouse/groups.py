"""Groups and roles of a cluster: who is in them. A role may be granted to a role.

Source: Redshift database developer guide, "Groups", "Role-based access control (RBAC)".
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable
from pathlib import Path

from localaws.warehouse.errors import UNDEFINED_OBJECT, RedshiftError

_ALREADY = "42710"
#: Roles that every cluster has ("Amazon Redshift system-defined roles").
_SYSTEM_ROLES = ("sys:operator", "sys:dba", "sys:superuser", "sys:secadmin", "sys:monitor")


class Groups:
    """Kept in *file*: "group analysts" or "role etl" → its members, "user ana" or "role x"."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._lock = threading.Lock()
        kept = json.loads(file.read_text()) if file.exists() else {f"role {each}": [] for each in _SYSTEM_ROLES}
        self._members: dict[str, list[str]] = kept

    def named(self, kind: str) -> dict[str, list[str]]:
        """The groups, or the roles, and their members."""
        return {key.partition(" ")[2]: members for key, members in self._members.items() if key.startswith(f"{kind} ")}

    def create(self, kind: str, name: str) -> None:
        with self._lock:
            if f"{kind} {name}" in self._members:
                raise RedshiftError(_ALREADY, f'{kind} "{name}" already exists')
            self._members[f"{kind} {name}"] = []
            self._write()

    def drop(self, kind: str, name: str) -> None:
        with self._lock:
            self._known(kind, name)
            del self._members[f"{kind} {name}"]
            self._write()

    def rename(self, kind: str, name: str, new: str) -> None:
        with self._lock:
            members = self._known(kind, name)
            del self._members[f"{kind} {name}"]
            self._members[f"{kind} {new}"] = members
            self._write()

    def add(self, kind: str, name: str, member: str) -> None:
        with self._lock:
            members = self._known(kind, name)
            if member not in members:
                members.append(member)
            self._write()

    def remove(self, kind: str, name: str, member: str) -> None:
        with self._lock:
            members = self._known(kind, name)
            if member in members:
                members.remove(member)
            self._write()

    def check(self, kind: str, name: str) -> None:
        """Raises RedshiftError where there is none of that name."""
        self._known(kind, name)

    def forget(self, member: str) -> None:
        """Take *member*, which is no more, out of all of them."""
        with self._lock:
            for members in self._members.values():
                if member in members:
                    members.remove(member)
            self._write()

    def of(self, user: str, groups: Iterable[str] = ()) -> set[str]:
        """Whatever a grant may name to mean *user*: himself, everybody, his groups and roles, and their roles.

        *groups* are those in which he is for a session besides.
        """
        found = {"public", f"user {user}", *(f"group {each}" for each in groups)}
        while more := {key for key, members in self._members.items() if found & set(members)} - found:
            found |= more
        return found

    def _known(self, kind: str, name: str) -> list[str]:
        if f"{kind} {name}" not in self._members:
            raise RedshiftError(UNDEFINED_OBJECT, f'{kind} "{name}" does not exist')
        return self._members[f"{kind} {name}"]

    def _write(self) -> None:
        fresh = self._file.with_suffix(".new")
        fresh.write_text(json.dumps(self._members))
        fresh.replace(self._file)
