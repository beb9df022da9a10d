"""Which bucket a row belongs to: Hive's hash, as CREATE TABLE AS with bucketed_by uses it.

Sources: "Use partitioning and bucketing" (athena/latest/ug/ctas-partitioning-and-bucketing.html): Hive's hash for
CTAS. The hash is that of Hive's first bucketing version: an integer is its own hash, a bigint its two halves XORed,
a date its days since 1970, a text 31·h + byte over its UTF-8, several columns 31·h + hash; the bucket is what is left
of it, without its sign, by the number of buckets. NULL's hash is 0.
"""

from __future__ import annotations

from collections.abc import Sequence

from localaws.lake.column_types import Type
from localaws.lake.errors import not_supported

_ALL_BITS, _NO_SIGN = 0xFFFFFFFF, 0x7FFFFFFF


def bucket(columns: Sequence[tuple[str, Type]], count: int) -> str:
    """SQL of the number, from 0, of the bucket of a row; *columns* are SQL and type of what is hashed."""
    total = "0"
    for value, column_type in columns:
        total = f"(({total}) * 31 + coalesce({_hash(value, column_type)}, 0)) & {_ALL_BITS}"
    return f"(({total}) & {_NO_SIGN}) % {count}"


def _hash(value: str, column_type: Type) -> str:
    """SQL of a value's hash, of which the lowest 32 bits count."""
    match column_type.name:
        case "boolean" | "tinyint" | "smallint" | "integer":
            return f"CAST({value} AS BIGINT)"
        case "bigint":
            whole = f"CAST({value} AS BIGINT)"
            return f"xor({whole} & {_ALL_BITS}, ({whole} >> 32) & {_ALL_BITS})"
        case "date":
            return f"CAST({value} - DATE '1970-01-01' AS BIGINT)"
        case "varchar" | "char":
            # a byte counts as Java's, which has a sign; DuckDB tells bytes as pairs of hexadecimal digits
            pairs = f"regexp_extract_all(hex(CAST({value} AS VARCHAR)), '..')"
            signed = "CAST('0x' || pair AS BIGINT) - CASE WHEN pair >= '80' THEN 256 ELSE 0 END"
            bytes_ = f"list_prepend(0::BIGINT, list_transform({pairs}, LAMBDA pair : {signed}))"
            return f"list_reduce({bytes_}, LAMBDA h, b : (h * 31 + b) & {_ALL_BITS})"
    raise not_supported(f"A bucket column of type {column_type.trino}")
