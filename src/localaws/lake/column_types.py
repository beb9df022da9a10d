"""Column types in their four spellings: Hive's in the catalog, Trino's in results, DuckDB's at work.

Source: "Data types in Amazon Athena" (athena/latest/ug/data-types.html).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Any

from localaws.hive.types import HiveType, parse
from localaws.lake.quoting import internal, name

#: Trino's name → (Hive's, DuckDB's), where they are words of their own
_SIMPLE = {
    "boolean": ("boolean", "BOOLEAN"),
    "tinyint": ("tinyint", "TINYINT"),
    "smallint": ("smallint", "SMALLINT"),
    "integer": ("int", "INTEGER"),
    "bigint": ("bigint", "BIGINT"),
    "real": ("float", "FLOAT"),
    "double": ("double", "DOUBLE"),
    "varchar": ("string", "VARCHAR"),
    "char": ("string", "VARCHAR"),
    "varbinary": ("binary", "BLOB"),
    "date": ("date", "DATE"),
    "timestamp": ("timestamp", "TIMESTAMP"),
    "timestamp with time zone": ("timestamp", "TIMESTAMPTZ"),
    "time": ("string", "TIME"),
    "json": ("string", "JSON"),
    "uuid": ("string", "UUID"),
    "interval day to second": ("string", "INTERVAL"),
    "interval year to month": ("string", "INTERVAL"),
    "geometry": ("string", "VARCHAR"),
    "sphericalgeography": ("string", "VARCHAR"),
    "unknown": ("string", "VARCHAR"),
}
_FROM_HIVE = {hive: trino for trino, (hive, _) in reversed(_SIMPLE.items())}
_FROM_DUCKDB = {
    **{duck.lower(): trino for trino, (_, duck) in reversed(_SIMPLE.items())},
    "timestamp with time zone": "timestamp with time zone",
    "timestamp_s": "timestamp",
    "timestamp_ms": "timestamp",
    "timestamp_ns": "timestamp",
    "utinyint": "smallint",
    "usmallint": "integer",
    "uinteger": "bigint",
    "ubigint": "bigint",
    "hugeint": "bigint",  # what DuckDB's sum of integers is; a sum that overflows is an error here as there
    "bignum": "bigint",
    "uhugeint": "bigint",
    "enum": "varchar",
    '"null"': "unknown",
    "null": "unknown",
}
#: The fields of the struct that a timestamp with a time zone of its own is to DuckDB.
INSTANT, ZONE = internal("instant"), internal("zone")
#: Types that are one to DuckDB and several to Trino.
_REFINED = (
    {"varchar", "char"},
    {"time"},
    {"timestamp"},
    {"timestamp with time zone"},
    {"interval day to second", "interval year to month"},
)


@dataclass(frozen=True)
class Type:
    """A type by Trino's name; ``parts`` are what is in its brackets, ``fields`` the names of a row's parts.

    ``precision`` is a decimal's digits, or a text's length (0: no limit).
    """

    name: str
    parts: tuple[Type, ...] = ()
    fields: tuple[str, ...] = ()
    precision: int = 0
    scale: int = 0
    digits: int = 3
    """Of a time or a timestamp: how many digits of a second are kept."""
    zoned: bool = field(default=False, compare=False)
    """Of a timestamp with time zone: whether DuckDB keeps the zone beside the moment (else it is UTC)."""

    @property
    def hive(self) -> str:
        """As Glue keeps it."""
        if self.name == "row":
            inner = ",".join(f"{name}:{part.hive}" for name, part in zip(self.fields, self.parts, strict=True))
            return f"struct<{inner}>"
        if self.parts:
            return f"{self.name}<{','.join(part.hive for part in self.parts)}>"
        if self.name == "decimal":
            return f"decimal({self.precision},{self.scale})"
        if self.precision and self.name in ("varchar", "char"):
            return f"{self.name}({self.precision})"
        return _SIMPLE[self.name][0]

    @property
    def trino(self) -> str:
        """As Athena's messages and typeof() spell it."""
        if self.name == "row":
            inner = ", ".join(
                part.trino if re.fullmatch(r"|field\d+", name) else f"{name} {part.trino}"
                for name, part in zip(self.fields, self.parts, strict=True)
            )
            return f"row({inner})"
        if self.parts:
            return f"{self.name}({', '.join(part.trino for part in self.parts)})"
        if self.name == "decimal":
            return f"decimal({self.precision},{self.scale})"
        if self.name.startswith("time"):
            return self.name.replace(self.name.split()[0], f"{self.name.split()[0]}({self.digits})", 1)
        return f"{self.name}({self.precision})" if self.precision else self.name

    @property
    def duckdb(self) -> str:
        if self.name == "row":
            inner = (f"{name(field)} {part.duckdb}" for field, part in zip(self.fields, self.parts, strict=True))
            return f"STRUCT({', '.join(inner)})"
        if self.name == "array":
            return f"{self.parts[0].duckdb}[]"
        if self.name == "map":
            return f"MAP({self.parts[0].duckdb}, {self.parts[1].duckdb})"
        if self.name == "decimal":
            return f"DECIMAL({self.precision},{self.scale})"
        if self.zoned:
            return f"STRUCT({name(INSTANT)} TIMESTAMPTZ, {name(ZONE)} INTERVAL)"
        return _SIMPLE[self.name][1]

    def refined(self, inferred: Type | None) -> Type:
        """This type, as DuckDB tells it, with what only the query tells: lengths, precisions, which interval."""
        if inferred is None:
            return self
        if self.parts and inferred.name == self.name and len(self.parts) == len(inferred.parts):
            parts = tuple(mine.refined(other) for mine, other in zip(self.parts, inferred.parts, strict=True))
            return replace(self, parts=parts)
        for family in _REFINED:
            if self.name in family and inferred.name in family:
                return replace(inferred, zoned=self.zoned)
        return inferred if self.name == inferred.name == "decimal" and self.scale == inferred.scale else self


def from_hive(text: str) -> Type:
    """The type that a Glue column's Type says. Raises ValueError for one that Hive does not have."""
    return _from_parsed(parse(text))


def _from_parsed(hive: HiveType) -> Type:
    parts = tuple(map(_from_parsed, hive.parts))
    match hive.name:
        case "struct":
            return Type("row", parts, hive.fields)
        case "array" | "map":
            return Type(hive.name, parts)
        case "decimal":
            return Type("decimal", precision=hive.numbers[0], scale=hive.numbers[1])
        case "varchar" | "char":
            return Type(hive.name, precision=hive.numbers[0] if hive.numbers else 0)
    return Type(_FROM_HIVE[hive.name])


def from_duckdb(column_type: Any) -> Type:
    """The type of one of DuckDB's columns (a DuckDBPyType)."""
    identity = column_type.id
    if identity in ("list", "array"):
        return Type("array", (from_duckdb(column_type.children[0][1]),))
    if identity == "map":
        return Type("map", tuple(from_duckdb(child) for _, child in column_type.children))
    if identity in ("struct", "tuple"):
        names, children = zip(*column_type.children, strict=True)
        if names == (INSTANT, ZONE):
            return Type("timestamp with time zone", zoned=True)
        named = identity == "struct"
        return Type("row", tuple(map(from_duckdb, children)), tuple(name if named else "" for name in names))
    if identity == "decimal":
        numbers = dict(column_type.children)
        return Type("decimal", precision=numbers["precision"], scale=numbers["scale"])
    return Type(_FROM_DUCKDB.get(str(column_type).lower(), "varchar"))
