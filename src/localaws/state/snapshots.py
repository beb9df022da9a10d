"""The settings of all services, in one file: each service's backends whole, again when something has changed.

Data that services acknowledge record by record has logs of its own (localaws.state.append_log).
"""

from __future__ import annotations

import hashlib
import logging
import sqlite3
import threading
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from functools import cache
from importlib.metadata import version
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from localaws.engines import engines, reached_by
from localaws.gateway.reference import is_read
from localaws.state.aside import set_aside
from localaws.state.gates import Gate

if TYPE_CHECKING:
    from localaws.lab import Lab

log = logging.getLogger(__name__)

#: To be raised when what is kept can no longer be read by what reads it.
FORMAT = "1"
FILE = "state.sqlite"
_YOUNGEST = 0.4  # seconds after a change until it is kept
_TRIES = 10  # to find a service that holds still, each of a tenth of a second

_TABLES = """
CREATE TABLE IF NOT EXISTS version (made_by TEXT);
CREATE TABLE IF NOT EXISTS backend (
    service TEXT, account TEXT, region TEXT, content BLOB, PRIMARY KEY (service, account, region)
);
"""


class Snapshots:
    """What services hold, by service (moto's name), account and region; of those whose engines do not keep it alone.

    A change is kept within a second, and what one call has done whole or not at all.
    """

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._gates: defaultdict[str, Gate] = defaultdict(Gate)
        self._changed: set[str] = set()
        #: By service: a number that is another one after each change.
        self.generations: defaultdict[str, int] = defaultdict(int)
        self._numbers = count(1)
        self._being_kept: set[str] = set()
        self._something = threading.Condition()
        self._writing = threading.Lock()
        self._last: dict[tuple[str, str, str], bytes] = {}  # digests of what the file holds
        self._refused: dict[str, str] = {}
        self._restored: set[str] = set()
        self._told = ""
        self._file = _open_readable(lab.directory)

    def while_done(self, service: str, operation: str) -> AbstractContextManager[None]:
        """`changing` for a call of *operation*, if that is one that changes what is kept here."""
        return self.changing(service) if _changes(service, operation) else nullcontext()

    @contextmanager
    def changing(self, service: str) -> Iterator[None]:
        """The body changes *service* (moto's name), and what moto changes with it.

        No snapshot of them is taken in its midst, and one soon after it.
        """
        try:
            with ExitStack() as gates:
                for each in _held_still_with(service):
                    gates.enter_context(self._gates[each].changing())
                yield
        finally:
            self.changed(service)

    def changed(self, service: str) -> None:
        """*service* holds something new, and so may what moto changes with it."""
        marked = _changed_with(service)
        for each in marked:
            self.generations[each] = next(self._numbers)
        if not marked <= self._changed:
            with self._something:
                self._changed |= marked
                self._something.notify()

    def kept(self) -> frozenset[str]:
        """The services of which there is a snapshot."""
        with self._writing:
            return frozenset(row[0] for row in self._file.execute("SELECT DISTINCT service FROM backend"))

    def restore(self, service: str) -> None:
        """Give the backends of *service*, whose engine has just been installed, what they held.

        All are there before the first is filled, for they may refer to each other. Raises `UnavailableError` where
        another service that they refer to cannot be had now; the next call tries again.
        """
        from localaws.state.pickling import UnavailableError, fill, load
        from localaws.state.places import backends_of

        with self._writing:
            select = "SELECT account, region, content FROM backend WHERE service = ?"
            rows = self._file.execute(select, (service,)).fetchall()
        by_account = backends_of(service) if rows else None
        if by_account is not None:
            empty = [by_account[account][region] for account, region, _ in rows]
            try:
                for backend, (_, _, content) in zip(empty, rows, strict=True):
                    fill(backend, load(content, self._lab))
            except UnavailableError:
                raise
            except Exception as error:
                log.exception("the snapshot of %s cannot be read", service)
                self._set_aside(service, rows, error)
                for backend in empty:
                    backend.reset()
        self._restored.add(service)

    def _set_aside(self, service: str, rows: list[tuple[str, str, bytes]], error: Exception) -> None:
        engine = engines().get(service)
        why = f"What the lab kept of {service} cannot be read ({type(error).__name__}: {error})."
        folder = set_aside(self._lab.directory, engine.data if engine else (), why)
        for account, region, content in rows:
            (folder / f"{service}-{account}-{region}.pickle").write_bytes(content)
        with self._writing, self._file:
            self._file.execute("DELETE FROM backend WHERE service = ?", (service,))

    def start(self) -> None:
        """Keep what changes from now on."""
        self._lab.spawn("snapshots", self._keep)

    def _keep(self) -> None:
        while not self._lab.stopping.is_set():
            with self._something:
                self._something.wait_for(lambda: self._changed, 1)
            if self._changed:
                self._lab.stopping.wait(_YOUNGEST)
            self.save()  # also when the lab is told to stop, for it may not wait for all that has to end

    def settle(self, service: str) -> None:
        """Return when the changes of *service* so far are kept: before data is acknowledged that belongs to them.

        So a stream and its records are there after a kill, or neither. What cannot be kept now, for the disk is full
        or it does not hold still, is not waited for longer than a second.
        """
        for _ in range(_TRIES):
            if service not in self._changed and service not in self._being_kept:
                return
            self.save(service)

    def save(self, only: str = "") -> None:
        """Write what has changed, of all services or *only* of one. What is being changed waits for the next time."""
        with self._writing:
            with self._something:
                services = self._being_kept = self._changed & {only} if only else self._changed
                self._changed = self._changed - services
            rows: list[tuple[str, str, str, bytes]] = []
            for service in sorted(services):
                taken = self._take(service)
                if taken is None:
                    with self._something:
                        self._changed.add(service)
                else:
                    rows += [row for row in taken if self._last.get(row[:3]) != _digest(row[3])]
            try:
                with self._file:
                    self._file.executemany("REPLACE INTO backend VALUES (?, ?, ?, ?)", rows)
            except sqlite3.Error as error:
                if self._told != str(error):  # not twice a second
                    log.error("settings of %s cannot be kept: %s", ", ".join(sorted(services)), error)
                self._told = str(error)
                with self._something:
                    self._changed |= services
                return
            finally:
                self._being_kept = set()
            self._told = ""
            self._last.update({row[:3]: _digest(row[3]) for row in rows})

    def _take(self, service: str) -> list[tuple[str, str, str, bytes]] | None:
        """Its backends now; None while it does not hold still."""
        from localaws.state.pickling import dump
        from localaws.state.places import backends_of

        by_account = backends_of(service) if service in self._restored and not _is_own(service) else None
        if by_account is None:
            return []
        with self._gates[service].quiet() as quiet:
            if not quiet:
                return None
            try:
                return [
                    (service, account, region, dump(backend))
                    for account, region, backend in list(by_account.iter_backends())
                ]
            except Exception as error:
                if type(error) is RuntimeError:  # a read has changed what was being gone through
                    log.info("no snapshot of %s yet: %s", service, error)
                    return None
                if self._refused.get(service) != str(error):
                    log.exception("%s is not kept: it holds what no snapshot can", service)
                self._refused[service] = str(error)
                return []

    def close(self) -> None:
        """Write what is left to be written, and close the file."""
        self.save()
        with self._writing:
            self._file.close()


def _open_readable(directory: Path) -> sqlite3.Connection:
    """The file in *directory*; what another version has written there, or is damaged, is put aside before."""
    made_by = f"{FORMAT}, moto {version('moto')}"
    try:
        file = _open(directory / FILE)
        found = [row[0] for row in file.execute("SELECT made_by FROM version")]
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode & 0xFF not in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            raise
        why = f"The file in which the lab keeps its services' settings is damaged ({error})."
    else:
        if found == [made_by]:
            return file
        if not found:
            with file:
                file.execute("INSERT INTO version VALUES (?)", (made_by,))
            return file
        file.close()
        why = f"What the lab kept was written by another version ({found[0]}); this one ({made_by}) cannot read it."
    data = [name for engine in engines().values() for name in engine.data]
    set_aside(directory, [FILE, f"{FILE}-wal", f"{FILE}-shm", *data], why)
    return _open_readable(directory)


def _open(path: Path) -> sqlite3.Connection:
    path.touch(mode=0o600)
    file = sqlite3.connect(path, check_same_thread=False)
    # The end of this process, however it comes, loses nothing of what the system has; no write waits for the disk.
    file.execute("PRAGMA journal_mode = WAL")
    file.execute("PRAGMA synchronous = OFF")
    file.executescript(_TABLES)
    return file


@cache
def _changed_with(service: str) -> frozenset[str]:
    return frozenset({service}) | reached_by(service)


@cache
def _held_still_with(service: str) -> Sequence[str]:
    """Of which services a snapshot waits for a change of *service*.

    A stack takes long, and makes its resources by calls of their own, which pass the gates of their services.
    """
    return (service,) if service == "cloudformation" else tuple(sorted(_changed_with(service)))


@cache
def _changes(service: str, operation: str) -> bool:
    engine = engines().get(service)
    unkept = engine.unkept if engine else frozenset()
    return not (is_read(operation) or _is_own(service) or unkept & {operation, "*"})


def _is_own(service: str) -> bool:
    engine = engines().get(service)
    return engine is not None and engine.state == "own"


def _digest(content: bytes) -> bytes:
    return hashlib.blake2b(content, digest_size=16).digest()
