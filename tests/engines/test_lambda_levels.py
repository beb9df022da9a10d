"""What of a function is held on systems that give less, and that the lab says what is not.

Labs are started as on such systems (started_as.py), where the kernel itself refuses; a lab finds its level out by
trial. AWS's bounds as in test_lambda_isolation.py, which has what holds where root may make namespaces.
"""

from __future__ import annotations

import errno
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp

import pytest

from tests.conftest import RunningLab, eventually
from tests.engines.lambda_tools import create, environments, invoke
from tests.engines.started_as import UNABLE, USER
from tests.engines.test_lambda_isolation import relay

STARTED_AS = Path(__file__).with_name("started_as.py")
LISTENERS = "connect to what listens on this machine: ports of its loopback, and abstract sockets before Linux 6.12"
DISK = "fill more of the disk than its EphemeralStorage with several files"
FILES = "read and write the files of the user who started the lab; end that user's processes before Linux 6.12"
STRAYS = "let processes run between its calls and after its end, if they hide whose they are"


@dataclass(frozen=True)
class Level:
    name: str
    lab: RunningLab
    shut_in: bool
    not_held: tuple[str, ...]


def _as(level: str) -> list[str]:
    return [sys.executable, str(STARTED_AS), level]


def _namespaces_of_users() -> bool:
    """Whether this machine gives ordinary users namespaces, as its own program says."""
    program = [sys.executable, str(STARTED_AS), "user", shutil.which("unshare") or "", "--user", "--pid", "--mount"]
    return subprocess.run([*program, "--fork", "true"], capture_output=True).returncode == 0


@pytest.fixture(scope="module", params=["container", "user", "no-namespaces"])
def level(request: pytest.FixtureRequest) -> Iterator[Level]:
    name, root = request.param, os.getuid() == 0
    if sys.platform != "linux":
        pytest.skip("these are levels of Linux; test_lambda_elsewhere.py has macOS")
    if name == "container" and not root:
        pytest.skip("only root can be a container's root")
    tried = subprocess.run([*_as(name), "/bin/true"], capture_output=True, text=True)
    if tried.returncode == UNABLE:
        pytest.skip(f"this system does not let its namespaces be limited: {tried.stderr}")
    shut_in = name == "user" and _namespaces_of_users()
    more = () if shut_in else (DISK,) if name == "container" else (DISK, FILES, STRAYS)
    directory = Path(mkdtemp())
    if root and name != "container":
        os.chown(directory, USER, USER)
    lab = RunningLab(directory / "lab", wrapper=_as(name))
    yield Level(name, lab, shut_in, (LISTENERS, *more))
    lab.stop()
    shutil.rmtree(directory)


def test_the_lab_says_what_it_does_not_hold(level: Level) -> None:
    """In its log; and `dehelpers doctor` asks the same program."""
    level.lab.client("lambda").list_functions()
    said = [line.partition("a function can ")[2] for line in level.lab.log().splitlines()]
    assert [line.removesuffix(": run only code that you trust") for line in said if line] == list(level.not_held)
    command = [*_as(level.name), sys.executable, "-m", "localaws.engines.lambda_"]
    told = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (told.returncode, told.stdout.splitlines()) == (0, list(level.not_held))


def test_files_and_memory_lie_open_only_where_that_is_said(level: Level) -> None:
    code = """
        import os
        def handler(event, context):
            found = []
            for path, mode in event:
                try:
                    open(path, mode).close()
                    found.append(path)
                except OSError: pass
            full = 0
            try:
                for number in range(2):
                    with open(f"{os.environ['TMPDIR']}/{number}", "wb") as file:
                        os.posix_fallocate(file.fileno(), 0, 300 << 20)
                        full += 300
            except OSError: pass
            try: memory = os.memfd_create("x")
            except OSError: memory = None
            return found, full, memory, os.getuid()
        """
    create(level.lab, "opens", code, Timeout=20)
    keys, record = level.lab.directory / "keys.json", level.lab.directory / "calls.jsonl"
    paths = [(str(keys), "r"), (str(record), "a"), (f"/proc/{level.lab.pid}/mem", "r")]
    found, full, memory, user = invoke(level.lab, "opens", paths)[0]
    assert [path for path in found if "/proc/" not in path] == (
        [str(keys), str(record)] if FILES in level.not_held else []
    )
    assert full == (600 if DISK in level.not_held else 300)
    assert memory is None, "memory that belongs to no process counts nowhere"
    assert (user == (USER if os.getuid() == 0 else os.getuid())) == (level.name != "container")
    level.lab.client("lambda").delete_function(FunctionName="opens")


def test_processes_of_others_and_their_abstract_sockets_are_out_of_reach(level: Level) -> None:
    """Such sockets have no file that could be out of sight; a desktop's would show and steer everything."""
    if tuple(map(int, os.uname().release.split(".")[:2])) < (6, 12):
        pytest.skip("Linux before 6.12 does not hold these, as the lab says")
    code = """
        import os, socket
        def reached(pid):
            found = 0
            for reach in (lambda: os.kill(pid, 0)), (lambda: open(f"/proc/{pid}/environ").read()):
                try: reach(); found += 1
                except OSError: pass
            return found
        def handler(event, context):
            pid, address = event
            with socket.socket(socket.AF_UNIX) as own, socket.socket(socket.AF_UNIX) as client:
                own.bind("")
                own.listen()
                client.connect(own.getsockname())
            with socket.socket(socket.AF_UNIX) as made:
                return reached(pid), made.connect_ex(bytes.fromhex(address))
        """
    create(level.lab, "knocks", code)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("")
        listening.listen()
        event = level.lab.pid, listening.getsockname().hex()
        assert invoke(level.lab, "knocks", event)[0] == [0, errno.EPERM]


def test_detached_processes_end_with_the_function(level: Level) -> None:
    code = """
        import subprocess
        def handler(event, context):
            subprocess.run("sleep 600 & sleep 600 &", shell=True, start_new_session=True)
        """
    create(level.lab, "detaches", code)
    invoke(level.lab, "detaches")
    assert len(environments("detaches", level.lab)) >= 3
    level.lab.client("lambda").delete_function(FunctionName="detaches")
    eventually(lambda: not environments("detaches", level.lab), seconds=5)


def test_memory_of_detached_processes_counts(level: Level) -> None:
    code = """
        import subprocess, sys, time
        def handler(event, context):
            for _ in range(3):
                subprocess.Popen([sys.executable, "-c", "x = b'x' * 60_000_000; import time; time.sleep(60)"],
                                 start_new_session=True)
            time.sleep(20)
        """
    create(level.lab, "breeds-apart", code, Timeout=25)
    assert invoke(level.lab, "breeds-apart")[0]["errorType"] == "Runtime.OutOfMemory"


def test_processes_that_replace_themselves_end_with_the_function_and_with_the_lab(level: Level) -> None:
    for end in lambda: level.lab.client("lambda").delete_function(FunctionName="relays"), level.lab.stop:
        relay(level.lab, "relays")
        end()
        eventually(lambda: not environments("relays", level.lab), seconds=5)
