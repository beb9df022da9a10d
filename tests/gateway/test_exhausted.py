"""A lab that has lost what it stands on: file descriptors, its directory, room for temporary files."""

from __future__ import annotations

import resource
import shutil
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
import pytest
from botocore.exceptions import BotoCoreError, ClientError

from tests.conftest import RunningLab, eventually
from tests.gateway.disks import file_system, filled
from tests.gateway.wire import signer


@contextmanager
def few_files(lab: RunningLab, more: int) -> Iterator[None]:
    """The lab's process may open *more* files than it has open now, no others."""
    if not hasattr(resource, "prlimit"):
        pytest.skip("only Linux can limit a process that runs (prlimit)")
    before = resource.prlimit(lab.pid, resource.RLIMIT_NOFILE)
    limit = psutil.Process(lab.pid).num_fds() + more
    resource.prlimit(lab.pid, resource.RLIMIT_NOFILE, (limit, before[1]))
    try:
        yield
    finally:
        resource.prlimit(lab.pid, resource.RLIMIT_NOFILE, before)


def code_of(call: Callable[[], object]) -> tuple[int, str]:
    try:
        call()
    except ClientError as error:
        return error.response["ResponseMetadata"]["HTTPStatusCode"], error.response["Error"]["Code"]
    return 200, ""


def test_silent_clients_give_way_when_files_run_out(new_lab: Callable[..., RunningLab]) -> None:
    lab = new_lab()
    address = ("127.0.0.1", lab.facts["port"])
    with few_files(lab, 12), ExitStack() as stack:
        for _ in range(30):
            stack.enter_context(socket.create_connection(address))
        assert lab.client("s3").list_buckets()["Buckets"] == []
        server = psutil.Process(lab.pid)
        before = sum(server.cpu_times()[:2])
        time.sleep(1)
        assert sum(server.cpu_times()[:2]) - before < 0.5  # who waits to be taken keeps nothing busy


def test_who_takes_a_place_that_has_just_been_made_is_served(new_lab: Callable[..., RunningLab]) -> None:
    """One that makes room has something to say at the same moment, and its file number is the newcomer's now."""
    lab = new_lab()
    server, address = psutil.Process(lab.pid), ("127.0.0.1", lab.facts["port"])
    headers = "".join(f"{name}: {value}\r\n" for name, value in signer(lab).headers("GET", "/").items())
    with few_files(lab, 30), ExitStack() as stack:

        def connect() -> socket.socket:
            return stack.enter_context(socket.create_connection(address, timeout=10))

        crowd = [connect() for _ in range(60)]
        s3 = lab.client("s3")
        assert s3.list_buckets()["Buckets"] == []  # the lab has seen all of them, and there is no place left
        for _ in range(5):
            time.sleep(0.2)  # until no thread has a connection
            server.suspend()  # so that all of it is there when the lab looks
            newcomer = connect()
            newcomer.sendall(f"GET / HTTP/1.1\r\n{headers}\r\n".encode())
            for one in crowd:
                with suppress(OSError):  # this one has made room before
                    one.sendall(b"G")
            server.resume()
            assert newcomer.recv(100).startswith(b"HTTP/1.1 200")


def test_no_file_left_is_answered_with_503_and_nothing_is_lost(new_lab: Callable[..., RunningLab]) -> None:
    """ "Common errors" of each service: ServiceUnavailable, 503, which SDKs take for a reason to try again."""
    lab = new_lab()
    s3 = lab.client("s3")
    s3.create_bucket(Bucket="few")
    with few_files(lab, 0):
        busy = (503, "ServiceUnavailable")
        assert code_of(lambda: s3.put_object(Bucket="few", Key="refused", Body=b"x")) == busy
        assert s3.list_buckets()["Buckets"]
        server = psutil.Process(lab.pid)
        limit = server.num_fds() - 1
        resource.prlimit(lab.pid, resource.RLIMIT_NOFILE, (limit, resource.prlimit(lab.pid, resource.RLIMIT_NOFILE)[1]))
        assert code_of(lambda: lab.fresh_client("sns").list_topics())[0] in (200, 503)
    assert lab.fresh_client("sns").list_topics()["Topics"] == []
    assert s3.list_objects_v2(Bucket="few")["KeyCount"] == 0
    s3.put_object(Bucket="few", Key="taken", Body=b"x")
    assert s3.list_objects_v2(Bucket="few")["KeyCount"] == 1


def test_nothing_is_acknowledged_once_the_directory_is_gone(new_lab: Callable[..., RunningLab]) -> None:
    """Not AWS's: what was written to deleted files would be gone at the next start. The process ends by itself."""
    lab = new_lab()
    s3, glue, kinesis = (lab.client(name) for name in ("s3", "glue", "kinesis"))
    s3.create_bucket(Bucket="gone")
    kinesis.create_stream(StreamName="gone", ShardCount=1)
    glue.get_databases()
    shutil.rmtree(lab.directory)
    calls: list[Callable[[], Any]] = [
        lambda: s3.create_bucket(Bucket="new"),
        lambda: s3.put_object(Bucket="gone", Key="new", Body=b"x"),
        lambda: glue.create_database(DatabaseInput={"Name": "new"}),
        lambda: kinesis.put_record(StreamName="gone", Data=b"x", PartitionKey="k"),
    ]
    for call in calls:
        with pytest.raises((ClientError, BotoCoreError)) as refused:  # the process may have ended meanwhile
            call()
        if isinstance(refused.value, ClientError):
            assert refused.value.response["Error"]["Code"] == "InternalFailure"
    eventually(lambda: lab.process.poll() is not None)
    assert not lab.directory.exists()


def test_a_full_temporary_directory(
    new_lab: Callable[..., RunningLab], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a lab keeps, and works on, lies in its own directory."""
    place = tmp_path / "small"
    with file_system(place, "1m"), filled(place):
        monkeypatch.setenv("TMPDIR", str(place))
        lab = new_lab()
        monkeypatch.delenv("TMPDIR")
        s3, athena = lab.client("s3"), lab.client("athena")
        s3.create_bucket(Bucket="roomy")
        s3.put_object(Bucket="roomy", Key="large", Body=b"x" * (3 << 20))
        assert s3.get_object(Bucket="roomy", Key="large")["Body"].read() == b"x" * (3 << 20)
        query = athena.start_query_execution(
            QueryString="SELECT 7", ResultConfiguration={"OutputLocation": "s3://roomy/results/"}
        )["QueryExecutionId"]
        wanted = eventually(
            lambda: (
                status
                if (status := athena.get_query_execution(QueryExecutionId=query)["QueryExecution"]["Status"])["State"]
                in ("SUCCEEDED", "FAILED")
                else None
            ),
            30,
        )
        assert wanted["State"] == "SUCCEEDED", wanted
        lab.stop()
