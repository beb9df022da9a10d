"""Types of columns, in Redshift's words for them, and what DuckDB keeps them as.

Source: Redshift database developer guide, "Data types", "Compression encodings" (which encoding AUTO begins with).
"""

from __future__ import annotations

import re

from localaws.lake.quoting import name
from localaws.warehouse.errors import UNDEFINED_OBJECT, RedshiftError

_ALIASES = {
    "int": "integer", "int4": "integer", "int2": "smallint", "int8": "bigint", "bool": "boolean",
    "float4": "real", "float": "double precision", "float8": "double precision", "double": "double precision",
    "dec": "numeric", "decimal": "numeric", "char": "character", "nchar": "character", "bpchar": "character",
    "varchar": "character varying", "nvarchar": "character varying", "text": "character varying",
    "timestamp": "timestamp without time zone", "timestamptz": "timestamp with time zone",
    "time": "time without time zone", "timetz": "time with time zone", "varbinary": "varbyte",
    "binary varying": "varbyte",
}  # fmt: skip
#: Redshift's word → the type in DuckDB.
_DUCKDB = {
    "integer": "INTEGER", "smallint": "SMALLINT", "bigint": "BIGINT", "boolean": "BOOLEAN", "real": "FLOAT",
    "double precision": "DOUBLE", "numeric": "DECIMAL", "character": "VARCHAR", "character varying": "VARCHAR",
    "date": "DATE", "timestamp without time zone": "TIMESTAMP", "timestamp with time zone": "TIMESTAMPTZ",
    "time without time zone": "TIME", "time with time zone": "TIMETZ", "super": "JSON", "varbyte": "BLOB",
    "interval year to month": "INTERVAL", "interval day to second": "INTERVAL", "oid": "BIGINT", "name": "VARCHAR",
}  # fmt: skip
_LIMITS = {"character": 1, "character varying": 256, "varbyte": 64000}
_MOST = {"character": 4096, "character varying": 65535, "varbyte": 16_777_216}
_WRITTEN = re.compile(r"\s*([a-z0-9_ ]+?)\s*(?:\(\s*(\w+)\s*(?:,\s*(\d+)\s*)?\))?\s*(with(?:out)? time zone)?\s*", re.I)


def canonical(written: str) -> str:
    """*written* as the catalog shows it: "character varying(20)" for "VARCHAR(20)". Raises RedshiftError for none."""
    found = _WRITTEN.fullmatch(written)
    word = " ".join(found[1].lower().split()) if found else ""
    if found is None:
        raise RedshiftError(UNDEFINED_OBJECT, f'type "{written.strip()}" does not exist')
    if found[4] and word in ("time", "timestamp"):
        word += f" {' '.join(found[4].lower().split())}"
    word = _ALIASES.get(word, word)
    if word not in _DUCKDB:
        raise RedshiftError(UNDEFINED_OBJECT, f'type "{word}" does not exist')
    if word == "numeric":
        precision, scale = int(found[2] or 18), int(found[3] or 0)
        if not 1 <= precision <= 38 or not 0 <= scale <= min(precision, 37):
            raise RedshiftError("22023", f"NUMERIC precision {precision} must be between 1 and 38")
        return f"numeric({precision},{scale})"
    if word in _LIMITS:
        return f"{word}({_limit(word, written, found[2])})"
    return word


def _limit(word: str, written: str, given: str | None) -> int:
    if given is None:
        return 256 if "text" in written.lower() or "bpchar" in written.lower() else _LIMITS[word]
    size = _MOST[word] if given.lower() == "max" else int(given) if given.isdigit() else 0
    if size > _MOST[word]:
        short = {"character": "char", "character varying": "varchar"}.get(word, word)
        raise RedshiftError("22023", f"length for type {short} cannot exceed {_MOST[word]}")
    if size < 1:
        raise RedshiftError("22023", f"length for type {word} must be at least 1")
    return size


def limits(type: str) -> list[int]:
    """The numbers in a canonical type: [10, 2] of "numeric(10,2)"."""
    return [int(each) for each in re.findall(r"\d+", type.partition("(")[2])]


def word(type: str) -> str:
    """A canonical type without its numbers."""
    return type.partition("(")[0]


def in_duckdb(type: str) -> str:
    """What a column of a canonical type is in DuckDB."""
    base = _DUCKDB[word(type)]
    return f"DECIMAL({','.join(map(str, limits(type)))})" if base == "DECIMAL" else base


def check(column: str, type: str) -> str:
    """The condition that holds a text to the bytes that its type has; "" for a type without such a limit."""
    size = limits(type)[0] if word(type) in _LIMITS else 0
    match word(type):
        case "character varying":
            return f"CHECK (strlen({name(column)}) <= {size})"
        case "character":
            return f"CHECK (strlen(rtrim({name(column)}, ' ')) <= {size})"
        case "varbyte":
            return f"CHECK (octet_length({name(column)}) <= {size})"
    return ""


def of_duckdb(type: str) -> str:
    """The canonical type of a query's column that is *type* in DuckDB, as CREATE TABLE AS makes it."""
    base, _, rest = type.partition("(")
    if base == "DECIMAL":
        return f"numeric({rest.rstrip(')').replace(' ', '')})"
    known = {value: key for key, value in _DUCKDB.items() if value not in ("DECIMAL", "VARCHAR", "BLOB", "INTERVAL")}
    known |= {
        "BIGINT": "bigint", "VARCHAR": "character varying(65535)", "BLOB": "varbyte(64000)", "TINYINT": "smallint",
        "UTINYINT": "smallint", "USMALLINT": "integer", "UINTEGER": "bigint", "UBIGINT": "numeric(20,0)",
        "HUGEINT": "numeric(38,0)", "INTERVAL": "interval day to second", "TIMESTAMP WITH TIME ZONE":
        "timestamp with time zone", "TIME WITH TIME ZONE": "time with time zone",
    }  # fmt: skip
    if type in known:
        return known[type]
    return "super" if type.endswith("]") or base in ("STRUCT", "MAP") else "character varying(65535)"


def encoding(type: str, sorted_by: bool) -> str:
    """What ENCODE AUTO gives a column of *type*; one that rows are sorted by is kept raw."""
    base = word(type)
    if sorted_by or base in ("boolean", "real", "double precision", "super"):
        return "none"
    return "lzo" if base in ("character", "character varying", "varbyte") else "az64"
