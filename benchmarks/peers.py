"""The servers that are compared, as processes: this lab, plain moto and ministack, each seen through boto3 alone."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import boto3
import psutil
from botocore.config import Config

# No retries: an error must show. Checksums only when required: they would be the client's time, not the server's.
CONFIG = Config(
    retries={"max_attempts": 1},
    read_timeout=120,
    request_checksum_calculation="when_required",
    response_checksum_validation="when_required",
)


class Peer:
    """A running server; ``first_answer`` is the time in seconds from starting it to its first S3 answer."""

    name: str
    settings: dict[str, str]
    process: subprocess.Popen[bytes]
    first_answer: float

    def client(self, service: str) -> Any:
        return boto3.client(service, region_name="us-east-1", config=CONFIG, **self.settings)

    def memory(self) -> float:
        """Resident megabytes of the server and its children."""
        server = psutil.Process(self.process.pid)
        processes = [server, *server.children(recursive=True)]
        return sum(process.memory_info().rss for process in processes) / 1e6

    def cpu(self) -> float:
        """Seconds of processor time that the server and its children have used."""
        server = psutil.Process(self.process.pid)
        return sum(sum(process.cpu_times()[:2]) for process in [server, *server.children(recursive=True)])

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(timeout=20)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def _await_first_answer(self, started: float) -> None:
        client = None
        while True:
            if self.process.poll() is not None:
                raise RuntimeError(f"{self.name} did not start")
            try:
                client = client or self.client("s3")
                client.list_buckets()
                break
            except Exception:
                if time.perf_counter() - started > 60:
                    raise
                time.sleep(0.01)
        self.first_answer = time.perf_counter() - started


class ThisLab(Peer):
    name = "lab"

    def __init__(self, directory: Path | None = None) -> None:
        """In *directory*, with what an earlier lab has left there; without one, in a new one."""
        directory = directory or Path(tempfile.mkdtemp(prefix="bench-lab-"))
        self.directory = directory
        (directory / "lab.json").unlink(missing_ok=True)
        started = time.perf_counter()
        self.process = subprocess.Popen([sys.executable, "-m", "localaws", "--dir", str(directory)])
        facts = directory / "lab.json"
        while not facts.exists():
            if self.process.poll() is not None:
                raise RuntimeError("the lab did not start")
            time.sleep(0.005)
        lab = json.loads(facts.read_text())
        self.settings = {
            "endpoint_url": lab["endpoint"],
            "aws_access_key_id": lab["access_key_id"],
            "aws_secret_access_key": lab["secret_access_key"],
        }
        self._await_first_answer(started)


class _ByPort(Peer):
    """A server that is told its port, and believes any key."""

    def __init__(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        self.settings = {
            "endpoint_url": f"http://127.0.0.1:{port}",
            "aws_access_key_id": "AKIAIOSFODNN7EXAMPLE",
            "aws_secret_access_key": "secret",
        }
        command, environment = self._started_on(str(port))
        quiet = subprocess.DEVNULL
        started = time.perf_counter()
        self.process = subprocess.Popen(command, env={**os.environ, **environment}, stdout=quiet, stderr=quiet)
        self._await_first_answer(started)

    def _started_on(self, port: str) -> tuple[list[str], dict[str, str]]:
        """The command that starts it, and what its environment needs."""
        raise NotImplementedError


class PlainMoto(_ByPort):
    name = "moto"

    def _started_on(self, port: str) -> tuple[list[str], dict[str, str]]:
        return [sys.executable, "-c", "from moto.server import main; main()", "-H", "127.0.0.1", "-p", port], {}


class MiniStack(_ByPort):
    """Keeps all in memory, checks no signature and keeps no record of a call."""

    name = "ministack"

    def _started_on(self, port: str) -> tuple[list[str], dict[str, str]]:
        program = Path(__file__).resolve().parents[1] / ".venv-peers" / "bin" / "ministack"
        return [str(program)], {"GATEWAY_PORT": port, "BIND_HOST": "127.0.0.1"}
