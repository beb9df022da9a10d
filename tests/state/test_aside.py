"""What a lab cannot read is put aside and told of; the rest is there, and nothing of it is run."""

from __future__ import annotations

import pickle
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from moto.xray.models import XRayBackend

from localaws.state.pickling import dump
from tests.conftest import RunningLab

Labs = Callable[..., RunningLab]


@pytest.fixture
def left(new_lab: Labs) -> Path:
    """The directory of a lab that has ended, which kept a topic, a queue with a message, an object and a table."""
    lab = new_lab()
    lab.client("sns").create_topic(Name="kept")
    queue = lab.client("sqs").create_queue(QueueName="kept")["QueueUrl"]
    lab.client("sqs").send_message(QueueUrl=queue, MessageBody="kept")
    lab.client("s3").create_bucket(Bucket="kept")
    lab.client("s3").put_object(Bucket="kept", Key="a", Body=b"kept")
    lab.client("glue").create_database(DatabaseInput={"Name": "kept"})
    lab.stop()
    return lab.directory


def _execute(directory: Path, *statement: Any) -> None:
    with closing(sqlite3.connect(directory / "state.sqlite")) as file, file:
        file.execute(*statement)


def _aside(directory: Path) -> tuple[Path, str]:
    (folder,) = directory.glob("aside-*")
    assert folder.stat().st_mode & 0o777 == 0o700
    return folder, (folder / "why.txt").read_text()


def _has_objects_and_tables(lab: RunningLab) -> bool:
    body = lab.client("s3").get_object(Bucket="kept", Key="a")["Body"].read()
    return bool(body == b"kept" and lab.client("glue").get_database(Name="kept"))


def test_what_another_version_kept_is_put_aside(new_lab: Labs, left: Path) -> None:
    _execute(left, "UPDATE version SET made_by = '0, moto 1.0'")
    lab = new_lab()
    folder, why = _aside(left)
    assert "was written by another version (0, moto 1.0)" in why
    assert (folder / "state.sqlite").exists() and (folder / "sqs").exists()
    assert _has_objects_and_tables(lab)
    assert lab.client("sns").list_topics()["Topics"] == []
    assert "QueueUrls" not in lab.client("sqs").list_queues()


def test_a_damaged_file_is_put_aside(new_lab: Labs, left: Path) -> None:
    (left / "state.sqlite").write_bytes(b"no database" * 1000)
    lab = new_lab()
    assert "is damaged" in _aside(left)[1]
    assert _has_objects_and_tables(lab)


class _Harm:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return Path.touch, (self.path,)


def test_a_snapshot_that_names_a_function_is_not_run_but_put_aside(new_lab: Labs, left: Path, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    _execute(left, "UPDATE backend SET content = ? WHERE service = 'sns'", (pickle.dumps(_Harm(mark)),))
    lab = new_lab()
    assert lab.client("sns").list_topics()["Topics"] == []
    folder, why = _aside(left)
    assert "of sns cannot be read" in why
    assert len(list(folder.glob("sns-*.pickle"))) == 1
    assert not mark.exists()
    assert lab.client("sqs").get_queue_url(QueueName="kept")
    assert _has_objects_and_tables(lab)


def test_what_could_not_be_read_again_is_not_taken() -> None:
    """moto's X-Ray begins its traces by a function, which no snapshot may name; the engine's holds what it was."""
    with pytest.raises(pickle.PicklingError, match="function"):
        dump(XRayBackend("us-east-1", "123456789012"))
