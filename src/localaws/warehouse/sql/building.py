"""What the modules of functions share: nodes of DuckDB's SQL, and how a function of Redshift's is declared."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from sqlglot import exp

from localaws.warehouse.sql.column_types import Type

if TYPE_CHECKING:
    from localaws.warehouse.sql.dialect import Translator

#: Makes DuckDB's expression of one call: of the translator, the call, and its arguments, which are translated already.
Builder = Callable[["Translator", exp.Anonymous, list[exp.Expr]], exp.Expr]
#: The type of a call by those of its arguments; None is a type that is not known.
Rule = Callable[[Sequence[Type | None]], Type | None]
#: Where the macros of macros.sql are: the name stands in front, for a session works in another database.
HOME = "memory.main"


@dataclass(frozen=True)
class Function:
    """How DuckDB does one of Redshift's functions, and what it gives."""

    build: Builder
    gives: Type | Rule | None = None

    def type_of(self, arguments: Sequence[Type | None]) -> Type | None:
        return self.gives(arguments) if callable(self.gives) else self.gives


Functions = dict[str, Function]


def call(name: str, *arguments: exp.Expr | str | int) -> exp.Anonymous:
    """A call of DuckDB's own function *name*."""
    expressions = [each if isinstance(each, exp.Expr) else exp.convert(each) for each in arguments]
    return exp.Anonymous(this=name, expressions=expressions)


def macro(name: str, *arguments: exp.Expr | str | int) -> exp.Anonymous:
    """A call of the macro ``rs_name`` of macros.sql."""
    return call(f"{HOME}.rs_{name}", *arguments)


def cast(node: exp.Expr, duckdb_type: str) -> exp.Cast:
    return exp.Cast(this=node, to=datatype(duckdb_type))


def datatype(duckdb_type: str) -> exp.DataType:
    """The node of one of DuckDB's types."""
    return _datatype(duckdb_type).copy()


@cache
def _datatype(duckdb_type: str) -> exp.DataType:
    return exp.DataType.build(duckdb_type, dialect="duckdb")


def same(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    """DuckDB has the function under the same name."""
    return node


def renamed(name: str) -> Builder:
    """DuckDB has it under the name *name*."""
    return lambda translator, node, arguments: call(name, *arguments)


def by_macro(name: str) -> Builder:
    """The macro ``rs_name`` does it."""
    return lambda translator, node, arguments: macro(name, *arguments)


def first(types: Sequence[Type | None]) -> Type | None:
    """A function that gives the type of its first argument."""
    return types[0] if types else None


def common(types: Sequence[Type | None]) -> Type | None:
    """The type that values of *types* have in one column; None if that is not known."""
    known = [each for each in types if each is not None and each.name != "unknown"]
    if not known or len(known) != len([each for each in types if each is None or each.name != "unknown"]):
        return None
    if all(each == known[0] for each in known):
        return known[0]
    if all(each.is_exact for each in known):
        if all(each.is_integer for each in known):
            return max(known, key=lambda each: each.as_decimal().precision)
        decimals = [each.as_decimal() for each in known]
        scale = max(each.scale for each in decimals)
        return Type("decimal", min(38, scale + max(each.precision - each.scale for each in decimals)), scale)
    if all(each.is_number for each in known):
        return Type("double")
    if all(each.is_text for each in known):
        return Type("varchar", max(each.precision for each in known))
    if all(each.is_moment for each in known):
        return Type("timestamptz" if any(each.name == "timestamptz" for each in known) else "timestamp")
    return None
