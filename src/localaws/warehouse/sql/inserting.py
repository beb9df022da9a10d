"""INSERT … VALUES: each value as it goes into its column, and MERGE's rows.

Source: Redshift database developer guide, "INSERT", "MERGE", "Type compatibility and conversion".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from sqlglot import exp

from localaws.warehouse.sql.casts import assigned
from localaws.warehouse.sql.column_types import Type, of_duckdb
from localaws.warehouse.sql.type_inference import Columns

if TYPE_CHECKING:
    from localaws.warehouse.sql.dialect import Translator


def target_types(insert: exp.Expr, columns: Columns) -> list[Type | None]:
    """The types of the columns that the rows of *insert* go into, in their order; [] where they are not known."""
    target = insert.this
    named = [each.name.lower() for each in target.expressions] if isinstance(target, exp.Schema) else []
    table = target.this if isinstance(target, exp.Schema) else target
    if not isinstance(table, exp.Table):
        return []
    there = {name.lower(): told for name, told in (columns([part.name for part in table.parts]) or {}).items()}
    return [of_duckdb(there[each]) if each in there else None for each in named or there]


def _insert(translator: Translator, node: exp.Expr) -> exp.Expr:
    if isinstance(node.expression, exp.Values):
        types = target_types(node, translator.context.columns)
        for row in node.expression.expressions:
            pairs = zip(row.expressions, types, strict=False)
            put = [assigned(value, translator.type_of(value), target) for value, target in pairs]
            row.set("expressions", [*put, *row.expressions[len(put) :]])
    return node


HANDLERS: dict[type[exp.Expr], Callable[[Translator, exp.Expr], exp.Expr]] = {exp.Insert: _insert}
