"""Functions that take a function: transform, filter, reduce, zip_with, and those over maps.

Source: Trino's "Lambda expressions", "Array functions and operators", "Map functions and operators".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from sqlglot import exp

from localaws.engines.athena.sql.duckdb_ast import Special, call
from localaws.hive import javaregex
from localaws.hive.javaregex import PatternError, Untranslatable
from localaws.lake.errors import QueryFailure, not_supported
from localaws.lake.quoting import internal

if TYPE_CHECKING:
    from localaws.engines.athena.sql.dialect import Translator


def _body(function: exp.Expr, values: Mapping[str, exp.Expr]) -> exp.Expr:
    """What a lambda gives, with *values* in place of its parameters (which the grammar leaves as bare identifiers)."""
    holder = exp.Paren(this=function.this.copy())
    for each in list(holder.find_all(exp.Identifier)):
        if each.name in values and not isinstance(each.parent, exp.Column):
            each.replace(values[each.name].copy())
    return holder


def _names(function: exp.Expr) -> list[str]:
    return [each.name for each in function.expressions]


def _lambda(parameter: str, body: exp.Expr) -> exp.Lambda:
    """A function of a *parameter* of ours, which *body* has as `_parameter`."""
    return exp.Lambda(this=body, expressions=[_parameter(parameter).this])


def _parameter(word: str) -> exp.Column:
    return exp.column(internal(word), quoted=True)


def _entry(part: str) -> exp.Column:
    """The key or the value of the entry of a map."""
    return exp.column(part, table=_parameter("entry").this)


def _transform(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    return call("list_transform", *arguments)


def _filter(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    return call("list_filter", *arguments)


def _match(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    return call(f"list_{node.name.lower()}", call("list_transform", *arguments))


def _reduce(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    values, start, step, finish = arguments
    folded = call("list_reduce", values, step, start)
    return call("list_extract", call("list_transform", exp.Array(expressions=[folded]), finish), 1)


def _map_filter(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    held = call("list_filter", call("map_entries", arguments[0]), _lambda("entry", _of_entry(arguments[1])))
    return call("map_from_entries", held)


def _of_entry(function: exp.Expr) -> exp.Expr:
    key, value = _names(function)
    return _body(function, {key: _entry("key"), value: _entry("value")})


def _transform_map(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    made = _of_entry(arguments[1])
    if node.name.lower() == "transform_values":
        row = call("row", _entry("key"), made)
    else:
        row = call("row", made, _entry("value"))
    return call("map_from_entries", call("list_transform", call("map_entries", arguments[0]), _lambda("entry", row)))


def _zip_with(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    left, right, function = arguments
    pair = _parameter("pair")
    values = {name: call("struct_extract_at", pair, place) for place, name in enumerate(_names(function), 1)}
    return call("list_transform", call("list_zip", left, right), _lambda("pair", _body(function, values)))


def _map_zip_with(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    """Over the keys of both maps; a value that one has not is NULL."""
    left, right, function = arguments
    key = _parameter("both")
    values = [key, call("map_extract_value", left.copy(), key), call("map_extract_value", right.copy(), key)]
    made = call("row", key, _body(function, dict(zip(_names(function), values, strict=True))))
    keys = call("trino_array_union", call("map_keys", left), call("map_keys", right))
    return call("map_from_entries", call("list_transform", keys, _lambda("both", made)))


def _array_sort(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    """With a comparator: each element's place is the number of those that come before it."""
    values = arguments[0]
    if len(arguments) == 1:
        return call("trino_array_sort", values)
    one, other = _names(arguments[1])
    here, there = _parameter("here"), _parameter("there")
    mine, its = call("list_extract", values.copy(), here), call("list_extract", values.copy(), there)
    compared = _body(arguments[1], {one: its, other: mine})
    before = exp.Or(this=exp.LT(this=compared, expression=exp.convert(0)),
                    expression=exp.And(this=exp.EQ(this=compared.copy(), expression=exp.convert(0)),
                                       expression=exp.LT(this=there, expression=here)))  # fmt: skip
    places = call("generate_series", 1, call("len", values.copy()))
    rank = call("len", call("list_filter", places, _lambda("there", before)))
    ranked = call("list_transform", places.copy(), _lambda("here", call("row", rank, mine.copy())))
    taken = call("struct_extract_at", _parameter("item"), 2)
    return call("list_transform", call("list_sort", ranked), _lambda("item", taken))


def _regexp_replace(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    """With a function of the groups: the pieces between the matches, and what it makes of each match."""
    text, pattern, function = arguments
    if not isinstance(pattern, exp.Literal):
        raise not_supported("regexp_replace with a function and a pattern that is not a constant")
    try:
        groups = javaregex.read(pattern.name, "trino").groups
    except PatternError as error:
        raise QueryFailure("INVALID_FUNCTION_ARGUMENT", str(error)) from None
    except Untranslatable as error:
        raise not_supported(str(error)) from None
    (name,) = _names(function)
    place = _parameter("place")
    found = exp.Array(expressions=[
        call("list_extract", call("native_regexp_extract_all", text.copy(), pattern.copy(), group), place)
        for group in range(1, groups + 1)
    ])  # fmt: skip
    made = _body(function, {name: found})
    pieces = call("native_regexp_split", text.copy(), pattern.copy())
    piece = call("list_extract", pieces, place)
    is_last = exp.EQ(this=place, expression=call("len", pieces.copy()))
    joined = exp.Case().when(is_last, piece).else_(exp.DPipe(this=piece.copy(), expression=made))
    places = call("generate_series", 1, call("len", pieces.copy()))
    return call("array_to_string", call("list_transform", places, _lambda("place", joined)), "")


FUNCTIONS: dict[str, Special] = {
    "transform": _transform,
    "filter": _filter,
    "any_match": _match,
    "all_match": _match,
    "none_match": _match,
    "reduce": _reduce,
    "map_filter": _map_filter,
    "transform_values": _transform_map,
    "transform_keys": _transform_map,
    "zip_with": _zip_with,
    "map_zip_with": _map_zip_with,
    "array_sort": _array_sort,
}


def replace_by_function(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr | None:
    """regexp_replace with a lambda; None if it has none."""
    if len(arguments) == 3 and isinstance(arguments[2], exp.Lambda):
        return _regexp_replace(translator, node, arguments)
    return None
