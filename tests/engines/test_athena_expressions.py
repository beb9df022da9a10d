"""What an expression means in Athena: Trino's answer, never what DuckDB would have said."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.conftest import RunningLab
from tests.engines import athena_expressions, athena_functions, athena_moments, athena_semantics
from tests.engines.athena_tools import Answer, Athena

TABLES = (athena_expressions, athena_semantics, athena_moments, athena_functions)
EXPRESSIONS = [expression for table in TABLES for expression in table.EXPRESSIONS]


@pytest.fixture(scope="module")
def answers(lab: RunningLab) -> dict[str, Answer]:
    """All expressions, a few at a time."""
    athena = Athena(lab, "athena-expressions", "expressions")
    with ThreadPoolExecutor(6) as pool:
        found = pool.map(lambda expression: athena.run(f"SELECT {expression} AS x"), [each for each, _ in EXPRESSIONS])
        return {expression: answer for (expression, _), answer in zip(EXPRESSIONS, found, strict=True)}


@pytest.mark.parametrize(("expression", "expected"), EXPRESSIONS)
def test_expression(answers: dict[str, Answer], expression: str, expected: str | None) -> None:
    answer = answers[expression]
    if expected is not None and expected.startswith("!"):
        assert answer.state == "FAILED", answer.rows
        assert answer.reason.startswith(expected[1:]), answer.reason
    else:
        assert answer.state == "SUCCEEDED", answer.reason
        assert answer.rows == [(expected,)]
