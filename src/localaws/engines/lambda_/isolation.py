"""How far this system lets an execution environment be shut in: found out once, then asked for each environment.

Three levels, of which `trial` takes the strongest that works:

    namespaces   (Linux 5.12 or later, as root or where a user may make user namespaces) a root directory, processes
                 and a /tmp of its own; as root also a user of its own
    own user     (root without the right to mount) the file permissions keep the lab's files from it
    none         (macOS; Linux where both are forbidden) only what `processes` watches is held
"""

from __future__ import annotations

import itertools
import random
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import psutil

LAUNCHER = Path(__file__).with_name("launcher.py")
#: Users that systemd gives to services for as long as they run: nobody else owns files as one of them.
USERS = range(61184, 65520)
#: Processes and threads of one environment (Lambda quotas, "Execution processes/threads").
PROCESSES = 1024
#: What programs need of the system; Python's own directories come besides.
_SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/etc", "/nix/store")


@dataclass(frozen=True)
class Isolation:
    """What of an environment can be shut in; *hidden* is the lab's directory."""

    namespaces: bool
    own_user: bool
    hidden: Path

    @property
    def not_held(self) -> list[str]:
        """What a function's code could do here that it cannot on AWS, each as a sentence's end."""
        held = [
            "connect to what listens on this machine: ports of its loopback, and abstract sockets before Linux 6.12"
        ]
        if self.namespaces:
            return held
        held += ["fill more of the disk than its EphemeralStorage with several files"]
        if not self.own_user:
            held += [
                "read and write the files of the user who started the lab; end that user's processes before Linux 6.12",
                "let processes run between its calls and after its end, if they hide whose they are",
            ]
        return held

    def __str__(self) -> str:
        where = "in namespaces" if self.namespaces else "without namespaces"
        return f"{where}, as {'users of their own' if self.own_user else 'the user who started the lab'}"

    @property
    def counts_processes(self) -> bool:
        """Whether the kernel counts an environment's processes apart from all others."""
        return self.namespaces or self.own_user

    def paths(self, code: Path, layers: Path | None) -> tuple[str, str | None]:
        """Where the handler finds its code and its layers."""
        if self.namespaces:
            return "/var/task", "/opt" if layers else None
        return str(code), str(layers) if layers else None

    def place(self, directory: Path) -> Path:
        """Where code and temporary files lie: *directory*, or where another user may go if that is needed."""
        if self.namespaces or not self.own_user:
            return directory
        place = Path(mkdtemp(prefix="localaws-lambda-"))
        place.chmod(0o711)
        return place

    def settings(
        self, code: Path, layers: Path | None, storage_mb: int, user: int | None, root: Path
    ) -> dict[str, Any]:
        """What `launcher` is told; *root* is an empty directory where it can put a root directory together."""
        binds = {str(path): str(path) for path in self._visible}
        binds["/var/task"] = str(code)
        binds |= {f"/opt/{entry.name}": str(entry) for entry in layers.iterdir()} if layers else {}
        return {
            "namespaces": self.namespaces,
            "user": user,
            "root": str(root),
            "code": "/var/task",
            "storage_bytes": storage_mb << 20,
            "links": {name: str(Path(name).readlink()) for name in _SYSTEM if Path(name).is_symlink()},
            "binds": binds,
            "hidden": [str(self.hidden)],
        }

    @cached_property
    def _visible(self) -> list[Path]:
        """The directories of the system's programs and of this Python, none within another."""
        python = Path(sys.executable)
        places = {path for path in map(Path, _SYSTEM) if path.is_dir() and not path.is_symlink()}
        for prefix in (sys.prefix, sys.base_prefix, sys.exec_prefix, python.parent.parent, python.resolve().parents[1]):
            places |= {Path(prefix), Path(prefix).resolve()}
        resolver = Path("/etc/resolv.conf").resolve()  # often a link to what a service keeps up to date in /run
        places |= {resolver} if resolver.exists() else set()
        return sorted(place for place in places if not any(place.is_relative_to(o) for o in places - {place}))

    def user(self) -> int | None:
        """A user for a new environment who owns nothing and runs nothing; None if it must be the lab's own."""
        if not self.own_user:
            return None
        if self.namespaces:
            return next(_users)
        taken = {uids.real for uids in (process.info["uids"] for process in psutil.process_iter(["uids"])) if uids}
        return next(user for user in _users if user not in taken)


_users = itertools.chain(range(random.choice(USERS), USERS.stop), itertools.cycle(USERS))
