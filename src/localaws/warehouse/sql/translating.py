"""One statement of Redshift's as DuckDB's: read it, put parameters in their places, translate it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlglot import exp

from localaws.lake.quoting import internal
from localaws.warehouse.errors import PROTOCOL, SYNTAX, RedshiftError
from localaws.warehouse.session_protocol import Parameter
from localaws.warehouse.sql.dialect import Context, Translator
from localaws.warehouse.sql.grammar import parse
from localaws.warehouse.wire import types

__all__ = ["Context", "parameters_in", "parse", "translate", "translate_expression"]

#: The number of a parameter's type → Redshift's word for it.
_WORDS = {
    types.BOOL: "boolean", types.INT2: "smallint", types.INT4: "integer", types.INT8: "bigint", types.FLOAT4: "real",
    types.FLOAT8: "double precision", types.NUMERIC: "decimal(38, 9)", types.DATE: "date", types.TIME: "time",
    types.TIMESTAMP: "timestamp", types.TIMESTAMPTZ: "timestamptz", types.VARBYTE: "varbyte",
}  # fmt: skip


def translate(tree: exp.Expr, parameters: Sequence[Parameter] = (), context: Context | None = None) -> str:
    """DuckDB's SQL for *tree*, with *parameters* in the places of ``$1`` and the like; *tree* itself is changed.

    Raises RedshiftError: for what Redshift has not, too many parameters, types that do not go together.
    """
    for number, node in list(_places(tree)):
        if number > len(parameters):
            raise RedshiftError(PROTOCOL, f"bind message supplies {len(parameters)} parameters, but ${number} is used")
        node.replace(_literal(parameters[number - 1]))
    return Translator(context or Context()).translate(tree)


def translate_expression(sql: str, context: Context | None = None) -> str:
    """DuckDB's SQL for an expression that stands alone: a DEFAULT, a policy's condition. Raises RedshiftError."""
    select = parse(f"SELECT {sql}")
    if not isinstance(select, exp.Select) or len(select.expressions) != 1:
        raise RedshiftError(SYNTAX, f'syntax error at or near "{sql}"')
    return Translator(context or Context()).translate(select.expressions[0].pop())


def parameters_in(tree: exp.Expr) -> int:
    """How many parameters the statement takes."""
    return max((number for number, _ in _places(tree)), default=0)


def _places(tree: exp.Expr) -> Iterator[tuple[int, exp.Column]]:
    """Where ``$1`` and the like stand (`splitting`)."""
    for node in tree.find_all(exp.Column):
        if node.name.startswith(internal("")) and node.name[1:].isdigit():
            yield int(node.name[1:]), node


def _literal(parameter: Parameter) -> exp.Expr:
    """A value as it would be written; of a known type, if the client has named one."""
    value, word = parameter.value, _WORDS.get(parameter.type)
    if value is None:
        return exp.cast(exp.null(), word, dialect="redshift") if word else exp.null()
    text = exp.Literal.string(_text(value))
    return exp.cast(text, word, dialect="redshift") if word else text


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, datetime | date):
        return value.isoformat(" ") if isinstance(value, datetime) else value.isoformat()
    return format(value, "f") if isinstance(value, Decimal) else str(value)
