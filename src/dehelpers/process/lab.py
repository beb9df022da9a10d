"""Start, find and stop the lab: one server process (`python -m localaws`) for one directory.

The process is the one that holds the lab's lock, never whom an id in a stale file names: that may by now be somebody
else's program. Whose the directory is, the server decides: it alone writes the marker, and without the marker nothing
here writes into a directory or deletes it. Everything that changes a lab happens under a lock on the directory itself,
so that two notebooks that start at the same instant end up with one lab.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import IO, Any

import psutil

from dehelpers.errors import LabError
from dehelpers.process.processes import end
from dehelpers.process.project import lab_directory

MARKER = ".localaws"  # in every lab's directory, and in no other
MARKER_BEGINS = b"This directory is a lab's (python -m localaws)."
START_TIMEOUT = 60.0  # seconds; it takes about one, but a laptop may be waking up

# What the server inherits. Everything else, the reader's own AWS keys above all, stays outside.
INHERITED = (
    "PATH",
    "HOME",
    "USER",
    "LANG",
    "LC_ALL",
    "TZ",
    "TMPDIR",
    "LD_LIBRARY_PATH",
    "JAVA_HOME",
    "PG_BIN",
)


@dataclass(frozen=True)
class Lab:
    """A running lab, as described by the `lab.json` that the server writes once it answers."""

    directory: Path
    endpoint: str
    pid: int
    port: int
    account_id: str
    region: str
    access_key_id: str
    secret_access_key: str
    lab_id: str
    started: str
    # of a lab that an earlier version has started these are not known
    https_endpoint: str = ""
    ca_bundle: str = ""
    root_access_key_id: str = ""
    root_secret_access_key: str = ""

    @classmethod
    def read(cls, directory: Path) -> Lab | None:
        """The lab described in `directory`, running or not; None where there is no (whole) description."""
        try:
            facts: dict[str, Any] = dict(json.loads((directory / "lab.json").read_text()))
            known = {each.name for each in fields(cls)} - {"directory"}
            return cls(directory, **{name: facts[name] for name in known & facts.keys()})
        except (OSError, ValueError, TypeError):
            return None

    def answers(self) -> bool:
        """Whether something accepts connections on the lab's port."""
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=5):
            return True
        return False


def start(directory: str | Path | None = None, port: int = 0) -> Lab:
    """Start the lab, or attach to the one that already runs there.

    Parameters:
        directory: where the lab keeps its state; default: see `lab_directory`.
        port: the port to listen on; 0 takes any free one.

    Raises:
        LabError: the port is taken, the lab runs on another one, or the server does not come up.
    """
    home = lab_directory(directory)
    try:
        home.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise LabError(f"cannot write to {home}: {error.strerror}. Name another place with --dir.") from error
    with _locked(home):
        lab = find(home)
        if lab:
            if port and lab.port != port:
                raise LabError(
                    f"the lab in {home} already runs on port {lab.port}. "
                    f"Use it as it is, or run `dehelpers stop` first and start it on {port} again."
                )
            return lab
        end(_server(home))  # one that is there but does not answer is of no use
        if port:
            _check_free(port)
        # The port it had before, if it is still free: shells and notebooks that were set up then keep working.
        lab = _launch(home, port or _last_port(home))
        (home / "port").write_text(str(lab.port))
        return lab


def find(directory: str | Path | None = None) -> Lab | None:
    """The lab that runs in `directory` and answers, or None. A stale `lab.json` is not believed."""
    home = lab_directory(directory)
    lab = Lab.read(home)
    if lab and [process.pid for process in _server(home)] == [lab.pid] and lab.answers():
        return lab
    return None


def stop(directory: str | Path | None = None) -> bool:
    """Stop the lab and everything it started. Its state stays. Returns whether anything was running."""
    home = lab_directory(directory)
    if not _is_lab(home):
        return False
    with _locked(home):
        return _stop(home)


def reset(directory: str | Path | None = None) -> bool:
    """Stop the lab and delete all it holds. Returns whether there was anything to delete.

    Raises:
        LabError: the directory holds something, but no lab: nothing is deleted.
    """
    home = lab_directory(directory)
    if not home.is_dir() or not any(home.iterdir()):
        return False
    if not _is_lab(home):
        raise LabError(
            f"{home} does not look like a lab's directory (it has no file {MARKER} that a lab has written), so nothing "
            "was deleted. Check --dir. A lab of an earlier version gets the file when it is started again."
        )
    with _locked(home):
        _stop(home)
        for entry in home.iterdir():
            if entry.name != MARKER:  # the last to go: what is left of an interrupted reset can be reset again
                shutil.rmtree(entry) if entry.is_dir() and not entry.is_symlink() else entry.unlink()
        shutil.rmtree(home)
    return True


def _is_lab(home: Path) -> bool:
    """Whether the server has marked *home*: by a file of its own with its own words, not by any file of that name."""
    marker = home / MARKER
    try:
        return not marker.is_symlink() and marker.read_bytes().startswith(MARKER_BEGINS)
    except OSError:
        return False


def _stop(home: Path) -> bool:
    servers = _server(home)
    end(servers)
    (home / "lab.json").unlink(missing_ok=True)
    return bool(servers)


def _log(home: Path) -> Path:
    return home / "logs" / "server.log"


def _said(home: Path, output: IO[bytes]) -> str:
    """What a server that did not start printed, before it had the directory and after."""
    output.seek(0)
    lines = output.read().decode(errors="replace").splitlines()
    if _is_lab(home) and _log(home).exists():
        lines += [f"Its log, {_log(home)}, ends:", *_log(home).read_text(errors="replace").splitlines()[-15:]]
    return "\n".join(lines)


@contextlib.contextmanager
def _locked(home: Path) -> Iterator[None]:
    """Hold a lock on the directory *home*, which takes no file. The system frees it if the holder dies."""
    try:
        place = os.open(home, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise LabError(f"cannot open {home}: {error.strerror}. Name another place with --dir.") from error
    try:
        # Network file systems lock no directories. The server's own lock still keeps a second one out.
        with contextlib.suppress(OSError):
            fcntl.flock(place, fcntl.LOCK_EX)
        yield
    finally:
        os.close(place)


def _launch(home: Path, port: int) -> Lab:
    command = [sys.executable, "-m", "localaws", "--dir", str(home), "--port", str(port), "--output-to-log"]
    with tempfile.TemporaryFile() as output:
        server = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=home,
            env={name: os.environ[name] for name in INHERITED if name in os.environ},
            start_new_session=True,  # Ctrl-C in a notebook or a terminal is not for the lab
        )
        # Somebody has to collect the exit status, or a stopped server stays behind as a zombie of this process.
        threading.Thread(target=server.wait, name="lab-reaper", daemon=True).start()
        deadline = time.monotonic() + START_TIMEOUT
        while time.monotonic() < deadline:
            lab = Lab.read(home)
            if lab and lab.pid == server.pid and lab.answers():
                return lab
            if server.poll() is not None:
                raise LabError(f"the lab did not start (exit code {server.returncode}). {_said(home, output)}")
            time.sleep(0.02)
        end([psutil.Process(server.pid)])
        raise LabError(f"the lab did not answer within {START_TIMEOUT:.0f} s. {_said(home, output)}")


def free_port() -> int:
    """A port on 127.0.0.1 that nobody uses at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _last_port(home: Path) -> int:
    try:
        port = int((home / "port").read_text())
        _check_free(port)
        return port
    except (OSError, ValueError, LabError):
        return 0


def _check_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except (OSError, OverflowError) as error:
            raise LabError(
                f"port {port} cannot be used: {getattr(error, 'strerror', error)}. "
                "Name another with --port, or leave --port out to take a free one."
            ) from error


def _server(home: Path) -> list[psutil.Process]:
    """The process that serves the lab in `home`, found even if `lab.json` is gone: it holds the lock, and wrote it."""
    with contextlib.suppress(OSError, ValueError, psutil.Error), (home / "lab.lock").open() as lock:
        try:
            fcntl.lockf(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return [psutil.Process(int(lock.read()))]
    return []
