"""Tries how far an execution environment can be shut in on this system, by making one."""

from __future__ import annotations

import logging
import os
import sys

from localaws.engines.lambda_.isolation import Isolation
from localaws.engines.lambda_.removal import remove
from localaws.engines.lambda_.transcript import Transcript
from localaws.engines.lambda_.worker import Sandbox, Worker, WorkerLost
from localaws.lab import Lab

log = logging.getLogger(__name__)

SECONDS = 20.0
#: Modules with libraries of their own, a file, and a program: what a handler needs most of the system.
_CODE = """
import sqlite3, ssl, subprocess, sys, tempfile
with tempfile.TemporaryFile() as file:
    subprocess.run([sys.executable, "-I", "-c", ""], check=True, stdout=file)
handler = print
"""


def find_out(lab: Lab) -> Isolation:
    """The strongest isolation in which Python works; the log tells what it does not hold."""
    isolation = _strongest(lab)
    log.info("functions run %s", isolation)
    for sentence in isolation.not_held:
        log.warning("on this system a function can %s: run only code that you trust", sentence)
    return isolation


def _strongest(lab: Lab) -> Isolation:
    root = os.getuid() == 0
    levels = [Isolation(namespaces=True, own_user=root, hidden=lab.directory)] if sys.platform == "linux" else []
    levels += [Isolation(namespaces=False, own_user=True, hidden=lab.directory)] if root else []
    for isolation in levels:
        refused = _try(lab, isolation)
        if refused is None:
            return isolation
        log.info("functions do not run %s: %s", isolation, refused)
    return Isolation(namespaces=False, own_user=False, hidden=lab.directory)


def _try(lab: Lab, isolation: Isolation) -> str | None:
    """What stands against running a handler so; None if nothing does."""
    directory = isolation.place(lab.directory / "trial")
    code, temporary = directory / "code", directory / "temporary"
    for path in code, temporary:
        path.mkdir(parents=True)
    (code / "trial.py").write_text(_CODE)
    user = isolation.user()
    if user is not None:
        os.chown(temporary, user, user)
    sandbox = Sandbox(
        account_id=lab.account_id,
        region=lab.region,
        name="trial",
        version="$LATEST",
        runtime="",
        handler="trial.handler",
        role="",
        memory_mb=512,
        timeout=3,
        storage_mb=1,
        code=code,
        layers=None,
        variables=(),
        log_group="",
    )
    variables = {"TMPDIR": "/tmp" if isolation.namespaces else str(temporary)}
    variables |= {f"AWS_LAMBDA_FUNCTION_{name}": "" for name in ("NAME", "VERSION", "MEMORY_SIZE")}
    transcript = Transcript(lab.clock)
    worker = Worker(sandbox, isolation, variables, "trial", temporary, user)
    try:
        answer = worker.initialize(SECONDS, transcript)
        return answer.body.decode() if answer.error else None
    except WorkerLost as loss:
        return f"{loss.message}: {transcript.tail().decode()}"
    finally:
        worker.close()
        remove(directory)
