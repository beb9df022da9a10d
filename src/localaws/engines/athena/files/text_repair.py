"""Text that Hive's readers forgive and DuckDB's do not: bytes that are no UTF-8, several JSON objects on a line.

Whether a table's files need mending is told by the beginning of the first.
"""

from __future__ import annotations

import codecs
import gzip
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, cast

from localaws.engines.athena.files.text import codec

Mender = Callable[[Path, str], None]
_SAMPLE_BYTES = 64 << 10


def mender(path: Path, uri: str, is_json: bool) -> Mender | None:
    """What makes files like this one readable, or None if they are. It replaces the file that it is given."""
    if codec(uri) == "zstd":
        return None
    try:
        with open_file(path, uri) as file:
            sample = file.read(_SAMPLE_BYTES)
    except (OSError, EOFError):
        return None  # whatever is wrong, the reading itself will tell
    try:
        text = codecs.getincrementaldecoder("utf-8")().decode(sample)  # which may end within a character
    except UnicodeDecodeError:
        return _replace_bytes
    return _keep_first if is_json and _is_crammed(text.split("\n", 1)[0].strip()) else None


def _replace_bytes(path: Path, uri: str) -> None:
    """Java reads what is no UTF-8 as U+FFFD."""
    made = path.with_suffix(".utf8")
    with open_file(path, uri) as file, create_file(made, uri) as target:
        recoded = codecs.EncodedFile(file, "utf-8", "utf-8", errors="replace")
        shutil.copyfileobj(recoded, target)
    made.replace(path)


def _is_crammed(line: str) -> bool:
    """Whether a line holds more than one object, as Firehose writes them unless told otherwise."""
    try:
        return line.startswith("{") and bool(line[_end_of_first(line) :].strip())
    except ValueError:
        return False


def _keep_first(path: Path, uri: str) -> None:
    """The first object of each line: the SerDes read no more of it, and do not complain."""
    made = path.with_suffix(".first")
    with open_file(path, uri) as lines, create_file(made, uri) as target:
        for line in lines:
            try:
                text = line.decode().strip()
                target.write(text[: _end_of_first(text)].encode() + b"\n")
            except ValueError:
                target.write(line)
    made.replace(path)


def _end_of_first(text: str) -> int:
    return json.JSONDecoder().raw_decode(text)[1]


def open_file(path: Path, uri: str) -> BinaryIO:
    """The bytes of a file, unpacked if its *uri* says that they are packed."""
    return cast(BinaryIO, gzip.open(path, "rb") if codec(uri) == "gzip" else path.open("rb"))


def create_file(path: Path, uri: str) -> BinaryIO:
    """A file to write to, packed as `open_file` reads it."""
    return cast(BinaryIO, gzip.open(path, "wb", 1) if codec(uri) == "gzip" else path.open("wb"))
