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

from localaws.engines.athena import moments, operators
from localaws.engines.athena.errors import QueryFailure, position_of
from localaws.engines.athena.inference import INTEGERS, Maybe, common
from localaws.engines.athena.pieces import call, cast
from localaws.engines.athena.signatures import accepts, expected
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
_SPECIAL: dict[str, Special] = dict(moments.FUNCTIONS)


@cache
def macros() -> frozenset[str]:
    """Trino's functions that are macros in ``macros.sql``."""
    return frozenset(_MACRO.findall(files(__package__).joinpath("macros.sql").read_text()))


def translate(translator: Translator, node: exp.Anonymous) -> exp.Expr:
    """The call *node* as DuckDB has it. Raises QueryFailure (FUNCTION_NOT_FOUND) for what Trino has not."""
    name = node.name.lower()
    kinds = [translator.kind(each) for each in node.expressions]
    known = [kind for kind in kinds if kind is not None]
    if len(known) == len(kinds) and not isinstance(node.this, exp.Star) and not accepts(name, known):
        words = f"Unexpected parameters ({', '.join(kind.trino for kind in known)}) for function {name}. "
        raise QueryFailure("FUNCTION_NOT_FOUND", f"{words}Expected: {expected(name)}", _where(translator, node))
    if name in _SPECIAL:
        return _SPECIAL[name](translator, node, node.expressions)
    if name in macros():
        node.set("this", f"trino_{name}")
    elif name in _RENAMED:
        node.set("this", _RENAMED[name])
    elif name not in _SAME:
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


def _is(kind: Maybe, *names: str) -> bool:
    return kind is not None and kind.name in names


# Depending on the type


@special("sum")
def _sum(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    return _whole_aggregate(translator, node)


@special("avg")
def _avg(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    return _whole_aggregate(translator, node)


def _whole_aggregate(translator: Translator, node: exp.Anonymous) -> exp.Expr:
    """An aggregate with all that belongs to it (FILTER, OVER) is finished where that ends."""
    return node if isinstance(node.parent, exp.Window | exp.Filter) else finished(translator, node, node)


def finished(translator: Translator, aggregate: exp.Expr, node: exp.Expr) -> exp.Expr:
    """What DuckDB's *aggregate* gives, in Trino's type: a sum of integers is a bigint, an average of decimals one."""
    while isinstance(aggregate, exp.Window | exp.Filter | exp.IgnoreNulls | exp.RespectNulls):
        aggregate = aggregate.this
    kind = translator.kind(node)
    name = aggregate.name.lower() if isinstance(aggregate, exp.Anonymous) else ""
    if kind is None:
        return node
    if name == "sum" and kind.name == "bigint":
        return cast(node.copy(), "BIGINT")
    if name == "avg" and kind.name == "decimal":
        return cast(call("round", node.copy(), kind.scale), kind.duckdb)
    return cast(node.copy(), "FLOAT") if name in ("avg", "sum") and kind.name == "real" else node


@special("round", "truncate", "ceil", "ceiling", "floor", "sign", "abs", "mod")
def _number(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    """Whole numbers stay whole and decimals decimal, of the scale that Trino gives them."""
    name, kind = node.name.lower(), translator.kind(node)
    made = call(_RENAMED.get(name, name), *arguments)
    if kind is None or kind.name not in ("decimal", *INTEGERS):
        return made
    if kind.name in INTEGERS and len(arguments) == 1 and name not in ("sign", "abs"):
        return arguments[0]
    return cast(made, kind.duckdb)


@special("typeof")
def _typeof(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    kind = translator.kind(arguments[0])
    return call("trino_typeof", *arguments) if kind is None else call("of_type", arguments[0], kind.trino)


@special("coalesce")
def _coalesce(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    return operators.coalesce(translator, node)


@special("if")
def _if(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    return operators.if_(translator, node)


@special("nullif")
def _nullif(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    one, other = (translator.kind(each) for each in arguments)
    if one and other and common([one, other]) is None:
        words = f"Types are not comparable with NULLIF: {one.trino} vs {other.trino}"
        raise QueryFailure("TYPE_MISMATCH", words, _where(translator, node))
    return node


@special("concat")
def _concat(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    """NULL if any part is NULL; arrays too."""
    kinds = [translator.kind(each) for each in arguments]
    known = [kind for kind in kinds if kind and kind.name != "unknown"]
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
    return call("list_reverse" if _is(translator.kind(arguments[0]), "array") else "reverse", *arguments)


@special("element_at")
def _element_at(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    of_map = _is(translator.kind(arguments[0]), "map")
    return call("map_extract_value" if of_map else "array_element_at", *arguments)


@special("greatest", "least")
def _extreme(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    """NULL if any argument is NULL, where DuckDB leaves NULLs out."""
    missing = exp.or_(*[exp.Is(this=each.copy(), expression=exp.null()) for each in arguments])
    return exp.Case().when(missing, exp.null()).else_(call(node.name, *arguments))


@special("map_agg")
def _map_agg(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    return call("map_of_pairs", *arguments)


@special("approx_percentile")
def _approx_percentile(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    if len(arguments) != 2:
        raise translator.fail("NOT_SUPPORTED", "approx_percentile with weights is not supported by this lab yet", node)
    return call("quantile_disc", *arguments)


# Date formats

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
    return call("strftime", moments.clock(arguments[0], translator.kind(arguments[0])), format)


@special("date_parse", "parse_datetime")
def _date_parse(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    text = _constant(arguments[1], "date format")
    if node.name.lower() == "date_parse":
        return call("strptime", arguments[0], _mysql_format(text))
    parsed = call("strptime", arguments[0], _joda_format(text).replace("%g", "%f"))
    return call("zoned", cast(parsed, "TIMESTAMPTZ"), "UTC")


@special("date")
def _date(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    return cast(arguments[0], "DATE")


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
