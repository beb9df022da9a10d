"""Trino's aggregate functions where DuckDB's have another name, another meaning or none.

Source: Trino's "Aggregate functions".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from localaws.engines.athena.errors import position_of
from localaws.engines.athena.sql.duckdb_ast import Special, call, cast
from localaws.engines.athena.sql.type_rules import INTEGERS, TEXTS
from localaws.lake.errors import QueryFailure, not_supported

if TYPE_CHECKING:
    from localaws.engines.athena.sql.dialect import Translator

_CHAIN = exp.Window | exp.Filter | exp.IgnoreNulls | exp.RespectNulls
_PRIME = "-7046029288634856825"  # what a NULL adds to a checksum
#: The least and the greatest standard error that approx_distinct takes.
_ERRORS = (0.0040625, 0.26)


def aggregate(name: str, *arguments: exp.Expr) -> exp.Anonymous:
    """DuckDB's aggregate as a part of what a function of Trino's is made of: FILTER and OVER belong to it."""
    made = call(name, *arguments)
    made.meta["aggregate"] = True
    return made


def spread(node: exp.Expr) -> exp.Expr:
    """A FILTER or OVER after a function that is made of several parts, put where it belongs: after the aggregates."""
    inner = node.this
    if isinstance(inner, exp.Filter) or not isinstance(inner, exp.Expr) or inner.meta.get("aggregate"):
        return node
    parts = [each for each in inner.find_all(exp.Anonymous, exp.Filter) if each.meta.get("aggregate")]
    if not parts:
        return node
    holder = exp.Paren(this=inner.copy())
    for each in list(holder.find_all(exp.Anonymous, exp.Filter)):
        if each.meta.get("aggregate"):
            wrapped = node.copy()
            wrapped.set("this", each.copy())
            wrapped.meta["aggregate"] = True
            each.replace(wrapped)
    return holder


def typed(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    """An aggregate with all that belongs to it (FILTER, OVER) is finished where that ends."""
    return node if isinstance(node.parent, exp.Window | exp.Filter) else finished(translator, node)


def finished(translator: Translator, node: exp.Expr) -> exp.Expr:
    """What DuckDB's aggregate gives, in Trino's type: a sum of integers is a bigint, an average of decimals one."""
    function = node
    while isinstance(function, _CHAIN):
        function = function.this
    column_type = translator.type_of(node)
    name = function.name.lower() if isinstance(function, exp.Anonymous) else ""
    if column_type is None:
        return node
    if name == "sum" and column_type.name == "bigint":
        return cast(node.copy(), "BIGINT")
    if name == "avg" and column_type.name == "decimal":
        return cast(call("round", node.copy(), column_type.scale), column_type.duckdb)
    return cast(node.copy(), "FLOAT") if name in ("avg", "sum") and column_type.name == "real" else node


def _approx_distinct(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    if len(arguments) == 2:
        error = float(arguments[1].name) if isinstance(arguments[1], exp.Literal) else _ERRORS[1]
        if not _ERRORS[0] <= error <= _ERRORS[1]:
            words = f"Standard error must be in [{_ERRORS[0]}, {_ERRORS[1]}]: {error}"
            raise QueryFailure("INVALID_FUNCTION_ARGUMENT", words)
    return call("approx_count_distinct", arguments[0])


def _approx_percentile(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    """Of values, or of values and their weights; at one place, or at several."""
    value, *weights, wanted = arguments
    if isinstance(wanted, exp.Literal) and not 0 <= float(wanted.name) <= 1:
        raise QueryFailure("INVALID_FUNCTION_ARGUMENT", "percentile must be between 0 and 1")
    if not weights:
        return call("quantile_disc", value, wanted)
    lists = [cast(aggregate("list", each), "DOUBLE[]") for each in (value, weights[0])]
    column_type = translator.type_of(value)
    target = column_type.duckdb if column_type else "DOUBLE"
    places = wanted.expressions if isinstance(wanted, exp.Array) else [wanted]
    made = [cast(call("native_weighted_percentile", *[each.copy() for each in lists], place), target)
            for place in places]  # fmt: skip
    return exp.Array(expressions=made) if isinstance(wanted, exp.Array) else made[0]


def _chosen(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    """max_by and min_by: the value may be NULL, what it is chosen by may not."""
    which = "arg_max" if node.name.lower() == "max_by" else "arg_min"
    return call(which if len(arguments) == 3 else f"{which}_null", *arguments)


def _checksum(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    value, column_type = arguments[0], translator.type_of(arguments[0])
    name = column_type.name if column_type else ""
    if name in (*INTEGERS, "date", "boolean", "timestamp"):
        if name in ("date", "timestamp"):
            value = call("epoch_us", value) if name == "timestamp" else exp.Sub(
                this=value, expression=cast(exp.Literal.string("1970-01-01"), "DATE")
            )  # fmt: skip
        part = call("native_checksum_whole", cast(value, "BIGINT"))
    elif name in ("double", "real"):
        part = call("native_checksum_real", value)
    elif name in (*TEXTS, "varbinary"):
        part = call("native_checksum_bytes", call("encode", value) if name != "varbinary" else value)
    else:
        raise not_supported(f"checksum of {name or 'this'}", position_of(translator.sql, node.name))
    known = exp.Coalesce(this=part, expressions=[cast(exp.Literal.string(_PRIME), "BIGINT")])
    return call("native_checksum_sum", cast(aggregate("sum", cast(known, "HUGEINT")), "VARCHAR"))


def _numeric_histogram(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    buckets, value, *weight = arguments
    weights = aggregate("list", weight[0] if weight else exp.Literal.number(1))
    lists = [cast(each, "DOUBLE[]") for each in (aggregate("list", value), weights)]
    return call("native_numeric_histogram", aggregate("any_value", buckets), *lists)


def _reduce_agg(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    value, start, step, _ = arguments
    return call("list_reduce", call("present", aggregate("list", value)), step, start)


def _bits(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    """bitwise_and_agg and its like give a bigint."""
    return aggregate(node.name.lower().replace("bitwise", "bit").removesuffix("_agg"), cast(arguments[0], "BIGINT"))


def _pairs(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    return call(f"{node.name.lower()}_of", aggregate("list", call("row", *arguments)))


def _gathered(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    return call(f"{node.name.lower()}_of", aggregate("list", *arguments))


def _most_frequent(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    buckets, value, _ = arguments
    return call("most_frequent_of", aggregate("histogram", value), aggregate("any_value", buckets))


FUNCTIONS: dict[str, Special] = {
    "sum": typed,
    "avg": typed,
    "approx_distinct": _approx_distinct,
    "approx_percentile": _approx_percentile,
    "max_by": _chosen,
    "min_by": _chosen,
    "bitwise_and_agg": _bits,
    "bitwise_or_agg": _bits,
    "bitwise_xor_agg": _bits,
    "checksum": _checksum,
    "numeric_histogram": _numeric_histogram,
    "reduce_agg": _reduce_agg,
    "map_agg": _pairs,
    "multimap_agg": _pairs,
    "map_union": _gathered,
    "set_agg": _gathered,
    "set_union": _gathered,
    "approx_most_frequent": _most_frequent,
}
