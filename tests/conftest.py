"""Labs for the tests: real processes on free ports, started here and stopped here by process id."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Self

import boto3
import pytest
from botocore.config import Config
from botocore.credentials import Credentials

from dehelpers.process.own_api import ask
from tests.suite import (  # noqa: F401 (pytest finds its hooks here)
    pytest_collection_modifyitems,
    pytest_runtest_protocol,
    pytest_sessionfinish,
    pytest_terminal_summary,
    pytest_testnodedown,
    pytest_xdist_auto_num_workers,
    pytest_xdist_make_scheduler,
)

#: One for all clients: what a session has read of AWS's models, which takes long, it keeps.
_SESSION = boto3.session.Session()


class RunningLab:
    """A lab's process, seen only through its endpoint and keys, as any user sees it."""

    #: Whether tests of other files use it too.
    is_shared = False

    def __init__(self, directory: Path, *options: str, wrapper: Sequence[str] = ()) -> None:
        """*wrapper*: a command that starts the lab's, as a system would that differs from this one."""
        self.directory = directory
        self.options = options
        self.wrapper = wrapper
        self.start()

    @classmethod
    def in_turn(cls, directory: Path) -> Iterator[Self]:
        """One for a fixture: stopped when its tests are done."""
        running = cls(directory)
        yield running
        running.stop()

    def start(self) -> None:
        command = [*self.wrapper, sys.executable, "-m", "localaws", "--dir", str(self.directory), *self.options]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        deadline = time.monotonic() + 30
        while self._facts().get("pid") != self.process.pid:  # a killed lab leaves its file behind
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.process.kill()
                raise RuntimeError(f"the lab did not start: {self.process.communicate()[0].decode()}")
            time.sleep(0.02)
        self.facts = self._facts()
        self.endpoint: str = self.facts["endpoint"]
        self.pid: int = self.facts["pid"]
        self._calls: list[dict[str, Any]] = []
        #: A boto3 client as `fresh_client` makes it, the same each time for the same arguments, until the next start.
        self.client = lru_cache(self.fresh_client)

    def _facts(self) -> dict[str, Any]:
        path = self.directory / "lab.json"
        return json.loads(path.read_text()) if path.exists() else {}

    def fresh_client(self, service: str, **overrides: Any) -> Any:
        """A boto3 client with connections and handlers of its own; *overrides* go to it (keys, a region, a Config)."""
        settings: dict[str, Any] = {
            "endpoint_url": self.endpoint,
            "aws_access_key_id": self.facts["access_key_id"],
            "aws_secret_access_key": self.facts["secret_access_key"],
            "region_name": self.facts["region"],
            "config": Config(retries={"max_attempts": 1, "mode": "standard"}, read_timeout=60),
        }
        return _SESSION.client(service, **{**settings, **overrides})

    @property
    def environment(self) -> dict[str, str]:
        """What a shell needs for the AWS CLI to reach this lab and nothing else."""
        return {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "HOME": str(self.directory),
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": self.facts["access_key_id"],
            "AWS_SECRET_ACCESS_KEY": self.facts["secret_access_key"],
            "AWS_DEFAULT_REGION": self.facts["region"],
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_PAGER": "",
        }

    def aws(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run the AWS CLI."""
        return subprocess.run(
            ["aws", *arguments], env=self.environment, capture_output=True, text=True, check=check, timeout=120
        )

    def log(self) -> str:
        return (self.directory / "logs" / "localaws.log").read_text()

    def calls(self) -> list[dict[str, Any]]:
        """Every call recorded so far: asked of the lab, or of one that has ended read from its two files.

        The lab is asked for what is new only: one that many tests share has many.
        """
        if self.process.poll() is None:
            keys = Credentials(self.facts["access_key_id"], self.facts["secret_access_key"])
            seen = self._calls[-1]["seq"] if self._calls else 0
            with ask(self.endpoint, self.facts["region"], keys, f"calls?since={seen}") as answer:
                self._calls += [json.loads(line) for line in answer]
            return list(self._calls)
        files = [path for name in ("calls.elder.jsonl", "calls.jsonl") if (path := self.directory / name).exists()]
        return [json.loads(line) for path in files for line in path.read_text().splitlines()]

    def kill(self) -> None:
        """End it as a crash would."""
        self.process.send_signal(signal.SIGKILL)
        self.process.communicate()

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.communicate(timeout=15)
            except subprocess.TimeoutExpired:
                self.kill()
                raise


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningLab]:
    """One lab for all tests that can share it: take names of your own."""
    for running in RunningLab.in_turn(tmp_path_factory.mktemp("lab")):
        running.is_shared = True
        yield running


@pytest.fixture
def new_lab(tmp_path: Path) -> Iterator[Callable[..., RunningLab]]:
    """Makes labs for one test alone: ``new_lab("name", "--account-id", …)``."""
    started: list[RunningLab] = []

    def make(name: str = "lab", *options: str) -> RunningLab:
        started.append(RunningLab(tmp_path / name, *options))
        return started[-1]

    yield make
    for running in started:
        running.stop()


def eventually(condition: Callable[[], Any], seconds: float = 10.0) -> Any:
    """Poll *condition* until it is true and return its value; fail after *seconds*."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, f"did not happen within {seconds} s: {condition}"
        time.sleep(0.05)
