"""Trino's functions: which DuckDB has too, which have another name there, and which are written out here.

A function that is in none of these tables does not exist for a query: nothing of DuckDB's own leaks through.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from sqlglot import exp

from localaws.engines.athena.errors import QueryFailure, position_of
from localaws.engines.athena.inference import Maybe
from localaws.engines.firehose.javatime import strptime_format

if TYPE_CHECKING:
    from localaws.engines.athena.dialect import Translator

#: The same name and the same meaning.
_SAME = set(
    """
    abs acos asin atan atan2 any_value bool_and bool_or cbrt ceil ceiling coalesce concat_ws corr cos cosh count
    count_if covar_pop covar_samp cume_dist day degrees dense_rank exp first_value flatten floor grouping hour kurtosis
    lag last_value lead length ln log10 log2 lower lpad ltrim map_concat map_entries map_from_entries map_keys
    map_values max min minute mod month nth_value ntile nullif percent_rank pi pow power quarter radians rank
    regr_intercept regr_slope round row_number rpad rtrim second sign sin sinh skewness sqrt starts_with stddev
    stddev_pop stddev_samp tan tanh translate trim unnest upper url_decode url_encode var_pop var_samp variance week
    year
    """.split()
)
#: Trino's name → DuckDB's, with the same meaning.
_RENAMED = {
    "approx_distinct": "approx_count_distinct",
    "arbitrary": "any_value",
    "every": "bool_and",
    "geometric_mean": "geomean",
    "max_by": "arg_max",
    "min_by": "arg_min",
    "bitwise_and_agg": "bit_and",
    "bitwise_or_agg": "bit_or",
    "bitwise_xor_agg": "bit_xor",
    "day_of_month": "day",
    "day_of_week": "isodow",
    "dow": "isodow",
    "day_of_year": "dayofyear",
    "doy": "dayofyear",
    "week_of_year": "week",
    "year_of_week": "isoyear",
    "yow": "isoyear",
    "last_day_of_month": "last_day",
    "is_nan": "isnan",
    "is_finite": "isfinite",
    "is_infinite": "isinf",
    "levenshtein_distance": "levenshtein",
    "hamming_distance": "hamming",
    "codepoint": "unicode",
    "to_utf8": "encode",
    "json_format": "json_text",
    "listagg": "string_agg",
    "uuid": "gen_random_uuid",
    "rand": "random",
    "random": "random",
    "array_agg": "list",
    "histogram": "histogram",
    "regexp_like": "regexp_matches",
    "normalize": "nfc_normalize",
    "map": "map",
    "from_base64": "from_base64",
    "truncate": "trunc",
}
_MACRO = re.compile(r"^CREATE MACRO trino_(\w+)", re.MULTILINE)
Special = Callable[["Translator", exp.Anonymous, list[exp.Expr]], exp.Expr]
_SPECIAL: dict[str, Special] = {}


@cache
def macros() -> frozenset[str]:
    """Trino's functions that are macros in ``macros.sql``."""
    return frozenset(_MACRO.findall(files(__package__).joinpath("macros.sql").read_text()))


def translate(translator: Translator, node: exp.Anonymous) -> exp.Expr:
    """The call *node* as DuckDB has it. Raises QueryFailure (FUNCTION_NOT_FOUND) for what Trino has not."""
    name = node.name.lower()
    if name in _SPECIAL:
        return _SPECIAL[name](translator, node, node.expressions)
    if name in macros():
        node.set("this", f"trino_{name}")
    elif name in _RENAMED:
        node.set("this", _RENAMED[name])
    elif name not in _SAME:
        where = position_of(translator.sql, node.name)
        raise QueryFailure("FUNCTION_NOT_FOUND", f"Function '{name}' not registered", where)
    return node


def special(*names: str) -> Callable[[Special], Special]:
    def register(function: Special) -> Special:
        for name in names:
            _SPECIAL[name] = function
        return function

    return register


def call(name: str, *arguments: exp.Expr | str | int) -> exp.Anonymous:
    expressions = [each if isinstance(each, exp.Expr) else exp.convert(each) for each in arguments]
    return exp.Anonymous(this=name, expressions=expressions)


def _cast(node: exp.Expr, kind: str) -> exp.Expr:
    return exp.Cast(this=node, to=exp.DataType.build(kind, dialect="duckdb"))


def _is(kind: Maybe, *names: str) -> bool:
    return kind is not None and kind.name in names


# Depending on the type


@special("sum")
def _sum(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    return node


@special("concat")
def _concat(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    """NULL if any part is NULL; arrays too."""
    joined = arguments[0]
    for each in arguments[1:]:
        joined = exp.DPipe(this=joined, expression=each)
    return exp.Paren(this=joined)


@special("cardinality")
def _cardinality(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    return _cast(call("cardinality", *arguments), "BIGINT")


@special("reverse")
def _reverse(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    return call("list_reverse" if _is(translator.kind(arguments[0]), "array") else "reverse", *arguments)


@special("element_at")
def _element_at(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    of_map = _is(translator.kind(arguments[0]), "map")
    return call("map_extract_value" if of_map else "list_extract", *arguments)


@special("greatest", "least")
def _extreme(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    """NULL if any argument is NULL, where DuckDB leaves NULLs out."""
    missing = exp.or_(*[exp.Is(this=each.copy(), expression=exp.null()) for each in arguments])
    return exp.Case().when(missing, exp.null()).else_(call(node.name, *arguments))


@special("avg")
def _avg(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    kind = translator.kind(arguments[0])
    if not _is(kind, "decimal") or isinstance(node.parent, exp.Window | exp.Filter):
        return node
    assert kind is not None
    return _cast(call("round", node.copy(), kind.scale), kind.duckdb)


@special("map_agg")
def _map_agg(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    return call("map_of_pairs", *arguments)


@special("approx_percentile")
def _approx_percentile(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    if len(arguments) != 2:
        raise translator.fail("NOT_SUPPORTED", "approx_percentile with weights is not supported by this lab yet", node)
    return call("quantile_disc", *arguments)


# Dates


@special("now", "current_timestamp")
def _now(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    return _cast(exp.Literal.string(translator.now.isoformat(sep=" ", timespec="milliseconds")), "TIMESTAMPTZ")


@special("date_add")
def _date_add(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    unit, count, moment = arguments
    added = exp.Paren(this=exp.Add(this=moment, expression=_interval(translator, unit, count)))
    return _cast(added, "DATE") if _is(translator.kind(moment), "date") else added


def _interval(translator: Translator, unit: exp.Expr, count: exp.Expr) -> exp.Expr:
    makers = {"quarter": ("to_months", 3), "week": ("to_days", 7)}
    word = unit.name.lower().removesuffix("s") if isinstance(unit, exp.Literal) else ""
    maker, times = makers.get(word, (f"to_{word}s", 1))
    if word not in ("millisecond", "second", "minute", "hour", "day", "week", "month", "quarter", "year"):
        raise QueryFailure("INVALID_FUNCTION_ARGUMENT", f"'{unit.name}' is not a valid Timestamp field")
    if times > 1:
        count = exp.Mul(this=exp.Paren(this=count), expression=exp.convert(times))
    return call(maker, _cast(count, "BIGINT" if word in ("millisecond", "second", "minute", "hour") else "INTEGER"))


@special("date_diff")
def _date_diff(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    """Whole units that have passed, where DuckDB's date_diff counts boundaries."""
    return call("date_sub", *arguments)


@special("date_trunc")
def _date_trunc(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    kind = translator.kind(arguments[1])
    return _cast(call("date_trunc", *arguments), "DATE") if _is(kind, "date") else call("date_trunc", *arguments)


_MYSQL = {
    "%i": "%M", "%s": "%S", "%M": "%B", "%W": "%A", "%e": "%-d", "%c": "%-m", "%k": "%-H", "%l": "%-I", "%h": "%I",
    "%r": "%I:%M:%S %p", "%T": "%H:%M:%S", "%v": "%V", "%x": "%G", "%f": "%f", "%D": None, "%U": "%U", "%X": None,
}  # fmt: skip


def _mysql_format(text: str) -> str:
    """MySQL's date format, which date_format and date_parse take, as strftime's."""

    def swap(match: re.Match[str]) -> str:
        found = _MYSQL.get(match[0], match[0])
        if found is None:
            raise QueryFailure("INVALID_FUNCTION_ARGUMENT", f"{match[0]} not supported in date format string")
        return found

    return re.sub(r"%.", swap, text)


def _joda_format(text: str) -> str:
    try:
        return strptime_format(text).replace("%f", "%g" if "SSSSSS" not in text else "%f")
    except ValueError as error:
        raise QueryFailure("INVALID_FUNCTION_ARGUMENT", str(error)) from None


def _constant(node: exp.Expr, what: str) -> str:
    if not isinstance(node, exp.Literal):
        raise QueryFailure("NOT_SUPPORTED", f"A {what} that is not a constant is not supported by this lab yet")
    return node.name


@special("date_format", "format_datetime")
def _date_format(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    text = _constant(arguments[1], "date format")
    format = _mysql_format(text) if node.name.lower() == "date_format" else _joda_format(text)
    moment = arguments[0]
    if _is(translator.kind(moment), "timestamp with time zone"):
        moment = call("utc_clock", moment)
    return call("strftime", moment, format)


@special("date_parse", "parse_datetime")
def _date_parse(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    text = _constant(arguments[1], "date format")
    if node.name.lower() == "date_parse":
        return call("strptime", arguments[0], _mysql_format(text))
    return _cast(call("strptime", arguments[0], _joda_format(text).replace("%g", "%f")), "TIMESTAMPTZ")


@special("at_timezone")
def _at_timezone(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    value = arguments[0]
    if _is(translator.kind(value), "timestamp", "date"):
        value = _cast(value, "TIMESTAMPTZ")
    return call("timezone", arguments[1], value)


@special("with_timezone")
def _with_timezone(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    return call("timezone", arguments[1], _cast(arguments[0], "TIMESTAMP"))


@special("to_iso8601")
def _to_iso8601(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    kind, value = translator.kind(arguments[0]), arguments[0]
    if _is(kind, "date"):
        return call("strftime", value, "%Y-%m-%d")
    if _is(kind, "timestamp with time zone"):
        return call("strftime", call("utc_clock", value), "%Y-%m-%dT%H:%M:%S.%gZ")
    return call("strftime", value, "%Y-%m-%dT%H:%M:%S.%g")


@special("date")
def _date(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    return _cast(arguments[0], "DATE")


# Lambdas


@special("transform")
def _transform(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    return call("list_transform", *arguments)


@special("filter")
def _filter(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    return call("list_filter", *arguments)


@special("any_match", "all_match", "none_match")
def _match(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    return call(f"list_{node.name.lower()}", call("list_transform", *arguments))


@special("reduce")
def _reduce(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    values, start, step, finish = arguments
    folded = call("list_reduce", values, step, start)
    return call("list_extract", call("list_transform", exp.Array(expressions=[folded]), finish), 1)


def _parameters(body: exp.Expr, names: Collection[str]) -> list[exp.Expr]:
    """Where a lambda's body uses its parameters: the grammar leaves them as bare identifiers."""
    return [
        each for each in body.find_all(exp.Identifier) if each.name in names and not isinstance(each.parent, exp.Column)
    ]


@special("map_filter", "transform_values", "transform_keys")
def _map_lambda(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    name, function = node.name.lower(), arguments[1]
    key, value = (each.name for each in function.expressions)
    body = function.this.copy()
    holder = exp.Paren(this=body)
    for parameter in _parameters(holder, (key, value)):
        parameter.replace(exp.column("key" if parameter.name == key else "value", table="entry"))
    entry = exp.to_identifier("entry")
    parts: dict[str, tuple[exp.Expr, exp.Expr]] = {
        "transform_values": (exp.column("key", table="entry"), holder),
        "transform_keys": (holder, exp.column("value", table="entry")),
    }
    entries = call("map_entries", arguments[0])
    if name == "map_filter":
        return call("map_from_entries", call("list_filter", entries, exp.Lambda(this=holder, expressions=[entry])))
    made = exp.Lambda(this=call("row", *parts[name]), expressions=[entry])
    return call("map_from_entries", call("list_transform", entries, made))


@special("zip_with")
def _zip_with(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    left, right, function = arguments
    names = [each.name for each in function.expressions]
    holder = exp.Paren(this=function.this.copy())
    for parameter in _parameters(holder, names):
        place = names.index(parameter.name) + 1
        parameter.replace(call("struct_extract_at", exp.column("pair"), place))
    made = exp.Lambda(this=holder, expressions=[exp.to_identifier("pair")])
    return call("list_transform", call("list_zip", left, right), made)


# Rows and JSON


@special("row")
def _row(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    fields = [
        exp.PropertyEQ(this=exp.to_identifier(f"field{number}", quoted=True), expression=each)
        for number, each in enumerate(arguments)
    ]
    return exp.Struct(expressions=fields)


@special("try")
def _try(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    inner = arguments[0]
    if type(inner) is exp.Cast:
        return exp.TryCast(this=inner.this, to=inner.args["to"])
    return call("try", inner)


@special("sequence")
def _sequence(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    kind = translator.kind(arguments[0])
    made = call("generate_series", *arguments)
    if _is(kind, "date"):
        if len(arguments) == 2:
            made = call("generate_series", *arguments, call("to_days", 1))
        return _cast(made, "DATE[]")
    return made
