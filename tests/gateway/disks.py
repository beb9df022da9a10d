"""Disks that are full, limited or read-only, for the tests of what a lab does then."""

from __future__ import annotations

import resource
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.conftest import RunningLab


@contextmanager
def small_files(lab: RunningLab) -> Iterator[None]:
    """The lab's process cannot make any file longer, nor can those that it starts meanwhile."""
    if not hasattr(resource, "prlimit"):
        pytest.skip("only Linux can limit a process that runs (prlimit)")
    before = resource.prlimit(lab.pid, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
    try:
        yield
    finally:
        resource.prlimit(lab.pid, resource.RLIMIT_FSIZE, before)


@contextmanager
def file_system(place: Path, size: str = "6m") -> Iterator[None]:
    """A file system of its own at *place*; needs root."""
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(place)], capture_output=True)
    if mounted.returncode:
        pytest.skip(f"no file system can be mounted here: {mounted.stderr.decode().strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


@contextmanager
def filled(place: Path) -> Iterator[None]:
    """The file system at *place* has not a byte left."""
    rest = place / "rest"
    with pytest.raises(OSError), rest.open("wb", buffering=0) as file:
        while file.write(b"x" * 4096):
            pass
    try:
        yield
    finally:
        rest.unlink()


@contextmanager
def read_only(place: Path) -> Iterator[None]:
    """The file system at *place* takes nothing, not even from root and not through files that are open."""
    subprocess.run(["mount", "-o", "remount,ro", str(place)], check=True)
    try:
        yield
    finally:
        subprocess.run(["mount", "-o", "remount,rw", str(place)], check=True)


def errors_of(calls: Mapping[str, Callable[[], Any]]) -> None:
    """Each of *calls* is answered with InternalFailure ("Common errors" of each service)."""
    for name, call in calls.items():
        with pytest.raises(ClientError) as error:
            call()
        response = error.value.response
        assert response["Error"]["Code"] == "InternalFailure", (name, response)
        assert response["ResponseMetadata"]["HTTPStatusCode"] == 500
        assert response["ResponseMetadata"]["RequestId"], name
