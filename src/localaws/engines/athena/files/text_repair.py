"""Text that Hive's readers forgive and DuckDB's do not: bytes that are no UTF-8, several JSON objects on a line.

Whether a table's files need mending is told by the beginning of the first. The mending is a worker's.
"""

from __future__ import annotations

import codecs
import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from localaws.engines.athena.files.packed import create_file, lines, open_file

Mender = Callable[[Path, str], None]
_SAMPLE_BYTES = 64 << 10


def mender(path: Path, uri: str, is_json: bool) -> Mender | None:
    """What makes files like this one readable, or None if they are. It replaces the file that it is given."""
    try:
        with open_file(path, uri) as file:
            sample = file.read(_SAMPLE_BYTES)
    except (OSError, EOFError):
        return None  # whatever is wrong, the reading itself will tell
    try:
        text = codecs.getincrementaldecoder("utf-8")().decode(sample)  # which may end within a character
    except UnicodeDecodeError:
        return replace_bytes
    if is_json and _is_crammed(text.split("\n", 1)[0].strip()):
        return keep_first
    return check_first_line if len(sample) == _SAMPLE_BYTES and b"\n" not in sample else None


def check_first_line(path: Path, uri: str) -> None:
    """DuckDB takes a file for empty that is nothing but a line which does not fit into its memory."""
    with suppress(OSError), open_file(path, uri) as file:
        next(lines(file, uri), None)


def replace_bytes(path: Path, uri: str) -> None:
    """Java reads what is no UTF-8 as U+FFFD."""
    made = path.with_suffix(".utf8")
    with open_file(path, uri) as file, create_file(made, uri) as target:
        for line in lines(file, uri):
            target.write(line.decode("utf-8", "replace").encode())
    made.replace(path)


def _is_crammed(line: str) -> bool:
    """Whether a line holds more than one object, as Firehose writes them unless told otherwise."""
    try:
        return line.startswith("{") and bool(line[_end_of_first(line) :].strip())
    except (ValueError, RecursionError):
        return False


def keep_first(path: Path, uri: str) -> None:
    """The first object of each line: the SerDes read no more of it, and do not complain."""
    made = path.with_suffix(".first")
    with open_file(path, uri) as file, create_file(made, uri) as target:
        for line in lines(file, uri):
            try:
                text = line.decode().strip()
                target.write(text[: _end_of_first(text)].encode() + b"\n")
            except (ValueError, RecursionError):
                target.write(line)
    made.replace(path)


def _end_of_first(text: str) -> int:
    return json.JSONDecoder().raw_decode(text)[1]
