"""The lab as a process: it starts soon, says clearly when it cannot, and leaves nothing behind."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from tests.conftest import RunningLab, eventually
from tests.gateway.wire import host, raw


def start(directory: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "localaws", "--dir", str(directory), *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=20)


def test_a_cold_start(new_lab: Callable[..., RunningLab], record_property: Callable[[str, object], None]) -> None:
    """The time from start to the first answered call is reported, not judged: machines differ."""
    started = time.perf_counter()
    lab = new_lab()
    lab.client("s3").list_buckets()
    record_property("seconds to the first answer", round(time.perf_counter() - started, 2))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_with_connections_and_streams_open(new_lab: Callable[..., RunningLab], number: int) -> None:
    lab = new_lab()
    kinesis = lab.client("kinesis")
    kinesis.create_stream(StreamName="open", ShardCount=1)
    kinesis.get_waiter("stream_exists").wait(StreamName="open", WaiterConfig={"Delay": 1})
    arn = kinesis.describe_stream_summary(StreamName="open")["StreamDescriptionSummary"]["StreamARN"]
    consumer = kinesis.register_stream_consumer(StreamARN=arn, ConsumerName="reader")["Consumer"]["ConsumerARN"]
    eventually(
        lambda: (
            kinesis.describe_stream_consumer(ConsumerARN=consumer)["ConsumerDescription"]["ConsumerStatus"] == "ACTIVE"
        )
    )
    shard = kinesis.list_shards(StreamName="open")["Shards"][0]["ShardId"]
    stream = kinesis.subscribe_to_shard(ConsumerARN=consumer, ShardId=shard, StartingPosition={"Type": "LATEST"})
    reader = threading.Thread(target=lambda: list(stream["EventStream"]), daemon=True)
    reader.start()
    with socket.create_connection(("127.0.0.1", lab.facts["port"])) as idle:
        idle.sendall(f"GET / HTTP/1.1\r\nHost: {host(lab)}\r\n\r\n".encode())
        assert b"403" in idle.recv(4096)
        family = [psutil.Process(lab.pid), *psutil.Process(lab.pid).children(recursive=True)]
        lab.process.send_signal(number)
        assert lab.process.wait(timeout=10) == 0
    reader.join(timeout=10)
    assert not reader.is_alive()
    assert not any(process.is_running() for process in family)
    assert not (lab.directory / "lab.json").exists()
    assert lab.log().rstrip().endswith("stopped")
    with pytest.raises(OSError):
        raw(lab, b"")


def test_it_starts_again_where_it_stopped(new_lab: Callable[..., RunningLab]) -> None:
    lab = new_lab()
    keys = lab.facts["secret_access_key"]
    lab.client("s3").create_bucket(Bucket="again")
    lab.stop()
    lab.start()
    assert lab.facts["secret_access_key"] == keys
    assert [bucket["Name"] for bucket in lab.client("s3").list_buckets()["Buckets"]] == ["again"]


def test_a_taken_port_is_said_clearly(lab: RunningLab, tmp_path: Path) -> None:
    result = start(tmp_path, "--port", str(lab.facts["port"]))
    assert result.returncode == 1
    assert "localaws cannot start" in result.stderr
    assert str(lab.facts["port"]) in result.stderr
    assert "in use" in result.stderr
    assert "Traceback" not in result.stderr
    assert not (tmp_path / "lab.json").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--account-id", "12345"], "12 digits"),
        (["--port", "70000"], "port"),
        (["--port", "many"], "invalid int value"),
        (["--region", "mars-north-1"], "region"),
    ],
)
def test_options_that_cannot_be(tmp_path: Path, options: list[str], message: str) -> None:
    result = start(tmp_path, *options)
    assert result.returncode != 0
    assert message in result.stderr
    assert "Traceback" not in result.stderr


def test_a_directory_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    result = start(tmp_path / "file" / "lab")
    assert (result.returncode, "cannot start" in result.stderr) == (1, True)
