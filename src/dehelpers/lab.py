"""Start, find and stop the lab: one server process (`python -m localaws`) for one directory.

The process is recognised by its command line, never by its id alone: an id in a stale file may by now belong
to somebody else's program. Everything that changes a lab happens under a file lock, so that two notebooks
that start at the same instant end up with one lab.
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
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from dehelpers.processes import end
from dehelpers.project import lab_directory

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


class LabError(Exception):
    """Something about the lab's process; the message says what, and what to do."""


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

    @classmethod
    def read(cls, directory: Path) -> Lab | None:
        """The lab described in `directory`, running or not; None where there is no (whole) description."""
        try:
            facts: dict[str, Any] = json.loads((directory / "lab.json").read_text())
            return cls(directory, **{name: facts[name] for name in cls.__dataclass_fields__ if name != "directory"})
        except (OSError, ValueError, KeyError, TypeError):
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
    with _locked(home):
        lab = find(home)
        if lab:
            if port and lab.port != port:
                raise LabError(
                    f"the lab in {home} already runs on port {lab.port}. "
                    f"Use it as it is, or run `dehelpers stop` first and start it on {port} again."
                )
            return lab
        end(_processes(home))  # one that is there but does not answer is of no use
        (home / "lab.json").unlink(missing_ok=True)
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
    if lab and _is_server(lab.pid, home) and lab.answers():
        return lab
    return None


def stop(directory: str | Path | None = None) -> bool:
    """Stop the lab and everything it started. Its state stays. Returns whether anything was running."""
    home = lab_directory(directory)
    if not home.is_dir():
        return False
    with _locked(home):
        servers = _processes(home)
        end(servers)
        (home / "lab.json").unlink(missing_ok=True)
        return bool(servers)


def reset(directory: str | Path | None = None) -> bool:
    """Stop the lab and delete all it holds. Returns whether there was anything to delete.

    Raises:
        LabError: the directory holds something, but no lab: nothing is deleted.
    """
    home = lab_directory(directory)
    if not home.is_dir() or not any(home.iterdir()):
        return False
    if not (home / "lab.lock").exists():
        raise LabError(f"{home} does not look like a lab's directory, so nothing was deleted. Check --dir.")
    stop(home)
    shutil.rmtree(home)
    return True


def _log(home: Path) -> Path:
    return home / "logs" / "server.log"


def _log_says(home: Path) -> str:
    lines = _log(home).read_text(errors="replace").splitlines()[-15:]
    return "\n".join([f"Its log, {_log(home)}, ends:", *lines])


@contextlib.contextmanager
def _locked(home: Path) -> Iterator[None]:
    """Hold the lab's lock. The system frees it if the holder dies, so it can never be stale."""
    try:
        home.mkdir(parents=True, exist_ok=True)
        lock = (home / "lab.lock").open("w")
    except OSError as error:
        raise LabError(f"cannot write to {home}: {error.strerror}. Name another place with --dir.") from error
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _launch(home: Path, port: int) -> Lab:
    log = _log(home)
    log.parent.mkdir(exist_ok=True)
    with log.open("ab") as output:
        server = subprocess.Popen(
            [sys.executable, "-m", "localaws", "--dir", str(home), "--port", str(port)],
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
            raise LabError(f"the lab did not start (exit code {server.returncode}). {_log_says(home)}")
        time.sleep(0.02)
    end(_processes(home))
    raise LabError(f"the lab did not answer within {START_TIMEOUT:.0f} s. {_log_says(home)}")


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
        except OSError as error:
            raise LabError(
                f"port {port} cannot be used: {error.strerror}. "
                "Name another with --port, or leave --port out to take a free one."
            ) from error


def _is_server(pid: int, home: Path) -> bool:
    """Whether process `pid` is the server of the lab in `home`, judged by its command line."""
    try:
        process = psutil.Process(pid)
        command = process.cmdline()
        return "localaws" in command and str(home) in command and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def _processes(home: Path) -> list[psutil.Process]:
    """The servers of the lab in `home`, found even if `lab.json` is gone."""
    return [process for process in psutil.process_iter() if _is_server(process.pid, home)]
