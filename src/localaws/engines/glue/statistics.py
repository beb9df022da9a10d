"""What is known of a column's values: a table and each of its partitions keep it, for whoever plans queries.

Source: Glue web API reference, "Column statistics API" (ColumnStatistics, ColumnError). The lab does not compute them:
who analyses a table tells them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from moto.glue.exceptions import EntityNotFoundException
from moto.glue.models import FakePartition

#: By a column's name: a ColumnStatistics, as the request had it.
Statistics = dict[str, dict[str, Any]]


class HasStatistics(Protocol):
    statistics: Statistics


class AnalysedPartition(FakePartition):
    """A partition that keeps the statistics of its columns."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.statistics: Statistics = {}


def update(kept: HasStatistics, columns: set[str], given: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Keep what is *given* of *columns*; returns a ColumnStatisticsError for each that is of another one."""
    errors = []
    for each in given:
        name = each["ColumnName"].lower()
        if name in columns:
            kept.statistics[name] = {**each, "ColumnName": name}
        else:
            errors.append({"ColumnStatistics": each, "Error": _not_found(f"Column {name} is not one of the table")})
    return errors


def told(kept: HasStatistics, names: Iterable[str]) -> dict[str, list[dict[str, Any]]]:
    """The ColumnStatisticsList and the Errors of an answer about the columns *names*."""
    wanted = [name.lower() for name in names]
    missing = [name for name in wanted if name not in kept.statistics]
    return {
        "ColumnStatisticsList": [kept.statistics[name] for name in wanted if name in kept.statistics],
        "Errors": [{"ColumnName": name, "Error": _not_found(f"No statistics of column {name}")} for name in missing],
    }


def forget(kept: HasStatistics, name: str) -> None:
    """Raises EntityNotFoundException for a column of which nothing is known."""
    if kept.statistics.pop(name.lower(), None) is None:
        raise EntityNotFoundException(f"No statistics of column {name.lower()}")


def _not_found(message: str) -> dict[str, str]:
    return {"ErrorCode": "EntityNotFoundException", "ErrorMessage": message}
