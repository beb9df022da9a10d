"""Aggregate and window functions.

Source: Redshift database developer guide, "Aggregate functions", "Window functions".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from sqlglot import exp

from localaws.warehouse.errors import SYNTAX, RedshiftError, not_done
from localaws.warehouse.sql import column_types as of
from localaws.warehouse.sql.building import Builder, Function, Functions, call, cast, first, macro
from localaws.warehouse.sql.casts import as_text
from localaws.warehouse.sql.column_types import Type

if TYPE_CHECKING:
    from localaws.warehouse.sql.dialect import Translator

_AROUND = (exp.Window, exp.Filter, exp.WithinGroup, exp.IgnoreNulls, exp.RespectNulls)
_FRAMED = {"sum", "avg", "count", "min", "max", "stddev", "stddev_samp", "stddev_pop", "variance", "var_samp",
           "var_pop"}  # fmt: skip


def _sum_type(types: Sequence[Type | None]) -> Type | None:
    kind = first(types)
    if kind is None or kind.is_text:
        return None
    if kind.is_integer:
        return of.WIDE if kind == of.BIGINT else of.BIGINT
    return Type("decimal", 38, kind.scale) if kind.name == "decimal" else of.DOUBLE


def _avg_type(types: Sequence[Type | None]) -> Type | None:
    kind = first(types)
    if kind is None or kind.is_text:
        return None
    if kind.is_integer:
        return of.BIGINT
    return Type("decimal", 38, kind.scale) if kind.name == "decimal" else of.DOUBLE


def _aggregate(name: str, numbers: bool = False) -> Builder:
    """DuckDB's aggregate *name*; of *numbers*, which a document's parts may be."""

    def build(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
        if numbers and translator.type_of(node.expressions[0] if node.expressions else None) == of.SUPER:
            arguments = [macro("super_number", each) for each in arguments]
        made = call(name, *arguments)
        return made if isinstance(node.parent, _AROUND) else _finished(node, made, translator)

    return build


def _finished(node: exp.Expr, made: exp.Expr, translator: Translator) -> exp.Expr:
    """What DuckDB's aggregate gives, in Redshift's type: an average of integers has no fraction."""
    kind, function = translator.type_of(node), node
    while isinstance(function, _AROUND):
        function = function.this
    name = function.name.lower() if isinstance(function, exp.Anonymous) else ""
    if kind is None or name not in ("sum", "avg"):
        return made
    if name == "avg" and kind == of.BIGINT:
        return cast(call("trunc", made), "BIGINT")
    return cast(made, kind.duckdb)


def _count(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    distinct = node.find(exp.Distinct)
    if node.meta.get("approximate") and distinct is not None:
        return call("approx_count_distinct", distinct.expressions[0])
    return call("count", *arguments)


def _listagg(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    """LISTAGG(DISTINCT x, ', '); `within_group` adds the order."""
    head = arguments[0]
    items = head.expressions if isinstance(head, exp.Distinct) else arguments
    text = as_text(items[0], translator.type_of(items[0]))
    if isinstance(head, exp.Distinct):
        text = exp.Distinct(expressions=[text])
    return call("string_agg", text, items[1] if len(items) > 1 else "")


def _percentile(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    return node


def within_group(translator: Translator, node: exp.Expr) -> exp.Expr:
    """LISTAGG and the percentiles, whose order stands behind them."""
    inner, order = node.this, node.expression
    ordered = order.expressions[0]
    if inner.name == "string_agg":
        head, delimiter = inner.expressions
        if isinstance(head, exp.Distinct) and not isinstance(node.parent, exp.Window):  # sorted as what they are
            values = exp.Order(this=exp.Distinct(expressions=[ordered.this.copy()]), expressions=order.expressions)
            return macro("listed", call("array_to_string", call("list", values), delimiter))
        made = call("string_agg", head, exp.Order(this=delimiter, expressions=order.expressions))
        return made if isinstance(node.parent, exp.Window) else macro("listed", made)
    if inner.name.lower() in ("percentile_cont", "percentile_disc"):
        wanted = inner.expressions[0]
        if ordered.args.get("desc"):
            wanted = exp.Paren(this=exp.Sub(this=exp.convert(1), expression=wanted))
        return call(inner.name.lower().replace("percentile", "quantile"), ordered.this, wanted)
    raise RedshiftError(SYNTAX, f"WITHIN GROUP is not allowed for {inner.name.lower()}")


def over(translator: Translator, node: exp.Expr) -> exp.Expr:
    """A window function, in Redshift's type."""
    inner = node.this
    function = inner.this if isinstance(inner, exp.IgnoreNulls | exp.RespectNulls) else inner
    name = function.name.lower()
    if name == "rs_ratio":
        total = node.copy()
        total.set("this", call("sum", function.expressions[0].copy()))
        return exp.Div(this=cast(function.expressions[0], "DOUBLE"), expression=total)
    if name in _FRAMED and node.args.get("order") and not node.args.get("spec"):
        raise RedshiftError(SYNTAX, "Aggregate window functions with an ORDER BY clause require a frame clause")
    if isinstance(inner, exp.IgnoreNulls):
        node.set("this", exp.IgnoreNulls(this=_named(function)))
    elif isinstance(inner, exp.RespectNulls):
        node.set("this", function)
    return _finished(node, node, translator) if name in ("sum", "avg") else node


def _named(function: exp.Anonymous) -> exp.Expr:
    """The node of the grammar that IGNORE NULLS can stand in."""
    value, *others = function.expressions
    match function.name.lower():
        case "lag" | "lead":
            kind = exp.Lag if function.name.lower() == "lag" else exp.Lead
            return kind(this=value, **dict(zip(("offset", "default"), others, strict=False)))
        case "first_value":
            return exp.FirstValue(this=value)
        case "last_value":
            return exp.LastValue(this=value)
        case "nth_value":
            return exp.NthValue(this=value, offset=others[0])
    raise not_done(f"IGNORE NULLS of {function.name.lower()}")


def _ratio(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    return call("rs_ratio", *arguments)


_DOUBLE: Callable[[str], Function] = lambda name: Function(_aggregate(name, numbers=True), of.DOUBLE)  # noqa: E731

FUNCTIONS: Functions = {
    "any_value": Function(_aggregate("any_value"), first),
    "avg": Function(_aggregate("avg", numbers=True), _avg_type),
    "bit_and": Function(_aggregate("bit_and"), first),
    "bit_or": Function(_aggregate("bit_or"), first),
    "bool_and": Function(_aggregate("bool_and"), of.BOOLEAN),
    "bool_or": Function(_aggregate("bool_or"), of.BOOLEAN),
    "count": Function(_count, of.BIGINT),
    "listagg": Function(_listagg, of.VARCHAR),
    "max": Function(_aggregate("max"), first),
    "median": Function(_aggregate("median"), None),
    "min": Function(_aggregate("min"), first),
    "percentile_cont": Function(_percentile, None),
    "percentile_disc": Function(_percentile, None),
    "stddev": _DOUBLE("stddev_samp"),
    "stddev_pop": _DOUBLE("stddev_pop"),
    "stddev_samp": _DOUBLE("stddev_samp"),
    "sum": Function(_aggregate("sum", numbers=True), _sum_type),
    "var_pop": _DOUBLE("var_pop"),
    "var_samp": _DOUBLE("var_samp"),
    "variance": _DOUBLE("var_samp"),
    # Over windows only
    "cume_dist": Function(_aggregate("cume_dist"), of.DOUBLE),
    "dense_rank": Function(_aggregate("dense_rank"), of.BIGINT),
    "first_value": Function(_aggregate("first_value"), first),
    "lag": Function(_aggregate("lag"), first),
    "last_value": Function(_aggregate("last_value"), first),
    "lead": Function(_aggregate("lead"), first),
    "nth_value": Function(_aggregate("nth_value"), first),
    "ntile": Function(_aggregate("ntile"), of.BIGINT),
    "percent_rank": Function(_aggregate("percent_rank"), of.DOUBLE),
    "rank": Function(_aggregate("rank"), of.BIGINT),
    "ratio_to_report": Function(_ratio, of.DOUBLE),
    "row_number": Function(_aggregate("row_number"), of.BIGINT),
    "grouping": Function(_aggregate("grouping"), of.INTEGER),
}
