"""A disk that is full, limited or read-only: errors in AWS's form, reads go on, and nothing is lost afterwards.

"Common errors" of each service: InternalFailure, 500. The limit on file sizes (RLIMIT_FSIZE) needs no rights; a file
system of its own that fills up, and one that becomes read-only, need root on Linux.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.conftest import RunningLab
from tests.gateway.disks import errors_of, file_system, filled, read_only, small_files
from tests.gateway.wire import send, signer


def test_files_that_cannot_grow(new_lab: Callable[..., RunningLab]) -> None:
    lab = new_lab()
    s3, glue, sts = lab.client("s3"), lab.client("glue"), lab.client("sts")
    s3.create_bucket(Bucket="full")
    s3.put_object(Bucket="full", Key="before", Body=b"safe")
    glue.create_database(DatabaseInput={"Name": "before"})
    recorded = len(lab.calls())
    with small_files(lab):
        errors_of(
            {
                "small": lambda: s3.put_object(Bucket="full", Key="small", Body=b"x"),
                "large": lambda: s3.put_object(Bucket="full", Key="large", Body=b"x" * (4 << 20)),
                "bucket": lambda: s3.create_bucket(Bucket="fuller"),
            }
        )
        raw = send(lab, "PUT", "/full/raw", signer(lab).headers("PUT", "/full/raw", b"x"), b"x")
        assert (raw.status, raw.code, b"cannot write" in raw.body) == (500, "InternalFailure", True)
        assert s3.get_object(Bucket="full", Key="before")["Body"].read() == b"safe"
        assert sts.get_caller_identity()["Account"]
        given = sts.get_session_token()["Credentials"]  # in memory alone: good until the lab ends
        session = lab.fresh_client(
            "s3",
            aws_access_key_id=given["AccessKeyId"],
            aws_secret_access_key=given["SecretAccessKey"],
            aws_session_token=given["SessionToken"],
        )
        assert session.get_object(Bucket="full", Key="before")["Body"].read() == b"safe"
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
            errors_of({"large": lambda: s3.put_object(Bucket="full", Key="large", Body=b"x" * (12 << 20))})
            with filled(tmp_path / "small"):
                errors_of({"small": lambda: s3.put_object(Bucket="full", Key="small", Body=b"x" * 5000)})
                assert s3.get_object(Bucket="full", Key="before")["Body"].read() == b"safe"
            s3.put_object(Bucket="full", Key="small", Body=b"x" * 5000)
            numbers = [call["seq"] for call in lab.calls()]
            assert numbers == list(range(1, len(numbers) + 1))
        finally:
            lab.stop()


def test_a_read_only_directory_is_said_at_the_start(tmp_path: Path) -> None:
    """A lab needs to write, and says so before it serves."""
    from tests.gateway.test_process import start

    with file_system(tmp_path / "small"), read_only(tmp_path / "small"):
        result = start(tmp_path / "small" / "lab")
        assert (result.returncode, "Read-only file system" in result.stderr) == (1, True)
        assert "Traceback" not in result.stderr
