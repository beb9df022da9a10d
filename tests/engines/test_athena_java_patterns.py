r"""Java's regular expressions: in the functions of SQL (Trino, "Regular expression functions"), and in tables of lines.

"Regex SerDe" (athena/latest/ug/regex-serde.html): the expressions are java.util.regex.Pattern's, and fit whole lines.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest

from tests.conftest import RunningLab
from tests.engines.athena_java_patterns import FITS, FOUND
from tests.engines.athena_tools import Answer, Athena, athena_in

athena = athena_in("athena-java-patterns", "java_patterns")


def _quoted(text: str) -> str:
    doubled = text.replace("'", "''")
    return f"'{doubled}'"


def _found(answer: Answer) -> list[list[str] | None]:
    assert answer.state == "SUCCEEDED", answer.reason
    return [None if value is None else json.loads(value) for row in answer.rows for value in row]


def test_constant_patterns_find_what_trino_finds(athena: Athena) -> None:
    """A constant pattern may be left to RE2; where that finds something else, it is not."""
    found: list[list[str] | None] = []
    for start in range(0, len(FOUND), 90):
        calls = [
            f"json_format(CAST(try(regexp_extract_all({_quoted(text)}, {_quoted(pattern)})) AS json)) AS x{n}"
            for n, (pattern, text, _) in enumerate(FOUND[start : start + 90])
        ]
        found += _found(athena.run(f"SELECT {', '.join(calls)}"))
    _compare(found, [matches for _, _, matches in FOUND])


def test_constant_patterns_match_where_trino_matches(athena: Athena) -> None:
    """regexp_like "performs a contains operation": true where regexp_extract_all finds something."""
    calls = [
        f"json_format(CAST(try(regexp_like({_quoted(text)}, {_quoted(pattern)})) AS json)) AS x{n}"
        for n, (pattern, text, _) in enumerate(FOUND)
    ]
    found = _found(athena.run(f"SELECT {', '.join(calls)}"))
    _compare(found, [None if matches is None else bool(matches) for _, _, matches in FOUND])


def test_patterns_of_a_column_find_what_trino_finds(athena: Athena) -> None:
    rows = ", ".join(f"({n}, {_quoted(text)}, {_quoted(pattern)})" for n, (pattern, text, _) in enumerate(FOUND))
    answer = athena.run(
        "SELECT json_format(CAST(try(regexp_extract_all(line, pattern)) AS json)) "
        f"FROM (VALUES {rows}) AS t (n, line, pattern) ORDER BY n"
    )
    _compare(_found(answer), [matches for _, _, matches in FOUND])


def _compare(found: Sequence[object], expected: Sequence[object]) -> None:
    wrong = [
        (pattern, text, got, wanted)
        for (pattern, text, _), got, wanted in zip(FOUND, found, expected, strict=True)
        if got != wanted
    ]
    assert not wrong


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        ("regexp_like('a', '[')", "INVALID_FUNCTION_ARGUMENT: premature end of char-class"),
        ("regexp_like('a', '\\p{IsAlphabetic}')",
         "INVALID_FUNCTION_ARGUMENT: invalid character property name <IsAlphabetic>"),
        ("regexp_like('a', '(?u)a')", "INVALID_FUNCTION_ARGUMENT: undefined group option"),
        ("regexp_extract('a', '(a)', 2)", "INVALID_FUNCTION_ARGUMENT: Pattern has 1 groups. Cannot access group 2"),
        ("regexp_replace('a', '(a)', '$2')", "INVALID_FUNCTION_ARGUMENT: Illegal replacement sequence"),
        ("regexp_like('a', '(a\\1)')", "NOT_SUPPORTED: a reference to group 1 before its end"),
    ],
)  # fmt: skip
def test_no_pattern_fails_with_the_reason(athena: Athena, call: str, reason: str) -> None:
    answer = athena.run(f"SELECT {call}")
    assert (answer.state, reason in answer.reason) == ("FAILED", True), answer.reason


def test_groups_and_replacements(athena: Athena) -> None:
    r"""A group that took no part is NULL, or nothing in a replacement; ``\`` takes its meaning from ``$``."""
    calls = {
        "regexp_extract('b', '(a)|b', 1)": None,
        "regexp_extract('b', '(a?)b', 1)": "",
        "regexp_extract_all('ab', '(a)|b', 1)": "[a, null]",
        "regexp_replace('ab', '(a)|b', '<$1>')": "<a><>",
        "regexp_replace('abc', '(?<x>b)', '\\$${x}$1')": "a$bbc",
        "regexp_replace('abc', '', '-')": "-a-b-c-",
        "regexp_split('abc', '')": "[, a, b, c, ]",
        "regexp_count('aab', 'a?')": "4",
    }
    answer = athena.run("SELECT " + ", ".join(f"{each} AS x{n}" for n, each in enumerate(calls)))
    assert answer.rows == [tuple(calls.values())], answer.reason


def test_tables_of_lines_fit_as_java_does(athena: Athena, lab: RunningLab) -> None:
    """Many patterns in one: each a group for its part of the line, NULL where it does not fit that."""
    separator = "\x01"
    pattern = "".join(f"(?>({pattern})(?={separator})|[^{separator}]*){separator}" for pattern, _, _ in FITS)
    line = "".join(text + separator for _, text, _ in FITS)
    (row,) = _table(athena, lab, "fits", pattern, len(FITS), line)
    wrong = [(each, got) for each, got in zip(FITS, row, strict=True) if (got is not None) != each[2]]
    assert not wrong


@pytest.mark.parametrize(
    ("name", "pattern", "line", "row"),
    [
        ("intersection", r"([a-z&&[^b]]+)-(.*)", "ac-b", ("ac", "b")),
        ("intersection_not", r"([a-z&&[^b]]+)-(.*)", "ab-b", (None, None)),
        ("quoted", r"\Q[a]\E (\p{Alpha}+) (\p{IsAlphabetic}+)", "[a] b \u00e9", ("b", "\u00e9")),
        ("again", r"(?<day>\d+)/(?<month>\d+)/\k<day>", "1/2/1", ("1", "2")),
        ("behind", r"(.*)(?<=x{1,3})(\d+)", "xxx12", ("xxx", "12")),
    ],
)
def test_table_of_lines(
    athena: Athena, lab: RunningLab, name: str, pattern: str, line: str, row: tuple[str | None, ...]
) -> None:
    assert _table(athena, lab, name, pattern, 2, line) == [row]


def _table(
    athena: Athena, lab: RunningLab, name: str, pattern: str, columns: int, line: str
) -> list[tuple[str | None, ...]]:
    athena.put(f"{name}/a.log", line + "\n")
    lab.client("glue").create_table(
        DatabaseName="java_patterns",
        TableInput={
            "Name": name,
            "TableType": "EXTERNAL_TABLE",
            "StorageDescriptor": {
                "Columns": [{"Name": f"c{n}", "Type": "string"} for n in range(columns)],
                "Location": f"s3://{athena.bucket}/{name}/",
                "InputFormat": "org.apache.hadoop.mapred.TextInputFormat",
                "OutputFormat": "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
                "SerdeInfo": {
                    "SerializationLibrary": "org.apache.hadoop.hive.serde2.RegexSerDe",
                    "Parameters": {"input.regex": pattern},
                },
            },
        },
    )
    answer = athena.run(f"SELECT * FROM {name}")
    assert answer.state == "SUCCEEDED", answer.reason
    return answer.rows
