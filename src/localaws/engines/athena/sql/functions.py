"""Trino's functions: which DuckDB has too, which have another name there, and which are written out here.

A function that is in none of these tables does not exist for a query: nothing of DuckDB's own leaks through.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from sqlglot import exp

from localaws.engines.athena.errors import position_of
from localaws.engines.athena.functions import aggregates, dateformats, jsoncalls, lambdas, textcalls
from localaws.engines.athena.functions.names import RENAMED, SAME, UNSERVED
from localaws.engines.athena.functions.signatures import accepts, expected
from localaws.engines.athena.sql import casts, datetimes, operators
from localaws.engines.athena.sql.duckdb_ast import Special, call, cast
from localaws.engines.athena.sql.type_rules import GEOGRAPHY, INTEGERS, VARCHAR, common
from localaws.lake.column_types import Type
from localaws.lake.errors import QueryFailure, not_supported
from localaws.lake.quoting import internal

if TYPE_CHECKING:
    from localaws.engines.athena.sql.dialect import Translator

_MACRO = re.compile(r"^CREATE MACRO trino_(\w+)", re.MULTILINE)
_SPECIAL: dict[str, Special] = {
    **datetimes.FUNCTIONS,
    **aggregates.FUNCTIONS,
    **lambdas.FUNCTIONS,
    **textcalls.FUNCTIONS,
    **jsoncalls.FUNCTIONS,
}


#: Functions that compare one argument with another.
_OF_ONE_TYPE = {"greatest", "least", "nullif"}


@cache
def macros() -> frozenset[str]:
    """Trino's functions that are macros in ``macros.sql``."""
    return frozenset(_MACRO.findall(files("localaws.engines.athena.functions").joinpath("macros.sql").read_text()))


def translate(translator: Translator, node: exp.Anonymous) -> exp.Expr:
    """The call *node* as DuckDB has it. Raises QueryFailure (FUNCTION_NOT_FOUND) for what Trino has not."""
    name = node.name.lower()
    types = [translator.type_of(each) for each in node.expressions]
    known = [column_type for column_type in types if column_type is not None]
    if len(known) == len(types) and not isinstance(node.this, exp.Star) and not accepts(name, known):
        words = f"Unexpected parameters ({', '.join(column_type.trino for column_type in known)}) for function {name}. "
        raise QueryFailure("FUNCTION_NOT_FOUND", f"{words}Expected: {expected(name)}", _where(translator, node))
    if name in _OF_ONE_TYPE:
        node.set("expressions", datetimes.alike(node.expressions, types))
    if name in _SPECIAL:
        return _SPECIAL[name](translator, node, node.expressions)
    if name in macros():
        node.set("this", f"trino_{name}")
    elif name in RENAMED:
        node.set("this", RENAMED[name])
    elif name in UNSERVED:
        raise not_supported(f"The function {name}", _where(translator, node))
    elif name not in SAME:
        raise QueryFailure("FUNCTION_NOT_FOUND", f"Function '{name}' not registered", _where(translator, node))
    return node


def _where(translator: Translator, node: exp.Anonymous) -> tuple[int, int]:
    return position_of(translator.sql, node.name)


def special(*names: str) -> Callable[[Special], Special]:
    def register(function: Special) -> Special:
        for name in names:
            _SPECIAL[name] = function
        return function

    return register


def _is(column_type: Type | None, *names: str) -> bool:
    return column_type is not None and column_type.name in names


# Depending on the type


@special("round", "truncate", "ceil", "ceiling", "floor", "sign", "abs", "mod")
def _number(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    """Whole numbers stay whole and decimals decimal, of the scale that Trino gives them."""
    name, column_type = node.name.lower(), translator.type_of(node)
    made = call(RENAMED.get(name, name), *arguments)
    if column_type is None or (column_type.name not in ("decimal", *INTEGERS) and name != "sign"):
        return made
    if column_type.name in INTEGERS and len(arguments) == 1 and name not in ("sign", "abs"):
        return arguments[0]
    return cast(made, column_type.duckdb)


@special("typeof")
def _typeof(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    column_type = translator.type_of(arguments[0])
    return call("trino_typeof", *arguments) if column_type is None else call("of_type", arguments[0], column_type.trino)


@special("coalesce")
def _coalesce(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    return operators.coalesce(translator, node)


@special("if")
def _if(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    return operators.if_(translator, node)


@special("nullif")
def _nullif(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    one, other = (translator.type_of(each) for each in arguments)
    if one and other and common([one, other]) is None:
        words = f"Types are not comparable with NULLIF: {one.trino} vs {other.trino}"
        raise QueryFailure("TYPE_MISMATCH", words, _where(translator, node))
    return node


@special("concat")
def _concat(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    """NULL if any part is NULL; arrays too."""
    types = [translator.type_of(each) for each in arguments]
    known = [column_type for column_type in types if column_type and column_type.name != "unknown"]
    if known:
        operators.check_joined(translator, node, known)
    joined = arguments[0]
    for each in arguments[1:]:
        joined = exp.DPipe(this=joined, expression=each)
    return exp.Paren(this=joined)


@special("cardinality")
def _cardinality(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    return cast(call("cardinality", *arguments), "BIGINT")


@special("reverse")
def _reverse(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    return call("list_reverse" if _is(translator.type_of(arguments[0]), "array") else "reverse", *arguments)


@special("element_at")
def _element_at(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    of_map = _is(translator.type_of(arguments[0]), "map")
    return call("map_value" if of_map else "array_element_at", *arguments)


@special("greatest", "least")
def _extreme(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    """NULL if any argument is NULL, where DuckDB leaves NULLs out."""
    missing = exp.or_(*[exp.Is(this=each.copy(), expression=exp.null()) for each in arguments])
    return exp.Case().when(missing, exp.null()).else_(call(node.name, *arguments))


# Date formats


def _fields(family: str, text: str) -> tuple[dateformats.Field, ...]:
    try:
        return dateformats.FAMILIES[family](text)
    except ValueError as error:
        raise QueryFailure("INVALID_FUNCTION_ARGUMENT", str(error)) from None


@special("date_format", "format_datetime")
def _date_format(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    value, form = arguments
    family, column_type = ("mysql" if node.name.lower() == "date_format" else "joda"), translator.type_of(value)
    clock = datetimes.to_wall_clock(value, column_type)
    if isinstance(form, exp.Literal):
        directives = dateformats.duckdb_format(_fields(family, form.name), reading=False)
        if directives is not None:
            return call("strftime", clock, directives)
    zone, moment = datetimes.zone_of(value, column_type), datetimes.instant(value.copy(), column_type)
    minutes = call("zone_minutes", zone.copy(), moment)
    return call("native_format", cast(clock, "TIMESTAMP"), zone, minutes, form, family)


@special("date_parse", "parse_datetime")
def _date_parse(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    text, form = arguments
    plain = node.name.lower() == "date_parse"
    family = "mysql" if plain else "joda"
    if isinstance(form, exp.Literal):
        directives = dateformats.duckdb_format(_fields(family, form.name), reading=True)
        if directives is not None:
            parsed = call("strptime", text, directives)
            return parsed if plain else call("zoned_in", cast(parsed, "TIMESTAMPTZ"), "UTC")
    parsed = call("native_parse", text, form, family)
    return cast(call("left", parsed, 26), "TIMESTAMP") if plain else call("parse_zoned", parsed)


@special("date")
def _date(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    return cast(arguments[0], "DATE")


# Rows and JSON


@special("row")
def _row(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    fields = [
        exp.PropertyEQ(this=exp.to_identifier(f"field{number}", quoted=True), expression=each)
        for number, each in enumerate(arguments)
    ]
    return exp.Struct(expressions=fields)


# Quantified comparisons: x > ALL (VALUES 1, 2)


@special("all", "some", "any")
def _quantified(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    query = arguments[0]
    if not isinstance(query, exp.Values | exp.Query):
        raise QueryFailure("SYNTAX_ERROR", f"mismatched input '{node.name}'", _where(translator, node))
    made = exp.select("*").from_(query) if isinstance(query, exp.Values) else query
    return (exp.All if node.name.lower() == "all" else exp.Any)(this=made.subquery())


# Arrays


@special("array_join")
def _array_join(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    column_type = translator.type_of(arguments[0])
    texts = arguments[0]
    if column_type is not None and column_type.name == "array":
        texts = casts.converted(texts, column_type, Type("array", (VARCHAR,)))
    return call("trino_array_join", texts, *arguments[1:])


@special("map_entries")
def _map_entries(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    return call("map_rows", arguments[0])


@special("random", "rand")
def _random(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    """From 0 to 1; below n, which is positive; from m to below n."""
    column_type = translator.type_of(arguments[-1]) if arguments else None
    if column_type is None:
        return call("random")
    name = "random_between" if len(arguments) == 2 else "random_below"
    return cast(call(name, *arguments), column_type.duckdb)


@special("combinations")
def _combinations(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    """All choices of n, n being a constant up to 5: a loop within a loop."""
    values, count = arguments
    if not isinstance(count, exp.Literal) or not 0 < int(count.name) <= 5:
        raise QueryFailure("INVALID_FUNCTION_ARGUMENT", "combination size must not exceed 5: " + count.sql())
    size = int(count.name)
    values = call("few_choices", values, size)
    places = [exp.column(internal(f"place{number}"), quoted=True) for number in range(size)]
    made: exp.Expr = exp.Array(expressions=[call("list_extract", values.copy(), place) for place in places])
    for number in reversed(range(size)):
        start: exp.Expr = exp.convert(1)
        if number:
            start = exp.Add(this=places[number - 1].copy(), expression=exp.convert(1))
        steps = call("generate_series", start, call("len", values.copy()))
        parameter = places[number].this.copy()
        made = call("list_transform", steps, exp.Lambda(this=made, expressions=[parameter]))
        if number < size - 1:
            made = call("flatten", made)
    return made


# Places


@special("st_distance")
def _distance(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    """Of points: on a plane, or in metres along the earth."""
    column_type = translator.type_of(arguments[0])
    return call("metres_between" if column_type == GEOGRAPHY else "plane_distance", *arguments)


# Errors caught


@special("try")
def _try(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    return call("try", arguments[0])
