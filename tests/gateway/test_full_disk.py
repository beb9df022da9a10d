"""A disk that is full, limited or read-only: errors in AWS's form, reads go on, and nothing is lost afterwards.

"Common errors" of each service: InternalFailure, 500. The limit on file sizes (RLIMIT_FSIZE) needs no rights; a file
system of its own that fills up, and one that becomes read-only, need root on Linux.
"""

from __future__ import annotations

import resource
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.conftest import RunningLab
from tests.gateway.wire import send, signer


@contextmanager
def small_files(lab: RunningLab) -> Iterator[None]:
    """The lab's process cannot make any file longer."""
    if not hasattr(resource, "prlimit"):
        pytest.skip("only Linux can limit a process that runs (prlimit)")
    before = resource.prlimit(lab.pid, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
    try:
        yield
    finally:
        resource.prlimit(lab.pid, resource.RLIMIT_FSIZE, before)


@contextmanager
def file_system(place: Path) -> Iterator[None]:
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", str(place)], capture_output=True)
    if mounted.returncode:
        pytest.skip(f"no file system can be mounted here: {mounted.stderr.decode().strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


def errors_of(lab: RunningLab, calls: dict[str, Callable[[], Any]]) -> None:
    for name, call in calls.items():
        with pytest.raises(ClientError) as error:
            call()
        response = error.value.response
        assert response["Error"]["Code"] == "InternalFailure", name
        assert response["ResponseMetadata"]["HTTPStatusCode"] == 500
        assert response["ResponseMetadata"]["RequestId"], name


def test_files_that_cannot_grow(new_lab: Callable[..., RunningLab]) -> None:
    lab = new_lab()
    s3, glue, sts = lab.client("s3"), lab.client("glue"), lab.client("sts")
    s3.create_bucket(Bucket="full")
    s3.put_object(Bucket="full", Key="before", Body=b"safe")
    glue.create_database(DatabaseInput={"Name": "before"})
    recorded = len(lab.calls())
    with small_files(lab):
        errors_of(
            lab,
            {
                "small": lambda: s3.put_object(Bucket="full", Key="small", Body=b"x"),
                "large": lambda: s3.put_object(Bucket="full", Key="large", Body=b"x" * (4 << 20)),
                "bucket": lambda: s3.create_bucket(Bucket="fuller"),
            },
        )
        raw = send(lab, "PUT", "/full/raw", signer(lab).headers("PUT", "/full/raw", b"x"), b"x")
        assert (raw.status, raw.code, b"cannot write" in raw.body) == (500, "InternalFailure", True)
        assert s3.get_object(Bucket="full", Key="before")["Body"].read() == b"safe"
        assert sts.get_caller_identity()["Account"]
        assert glue.get_databases()["DatabaseList"]
        assert send(lab, "GET", "/").status == 403
    s3.put_object(Bucket="full", Key="after", Body=b"again")
    keys = ["after", "before"]
    assert [item["Key"] for item in s3.list_objects_v2(Bucket="full")["Contents"]] == keys
    numbers = [call["seq"] for call in lab.calls()]
    assert numbers == list(range(1, len(numbers) + 1))  # the records that had to wait are there too
    assert len(numbers) > recorded + 7
    lab.kill()
    lab.start()
    assert [item["Key"] for item in lab.client("s3").list_objects_v2(Bucket="full")["Contents"]] == keys


def test_a_disk_that_fills_up(new_lab: Callable[..., RunningLab], tmp_path: Path) -> None:
    with file_system(tmp_path / "small"):
        lab = new_lab("small/lab")
        try:
            s3 = lab.client("s3")
            s3.create_bucket(Bucket="full")
            s3.put_object(Bucket="full", Key="before", Body=b"safe")
            errors_of(lab, {"large": lambda: s3.put_object(Bucket="full", Key="large", Body=b"x" * (12 << 20))})
            with pytest.raises(OSError), (tmp_path / "small" / "rest").open("wb", buffering=0) as rest:
                while rest.write(b"x" * 4096):
                    pass
            errors_of(lab, {"small": lambda: s3.put_object(Bucket="full", Key="small", Body=b"x" * 5000)})
            assert s3.get_object(Bucket="full", Key="before")["Body"].read() == b"safe"
            (tmp_path / "small" / "rest").unlink()
            s3.put_object(Bucket="full", Key="small", Body=b"x" * 5000)
            numbers = [call["seq"] for call in lab.calls()]
            assert numbers == list(range(1, len(numbers) + 1))
        finally:
            lab.stop()


def test_a_read_only_directory_is_said_at_the_start(tmp_path: Path) -> None:
    """A lab needs to write, and says so before it serves."""
    from tests.gateway.test_process import start

    with file_system(tmp_path / "small"):
        subprocess.run(["mount", "-o", "remount,ro", str(tmp_path / "small")], check=True)
        result = start(tmp_path / "small" / "lab")
        assert (result.returncode, "Read-only file system" in result.stderr) == (1, True)
        assert "Traceback" not in result.stderr
