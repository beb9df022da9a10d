"""The types of a query's expressions, worked out from the catalog as Trino would, where the meaning depends on them.

What cannot be told is None: the translation then keeps to what DuckDB itself does.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from localaws.engines.athena.kinds import Type

BIGINT, INTEGER, DOUBLE, REAL = Type("bigint"), Type("integer"), Type("double"), Type("real")
VARCHAR, BOOLEAN, DATE, TIMESTAMP = Type("varchar"), Type("boolean"), Type("date"), Type("timestamp")
TIMESTAMP_TZ = Type("timestamp with time zone")
INTERVAL, JSON, VARBINARY, TIME = Type("interval day to second"), Type("json"), Type("varbinary"), Type("time")
INTEGERS = ("tinyint", "smallint", "integer", "bigint")
NUMBERS = (*INTEGERS, "decimal", "real", "double")
_MOST_DIGITS = 38

Columns = dict[str, Type | None]
Maybe = Type | None
Rule = Maybe | Callable[[list[Maybe]], Maybe]


def first(kinds: list[Maybe]) -> Maybe:
    return kinds[0] if kinds else None


def element(kinds: list[Maybe]) -> Maybe:
    """What an array holds, or a map's values."""
    kind = first(kinds)
    return kind.parts[-1] if kind and kind.name in ("array", "map") else None


def array_of(kind: Maybe) -> Maybe:
    return Type("array", (kind,)) if kind else None


def common(kinds: list[Maybe]) -> Maybe:
    """The type that all of *kinds* widen to; None if one is not known."""
    known = [kind for kind in kinds if kind is None or kind.name != "unknown"]
    if not known:
        return kinds[0] if kinds else None
    result = known[0]
    for kind in known[1:]:
        result = _wider(result, kind)
    return result


def _wider(left: Maybe, right: Maybe) -> Maybe:
    if left is None or right is None:
        return None
    if left == right:
        return left
    if left.name in NUMBERS and right.name in NUMBERS:
        if "decimal" in (left.name, right.name) and {left.name, right.name} <= {"decimal", *INTEGERS}:
            left, right = _as_decimal(left), _as_decimal(right)
            scale = max(left.scale, right.scale)
            whole = max(left.precision - left.scale, right.precision - right.scale)
            return Type("decimal", precision=min(whole + scale, _MOST_DIGITS), scale=scale)
        return max(left, right, key=lambda kind: NUMBERS.index(kind.name))
    if {left.name, right.name} == {"date", "timestamp"}:
        return TIMESTAMP
    if left.name in ("date", "timestamp") and right.name == TIMESTAMP_TZ.name:
        return right
    return left if left.name == right.name else None


def _as_decimal(kind: Type) -> Type:
    digits = {"tinyint": 3, "smallint": 5, "integer": 10, "bigint": 19}
    return kind if kind.name == "decimal" else Type("decimal", precision=digits[kind.name])


def arithmetic(operator: type[exp.Expr], left: Maybe, right: Maybe) -> Maybe:
    """The type of ``left operator right``. Source: Trino's "Decimal functions and operators" for decimals."""
    if left is None or right is None:
        return None
    names = {left.name, right.name}
    if INTERVAL.name in names:
        if operator in (exp.Mul, exp.Div):
            return INTERVAL
        return right if left == INTERVAL else left
    if operator is exp.Sub and names <= {"date", "timestamp", TIMESTAMP_TZ.name}:
        return INTERVAL
    if "decimal" in names and names <= {"decimal", *INTEGERS}:
        return _decimal(operator, _as_decimal(left), _as_decimal(right))
    return common([left, right])


def _decimal(operator: type[exp.Expr], left: Type, right: Type) -> Type:
    p1, s1, p2, s2 = left.precision, left.scale, right.precision, right.scale
    if operator is exp.Mul:
        precision, scale = p1 + p2, s1 + s2
    elif operator is exp.Div:
        precision, scale = p1 + s2 + max(0, s2 - s1), max(s1, s2)
    elif operator is exp.Mod:
        precision, scale = min(p2 - s2, p1 - s1) + max(s1, s2), max(s1, s2)
    else:
        scale = max(s1, s2)
        precision = max(p1 - s1, p2 - s2) + scale + 1
    return Type("decimal", precision=min(precision, _MOST_DIGITS), scale=scale)


def _sum(kinds: list[Maybe]) -> Maybe:
    kind = first(kinds)
    if kind and kind.name in INTEGERS:
        return BIGINT
    return Type("decimal", precision=_MOST_DIGITS, scale=kind.scale) if kind and kind.name == "decimal" else kind


def _average(kinds: list[Maybe]) -> Maybe:
    kind = first(kinds)
    return DOUBLE if kind and kind.name in INTEGERS else kind


def _by_names(rule: Rule, names: str) -> dict[str, Rule]:
    return dict.fromkeys(names.split(), rule)


#: Trino's function → the type that it gives. Source: Trino's "List of functions and operators".
RULES: dict[str, Rule] = {
    **_by_names(
        BIGINT,
        "count count_if approx_distinct row_number rank dense_rank ntile length strpos codepoint cardinality date_diff "
        "year quarter month week week_of_year day day_of_month day_of_week dow day_of_year doy year_of_week yow hour "
        "minute second millisecond bitwise_and bitwise_or bitwise_xor bitwise_not bit_count array_position "
        "json_array_length json_size regexp_count from_base levenshtein_distance hamming_distance url_extract_port "
        "to_milliseconds timezone_hour timezone_minute regexp_position crc32",
    ),
    **_by_names(
        DOUBLE,
        "sqrt cbrt exp ln log log2 log10 power pow sin cos tan asin acos atan atan2 sinh cosh tanh degrees radians pi "
        "e nan infinity stddev stddev_samp stddev_pop variance var_samp var_pop corr covar_samp covar_pop regr_slope "
        "regr_intercept skewness kurtosis percent_rank cume_dist to_unixtime cosine_similarity",
    ),
    **_by_names(
        VARCHAR,
        "lower upper trim ltrim rtrim substr substring replace lpad rpad split_part chr concat_ws format "
        "date_format format_datetime to_iso8601 json_extract_scalar json_format typeof url_extract_host "
        "url_extract_path url_extract_protocol url_extract_query url_extract_parameter url_extract_fragment url_encode "
        "url_decode regexp_extract regexp_replace array_join to_base to_hex to_base64 from_utf8 translate listagg "
        "normalize bar",
    ),
    **_by_names(
        BOOLEAN,
        "regexp_like starts_with contains any_match all_match none_match bool_and bool_or every is_nan is_finite "
        "is_infinite arrays_overlap json_array_contains is_json_scalar contains_sequence",
    ),
    **_by_names(VARBINARY, "md5 sha1 sha256 sha512 to_utf8 from_hex from_base64"),
    **_by_names(JSON, "json_parse json_extract json_array_get"),
    **_by_names(TIMESTAMP, "date_parse"),
    **_by_names(
        TIMESTAMP_TZ, "from_unixtime from_iso8601_timestamp now parse_datetime with_timezone current_timestamp"
    ),
    **_by_names(DATE, "from_iso8601_date last_day_of_month current_date"),
    **_by_names(
        first,
        "abs ceil ceiling floor round truncate sign mod min max arbitrary any_value min_by max_by lag lead first_value "
        "last_value nth_value array_distinct array_sort array_remove array_union array_intersect array_except slice "
        "filter reverse map_filter nullif shuffle trim_array map_concat approx_percentile geometric_mean",
    ),
    "sum": _sum,
    "avg": _average,
    "greatest": common,
    "least": common,
    "array_agg": lambda kinds: array_of(first(kinds)),
    "set_agg": lambda kinds: array_of(first(kinds)),
    "element_at": element,
    "array_max": element,
    "array_min": element,
    "flatten": element,
    "date_trunc": lambda kinds: kinds[1] if len(kinds) > 1 else None,
    "date_add": lambda kinds: kinds[2] if len(kinds) > 2 else None,
    "date": DATE,
    "split": Type("array", (VARCHAR,)),
    "regexp_extract_all": Type("array", (VARCHAR,)),
    "regexp_split": Type("array", (VARCHAR,)),
    "sequence": lambda kinds: array_of(first(kinds)),
    "repeat": lambda kinds: array_of(first(kinds)),
    "map_keys": lambda kinds: array_of(kinds[0].parts[0]) if kinds and kinds[0] and kinds[0].parts else None,
    "map_values": lambda kinds: array_of(element(kinds)),
    "map_agg": lambda kinds: Type("map", (kinds[0], kinds[1])) if len(kinds) > 1 and kinds[0] and kinds[1] else None,
    "histogram": lambda kinds: Type("map", (kinds[0], BIGINT)) if kinds and kinds[0] else None,
    "map": lambda kinds: (
        Type("map", (kinds[0].parts[0], kinds[1].parts[0]))
        if len(kinds) == 2 and kinds[0] and kinds[1] and kinds[0].parts and kinds[1].parts
        else None
    ),
    "map_from_entries": lambda kinds: (
        Type("map", kinds[0].parts[0].parts) if kinds and kinds[0] and kinds[0].parts and kinds[0].parts[0].parts
        else None
    ),
    "map_entries": lambda kinds: array_of(Type("row", kinds[0].parts, ("", "")) if kinds and kinds[0] else None),
    "concat": common,
    "try": first,
    "at_timezone": TIMESTAMP_TZ,
}  # fmt: skip
