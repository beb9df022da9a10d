"""CloudTrail's log files: one JSON object each, ``{"Records": [{…}, {…}]}``, of which every record is a row.

Source: "Query AWS CloudTrail logs" (athena/latest/ug/cloudtrail-logs.html); "CloudTrail log file examples".
"""

from __future__ import annotations

import json
import re
from pathlib import Path

from localaws.lake.catalog import Table
from localaws.lake.errors import QueryFailure
from localaws.lake.files.packed import create_file
from localaws.lake.files.unpacking import reading

INPUT_FORMAT = "com.amazon.emr.cloudtrail.CloudTrailInputFormat"
_RECORDS = re.compile(r'\s*\{\s*"Records"\s*:\s*\[\s*')
_BETWEEN = re.compile(r"\s*(,|\])\s*")


def one_record_a_line(path: Path, uri: str, table: Table) -> None:
    """Replace the file by one with a line for each record, as JSON SerDes read them."""
    made = path.with_suffix(".records")
    with reading(path, uri) as file:
        text = file.read().decode(errors="replace")
    decoder = json.JSONDecoder()
    begun = _RECORDS.match(text)
    if begun is None:
        raise _unreadable(uri, 0)
    position, after = begun.end(), ","
    with create_file(made, uri) as target:
        while after == "," and text[position : position + 1] != "]":
            try:
                record, position = decoder.raw_decode(text, position)
            except (ValueError, RecursionError):
                raise _unreadable(uri, position) from None
            # half a character, which JSON can tell, is a question mark where Java writes it
            target.write(json.dumps(record, ensure_ascii=False).encode(errors="replace") + b"\n")
            found = _BETWEEN.match(text, position)
            if found is None:
                raise _unreadable(uri, position)
            position, after = found.end(), found[1]
    made.replace(path)


def _unreadable(uri: str, position: int) -> QueryFailure:
    words = f"a record of CloudTrail was expected at character {position} of {uri}"
    return QueryFailure("HIVE_CURSOR_ERROR", f"Row is not a valid JSON Object - JSONException: {words}")
