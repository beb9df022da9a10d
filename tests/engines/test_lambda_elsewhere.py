"""What holds of a function's processes where there is nothing of Linux's: they end, and their memory counts.

So it is on macOS. AWS's bounds as in test_lambda_isolation.py. Environments are made in this process, with a launcher
that takes the system for another one, and with psutil's way to a process's children.
"""

from __future__ import annotations

import textwrap
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from localaws.clock import Clock
from localaws.engines.lambda_.isolation import LAUNCHER, Isolation
from localaws.engines.lambda_.processes import kill_strays
from localaws.engines.lambda_.transcript import Transcript
from localaws.engines.lambda_.worker import Answer, Sandbox, Worker, WorkerLost
from tests.conftest import eventually
from tests.engines.lambda_tools import environments

CALL = {"request_id": "1", "arn": "", "client_context": None}
Maker = Callable[[str], Worker]


@pytest.fixture
def isolation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Isolation:
    launcher = tmp_path / "launcher.py"
    start = f"sys.path.insert(0, {str(LAUNCHER.parent)!r}); import launcher; sys.platform = 'darwin'; launcher.main()"
    launcher.write_text(f"import sys; {start}")
    monkeypatch.setattr("localaws.engines.lambda_.worker.LAUNCHER", launcher)
    monkeypatch.setattr("localaws.engines.lambda_.processes._LISTS_CHILDREN", False)
    monkeypatch.setattr("localaws.engines.lambda_.memory._LINUX", False)
    return Isolation(namespaces=False, own_user=False, hidden=tmp_path)


@pytest.fixture
def make(isolation: Isolation, tmp_path: Path) -> Iterator[Maker]:
    """Makes an environment of some code, its handler imported; ends it after the test."""
    made: list[Worker] = []

    def make(code: str) -> Worker:
        name = f"level-{uuid.uuid4().hex}"
        directory, temporary = tmp_path / "code", tmp_path / "temporary"
        directory.mkdir()
        temporary.mkdir()
        (directory / "app.py").write_text(textwrap.dedent(code))
        sandbox = Sandbox(
            account_id="",
            region="",
            name=name,
            version="",
            runtime="",
            handler="app.handler",
            role="",
            memory_mb=128,
            timeout=10,
            storage_mb=512,
            code=directory,
            layers=None,
            variables=(),
            log_group="",
        )
        names = ("NAME", "VERSION", "MEMORY_SIZE")
        variables = {f"AWS_LAMBDA_FUNCTION_{key}": name for key in names} | {"TMPDIR": str(temporary), "MARK": name}
        variables |= {"AWS_LAMBDA_LOG_GROUP_NAME": "", "AWS_LAMBDA_LOG_STREAM_NAME": ""}
        made.append(Worker(sandbox, isolation, variables, name, temporary, None))
        assert not made[-1].initialize(20, Transcript(Clock())).error
        made[-1].thaw()
        return made[-1]

    yield make
    for worker in made:
        worker.close()
    kill_strays(worker.family for worker in made)


def call(worker: Worker) -> Answer:
    return worker.call(CALL, b"null", Transcript(Clock()))


def end(worker: Worker) -> None:
    """As the pool ends an environment whose function is deleted, or at the lab's stop."""
    worker.kill()
    kill_strays([worker.family])


def test_detached_processes_stop_with_the_call_and_end_with_the_environment(make: Maker) -> None:
    worker = make("""
        import subprocess
        def handler(event, context):
            subprocess.Popen(["sleep", "600"], start_new_session=True)
            subprocess.run("sleep 600 &", shell=True, start_new_session=True)
        """)
    call(worker)
    processes = [psutil.Process(pid) for pid in worker.family.handlers()]
    eventually(lambda: [process.status() for process in processes] == [psutil.STATUS_STOPPED] * 2)
    assert len(environments(worker.sandbox.name, None)) == 4, "the supervisor, and one that nobody adopts, run on"
    end(worker)
    eventually(lambda: not environments(worker.sandbox.name, None), seconds=5)


def test_processes_whose_ancestors_have_gone_end_too(make: Maker) -> None:
    """A handler that kills its own supervisor cuts the tree; user or mark still tell whose a process is."""
    worker = make("""
        import os, signal, subprocess
        def handler(event, context):
            subprocess.Popen(["sleep", "600"], start_new_session=True)
            os.kill(os.getppid(), signal.SIGKILL)
            os.kill(os.getpid(), signal.SIGKILL)
        """)
    with pytest.raises(WorkerLost):
        call(worker)
    end(worker)
    eventually(lambda: not environments(worker.sandbox.name, None), seconds=5)


def test_memory_of_detached_processes_counts(make: Maker) -> None:
    worker = make("""
        import subprocess, sys, time
        def handler(event, context):
            for _ in range(3):
                subprocess.Popen([sys.executable, "-c", "x = b'x' * 60_000_000; import time; time.sleep(60)"],
                                 start_new_session=True)
            time.sleep(9)
        """)
    with pytest.raises(WorkerLost) as lost:
        call(worker)
    assert lost.value.error_type == "Runtime.OutOfMemory"
