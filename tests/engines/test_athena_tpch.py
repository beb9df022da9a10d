"""Athena's answers to twenty-two queries derived from TPC-H are DuckDB's answers over the same files.

The queries are those that ``make bench`` times; none touches a matter in which Trino and DuckDB differ, so both agree.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import duckdb
import pytest
from benchmarks import tpch

from tests.conftest import RunningLab
from tests.engines.athena_tools import Athena

SCALE = 0.05
READ: dict[str, Callable[[str], Any]] = {
    "bigint": int,
    "integer": int,
    "double": float,
    "decimal": Decimal,
    "date": date.fromisoformat,
    "varchar": str,
}


@pytest.fixture(scope="module")
def both(
    lab: RunningLab, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Athena, duckdb.DuckDBPyConnection]]:
    """Athena over the tables, and a DuckDB that sees the same files."""
    files = tpch.make(tmp_path_factory.mktemp("tpch"), SCALE)
    athena = Athena(lab, "tpch-results", tpch.DATABASE)
    tpch.load(lab.client, files)
    with duckdb.connect(config={"threads": 1}) as connection:
        tpch.views(connection, files)
        yield athena, connection


def test_there_are_twenty_two() -> None:
    assert list(tpch.queries()) == [f"Q{number}" for number in range(1, 23)]


@pytest.mark.parametrize("query", tpch.queries())
def test_the_answers_agree(both: tuple[Athena, duckdb.DuckDBPyConnection], query: str) -> None:
    athena, connection = both
    sql = tpch.queries()[query]
    expected = connection.execute(sql).fetchall()
    answer = athena(sql)
    assert expected, "a query without an answer proves nothing: choose a larger scale"
    assert len(answer.rows) == len(expected)
    for ours, theirs in zip(answer.rows, expected, strict=True):
        values = [_value(text, kind) for text, kind in zip(ours, answer.types, strict=True)]
        assert values == [pytest.approx(each, rel=1e-9) if isinstance(each, float) else each for each in theirs]


def _value(text: str | None, kind: str) -> Any:
    return None if text is None else READ[kind](text)
