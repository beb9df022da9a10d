"""Data cells filters: which rows and columns of a table a grant of SELECT covers.

Sources: Lake Formation API reference, DataCellsFilter; "PartiQL support in row filter expressions" (developer guide):
comparisons of a column with constants, BETWEEN, IN, LIKE, IS NULL, joined by AND, OR and NOT; no functions.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from localaws.engines.lakeformation.resources import Resource, cells_filter, invalid

#: "Total length of the expression must be less than 2048 characters."
_LONGEST = 2047
_COMPARED = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Like)


@dataclass(frozen=True)
class CellsFilter:
    """One filter. ``rows`` is an expression, "" for all rows; ``columns`` are those it has, or leaves out."""

    resource: Resource
    rows: str
    columns: tuple[str, ...]
    is_excluding: bool
    version: str = field(default_factory=lambda: str(uuid.uuid4()))

    def among(self, columns: Sequence[str]) -> frozenset[str]:
        """Those of a table's *columns* that it covers."""
        return frozenset(each for each in columns if (each in self.columns) != self.is_excluding)

    def describe(self, account: str) -> dict[str, Any]:
        rows = {"FilterExpression": self.rows} if self.rows else {"FilterExpression": "TRUE", "AllRowsWildcard": {}}
        chosen = {"ExcludedColumnNames": list(self.columns)} if self.is_excluding else list(self.columns)
        return {
            "TableCatalogId": account,
            "DatabaseName": self.resource.database,
            "TableName": self.resource.table,
            "Name": self.resource.name,
            "RowFilter": rows,
            "ColumnWildcard" if self.is_excluding else "ColumnNames": chosen,
            "VersionId": self.version,
        }


def read(given: Mapping[str, Any], columns: Sequence[str], keys: Sequence[str]) -> CellsFilter:
    """The filter that the API's DataCellsFilter describes, for a table of *columns*, *keys* of them its partitions'.

    Raises InvalidInputException.
    """
    names, wildcard = given.get("ColumnNames"), given.get("ColumnWildcard")
    if (names is None) == (wildcard is None):
        raise invalid("A data cells filter needs either ColumnNames or ColumnWildcard.")
    chosen = (names if wildcard is None else wildcard.get("ExcludedColumnNames")) or ()
    lowered = tuple(sorted(name.lower() for name in chosen))
    if unknown := sorted(set(lowered) - set(columns)):
        raise invalid(f"Column(s) {', '.join(unknown)} not found in the table.")
    if wildcard is None and not lowered:
        raise invalid("ColumnNames names no column.")
    rows = given.get("RowFilter") or {}
    expression = "" if rows.get("AllRowsWildcard") is not None else (rows.get("FilterExpression") or "").strip()
    if not expression and rows.get("AllRowsWildcard") is None:
        raise invalid("RowFilter needs FilterExpression or AllRowsWildcard.")
    if expression.lower() == "true":
        expression = ""
    elif expression:
        check(expression, columns, keys)
    place = cells_filter(given["DatabaseName"], given["TableName"], given["Name"])
    return CellsFilter(place, expression, lowered, wildcard is not None)


def check(expression: str, columns: Sequence[str], keys: Sequence[str]) -> None:
    """Raises InvalidInputException unless *expression* only compares *columns* with constants."""
    if len(expression) > _LONGEST:
        raise invalid("The row filter expression is too long: it has at most 2047 characters.")
    try:
        statement = sqlglot.parse_one(f"SELECT 1 WHERE {expression}", read="athena")
        clauses = {name for name, value in statement.args.items() if value}
        if not isinstance(statement, exp.Select) or clauses != {"expressions", "where"}:
            raise invalid(f"The row filter expression is not valid: {expression}")
        _check(statement.args["where"].this, frozenset(columns), frozenset(keys))
    except (SqlglotError, RecursionError):
        raise invalid(f"The row filter expression is not valid: {expression}") from None


def _check(node: exp.Expr, columns: frozenset[str], keys: frozenset[str]) -> None:
    match node:
        case exp.And() | exp.Or():
            _check(node.this, columns, keys)
            _check(node.expression, columns, keys)
        case exp.Not() | exp.Paren():
            _check(node.this, columns, keys)
        case exp.Boolean():
            return
        case exp.Is() if isinstance(node.expression, exp.Null):
            if _column(node.this, columns) in keys:
                raise invalid("IS NULL is not supported for partition columns in a row filter expression.")
        case exp.Between():
            _column(node.this, columns)
            _check_constants([node.args["low"], node.args["high"]])
        case exp.In() if node.expressions and not node.args.get("query"):
            _column(node.this, columns)
            _check_constants(node.expressions)
        case _ if isinstance(node, _COMPARED):
            sides = [node.this, node.expression]
            named = [each for each in sides if isinstance(each, exp.Column)]
            if len(named) != 1:
                raise invalid("A row filter expression compares a column with a constant.")
            _column(named[0], columns)
            _check_constants([each for each in sides if each is not named[0]])
        case exp.Column():  # a column of truth values
            _column(node, columns)
        case _:
            raise invalid(f"A row filter expression cannot have {node.sql('athena')}")


def _column(node: exp.Expr, columns: frozenset[str]) -> str:
    """The column that *node* is, or is a field of."""
    parts = [part.name.lower() for part in node.parts] if isinstance(node, exp.Column) else []
    if not parts or parts[0] not in columns:
        raise invalid(f"Column {node.sql('athena')} of the row filter expression is not one of the table.")
    return parts[0]


def _check_constants(nodes: Sequence[exp.Expr]) -> None:
    for node in nodes:
        value = node.this if isinstance(node, exp.Neg) else node
        typed = isinstance(value, exp.Cast) and isinstance(value.this, exp.Literal)  # DATE '2013-01-01'
        if not typed and not isinstance(value, exp.Literal | exp.Boolean):
            raise invalid(f"A row filter expression compares with constants, not with {node.sql('athena')}")
