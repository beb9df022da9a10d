"""A view of the system."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import sqlglot
from sqlglot import exp

from localaws.lake.quoting import literal

if TYPE_CHECKING:
    from localaws.warehouse.session import Session


@dataclass(frozen=True)
class SystemView:
    """*columns* are "name TYPE" with DuckDB's types; *rows* have a value for each."""

    columns: Sequence[str]
    rows: Callable[[Session], Iterable[Sequence[Any]]]

    def query(self, session: Session) -> exp.Query:
        """A query of DuckDB's that gives the rows."""
        shape = dict(each.split(" ", 1) for each in self.columns)
        rows = [dict(zip(shape, row, strict=True)) for row in self.rows(session)]
        data, told = json.dumps(rows, default=_text), json.dumps([shape])
        sql = f"SELECT unnest(json_transform({literal(data)}, {literal(told)}), recursive := true)"
        tree = sqlglot.parse_one(sql, read="duckdb")
        assert isinstance(tree, exp.Query)
        return tree


def _text(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat(" ")
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} in a view of the system")
