"""What an expression means in Athena: Trino's answer, never what DuckDB would have said."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest

from tests.conftest import RunningLab
from tests.engines import athena_expressions, athena_functions, athena_moments, athena_semantics
from tests.engines.athena_tools import Athena

TABLES = (athena_expressions, athena_semantics, athena_moments, athena_functions)
#: Expressions to a query.
TOGETHER = 20
EXPRESSIONS = [expression for table in TABLES for expression in table.EXPRESSIONS]


@dataclass
class Result:
    """What came of one expression: its text, or why its query failed."""

    value: str | None = None
    reason: str | None = None


@pytest.fixture(scope="module")
def answers(lab: RunningLab) -> dict[str, Result]:
    """All expressions, a few queries at a time: those that should succeed many to a query, which saves most of them."""
    athena = Athena(lab, "athena-expressions", "expressions")

    def ask(expressions: Sequence[str]) -> dict[str, Result]:
        answer = athena.run(f"SELECT {', '.join(f'{each} AS x{n}' for n, each in enumerate(expressions))}")
        if answer.state == "SUCCEEDED":
            return {each: Result(value) for each, value in zip(expressions, answer.rows[0], strict=True)}
        if len(expressions) == 1:
            return {expressions[0]: Result(reason=answer.reason)}
        return {each: result for one in expressions for each, result in ask([one]).items()}  # which of them was it?

    good = [expression for expression, expected in EXPRESSIONS if not _is_error(expected)]
    batches = [good[start : start + TOGETHER] for start in range(0, len(good), TOGETHER)]
    batches += [[expression] for expression, expected in EXPRESSIONS if _is_error(expected)]
    with ThreadPoolExecutor(4) as pool:
        return {each: result for part in pool.map(ask, batches) for each, result in part.items()}


def _is_error(expected: str | None) -> bool:
    return expected is not None and expected.startswith("!")


@pytest.mark.parametrize(("expression", "expected"), EXPRESSIONS)
def test_expression(answers: dict[str, Result], expression: str, expected: str | None) -> None:
    result = answers[expression]
    if _is_error(expected):
        assert result.reason is not None, result.value
        assert result.reason.startswith(str(expected)[1:]), result.reason
    else:
        assert (result.reason, result.value) == (None, expected)
