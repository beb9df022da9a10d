"""Parameters: ``$1`` and the like. Their values, and of what types they are where the client does not say.

``WHERE id = $1``, id being an integer: so is ``$1``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlglot import exp

from localaws.lake.quoting import internal
from localaws.warehouse.errors import PROTOCOL, RedshiftError
from localaws.warehouse.session_protocol import Parameter
from localaws.warehouse.sql.column_types import Type, of_words
from localaws.warehouse.sql.inserting import target_types
from localaws.warehouse.sql.type_inference import Columns, TypeInference
from localaws.warehouse.wire import types

#: The number of a parameter's type → Redshift's word for it.
_WORDS = {
    types.BOOL: "boolean", types.INT2: "smallint", types.INT4: "integer", types.INT8: "bigint", types.FLOAT4: "real",
    types.FLOAT8: "double precision", types.NUMERIC: "decimal(38, 9)", types.DATE: "date", types.TIME: "time",
    types.TIMESTAMP: "timestamp", types.TIMESTAMPTZ: "timestamptz", types.VARBYTE: "varbyte",
}  # fmt: skip
_NUMBERS = {
    "boolean": types.BOOL, "smallint": types.INT2, "integer": types.INT4, "bigint": types.INT8, "real": types.FLOAT4,
    "double": types.FLOAT8, "decimal": types.NUMERIC, "date": types.DATE, "time": types.TIME,
    "timestamp": types.TIMESTAMP, "timestamptz": types.TIMESTAMPTZ, "varchar": types.VARCHAR, "char": types.VARCHAR,
}  # fmt: skip
_ALIKE = (exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod, exp.Like)


def parameters_in(tree: exp.Expr) -> int:
    """How many parameters the statement takes."""
    return max((number for number, _ in _places(tree)), default=0)


def fill_in(tree: exp.Expr, parameters: Sequence[Parameter]) -> None:
    """Put the values in their places. Raises RedshiftError where one is missing."""
    for number, node in list(_places(tree)):
        if number > len(parameters):
            raise RedshiftError(PROTOCOL, f"bind message supplies {len(parameters)} parameters, but ${number} is used")
        node.replace(_literal(parameters[number - 1]))


def typed(tree: exp.Expr, known: Sequence[int], columns: Columns) -> list[int]:
    """The numbers of the parameters' types: the *known* ones, and what the others stand beside; 0 for what is open."""
    found = [*known, *[0] * (parameters_in(tree) - len(known))]
    inference = TypeInference(columns, lambda node, arguments: None)
    for number, node in _places(tree):
        kind = _beside(node, inference, columns)
        if kind is not None and not found[number - 1]:
            found[number - 1] = _NUMBERS.get(kind.name, 0)
    return found


def _beside(node: exp.Column, inference: TypeInference, columns: Columns) -> Type | None:
    """The type that *node* has by where it stands."""
    parent = node.parent
    if isinstance(parent, exp.Cast):
        return of_words(parent.to)
    if isinstance(parent, _ALIKE):
        kind = inference.type_of(parent.right if parent.left is node else parent.left)
        return kind if kind is None or kind.is_number or isinstance(parent, exp.Predicate) else None
    if isinstance(parent, exp.Between | exp.In):
        return inference.type_of(parent.this)
    if isinstance(parent, exp.Limit | exp.Offset):
        return Type("bigint")
    if isinstance(parent, exp.Tuple) and isinstance(parent.parent, exp.Values):
        return _of_target(parent, node, columns)
    return None


def _of_target(row: exp.Tuple, node: exp.Column, columns: Columns) -> Type | None:
    """The type of the column that a value of INSERT … VALUES goes into."""
    insert = row.find_ancestor(exp.Insert)
    types = target_types(insert, columns) if insert is not None else []
    place = next(number for number, each in enumerate(row.expressions) if each is node)
    return types[place] if place < len(types) else None


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
