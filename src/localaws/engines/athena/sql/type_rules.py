"""Rules for Trino's types: what a function or an operator gives for arguments of given types.

What cannot be told is None: the translation then keeps to what DuckDB itself does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from sqlglot import exp

from localaws.lake.column_types import Type

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
Rule = Type | None | Callable[[list[Type | None]], Type | None]


def first(types: list[Type | None]) -> Type | None:
    return types[0] if types else None


def element(types: list[Type | None]) -> Type | None:
    """What an array holds, or a map's values."""
    column_type = first(types)
    return column_type.parts[-1] if column_type and column_type.name in ("array", "map") else None


def in_zone(types: list[Type | None]) -> Type:
    """A moment told by the clocks of a zone keeps its digits."""
    moment = first(types)
    return replace(ZONED, digits=moment.digits) if moment else ZONED


def array_of(column_type: Type | None) -> Type | None:
    return Type("array", (column_type,)) if column_type else None


def common(types: list[Type | None]) -> Type | None:
    """The type that all of *types* widen to; None if one is not known."""
    known = [column_type for column_type in types if column_type is None or column_type.name != "unknown"]
    if not known:
        return types[0] if types else None
    result = known[0]
    for column_type in known[1:]:
        result = _wider(result, column_type)
    return result


def _wider(left: Type | None, right: Type | None) -> Type | None:
    if left is None or right is None:
        return None
    if left == right:
        return left if left.zoned or not (right.zoned or right.parts) else right
    if left.name in TEXTS and right.name in TEXTS:
        bounded = left.precision and right.precision
        name = "char" if left.name == right.name == "char" else "varchar"
        return Type(name, precision=max(left.precision, right.precision) if bounded else 0)
    if left.parts and left.name == right.name and len(left.parts) == len(right.parts):
        parts = [common([one, other]) for one, other in zip(left.parts, right.parts, strict=True)]
        return Type(left.name, tuple(each for each in parts if each), left.fields) if all(parts) else None
    if left.name == right.name and left.name.startswith("time"):
        return replace(left, digits=max(left.digits, right.digits), zoned=left.zoned or right.zoned)
    if left.name in NUMBERS and right.name in NUMBERS:
        if "decimal" in (left.name, right.name) and {left.name, right.name} <= {"decimal", *INTEGERS}:
            left, right = as_decimal(left), as_decimal(right)
            scale = max(left.scale, right.scale)
            whole = max(left.precision - left.scale, right.precision - right.scale)
            return Type("decimal", precision=min(whole + scale, _MOST_DIGITS), scale=scale)
        return max(left, right, key=lambda column_type: NUMBERS.index(column_type.name))
    if left.name in MOMENTS and right.name in MOMENTS:
        return max(left, right, key=lambda column_type: MOMENTS.index(column_type.name))
    return left if left.name == right.name else None


def as_decimal(column_type: Type) -> Type:
    digits = {"tinyint": 3, "smallint": 5, "integer": 10, "bigint": 19}
    return column_type if column_type.name == "decimal" else Type("decimal", precision=digits[column_type.name])


def arithmetic(operator: type[exp.Expr], left: Type | None, right: Type | None) -> Type | None:
    """The type of ``left operator right``. Source: Trino's "Decimal functions and operators" for decimals."""
    if left is None or right is None:
        return None
    names = {left.name, right.name}
    if names & set(INTERVALS):
        if operator in (exp.Mul, exp.Div):
            return left if left.name in INTERVALS else right
        moment = right if left.name in INTERVALS else left
        return replace(moment, digits=max(moment.digits, 3)) if INTERVAL.name in names else moment
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


def _sum(types: list[Type | None]) -> Type | None:
    column_type = first(types)
    if column_type and column_type.name in INTEGERS:
        return BIGINT
    return (
        Type("decimal", precision=_MOST_DIGITS, scale=column_type.scale)
        if column_type and column_type.name == "decimal"
        else column_type
    )


def _average(types: list[Type | None]) -> Type | None:
    column_type = first(types)
    return DOUBLE if column_type and column_type.name in INTEGERS else column_type


def _text_or_bytes(types: list[Type | None]) -> Type:
    return VARBINARY if first(types) == VARBINARY else VARCHAR


def _whole(types: list[Type | None]) -> Type | None:
    """What ceil, floor and round (with nothing but a number) give: decimals lose their fraction."""
    column_type = first(types)
    if not column_type or column_type.name != "decimal" or len(types) > 1:
        return column_type
    precision = column_type.precision - column_type.scale + min(column_type.scale, 1)
    return Type("decimal", precision=max(min(precision, _MOST_DIGITS), 1))


def _rounded(types: list[Type | None]) -> Type | None:
    column_type = first(types)
    if column_type and column_type.name == "decimal" and len(types) > 1:
        return Type("decimal", precision=min(column_type.precision + 1, _MOST_DIGITS), scale=column_type.scale)
    return _whole(types)


def _truncated(types: list[Type | None]) -> Type | None:
    column_type = first(types)
    if column_type and column_type.name == "decimal" and len(types) == 1:
        return Type("decimal", precision=max(column_type.precision - column_type.scale, 1))
    return column_type


def map_of(key: Type | None, value: Type | None) -> Type | None:
    return Type("map", (key, value)) if key and value else None


def _part(number: int) -> Callable[[list[Type | None]], Type | None]:
    """The type of the argument *number*."""
    return lambda types: types[number] if len(types) > number else None


def _chosen(types: list[Type | None]) -> Type | None:
    """max_by, min_by, max, min: with a number of them, an array."""
    several = len(types) == 3
    return array_of(first(types)) if several else first(types)


def _extremes(types: list[Type | None]) -> Type | None:
    return array_of(first(types)) if len(types) == 2 else first(types)


def _percentile(types: list[Type | None]) -> Type | None:
    several = bool(types and types[-1] and types[-1].name == "array")
    return array_of(first(types)) if several else first(types)


def _zipped(types: list[Type | None]) -> Type | None:
    parts = [element([column_type]) for column_type in types]
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
        "lower upper trim ltrim rtrim replace split_part chr concat_ws format "
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
    **_by_names(ZONED, "from_iso8601_timestamp from_iso8601_timestamp_nanos parse_datetime"),
    **_by_names(in_zone, "with_timezone at_timezone"),
    **_by_names(TIMESTAMP_TZ, "now current_timestamp from_unixtime_nanos"),
    "from_unixtime": lambda types: TIMESTAMP_TZ if len(types) < 2 else ZONED,
    **_by_names(DATE, "from_iso8601_date last_day_of_month current_date"),
    **_by_names(
        first,
        "abs arbitrary any_value lag lead first_value "
        "last_value nth_value array_distinct array_sort array_remove array_union array_intersect array_except slice "
        "filter reverse map_filter nullif shuffle trim_array map_concat map_union",
    ),
    **_by_names(_text_or_bytes, "substr substring lpad rpad"),
    **_by_names(_whole, "ceil ceiling floor"),
    **_by_names(_chosen, "min_by max_by"),
    **_by_names(_extremes, "min max"),
    **_by_names(TIME, "localtime"),
    **_by_names(GEOMETRY, "st_point st_geometryfromtext to_geometry"),
    "to_spherical_geography": GEOGRAPHY,
    **_by_names(INTEGER, "codepoint from_big_endian_32"),
    **_by_names(REAL, "from_ieee754_32"),
    **_by_names(lambda types: types[-1] if types else DOUBLE, "random rand"),
    "coalesce": common,
    "geometric_mean": lambda types: types[0] if types and types[0] == REAL else DOUBLE,
    "round": _rounded,
    "truncate": _truncated,
    "sign": lambda types: Type("decimal", precision=1) if types and types[0] and types[0].name == "decimal"
    else first(types),
    "mod": lambda types: arithmetic(exp.Mod, *types) if len(types) == 2 else None,
    "approx_percentile": _percentile,
    "reduce_agg": _part(1),
    "approx_most_frequent": lambda types: map_of(types[1], BIGINT) if len(types) == 3 else None,
    "numeric_histogram": Type("map", (DOUBLE, DOUBLE)),
    "multimap_agg": lambda types: map_of(types[0], array_of(types[1])) if len(types) == 2 else None,
    "multimap_from_entries": lambda types: (
        map_of(types[0].parts[0].parts[0], array_of(types[0].parts[0].parts[1]))
        if types and types[0] and types[0].parts and len(types[0].parts[0].parts) == 2
        else None
    ),
    "set_union": first,
    "split_to_map": Type("map", (VARCHAR, VARCHAR)),
    "split_to_multimap": Type("map", (VARCHAR, Type("array", (VARCHAR,)))),
    "parse_duration": INTERVAL,
    "uuid": Type("uuid"),
    "zip": _zipped,
    "map_entries": lambda types: array_of(
        Type("row", types[0].parts, ("field0", "field1")) if types and types[0] and types[0].parts else None
    ),
    "combinations": lambda types: array_of(first(types)),
    "ngrams": lambda types: array_of(first(types)),
    "array_first": element,
    "array_last": element,
    "array_histogram": lambda types: map_of(element(types), BIGINT),
    "sum": _sum,
    "avg": _average,
    "greatest": common,
    "least": common,
    "array_agg": lambda types: array_of(first(types)),
    "set_agg": lambda types: array_of(first(types)),
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
    "sequence": lambda types: array_of(BIGINT if types and types[0] and types[0].name in INTEGERS else first(types)),
    "repeat": lambda types: array_of(first(types)),
    "map_keys": lambda types: array_of(types[0].parts[0]) if types and types[0] and types[0].parts else None,
    "map_values": lambda types: array_of(element(types)),
    "map_agg": lambda types: map_of(types[0], types[1]) if len(types) == 2 else None,
    "histogram": lambda types: map_of(first(types), BIGINT),
    "map": lambda types: (
        Type("map", (types[0].parts[0], types[1].parts[0]))
        if len(types) == 2 and types[0] and types[1] and types[0].parts and types[1].parts
        else None if types else Type("map", (Type("unknown"), Type("unknown")))
    ),
    "map_from_entries": lambda types: (
        Type("map", types[0].parts[0].parts) if types and types[0] and types[0].parts and types[0].parts[0].parts
        else None
    ),
    "concat": common,
    "try": first,
}  # fmt: skip
