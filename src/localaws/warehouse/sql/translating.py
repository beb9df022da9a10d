"""One statement of Redshift's as DuckDB's: read it, put parameters in their places, translate it."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from localaws.warehouse.errors import SYNTAX, RedshiftError
from localaws.warehouse.session_protocol import Parameter
from localaws.warehouse.sql.dialect import Context, Translator
from localaws.warehouse.sql.grammar import parse
from localaws.warehouse.sql.parameters import fill_in

__all__ = ["Context", "parse", "translate", "translate_expression"]


def translate(tree: exp.Expr, parameters: Sequence[Parameter] = (), context: Context | None = None) -> str:
    """DuckDB's SQL for *tree*, with *parameters* in the places of ``$1`` and the like; *tree* itself is changed.

    Raises RedshiftError: for what Redshift has not, too many parameters, types that do not go together.
    """
    fill_in(tree, parameters)
    try:
        return Translator(context or Context()).translate(tree)
    except RecursionError:
        raise RedshiftError("54001", "stack depth limit exceeded") from None


def translate_expression(sql: str, context: Context | None = None) -> str:
    """DuckDB's SQL for an expression that stands alone: a DEFAULT, a policy's condition. Raises RedshiftError."""
    select = parse(f"SELECT {sql}")
    if not isinstance(select, exp.Select) or len(select.expressions) != 1:
        raise RedshiftError(SYNTAX, f'syntax error at or near "{sql}"')
    return Translator(context or Context()).translate(select.expressions[0].pop())
