"""Texts of objects as DuckDB's reader of CSV splits them: fast, and right for all that is written as it should be.

Whatever the reader stumbles over ends the query, and `records` looks again.
"""

from __future__ import annotations

from collections.abc import Sequence

from localaws.lake.quoting import literal, own, texts
from localaws.warehouse.loading.files import File, has_empty_line
from localaws.warehouse.loading.request import Copy
from localaws.warehouse.loading.values import raw

#: Options that DuckDB's reader has not.
_OWN_WAYS = {"ESCAPE", "REMOVEQUOTES", "FILLRECORD"}
#: A row has at most 4 MB ("COPY", usage notes).
MOST_ROW_BYTES = 4 << 20
#: Larger files are not searched for empty lines, which the reader passes over.
_SEARCHED = 256 << 20


def quick(copy: Copy, files: Sequence[File], count: int) -> str | None:
    """A relation of *count* texts a row; None where it takes `records` to read *copy* as Redshift does."""
    if copy.format not in ("CSV", "TEXT") or copy.flags & _OWN_WAYS or copy.encoding != "UTF8":
        return None
    delimiter = delimiter_of(copy)
    if copy.packed == "bz2" or copy.replacement is not None or len(delimiter) > 4 or count < 2:
        return None  # DuckDB takes a line of one empty field for none
    looks = "IGNOREBLANKLINES" not in copy.flags and not copy.packed
    if looks and any(file.size <= _SEARCHED and has_empty_line(file) for file in files):
        return None
    ends = not copy.packed and copy.format == "TEXT" and _ends_with(delimiter, count, files[0], copy.header)
    columns = [raw(place) for place in range(count)] + ([_REST] if ends else [])
    shape = ", ".join(f"{column}: 'VARCHAR'" for column in columns)
    quote = literal(copy.quote if copy.format == "CSV" else "")
    relation = (
        f"read_csv({texts(str(file.path) for file in files)}, columns = {{{shape}}}, auto_detect = false, "
        f"header = false, delim = {literal(delimiter)}, quote = {quote}, escape = {quote}, skip = {copy.header}, "
        f"nullstr = {literal(copy.null)}, compression = {literal(copy.packed or 'none')}, "
        f"max_line_size = {MOST_ROW_BYTES})"
    )
    if not ends:
        return relation
    return f"(SELECT * FROM {relation} WHERE CASE WHEN {_REST} = '' THEN true ELSE error('too many') END)"


_REST = own("rest")


def delimiter_of(copy: Copy) -> str:
    return copy.delimiter or ("," if copy.format == "CSV" else "|")


def _ends_with(delimiter: str, count: int, file: File, header: int) -> bool:
    """Whether lines end with a delimiter behind the last field, as those of TPC-H's generator do."""
    with file.path.open("rb") as source:
        for _ in range(header):
            source.readline(MOST_ROW_BYTES)
        line = source.readline(MOST_ROW_BYTES).rstrip(b"\r\n")
    return line.endswith(delimiter.encode()) and line.count(delimiter.encode()) == count
