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

from localaws.engines.athena import aggregates, casts, dateformats, lambdas, moments, operators
from localaws.engines.athena.errors import QueryFailure, not_supported, position_of
from localaws.engines.athena.inference import INTEGERS, JSON, NUMBERS, VARCHAR, Maybe, common
from localaws.engines.athena.kinds import Type
from localaws.engines.athena.pieces import call, cast
from localaws.engines.athena.scopes import of_datatype
from localaws.engines.athena.signatures import accepts, expected

if TYPE_CHECKING:
    from localaws.engines.athena.dialect import Translator

#: The same name and the same meaning.
_SAME = set(
    """
    abs acos asin atan atan2 any_value bool_and bool_or cbrt ceil ceiling coalesce concat_ws corr cos cosh count
    count_if covar_pop covar_samp cume_dist degrees dense_rank exp first_value flatten grouping kurtosis
    lag last_value lead ln log10 log2 lower lpad ltrim map_concat map_from_entries map_keys
    map_values max min nth_value ntile percent_rank pi pow power radians rank
    regr_intercept regr_slope row_number rpad rtrim sin sinh skewness sqrt starts_with stddev
    stddev_pop stddev_samp tan tanh translate trim unnest upper var_pop var_samp variance
    """.split()
)
#: Trino's name → DuckDB's, with the same meaning.
_RENAMED = {
    "arbitrary": "any_value",
    "every": "bool_and",
    "geometric_mean": "geomean",
    "bitwise_and_agg": "bit_and",
    "bitwise_or_agg": "bit_or",
    "bitwise_xor_agg": "bit_xor",
    "is_nan": "isnan",
    "is_finite": "isfinite",
    "is_infinite": "isinf",
    "levenshtein_distance": "levenshtein",
    "hamming_distance": "hamming",
    "to_utf8": "encode",
    "listagg": "string_agg",
    "array_agg": "list",
    "zip": "list_zip",
    "uuid": "gen_random_uuid",
    **{name: f"native_{name}" for name in (
        "crc32", "format_number", "from_base", "from_base32", "from_base64", "to_base", "from_base64url", "hmac_md5",
        "hmac_sha1", "hmac_sha256",
        "hmac_sha512", "human_readable_seconds", "inverse_normal_cdf", "luhn_check", "murmur3", "normal_cdf",
        "parse_data_size", "sha512", "soundex", "to_base32", "to_base64url", "xxhash64",
    )},
    "histogram": "histogram",
    "map": "map",
    "truncate": "trunc",
}
#: What Trino has and this lab has not.
_UNSERVED = set(
    """
    approx_set beta_cdf bing_tile bing_tile_at bing_tile_coordinates bing_tile_polygon bing_tile_quadkey
    bing_tile_zoom_level bing_tiles_around char2hexint classifier classify color convex_hull_agg empty_approx_set
    evaluate_classifier_predictions features from_encoded_polyline from_geojson_geometry geometry_from_hadoop_shape
    geometry_invalid_reason geometry_nearest_points geometry_to_bing_tiles geometry_union geometry_union_agg hash_counts
    intersection_cardinality inverse_beta_cdf jaccard_index json_table learn_classifier learn_libsvm_classifier
    learn_libsvm_regressor learn_regressor line_interpolate_point line_interpolate_points line_locate_point
    make_set_digest match_number merge merge_set_digest qdigest_agg regress render rgb shuffle simplify_geometry
    spatial_partitioning spatial_partitions spooky_hash_v2_32 spooky_hash_v2_64 st_area st_asbinary st_boundary
    st_buffer st_centroid st_contains st_convexhull st_coorddim st_crosses st_difference st_dimension st_disjoint
    st_endpoint st_envelope st_envelopeaspts st_equals st_exteriorring st_geometries st_geometryn st_geometrytype
    st_geomfrombinary st_interiorringn st_interiorrings st_intersection st_intersects st_isclosed st_isempty st_isring
    st_issimple st_isvalid st_length st_linefromtext st_linestring st_multipoint st_numgeometries st_numinteriorring
    st_numpoints st_overlaps st_pointn st_points st_polygon st_relate st_startpoint st_symdifference st_touches
    st_union st_within st_xmax st_xmin st_ymax st_ymin tdigest_agg to_encoded_polyline to_geojson_geometry
    value_at_quantile values_at_quantiles word_stem
    """.split()
)
#: Parts of regular expressions that DuckDB's library has not: looking around, references back, possessive repetition.
_BEYOND_RE2 = re.compile(r"\(\?(?:[=!>]|<[=!A-Za-z])|\\[1-9]|[*+?}]\+")
_MACRO = re.compile(r"^CREATE MACRO trino_(\w+)", re.MULTILINE)
Special = Callable[["Translator", exp.Anonymous, list[exp.Expr]], exp.Expr]
_SPECIAL: dict[str, Special] = {**moments.FUNCTIONS, **aggregates.FUNCTIONS, **lambdas.FUNCTIONS}


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
    elif name in _UNSERVED:
        raise not_supported(f"The function {name}", _where(translator, node))
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


@special("round", "truncate", "ceil", "ceiling", "floor", "sign", "abs", "mod")
def _number(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    """Whole numbers stay whole and decimals decimal, of the scale that Trino gives them."""
    name, kind = node.name.lower(), translator.kind(node)
    made = call(_RENAMED.get(name, name), *arguments)
    if kind is None or (kind.name not in ("decimal", *INTEGERS) and name != "sign"):
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


# Date formats


def _fields(family: str, text: str) -> tuple[dateformats.Field, ...]:
    try:
        return dateformats.FAMILIES[family](text)
    except ValueError as error:
        raise QueryFailure("INVALID_FUNCTION_ARGUMENT", str(error)) from None


@special("date_format", "format_datetime")
def _date_format(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    value, form = arguments
    family, kind = ("mysql" if node.name.lower() == "date_format" else "joda"), translator.kind(value)
    clock = moments.clock(value, kind)
    if isinstance(form, exp.Literal):
        directives = dateformats.duckdb_format(_fields(family, form.name), reading=False)
        if directives is not None:
            return call("strftime", clock, directives)
    zone, moment = moments.zone(value, kind), moments.instant(value.copy(), kind)
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


# Regular expressions


@special("regexp_like", "regexp_extract", "regexp_extract_all", "regexp_replace", "regexp_split", "regexp_count")
def _regexp(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    """DuckDB's library is quick; for what it has not (and for names of groups) there is Python's."""
    name, pattern = node.name.lower(), arguments[1]
    made = lambdas.replace_by_function(translator, node, arguments) if name == "regexp_replace" else None
    if made is not None:
        return made
    if name == "regexp_extract" and len(arguments) == 2 and _never_empty(pattern):
        return call("nullif", call("regexp_extract", *arguments), "")
    if not isinstance(pattern, exp.Literal) or not _BEYOND_RE2.search(pattern.name):
        return call("regexp_matches" if name == "regexp_like" else f"trino_{name}", *arguments)
    extra = arguments[2:]
    if name == "regexp_count":
        return cast(call("len", call("native_regexp_extract_all", *arguments[:2], 0)), "BIGINT")
    if not extra and name.startswith("regexp_extract"):
        extra = [exp.Literal.number(0)]
    if not extra and name == "regexp_replace":
        extra = [exp.Literal.string("")]
    return call(f"native_{name}", *arguments[:2], *extra)


def _never_empty(pattern: exp.Expr) -> bool:
    """Whether what the pattern finds is never the empty text, which to DuckDB is the same as nothing found."""
    if not isinstance(pattern, exp.Literal) or re.search(r"\\[bBAzZ]|[\^$]|\(\?", pattern.name):
        return False
    try:
        return re.search(pattern.name, "") is None
    except re.error:
        return False


@special("regexp_position")
def _regexp_position(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    defaults: list[exp.Expr] = [exp.Literal.number(1), exp.Literal.number(1)]
    return call("native_regexp_position", *arguments, *defaults[len(arguments) - 2 :])


# Texts


@special("format")
def _format(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    text, *values = arguments
    kinds = [translator.kind(each) for each in values]
    texts = [casts.converted(each, kind, VARCHAR) if kind and kind.name not in NUMBERS else cast(each, "VARCHAR")
             for each, kind in zip(values, kinds, strict=True)]  # fmt: skip
    names = [exp.Literal.string(kind.name if kind else "varchar") for kind in kinds]
    return call("native_format_text", text, exp.Array(expressions=texts), exp.Array(expressions=names))


@special("normalize")
def _normalize(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    """The form is a bare word: normalize(x, NFD)."""
    form = arguments[1].name if len(arguments) > 1 else "NFC"
    return call("native_normalize", arguments[0], form)


@special("from_utf8")
def _from_utf8(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    replacement = arguments[1] if len(arguments) > 1 else exp.Literal.string("\N{REPLACEMENT CHARACTER}")
    return call("native_from_utf8", arguments[0], replacement)


@special("to_base64", "to_hex")
def _of_bytes(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    return call(f"trino_{node.name.lower()}", *arguments)


@special("parse_duration")
def _parse_duration(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    return call("to_milliseconds", call("native_parse_duration", *arguments))


@special("replace")
def _replace(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    """Nothing is found between all letters; DuckDB finds it nowhere."""
    if len(arguments) == 3 and isinstance(arguments[1], exp.Literal) and not arguments[1].name:
        return call("regexp_replace", *arguments, "g")
    return call("trino_replace", *arguments)


@special("length")
def _length(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    return call("octet_length" if _is(translator.kind(arguments[0]), "varbinary") else "length", arguments[0])


@special("codepoint")
def _codepoint(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    kind = translator.kind(arguments[0])
    if kind is not None and kind.precision > 1:
        words = f"Unexpected parameters ({kind.trino}) for function codepoint. Expected: codepoint(varchar(1))"
        raise QueryFailure("FUNCTION_NOT_FOUND", words, _where(translator, node))
    return call("unicode", arguments[0])


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
    kind = translator.kind(arguments[0])
    texts = arguments[0]
    if kind is not None and kind.name == "array":
        texts = casts.converted(texts, kind, Type("array", (VARCHAR,)))
    return call("trino_array_join", texts, *arguments[1:])


@special("map_entries")
def _map_entries(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    return call("map_rows", arguments[0])


@special("random", "rand")
def _random(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    """From 0 to 1; below n; from m to below n."""
    kind = translator.kind(arguments[-1]) if arguments else None
    if kind is None:
        return call("random")
    return cast(call("random_from", *(arguments if len(arguments) == 2 else [exp.convert(0), *arguments])), kind.duckdb)


@special("combinations")
def _combinations(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    """All choices of n, n being a constant up to 5: a loop within a loop."""
    values, count = arguments
    if not isinstance(count, exp.Literal) or not 0 < int(count.name) <= 5:
        raise QueryFailure("INVALID_FUNCTION_ARGUMENT", "combination size must not exceed 5: " + count.sql())
    size = int(count.name)
    places = [exp.column(f"place{number}") for number in range(size)]
    made: exp.Expr = exp.Array(expressions=[call("list_extract", values.copy(), place) for place in places])
    for number in reversed(range(size)):
        start: exp.Expr = exp.convert(1)
        if number:
            start = exp.Add(this=places[number - 1].copy(), expression=exp.convert(1))
        steps = call("generate_series", start, call("len", values.copy()))
        parameter = exp.to_identifier(f"place{number}")
        made = call("list_transform", steps, exp.Lambda(this=made, expressions=[parameter]))
        if number < size - 1:
            made = call("flatten", made)
    return made


# JSON


_JSON_STEP = re.compile(r"\.(\w+)|\.\"([^\"]*)\"|\[(\d+)\]|\[\"([^\"]*)\"\]|\['([^']*)'\]|\.?\[?\*\]?")


def _json_place(path: exp.Expr) -> exp.Expr:
    """A path of Trino's as DuckDB writes it: $['a'] is $."a". One that is no constant stays as it is."""
    if not isinstance(path, exp.Literal):
        return path
    text = path.name if path.name.startswith("$") else "$." + path.name
    place, position = "$", 1
    while position < len(text):
        step = _JSON_STEP.match(text, position)
        if step is None or step[0].endswith(("*", "*]")):
            raise QueryFailure("INVALID_FUNCTION_ARGUMENT", f"Invalid JSON path: '{path.name}'")
        name = next((part for part in (step[1], step[2], step[4], step[5]) if part is not None), None)
        place += f"[{step[3]}]" if name is None else f'."{name}"'
        position = step.end()
    return exp.Literal.string(place)


@special("json_extract", "json_extract_scalar", "json_size")
def _json_extract(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    return call(f"trino_{node.name.lower()}", arguments[0], _json_place(arguments[1]))


@special("json_parse")
def _json_parse(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    return cast(call("json_checked", arguments[0]), "JSON")


@special("json_exists")
def _json_exists(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    return cast(call("native_json_path", cast(arguments[0], "VARCHAR"), arguments[1], "exists"), "BOOLEAN")


@special("json_array")
def _json_array(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    """NULLs are left out: ABSENT ON NULL is what is meant where nothing is said."""
    items = [call("json_item", casts.converted(each, translator.kind(each) or VARCHAR, JSON)) for each in arguments]
    return call("json_listed", exp.Array(expressions=items))


def json_value(translator: Translator, node: exp.Expr) -> exp.Expr:
    """json_value(x, 'lax $.a' RETURNING integer DEFAULT 0 ON EMPTY): a scalar, as a text or as what it is to be."""
    found: exp.Expr = call("native_json_path", cast(node.this, "VARCHAR"), node.args["path"], "value")
    returning, clause = node.args.get("returning"), node.args.get("on_condition")
    target = of_datatype(returning) if returning else None
    if target is not None:
        found = casts.converted(found, VARCHAR, target)
    otherwise = (clause.args.get("empty") or clause.args.get("error")) if clause else None
    if isinstance(otherwise, exp.Expr):
        return exp.Coalesce(this=found, expressions=[otherwise])
    if otherwise == "ERROR":
        raise not_supported("ERROR ON EMPTY and ERROR ON ERROR")
    return found


def json_query(translator: Translator, node: exp.Expr) -> exp.Expr:
    """json_query(x, 'lax $.a' WITH ARRAY WRAPPER)."""
    option = node.args["option"].name.upper() if node.args.get("option") else ""
    what = "query"
    if option.startswith("WITH") and not option.startswith("WITHOUT"):
        what = "query conditional" if "CONDITIONAL" in option and "UNCONDITIONAL" not in option else "query wrapped"
    return call("native_json_path", cast(node.this, "VARCHAR"), node.expression, what)


def json_object(translator: Translator, node: exp.Expr) -> exp.Expr:
    """json_object('a': 1): NULLs stay, as NULL ON NULL says."""
    items: list[exp.Expr] = []
    for pair in node.expressions:
        value = pair.expression
        made = casts.converted(value, translator.kind(value) or VARCHAR, JSON)
        items += [cast(pair.this, "VARCHAR"), call("json_item", made)]
    return call("json_paired", exp.Array(expressions=items[::2]), exp.Array(expressions=items[1::2]))


@special("json_format")
def _json_format(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    return call("native_json_text", cast(arguments[0], "VARCHAR"))


@special("try")
def _try(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    return call("try", arguments[0])
