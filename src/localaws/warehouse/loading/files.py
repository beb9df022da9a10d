"""The objects of a load as files: unpacked where DuckDB does not unpack them, and taken away when the load is over."""

from __future__ import annotations

import io
import mmap
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, BinaryIO, cast

import pyarrow as pa

_numbers = count()


@dataclass(frozen=True)
class File:
    """The object *uri*, of *size* bytes, whose bytes lie at *path*."""

    uri: str
    path: Path
    size: int


class Folder:
    """A load's own directory in *scratch*, which goes with it."""

    def __init__(self, scratch: Path) -> None:
        self.path = scratch / f"load-{next(_numbers)}"

    def __enter__(self) -> Folder:
        self.path.mkdir(mode=0o700)
        return self

    def __exit__(self, *error: object) -> None:
        shutil.rmtree(self.path, ignore_errors=True)

    def new(self, suffix: str) -> Path:
        return self.path / f"{next(_numbers)}{suffix}"


def files_of(told: Sequence[dict[str, Any]]) -> list[File]:
    """The objects as the lab has told of them."""
    return [File(each["uri"], Path(each["path"]), each["size"]) for each in told]


def unpacked(file: File, packed: str, folder: Folder) -> File:
    """*file* with its bytes unpacked. Raises OSError for what is not packed so."""
    target = folder.new(".plain")
    with opened(file, packed) as source, target.open("wb") as sink:
        shutil.copyfileobj(source, sink, 1 << 20)
    return File(file.uri, target, target.stat().st_size)


def opened(file: File, packed: str) -> BinaryIO:
    """The bytes of *file*, which is *packed* as `Copy.packed` says."""
    if not packed:
        return file.path.open("rb")
    return cast(BinaryIO, io.BufferedReader(pa.input_stream(str(file.path), compression=packed)))


def has_empty_line(file: File) -> bool:
    with file.path.open("rb") as source, mmap.mmap(source.fileno(), 0, access=mmap.ACCESS_READ) as data:
        return data[:1] == b"\n" or data[:2] == b"\r\n" or data.find(b"\n\n") >= 0 or data.find(b"\n\r\n") >= 0
