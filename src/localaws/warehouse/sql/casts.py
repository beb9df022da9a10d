"""CAST, ``::``, CONVERT and TRY_CAST: what a text may say, how long it may be, and how a number is written.

Source: Redshift database developer guide, "CAST function", "TRY_CAST function", "Character types".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from sqlglot import exp

from localaws.warehouse.sql import column_types as of
from localaws.warehouse.sql.building import call, cast, datatype, macro
from localaws.warehouse.sql.column_types import Type, of_words

if TYPE_CHECKING:
    from localaws.warehouse.sql.dialect import Translator


def as_text(node: exp.Expr, source: Type | None) -> exp.Expr:
    """*node* of type *source* as Redshift writes it."""
    if source is None:
        return cast(node, "VARCHAR")
    if source.is_text:
        return node
    if source.name in ("double", "real"):
        return macro("float_text", node)
    if source == of.SUPER:
        return macro("super_written", node)
    return cast(node, "VARCHAR")


def converted(node: exp.Expr, source: Type | None, target: Type, trying: bool = False) -> exp.Expr:
    """*node* of type *source* as one of type *target*; what is none becomes NULL, if it is only *trying*."""
    node = _prepared(node, source, target, trying)
    if target.is_text:
        text = as_text(node, source)
        text = macro("fit", text, target.precision) if target.precision else text
        return macro("char", text) if target.name == "char" else text
    kind = exp.TryCast if trying else exp.Cast
    return kind(this=node, to=datatype(target.duckdb))


def assigned(node: exp.Expr, source: Type | None, target: Type | None) -> exp.Expr:
    """*node* as it goes into a column of type *target*, or is compared with one: a text may be a value of its type."""
    if source is None or target is None or source == of.UNKNOWN:
        return node
    if target == of.SUPER and source != of.SUPER:
        return call("to_json", node)
    if source == of.SUPER and target != of.SUPER:
        return converted(node, source, target)
    if source.is_text and (target.is_moment or target == of.BOOLEAN):
        return converted(node, source, target)
    return node


def _prepared(node: exp.Expr, source: Type | None, target: Type, trying: bool) -> exp.Expr:
    """*node* as DuckDB casts it to *target* with Redshift's result."""
    if source is None:
        return node
    if source == of.SUPER and target != of.SUPER and not target.is_text:
        return macro("super_written", node)
    if target == of.SUPER and source != of.SUPER:
        return call("to_json", node)
    if source.is_text and target.is_integer:
        return macro("whole_text_or_null" if trying else "whole_text", node)
    if source.is_text and target.is_moment and not trying:
        return macro("date_text" if target == of.DATE else "moment_of_text", node)
    if source.is_text and target == of.BOOLEAN:
        return macro("truth_text", node)
    if source.is_text and target.name in ("decimal", "double", "real"):
        return call("trim", node)
    return node


def _cast(translator: Translator, node: exp.Expr) -> exp.Expr:
    assert isinstance(node, exp.Cast)
    return converted(node.this, translator.type_of(node.this), of_words(node.to), isinstance(node, exp.TryCast))


def _column(translator: Translator, node: exp.Expr) -> exp.Expr:
    """The type of a column in CREATE TABLE."""
    kind = node.args.get("kind")
    if isinstance(kind, exp.DataType):
        found = of_words(kind)
        if not (found.is_text and kind.expressions):
            node.set("kind", datatype(found.duckdb))
    return node


HANDLERS: dict[type[exp.Expr], Callable[[Translator, exp.Expr], exp.Expr]] = {
    exp.Cast: _cast,
    exp.ColumnDef: _column,
}
