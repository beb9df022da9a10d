"""Small pieces of syntax: calls and casts of DuckDB's, and where something stands in the query's text."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from sqlglot import exp

from localaws.engines.athena.errors import line_and_column

if TYPE_CHECKING:
    from localaws.engines.athena.sql.dialect import Translator

#: Makes DuckDB's expression of one call: of the translator, the call and its arguments, which are translated already.
Special = Callable[["Translator", exp.Anonymous, list[exp.Expr]], exp.Expr]


def call(name: str, *arguments: exp.Expr | str | int) -> exp.Anonymous:
    """A call of DuckDB's function or of one of our macros."""
    expressions = [each if isinstance(each, exp.Expr) else exp.convert(each) for each in arguments]
    return exp.Anonymous(this=name, expressions=expressions)


def cast(node: exp.Expr, kind: str) -> exp.Expr:
    """A cast to one of DuckDB's types."""
    return exp.Cast(this=node, to=exp.DataType.build(kind, dialect="duckdb"))


def operator_position(sql: str, symbol: str, left: exp.Expr, right: exp.Expr | None) -> tuple[int, int] | None:
    """Line and column of the operator *symbol* in *sql*: where the operands stand beside it, or the first one.

    None if there is none: ``IS DISTINCT FROM`` is written in several ways.
    """
    spaced = re.sub(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"", lambda match: "_" * len(match[0]), sql)
    places = [match.start() for match in re.finditer(rf"(?<![<>!|=]){re.escape(symbol)}(?![<>=|])", spaced)]
    if symbol == "<>":
        places += [match.start() for match in re.finditer("!=", spaced)]
    before, after = _word(left, -1), _word(right, 0)
    for place in places:
        if sql[:place].rstrip().endswith(before) and sql[place + len(symbol) :].lstrip().startswith(after):
            return line_and_column(sql, place)
    return line_and_column(sql, places[0]) if places else None


def _word(node: exp.Expr | None, end: int) -> str:
    """The first or the last word of *node*, if it is a plain one."""
    text = node.sql("trino") if isinstance(node, exp.Column | exp.Literal) else ""
    return text.split(".")[end] if isinstance(node, exp.Column) and text else text
