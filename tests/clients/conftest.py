"""People's own programs, in an environment of their own (`.venv-clients`), told nothing but where AWS is."""

from __future__ import annotations

import os
import subprocess
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import RunningLab

HERE = Path(__file__).resolve().parent
BIN = HERE.parents[1] / ".venv-clients" / "bin"


@pytest.fixture
def bucket(lab: RunningLab) -> Iterator[str]:
    name = f"clients-{uuid.uuid4().hex[:12]}"
    lab.client("s3").create_bucket(Bucket=name)
    yield name


@pytest.fixture
def environment(lab: RunningLab, tmp_path: Path) -> dict[str, str]:
    """The environment of a shell after `eval "$(dehelpers env)"`, without this process's own."""
    assert BIN.exists(), "the clients' environment is missing: run `make clients`"
    aws = {**lab.environment, "AWS_REGION": lab.facts["region"], "AWS_ALLOW_HTTP": "true"}
    return {**aws, "PATH": f"{BIN}:{os.environ['PATH']}", "HOME": str(tmp_path), "PYTHONWARNINGS": "ignore"}


@pytest.fixture
def program(environment: dict[str, str], tmp_path: Path) -> Callable[..., dict[str, str]]:
    """Runs a program of this folder; what it printed comes back by the word before the colon."""

    def run(name: str, *arguments: str) -> dict[str, str]:
        command = [str(BIN / "python"), str(HERE / "programs" / name), *arguments]
        done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stdout + done.stderr[-4000:]
        return dict(line.split(": ", 1) for line in done.stdout.splitlines() if ": " in line)

    return run
