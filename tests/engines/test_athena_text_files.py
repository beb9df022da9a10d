"""Tables of text whose files differ: each is read as Hive's readers read it, whatever the first one is like.

Sources: "Considerations and limitations for SQL queries" (a line that is too long ends the query); RFC 1952, 2.2: a
gzip file is one member or several, as ``cat a.gz b.gz`` makes it and as AWS's own logs are; Java's decoder of UTF-8.
"""

from __future__ import annotations

import bz2
import gzip

import pytest

from tests.engines.athena_tools import Athena, athena_in
from tests.engines.test_athena_bombs import CLOUDTRAIL, CSV, JSON, OPEN_CSV, REGEX, TOO_LONG

athena = athena_in("athena-text-files", "text_files")
LATIN = "café\n".encode("latin-1")


def table(athena: Athena, name: str, layout: str, files: dict[str, bytes]) -> str:
    for key, data in files.items():
        athena.put(f"{name}/{key}", data)
    athena(f"CREATE EXTERNAL TABLE {name} (line string) {layout} LOCATION 's3://{athena.bucket}/{name}/'")
    return f"SELECT line FROM {name} ORDER BY 1"


@pytest.mark.parametrize(
    "name, layout, beginning, ending, expected",
    [
        ("csv", CSV, b"a\n", b"b\n", ["a", "b"]),
        ("open_csv", OPEN_CSV, b'"a', b'"\n"b"\n', ["a", "b"]),
        ("json", JSON, b'{"line": "a"}\n{"li', b'ne": "b"}\n', ["a", "b"]),
        ("crammed", JSON, b'{"line": "a"}{"line": 1}\n{"LINE"', b': "b"}\n', ["a", "b"]),
        ("regex", REGEX, b"a\nb", b"c\n", ["a", "bc"]),
        ("cloudtrail", CLOUDTRAIL, b'{"Records": [{"line": "a"}', b', {"line": "b"}]}', ["a", "b"]),
    ],
)
def test_all_members_of_a_gzip_file_are_read(
    athena: Athena, name: str, layout: str, beginning: bytes, ending: bytes, expected: list[str]
) -> None:
    """An empty member says nothing, and none of them has to end with a line."""
    packed = gzip.compress(beginning) + gzip.compress(b"") + gzip.compress(ending)
    answer = athena(table(athena, f"members_{name}", layout, {"a.gz": packed}))
    assert [row[0] for row in answer.rows] == expected


@pytest.mark.parametrize("layout", [CSV, OPEN_CSV], ids=["csv", "open_csv"])
def test_bytes_that_are_no_utf8_may_stand_in_any_file(athena: Athena, layout: str) -> None:
    """Java reads U+FFFD there; a file's beginning does not tell, nor does the table's first file."""
    name = f"latin_{layout.count('Open')}"
    files = {"a.csv": b"a\n", "b.csv": b"a\n" * 40_000 + LATIN, "c.csv.gz": gzip.compress(LATIN)}
    sql = table(athena, name, layout, files).replace("line FROM", "line, count(*) FROM").replace("ORDER", "GROUP")
    assert sorted(athena(sql).rows) == [("a", "40001"), ("caf\ufffd", "2")]


def test_lines_with_several_objects_may_stand_in_any_file(athena: Athena) -> None:
    """Firehose writes them so; the SerDes read the first of a line. What only looks like it stays whole."""
    files = {
        "a.json": b'{"line": "a"}\n',
        "b.json": b'{"line": "b} {"}\n{"line": "c"}{"line": "no"}\n{"line": "d"},\n',
        "c.json.gz": gzip.compress(b'{"line": "\xff"}\n{"line": "e"} {"line": "no"}'),
    }
    answer = athena(table(athena, "crammed", JSON, files))
    assert [row[0] for row in answer.rows] == ["a", "b} {", "c", "d", "e", "\ufffd"]


@pytest.mark.parametrize("name, first", [("second", {"a.csv": b"a\n"}), ("only", {})])
def test_a_last_line_that_is_too_long_is_not_left_out(athena: Athena, name: str, first: dict[str, bytes]) -> None:
    """DuckDB would leave out one that is larger than its memory, without a word."""
    endless = gzip.compress(b"b\n") + gzip.compress(b"0" * (20 << 20)) * 30
    assert TOO_LONG in athena.fails(table(athena, f"endless_{name}", CSV, {**first, "b.csv.gz": endless}))


def test_cloudtrails_files_are_packed_each_in_its_way(athena: Athena) -> None:
    files = {
        "a.json.bz2": bz2.compress(b'{"Records": [{"line": "a"}]}'),
        "b.json": b'{"Records": [{"line": "b"}, {"line": "\\ud800"}]}',
    }
    answer = athena(table(athena, "trail", CLOUDTRAIL, files))
    assert [row[0] for row in answer.rows] == ["?", "a", "b"]  # half a character is what Java writes "?" for
    athena.put("trail/c.json.gz", gzip.compress(b'{"Records": [{"line": "a"}]}')[:-12])
    reason = athena.fails("SELECT line FROM trail")
    assert reason.startswith(f"HIVE_CURSOR_ERROR: Failed to read file at s3://{athena.bucket}/trail/c.json.gz")
