"""A page of a query's result, read from where the last one ended, so that it takes the memory of a page only."""

from __future__ import annotations

import re
from collections.abc import Callable

from localaws.engines.athena import results
from localaws.engines.athena.execution import Execution
from localaws.engines.athena.wire import invalid

#: Bytes that are read at once at first, and at most: a row that takes longer is looked at anew with each.
_BLOCK_BYTES, _MOST_BLOCK_BYTES = 1 << 20, 8 << 20
#: Bytes of a result with which a page is full, though the caller would take more rows.
_MOST_PAGE_BYTES = 8 << 20
#: "Considerations and limitations for SQL queries": a row has at most 32 MB. Quotes are doubled in the file.
_MOST_ROW_BYTES = 40 << 20
Rows = list[list[str | None]]


def read_page(
    execution: Execution, read: Callable[[int, int], bytes], size: int, start: int, most: int
) -> tuple[Rows, int | None]:
    """Up to *most* rows from the byte *start* on, and where the next page starts, None if there is none.

    *read* gives the bytes of the result, which has *size*, from the first to before the second of two places.
    Raises InvalidRequestException for a place that is outside of the result, or a row that is too large.
    """
    if not 0 <= start <= size:
        raise invalid("Malformed request: NextToken")
    rows: Rows = []
    place, data, block = start, b"", _BLOCK_BYTES
    while len(rows) < most and place + len(data) < size and place - start < _MOST_PAGE_BYTES:
        end = min(place + len(data) + block, size)
        data += read(place + len(data), end)
        found, taken = _parsed(execution, data, most - len(rows), end == size)
        rows += found
        place, data = place + taken, data[taken:]
        if not found:
            block = min(2 * block, _MOST_BLOCK_BYTES)
            if len(data) > _MOST_ROW_BYTES:
                break
    if not rows and len(data) > _MOST_ROW_BYTES:
        raise invalid(f"A row of the result is larger than 32 MB: read it from {execution.output}")
    return rows, place if start < place < size else None


def _parsed(execution: Execution, data: bytes, most: int, complete: bool) -> tuple[Rows, int]:
    """Rows of a result file's part, and how many bytes they took."""
    if execution.has_header:
        return results.parse_rows(data, most, complete)
    return _lines(data, most, len(execution.columns))


def _lines(data: bytes, most: int, columns: int) -> tuple[Rows, int]:
    """Rows of a .txt result: a statement with several columns is told as one line of text each."""
    rows: Rows = []
    taken = 0
    for line in re.findall(rb"[^\n]*\n", data)[:most]:
        cells = line.decode().rstrip("\n")
        rows.append([*cells.split("\t", columns - 1)] if columns > 1 else [cells])
        taken += len(line)
    return rows, taken
