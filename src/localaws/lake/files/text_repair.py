"""Text that Hive's readers forgive and DuckDB's do not: bytes that are no UTF-8, several JSON objects on a line.

DuckDB also leaves out, without a word, a last line that does not fit into its memory. So each file is looked at as a
whole, once, and written anew if it is not as DuckDB reads it. Both is a worker's.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from localaws.lake.files.packed import create_file, lines, rows_of, whole_lines
from localaws.lake.files.remembered import Remembered, identity
from localaws.lake.files.unpacking import BROKEN, open_object, reading

#: Something behind the end of an object that belongs to nothing around it.
_BEHIND = re.compile(rb"\}[ \t\r]*(?:[^ \t\r\n,\]}]|,[ \t\r]*$)", re.MULTILINE)
_known: Remembered[bool] = Remembered()


def as_duckdb_reads(call: Callable[..., Any], files: Sequence[tuple[Path, str]], is_json: bool) -> list[bool]:
    """Whether each of *files*, paths and URIs, can stay as it is. *call* is the `Session.call` of the query.

    Raises QueryFailure (HIVE_CURSOR_ERROR) for a line that is too long.
    """
    about = [(*identity(path), Path(uri).suffix, is_json) for path, uri in files]
    found = {each: plain for each in about if (plain := _known.get(each)) is not None}
    unknown = [each for each in about if each not in found]
    wanted = [file for each, file in zip(about, files, strict=True) if each not in found]
    for each, plain in zip(unknown, call(look, wanted, is_json) if wanted else [], strict=True):
        found[each] = plain
        _known.put(each, plain)
    return [found[each] for each in about]


def look(files: Sequence[tuple[Path, str]], is_json: bool) -> list[bool]:
    """What `as_duckdb_reads` tells."""
    return [_is_plain(path, uri, is_json) for path, uri in files]


def _is_plain(path: Path, uri: str, is_json: bool) -> bool:
    with suppress(*BROKEN), open_object(path, uri) as file:
        return all(_is_utf8(block) and not (is_json and _is_crammed(block)) for block in whole_lines(file, uri))
    return True  # whatever is wrong, the reading itself will tell


def _is_utf8(block: bytes) -> bool:
    try:
        return block.isascii() or bool(block.decode())
    except UnicodeDecodeError:
        return False


def _is_crammed(block: bytes) -> bool:
    """Whether any of the lines holds more than one object, as Firehose writes them unless told otherwise."""
    return any(_first_object(line) for line in _suspects(block))


def _suspects(block: bytes) -> Iterator[bytes]:
    end = 0
    while found := _BEHIND.search(block, end):
        start = block.rfind(b"\n", 0, found.start()) + 1
        end = block.find(b"\n", found.start()) + 1 or len(block)
        yield block[start:end]


def _first_object(line: bytes) -> bytes | None:
    """The object at the beginning of *line*, if there is more on it: the SerDes read no more, and do not complain."""
    text = line.decode("utf-8", "replace").strip()
    try:
        end = json.JSONDecoder().raw_decode(text)[1]
    except (ValueError, RecursionError):
        return None
    return text[:end].encode() + b"\n" if text.startswith("{") and end < len(text) else None


def rewrite(path: Path, uri: str, is_json: bool, header: int, footer: int) -> None:
    """Replace the object's file *path* by one that DuckDB reads, without *header* and *footer* lines."""
    made = path.with_suffix(".rewritten")
    with reading(path, uri) as file, create_file(made, uri) as target:
        target.writelines(_mended(line, is_json) for line in rows_of(lines(file, uri), header, footer))
    made.replace(path)


def _mended(line: bytes, is_json: bool) -> bytes:
    """*line* with U+FFFD for what is no UTF-8, as Java reads it, and with one object at most."""
    if not line.isascii():
        line = line.decode("utf-8", "replace").encode()
    return (is_json and _BEHIND.search(line) and _first_object(line)) or line
