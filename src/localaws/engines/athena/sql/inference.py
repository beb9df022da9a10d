"""The types of a query's expressions, worked out from the catalog as Trino would, where the meaning depends on them.

What cannot be told is None: the translation then keeps to what DuckDB itself does.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from localaws.engines.athena.sql.kinds import Type

BIGINT, INTEGER, DOUBLE, REAL = Type("bigint"), Type("integer"), Type("double"), Type("real")
VARCHAR, BOOLEAN, DATE, TIMESTAMP = Type("varchar"), Type("boolean"), Type("date"), Type("timestamp")
TIMESTAMP_TZ = Type("timestamp with time zone")
#: With a zone of its own beside the moment.
ZONED = Type("timestamp with time zone", zoned=True)
MONTHS = Type("interval year to month")
INTERVAL, JSON, VARBINARY, TIME = Type("interval day to second"), Type("json"), Type("varbinary"), Type("time")
GEOMETRY, GEOGRAPHY = Type("geometry"), Type("sphericalgeography")
INTERVALS = (INTERVAL.name, MONTHS.name)
TEXTS = ("varchar", "char")
MOMENTS = ("date", "timestamp", TIMESTAMP_TZ.name)
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
        return left if left.zoned or not right.parts else right
    if left.name in TEXTS and right.name in TEXTS:
        bounded = left.precision and right.precision
        name = "char" if left.name == right.name == "char" else "varchar"
        return Type(name, precision=max(left.precision, right.precision) if bounded else 0)
    if left.parts and left.name == right.name and len(left.parts) == len(right.parts):
        parts = [common([one, other]) for one, other in zip(left.parts, right.parts, strict=True)]
        return Type(left.name, tuple(each for each in parts if each), left.fields) if all(parts) else None
    if left.name == right.name and left.name.startswith("time"):
        return left if (left.precision or 3) > (right.precision or 3) else right
    if left.name in NUMBERS and right.name in NUMBERS:
        if "decimal" in (left.name, right.name) and {left.name, right.name} <= {"decimal", *INTEGERS}:
            left, right = as_decimal(left), as_decimal(right)
            scale = max(left.scale, right.scale)
            whole = max(left.precision - left.scale, right.precision - right.scale)
            return Type("decimal", precision=min(whole + scale, _MOST_DIGITS), scale=scale)
        return max(left, right, key=lambda kind: NUMBERS.index(kind.name))
    if left.name in MOMENTS and right.name in MOMENTS:
        return max(left, right, key=lambda kind: MOMENTS.index(kind.name))
    return left if left.name == right.name else None


def as_decimal(kind: Type) -> Type:
    digits = {"tinyint": 3, "smallint": 5, "integer": 10, "bigint": 19}
    return kind if kind.name == "decimal" else Type("decimal", precision=digits[kind.name])


def arithmetic(operator: type[exp.Expr], left: Maybe, right: Maybe) -> Maybe:
    """The type of ``left operator right``. Source: Trino's "Decimal functions and operators" for decimals."""
    if left is None or right is None:
        return None
    names = {left.name, right.name}
    if names & set(INTERVALS):
        if operator in (exp.Mul, exp.Div):
            return left if left.name in INTERVALS else right
        return right if left.name in INTERVALS else left
    if operator is exp.Sub and names <= set(MOMENTS):
        return INTERVAL
    if "decimal" in names and names <= {"decimal", *INTEGERS}:
        return _decimal(operator, as_decimal(left), as_decimal(right))
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


def _whole(kinds: list[Maybe]) -> Maybe:
    """What ceil, floor and round (with nothing but a number) give: decimals lose their fraction."""
    kind = first(kinds)
    if not kind or kind.name != "decimal" or len(kinds) > 1:
        return kind
    precision = kind.precision - kind.scale + min(kind.scale, 1)
    return Type("decimal", precision=max(min(precision, _MOST_DIGITS), 1))


def _rounded(kinds: list[Maybe]) -> Maybe:
    kind = first(kinds)
    if kind and kind.name == "decimal" and len(kinds) > 1:
        return Type("decimal", precision=min(kind.precision + 1, _MOST_DIGITS), scale=kind.scale)
    return _whole(kinds)


def _truncated(kinds: list[Maybe]) -> Maybe:
    kind = first(kinds)
    if kind and kind.name == "decimal" and len(kinds) == 1:
        return Type("decimal", precision=max(kind.precision - kind.scale, 1))
    return kind


def map_of(key: Maybe, value: Maybe) -> Maybe:
    return Type("map", (key, value)) if key and value else None


def _part(number: int) -> Callable[[list[Maybe]], Maybe]:
    """The type of the argument *number*."""
    return lambda kinds: kinds[number] if len(kinds) > number else None


def _chosen(kinds: list[Maybe]) -> Maybe:
    """max_by, min_by, max, min: with a number of them, an array."""
    several = len(kinds) == 3
    return array_of(first(kinds)) if several else first(kinds)


def _extremes(kinds: list[Maybe]) -> Maybe:
    return array_of(first(kinds)) if len(kinds) == 2 else first(kinds)


def _percentile(kinds: list[Maybe]) -> Maybe:
    several = bool(kinds and kinds[-1] and kinds[-1].name == "array")
    return array_of(first(kinds)) if several else first(kinds)


def _zipped(kinds: list[Maybe]) -> Maybe:
    parts = [element([kind]) for kind in kinds]
    fields = tuple(f"field{number}" for number in range(len(parts)))
    return array_of(Type("row", tuple(each for each in parts if each), fields)) if all(parts) else None


def _by_names(rule: Rule, names: str) -> dict[str, Rule]:
    return dict.fromkeys(names.split(), rule)


#: Trino's function → the type that it gives. Source: Trino's "List of functions and operators".
RULES: dict[str, Rule] = {
    **_by_names(
        BIGINT,
        "count count_if approx_distinct row_number rank dense_rank ntile length strpos cardinality date_diff "
        "year quarter month week week_of_year day day_of_month day_of_week dow day_of_year doy year_of_week yow hour "
        "minute second millisecond bitwise_and bitwise_or bitwise_xor bitwise_not bit_count array_position "
        "json_array_length json_size regexp_count from_base levenshtein_distance hamming_distance url_extract_port "
        "to_milliseconds timezone_hour timezone_minute regexp_position crc32 from_big_endian_64 "
        "bitwise_and_agg bitwise_or_agg bitwise_xor_agg bitwise_left_shift bitwise_right_shift "
        "bitwise_right_shift_arithmetic width_bucket parse_data_size",
    ),
    **_by_names(
        DOUBLE,
        "sqrt cbrt exp ln log log2 log10 power pow sin cos tan asin acos atan atan2 sinh cosh tanh degrees radians pi "
        "great_circle_distance normal_cdf inverse_normal_cdf beta_cdf inverse_beta_cdf cosine_distance "
        "wilson_interval_lower wilson_interval_upper st_distance st_x st_y from_ieee754_64 "
        "e nan infinity stddev stddev_samp stddev_pop variance var_samp var_pop corr covar_samp covar_pop regr_slope "
        "regr_intercept skewness kurtosis percent_rank cume_dist to_unixtime cosine_similarity",
    ),
    **_by_names(
        VARCHAR,
        "lower upper trim ltrim rtrim substr substring replace lpad rpad split_part chr concat_ws format "
        "date_format format_datetime to_iso8601 json_extract_scalar json_format typeof url_extract_host "
        "url_extract_path url_extract_protocol url_extract_query url_extract_parameter url_extract_fragment url_encode "
        "url_decode regexp_extract regexp_replace array_join to_base to_hex to_base64 from_utf8 translate listagg "
        "normalize bar soundex to_base32 to_base64url format_number current_timezone human_readable_seconds word_stem "
        "json_query json_value json_object json_array timezone st_astext",
    ),
    **_by_names(
        BOOLEAN,
        "regexp_like starts_with contains any_match all_match none_match bool_and bool_or every is_nan is_finite "
        "is_infinite arrays_overlap json_array_contains is_json_scalar contains_sequence bool_xor luhn_check "
        "json_exists",
    ),
    **_by_names(
        VARBINARY,
        "md5 sha1 sha256 sha512 to_utf8 from_hex from_base64 from_base64url from_base32 xxhash64 murmur3 checksum "
        "hmac_md5 hmac_sha1 hmac_sha256 hmac_sha512 to_big_endian_32 to_big_endian_64 "
        "to_ieee754_32 to_ieee754_64",
    ),
    **_by_names(JSON, "json_parse json_extract json_array_get"),
    **_by_names(TIMESTAMP, "date_parse"),
    **_by_names(
        ZONED, "from_iso8601_timestamp from_iso8601_timestamp_nanos parse_datetime with_timezone at_timezone"
    ),
    **_by_names(TIMESTAMP_TZ, "now current_timestamp from_unixtime_nanos"),
    "from_unixtime": lambda kinds: TIMESTAMP_TZ if len(kinds) < 2 else ZONED,
    **_by_names(DATE, "from_iso8601_date last_day_of_month current_date"),
    **_by_names(
        first,
        "abs arbitrary any_value lag lead first_value "
        "last_value nth_value array_distinct array_sort array_remove array_union array_intersect array_except slice "
        "filter reverse map_filter nullif shuffle trim_array map_concat map_union",
    ),
    **_by_names(_whole, "ceil ceiling floor"),
    **_by_names(_chosen, "min_by max_by"),
    **_by_names(_extremes, "min max"),
    **_by_names(TIME, "localtime"),
    **_by_names(GEOMETRY, "st_point st_geometryfromtext to_geometry"),
    "to_spherical_geography": GEOGRAPHY,
    **_by_names(INTEGER, "codepoint from_big_endian_32"),
    **_by_names(REAL, "from_ieee754_32"),
    **_by_names(lambda kinds: kinds[-1] if kinds else DOUBLE, "random rand"),
    "coalesce": common,
    "geometric_mean": lambda kinds: kinds[0] if kinds and kinds[0] == REAL else DOUBLE,
    "round": _rounded,
    "truncate": _truncated,
    "sign": lambda kinds: Type("decimal", precision=1) if kinds and kinds[0] and kinds[0].name == "decimal"
    else first(kinds),
    "mod": lambda kinds: arithmetic(exp.Mod, *kinds) if len(kinds) == 2 else None,
    "approx_percentile": _percentile,
    "reduce_agg": _part(1),
    "approx_most_frequent": lambda kinds: map_of(kinds[1], BIGINT) if len(kinds) == 3 else None,
    "numeric_histogram": Type("map", (DOUBLE, DOUBLE)),
    "multimap_agg": lambda kinds: map_of(kinds[0], array_of(kinds[1])) if len(kinds) == 2 else None,
    "multimap_from_entries": lambda kinds: (
        map_of(kinds[0].parts[0].parts[0], array_of(kinds[0].parts[0].parts[1]))
        if kinds and kinds[0] and kinds[0].parts and len(kinds[0].parts[0].parts) == 2
        else None
    ),
    "set_union": first,
    "split_to_map": Type("map", (VARCHAR, VARCHAR)),
    "split_to_multimap": Type("map", (VARCHAR, Type("array", (VARCHAR,)))),
    "parse_duration": INTERVAL,
    "uuid": Type("uuid"),
    "zip": _zipped,
    "map_entries": lambda kinds: array_of(
        Type("row", kinds[0].parts, ("field0", "field1")) if kinds and kinds[0] and kinds[0].parts else None
    ),
    "combinations": lambda kinds: array_of(first(kinds)),
    "ngrams": lambda kinds: array_of(first(kinds)),
    "array_first": element,
    "array_last": element,
    "array_histogram": lambda kinds: map_of(element(kinds), BIGINT),
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
    "date_trunc": _part(1),
    "date_add": _part(2),
    "date": DATE,
    "split": Type("array", (VARCHAR,)),
    "regexp_extract_all": Type("array", (VARCHAR,)),
    "regexp_split": Type("array", (VARCHAR,)),
    "sequence": lambda kinds: array_of(BIGINT if kinds and kinds[0] and kinds[0].name in INTEGERS else first(kinds)),
    "repeat": lambda kinds: array_of(first(kinds)),
    "map_keys": lambda kinds: array_of(kinds[0].parts[0]) if kinds and kinds[0] and kinds[0].parts else None,
    "map_values": lambda kinds: array_of(element(kinds)),
    "map_agg": lambda kinds: map_of(kinds[0], kinds[1]) if len(kinds) == 2 else None,
    "histogram": lambda kinds: map_of(first(kinds), BIGINT),
    "map": lambda kinds: (
        Type("map", (kinds[0].parts[0], kinds[1].parts[0]))
        if len(kinds) == 2 and kinds[0] and kinds[1] and kinds[0].parts and kinds[1].parts
        else None if kinds else Type("map", (Type("unknown"), Type("unknown")))
    ),
    "map_from_entries": lambda kinds: (
        Type("map", kinds[0].parts[0].parts) if kinds and kinds[0] and kinds[0].parts and kinds[0].parts[0].parts
        else None
    ),
    "concat": common,
    "try": first,
}  # fmt: skip
