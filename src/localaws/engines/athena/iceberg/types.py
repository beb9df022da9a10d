"""Iceberg's types and Athena's.

Source: "Supported data types" of "Query Apache Iceberg tables" (querying-iceberg-supported-data-types.html).
"""

from __future__ import annotations

from itertools import count

from pyiceberg import types as iceberg
from pyiceberg.schema import Schema

from localaws.lake.column_types import Type
from localaws.lake.errors import QueryFailure, not_supported

_PRIMITIVES: dict[str, iceberg.PrimitiveType] = {
    "boolean": iceberg.BooleanType(),
    "integer": iceberg.IntegerType(),
    "bigint": iceberg.LongType(),
    "real": iceberg.FloatType(),
    "double": iceberg.DoubleType(),
    "varchar": iceberg.StringType(),
    "varbinary": iceberg.BinaryType(),
    "date": iceberg.DateType(),
    "time": iceberg.TimeType(),
    "timestamp": iceberg.TimestampType(),
    "timestamp with time zone": iceberg.TimestamptzType(),
    "uuid": iceberg.UUIDType(),
}
_NAMES: dict[type[iceberg.IcebergType], str] = {
    **{type(kind): name for name, kind in _PRIMITIVES.items()},
    iceberg.FixedType: "varbinary",
}


def from_iceberg(kind: iceberg.IcebergType) -> Type:
    """Athena's type of an Iceberg column. Raises QueryFailure for one that it does not have."""
    match kind:
        case iceberg.DecimalType():
            return Type("decimal", precision=kind.precision, scale=kind.scale)
        case iceberg.ListType():
            return Type("array", (from_iceberg(kind.element_type),))
        case iceberg.MapType():
            return Type("map", (from_iceberg(kind.key_type), from_iceberg(kind.value_type)))
        case iceberg.StructType():
            parts = tuple(from_iceberg(field.field_type) for field in kind.fields)
            return Type("row", parts, tuple(field.name.lower() for field in kind.fields))
    if type(kind) not in _NAMES:
        raise not_supported(f"Iceberg's type {kind}")
    name = _NAMES[type(kind)]
    return Type(name, digits=6 if name.startswith("time") else 3)  # microseconds, where Hive's are milliseconds


def to_iceberg(kind: Type, ids: count[int]) -> iceberg.IcebergType:
    """Iceberg's type for a column of Athena's type; *ids* numbers what is nested. Raises QueryFailure."""
    match kind.name:
        case "decimal":
            return iceberg.DecimalType(kind.precision, kind.scale)
        case "array":
            return iceberg.ListType(next(ids), to_iceberg(kind.parts[0], ids), element_required=False)
        case "map":
            key, value = next(ids), next(ids)
            key_type, value_type = (to_iceberg(part, ids) for part in kind.parts)
            return iceberg.MapType(key, key_type, value, value_type, value_required=False)
        case "row":
            fields = zip([next(ids) for _ in kind.parts], kind.fields, kind.parts, strict=True)
            return iceberg.StructType(
                *(iceberg.NestedField(number, name, to_iceberg(part, ids), required=False)
                  for number, name, part in fields)
            )  # fmt: skip
    if kind.name not in _PRIMITIVES:
        raise QueryFailure("NOT_SUPPORTED", f"Type not supported for Iceberg: {kind.trino}")
    return _PRIMITIVES[kind.name]


def columns_of(schema: Schema) -> dict[str, Type]:
    """The columns of a table by the names that Athena knows, which are in lower case."""
    return {field.name.lower(): from_iceberg(field.field_type) for field in schema.fields}
