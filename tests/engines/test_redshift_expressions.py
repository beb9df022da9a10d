"""What an expression means in Redshift: its answer as a text, or its error, never what DuckDB would have said.

The cases are in redshift/*.yaml, under the page of the Redshift database developer guide that they are from: an
expression, or a query on the tables of redshift/tables.sql, and its value (null for NULL), its rows, or its error.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml

from tests.conftest import RunningLab
from tests.engines.redshift_tools import create

HERE = Path(__file__).parent / "redshift"
#: Expressions to a query.
TOGETHER = 25


@dataclass(frozen=True)
class Case:
    page: str
    sql: str
    expected: Any

    @property
    def is_query(self) -> bool:
        return self.sql.upper().startswith(("SELECT ", "WITH "))

    @property
    def fails(self) -> bool:
        return isinstance(self.expected, dict)


CASES = [
    Case(page, sql, expected)
    for file in sorted(HERE.glob("*.yaml"))
    for page, cases in yaml.safe_load(file.read_text()).items()
    for sql, expected in cases.items()
]


@pytest.fixture(scope="module")
def answers(lab: RunningLab) -> Iterator[dict[str, Any]]:
    """What comes of each: expressions that should succeed many to a query, which saves most round trips."""
    cluster = create(lab, "expressions")
    with cluster.connect() as connection:
        connection.execute((HERE / "tables.sql").read_bytes())
        plain = [case.sql for case in CASES if not case.fails and not case.is_query]
        found: dict[str, Any] = {}
        for start in range(0, len(plain), TOGETHER):
            found |= _together(connection, plain[start : start + TOGETHER])
        for case in CASES:
            if case.sql not in found:
                found[case.sql] = _alone(connection, case)
        yield found
    lab.client("redshift").delete_cluster(ClusterIdentifier="expressions", SkipFinalClusterSnapshot=True)


def _together(connection: psycopg.Connection, expressions: Sequence[str]) -> dict[str, Any]:
    """The values of *expressions*; {} if one of them fails, and they have to be asked alone."""
    try:
        rows = _rows(connection, f"SELECT {', '.join(expressions)}")
    except psycopg.Error:
        return {}
    return dict(zip(expressions, rows[0], strict=True))


def _alone(connection: psycopg.Connection, case: Case) -> Any:
    try:
        rows = _rows(connection, case.sql if case.is_query else f"SELECT {case.sql}")
    except psycopg.Error as error:
        return {"error": str(error).splitlines()[0]}
    return ["|".join("" if value is None else value for value in row) for row in rows] if case.is_query else rows[0][0]


def _rows(connection: psycopg.Connection, query: str) -> list[list[str | None]]:
    """The rows as the server writes them: texts, and None for NULL."""
    result = connection.execute(query.encode()).pgresult
    assert result is not None
    values = [[result.get_value(row, column) for column in range(result.nfields)] for row in range(result.ntuples)]
    return [[None if value is None else bytes(value).decode() for value in row] for row in values]


def test_there_are_many() -> None:
    assert len({case.sql for case in CASES}) == len(CASES) >= 400


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.page}: {case.sql}"[:100])
def test_expression(answers: dict[str, Any], case: Case) -> None:
    assert answers[case.sql] == case.expected
