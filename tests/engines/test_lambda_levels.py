"""What holds of a function's processes where the system allows no namespaces: they end, and their memory counts.

AWS's bounds as in test_lambda_isolation.py. Environments are made in this process, for a lab takes the strongest level
that its system allows and has no setting for less.
"""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from localaws.clock import Clock
from localaws.engines.lambda_.isolation import Isolation
from localaws.engines.lambda_.processes import kill_strays
from localaws.engines.lambda_.transcript import Transcript
from localaws.engines.lambda_.worker import Answer, Sandbox, Worker, WorkerLost
from tests.conftest import eventually
from tests.engines.lambda_tools import environments
from tests.engines.test_lambda_isolation import RELAY

CALL = {"request_id": "1", "arn": "", "client_context": None}
Maker = Callable[[str], Worker]


@pytest.fixture(params=[True, False], ids=["own user", "none"])
def isolation(request: pytest.FixtureRequest, tmp_path: Path) -> Isolation:
    if request.param and (sys.platform != "linux" or os.getuid() != 0):
        pytest.skip("only root can give a function a user of its own")
    if request.param and any(path.stat().st_mode & 0o5 != 0o5 for path in Path(os.__file__).resolve().parents):
        pytest.skip("this Python lies where other users may not go, so that a lab would not take this level either")
    return Isolation(namespaces=False, own_user=request.param, hidden=tmp_path)


@pytest.fixture
def make(isolation: Isolation, tmp_path: Path) -> Iterator[Maker]:
    """Makes an environment of some code, its handler imported; ends it after the test."""
    made: list[Worker] = []
    place = isolation.place(tmp_path)

    def make(code: str) -> Worker:
        name, user = f"level-{uuid.uuid4().hex}", isolation.user()
        directory, temporary = place / "code", place / "temporary"
        directory.mkdir()
        temporary.mkdir()
        if user is not None:
            os.chown(temporary, user, user)
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
        made.append(Worker(sandbox, isolation, variables, name, temporary, user))
        assert not made[-1].initialize(20, Transcript(Clock())).error
        made[-1].thaw()
        return made[-1]

    yield make
    for worker in made:
        worker.close()
    kill_strays(worker.family for worker in made)
    shutil.rmtree(place)


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
            subprocess.run("sleep 600 & sleep 600 &", shell=True, start_new_session=True)
        """)
    call(worker)
    processes = [psutil.Process(pid) for pid in worker.family.handlers()]
    eventually(lambda: [process.status() for process in processes] == [psutil.STATUS_STOPPED] * 3)
    end(worker)
    eventually(lambda: not environments(worker.sandbox.name), seconds=5)


def test_processes_whose_ancestors_have_gone_end_too(make: Maker) -> None:
    """A handler that kills its own supervisor cuts the tree; user or mark still tell whose a process is."""
    worker = make("""
        import os, signal, subprocess
        def handler(event, context):
            subprocess.Popen(["sleep", "600"], start_new_session=True)
            os.kill(os.getppid(), signal.SIGKILL)
            os.kill(os.getpid(), signal.SIGKILL)
        """)
    if worker.family.user is not None:
        pytest.skip("the supervisor is another user's: a handler cannot kill it")
    with pytest.raises(WorkerLost):
        call(worker)
    end(worker)
    eventually(lambda: not environments(worker.sandbox.name), seconds=5)


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


def test_processes_that_replace_themselves_end(make: Maker) -> None:
    worker = make(RELAY)
    with ThreadPoolExecutor(1) as threads:
        lost = threads.submit(call, worker)
        eventually(lambda: len(environments(worker.sandbox.name)) >= 3)
        end(worker)
        assert isinstance(lost.exception(), WorkerLost)
    eventually(lambda: not environments(worker.sandbox.name), seconds=5)
