"""The lab's directory: made or recognised, never taken from somebody, and held by one process at a time."""

from __future__ import annotations

import fcntl
import json
import os
import time
from pathlib import Path
from typing import IO, Any

#: It says, in so many words: all in this directory is the lab's, and may be deleted with it.
MARKER = ".localaws"
LOCK = "lab.lock"

_MARKER_TEXT = "This directory is a lab's (python -m localaws). `dehelpers reset` deletes all that is in it.\n"
# What labs wrote before there was a marker.
_LAB_ENTRIES = frozenset(
    "athena aws calls.jsonl dms glue.sqlite glue.sqlite-shm glue.sqlite-wal keys.json kinesis lab.json lab.lock "
    "lambda ledger.jsonl logs objects port rds".split()
)


def claim(directory: Path) -> None:
    """Make *directory* the lab's, for its user alone.

    Only a new or empty directory is taken, or one that already is a lab's: somebody's files must neither be shut
    away (mode 0700) nor be deleted with the lab one day.

    Raises:
        FileExistsError: it holds something that no lab has made.
        OSError: it cannot be made or written to.
    """
    directory.mkdir(parents=True, exist_ok=True)
    if not _is_marked(directory):
        foreign = sorted(entry.name for entry in directory.iterdir())
        if foreign and _was_made_by_a_lab(directory):
            foreign = [name for name in foreign if name not in _LAB_ENTRIES]
        if foreign:
            raise FileExistsError(
                f"{directory} holds files that are not a lab's ({', '.join(foreign[:3])}). "
                "Name a new or an empty directory with --dir."
            )
        (directory / MARKER).write_text(_MARKER_TEXT)
    directory.chmod(0o700)


def hold(directory: Path) -> IO[str]:
    """Take the lab's lock for as long as the returned file is open; it names this process.

    The system frees it however the process ends, so it is never stale; children do not inherit it (POSIX locks).

    Raises:
        BlockingIOError: another process serves this directory.
    """
    lock = (directory / LOCK).open("a+")
    deadline = time.monotonic() + 1  # whoever only looks whether the lock is held has it for an instant
    while True:
        try:
            fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        except (BlockingIOError, PermissionError):  # POSIX allows either
            if time.monotonic() > deadline:
                lock.seek(0)
                holder = lock.read().strip()
                lock.close()
                raise BlockingIOError(
                    f"process {holder} already serves the lab in {directory}. Use that one, end it with "
                    "`dehelpers stop`, or name another directory with --dir."
                ) from None
            time.sleep(0.02)
    lock.truncate(0)
    lock.write(f"{os.getpid()}\n")
    lock.flush()
    return lock


def write_private(path: Path, content: dict[str, Any]) -> None:
    """Write JSON that only this user can read, whole or not at all."""
    write_secret(path, json.dumps(content, indent=2))


def write_secret(path: Path, content: str) -> None:
    """Write a text that only this user can read, whole or not at all."""
    temporary = path.with_suffix(".tmp")
    temporary.unlink(missing_ok=True)
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(content)
    temporary.replace(path)


def _is_marked(directory: Path) -> bool:
    """Whether the marker is a lab's: a file of that name alone may be anybody's."""
    marker = directory / MARKER
    try:
        return not marker.is_symlink() and marker.read_text() == _MARKER_TEXT
    except (OSError, ValueError):
        return False


def _was_made_by_a_lab(directory: Path) -> bool:
    """Whether the keys of a lab lie in *directory*, as every lab writes them at its first start."""
    try:
        keys: Any = json.loads((directory / "keys.json").read_text())
    except (OSError, ValueError):
        return False
    return isinstance(keys, dict) and keys.keys() == {"access_key_id", "secret_access_key"}
