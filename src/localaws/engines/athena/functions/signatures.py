"""What arguments Trino's functions take, as far as a wrong one would otherwise be taken for a right one.

Source: the signatures in Trino's "List of functions and operators".
"""

from __future__ import annotations

from localaws.engines.athena.sql.type_rules import INTEGERS, INTERVALS, MOMENTS, NUMBERS, TEXTS
from localaws.lake.column_types import Type

_TEXT = "lower upper trim ltrim rtrim reverse"
_MOMENT = "year quarter month week week_of_year day day_of_month day_of_week dow day_of_year doy year_of_week yow"
_CLOCK = "hour minute second millisecond"
_REAL = "sqrt cbrt exp ln log2 log10 sin cos tan asin acos atan sinh cosh tanh degrees radians"
_AGGREGATE = "avg stddev stddev_pop stddev_samp variance var_pop var_samp geometric_mean skewness kurtosis"


def _alike(names: str, *signatures: str) -> dict[str, list[str]]:
    return {name: list(signatures) for name in names.split()}


#: Function → the argument lists that it takes, each type by the first name of its family.
SIGNATURES: dict[str, list[str]] = {
    **_alike(_TEXT, "varchar(x)"),
    "reverse": ["varchar(x)", "varbinary", "array(E)"],
    "trim": ["varchar(x)", "varchar(x), varchar(y)"],
    "ltrim": ["varchar(x)", "varchar(x), varchar(y)"],
    "rtrim": ["varchar(x)", "varchar(x), varchar(y)"],
    "length": ["varchar(x)", "varbinary"],
    "substr": ["varchar(x), bigint", "varchar(x), bigint, bigint", "varbinary, bigint", "varbinary, bigint, bigint"],
    "substring": ["varchar(x), bigint", "varchar(x), bigint, bigint", "varbinary, bigint", "varbinary, bigint, bigint"],
    "replace": ["varchar(x), varchar(y)", "varchar(x), varchar(y), varchar(z)"],
    "split": ["varchar(x), varchar(y)", "varchar(x), varchar(y), bigint"],
    "split_part": ["varchar(x), varchar(y), bigint"],
    "strpos": ["varchar(x), varchar(y)", "varchar(x), varchar(y), bigint"],
    "starts_with": ["varchar(x), varchar(y)"],
    "lpad": ["varchar(x), bigint, varchar(y)", "varbinary, bigint, varbinary"],
    "rpad": ["varchar(x), bigint, varchar(y)", "varbinary, bigint, varbinary"],
    "codepoint": ["varchar(1)"],
    "chr": ["bigint"],
    "translate": ["varchar(x), varchar(y), varchar(z)"],
    "levenshtein_distance": ["varchar(x), varchar(y)"],
    "hamming_distance": ["varchar(x), varchar(y)"],
    "soundex": ["varchar(x)"],
    "to_utf8": ["varchar(x)"],
    "from_utf8": ["varbinary", "varbinary, varchar(x)"],
    "regexp_like": ["varchar(x), varchar(y)"],
    "regexp_extract": ["varchar(x), varchar(y)", "varchar(x), varchar(y), bigint"],
    "regexp_count": ["varchar(x), varchar(y)"],
    "regexp_split": ["varchar(x), varchar(y)"],
    "json_extract": ["varchar(x), varchar(y)", "json, varchar(y)"],
    "json_extract_scalar": ["varchar(x), varchar(y)", "json, varchar(y)"],
    "json_parse": ["varchar(x)"],
    "json_format": ["json"],
    "json_array_length": ["varchar(x)", "json"],
    **_alike("md5 sha1 sha256 sha512 crc32 xxhash64 murmur3", "varbinary"),
    **_alike("to_hex to_base64 to_base64url to_base32", "varbinary"),
    **_alike(_MOMENT, "timestamp(p) with time zone", "interval day to second"),
    **_alike(_CLOCK, "timestamp(p) with time zone", "interval day to second", "time(p)"),
    "date_trunc": ["varchar(x), timestamp(p) with time zone", "varchar(x), time(p)"],
    "date_add": ["varchar(x), bigint, timestamp(p) with time zone", "varchar(x), bigint, time(p)"],
    "date_diff": [
        "varchar(x), timestamp(p) with time zone, timestamp(p) with time zone",
        "varchar(x), time(p), time(p)",
    ],
    "date_format": ["timestamp(p) with time zone, varchar(x)"],
    "format_datetime": ["timestamp(p) with time zone, varchar(x)"],
    "date_parse": ["varchar(x), varchar(y)"],
    "parse_datetime": ["varchar(x), varchar(y)"],
    "from_unixtime": ["double", "double, varchar(x)", "double, bigint, bigint"],
    "to_unixtime": ["timestamp(p) with time zone"],
    "last_day_of_month": ["timestamp(p) with time zone"],
    "abs": ["double"],
    "sign": ["double"],
    "ceil": ["double"],
    "ceiling": ["double"],
    "floor": ["double"],
    "round": ["double", "double, integer"],
    "truncate": ["double", "double, integer"],
    "mod": ["double, double"],
    "power": ["double, double"],
    "pow": ["double, double"],
    **_alike(_REAL, "double"),
    "sum": ["double", "interval day to second"],
    **_alike(_AGGREGATE, "double"),
    "avg": ["double", "interval day to second"],
    "approx_percentile": ["double, double", "double, double, double", "double, array(double)",
                          "double, double, array(double)"],
    **_alike("bool_and bool_or every count_if", "boolean"),
    "cardinality": ["array(E)", "map(K,V)"],
    "contains": ["array(T), T"],
    "array_join": ["array(T), varchar(x)", "array(T), varchar(x), varchar(y)"],
    **_alike("array_distinct array_max array_min flatten", "array(E)"),
    "array_position": ["array(T), T"],
    "element_at": ["array(E), bigint", "map(K,V), K"],
    "map_keys": ["map(K,V)"],
    "map_values": ["map(K,V)"],
    "map_entries": ["map(K,V)"],
}  # fmt: skip
_FAMILIES: dict[str, tuple[str, ...]] = {
    "varchar": TEXTS,
    "timestamp": MOMENTS,
    "bigint": INTEGERS,
    "integer": INTEGERS,
    "double": NUMBERS,
    "interval": INTERVALS,
}


def accepts(name: str, types: list[Type]) -> bool:
    """Whether the function *name* takes arguments of these types; yes, if nothing is said of it here."""
    lists = SIGNATURES.get(name)
    return lists is None or any(_fits(each, types) for each in lists)


def expected(name: str) -> str:
    """What *name* takes, as Trino's message lists it."""
    return ", ".join(f"{name}({each})" for each in SIGNATURES.get(name, []))


def _fits(signature: str, types: list[Type]) -> bool:
    wanted = signature.split(", ")
    return len(wanted) == len(types) and all(map(_goes, wanted, types))


def _goes(wanted: str, column_type: Type) -> bool:
    family = wanted.split("(")[0].split(" ")[0]
    if column_type.name == "unknown" or len(family) == 1:  # NULL goes everywhere, and T, E, K are any type
        return True
    return column_type.name in _FAMILIES.get(family, (family,))
