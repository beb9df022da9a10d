"""Nodes of DuckDB's syntax: ``call("trunc", x)`` is ``trunc(x)``, ``cast(x, "INTEGER")`` is ``CAST(x AS INTEGER)``."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from sqlglot import exp

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
