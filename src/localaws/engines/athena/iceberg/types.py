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
    **{type(column_type): name for name, column_type in _PRIMITIVES.items()},
    iceberg.FixedType: "varbinary",
}


def from_iceberg(column_type: iceberg.IcebergType) -> Type:
    """Athena's type of an Iceberg column. Raises QueryFailure for one that it does not have."""
    match column_type:
        case iceberg.DecimalType():
            return Type("decimal", precision=column_type.precision, scale=column_type.scale)
        case iceberg.ListType():
            return Type("array", (from_iceberg(column_type.element_type),))
        case iceberg.MapType():
            return Type("map", (from_iceberg(column_type.key_type), from_iceberg(column_type.value_type)))
        case iceberg.StructType():
            parts = tuple(from_iceberg(field.field_type) for field in column_type.fields)
            return Type("row", parts, tuple(field.name.lower() for field in column_type.fields))
    if type(column_type) not in _NAMES:
        raise not_supported(f"Iceberg's type {column_type}")
    name = _NAMES[type(column_type)]
    return Type(name, digits=6 if name.startswith("time") else 3)  # microseconds, where Hive's are milliseconds


def to_iceberg(column_type: Type, ids: count[int]) -> iceberg.IcebergType:
    """Iceberg's type for a column of Athena's type; *ids* numbers what is nested. Raises QueryFailure."""
    match column_type.name:
        case "decimal":
            return iceberg.DecimalType(column_type.precision, column_type.scale)
        case "array":
            return iceberg.ListType(next(ids), to_iceberg(column_type.parts[0], ids), element_required=False)
        case "map":
            key, value = next(ids), next(ids)
            key_type, value_type = (to_iceberg(part, ids) for part in column_type.parts)
            return iceberg.MapType(key, key_type, value, value_type, value_required=False)
        case "row":
            fields = zip([next(ids) for _ in column_type.parts], column_type.fields, column_type.parts, strict=True)
            return iceberg.StructType(
                *(iceberg.NestedField(number, name, to_iceberg(part, ids), required=False)
                  for number, name, part in fields)
            )  # fmt: skip
    if column_type.name not in _PRIMITIVES:
        raise QueryFailure("NOT_SUPPORTED", f"Type not supported for Iceberg: {column_type.trino}")
    return _PRIMITIVES[column_type.name]


def columns_of(schema: Schema) -> dict[str, Type]:
    """The columns of a table by the names that Athena knows, which are in lower case."""
    return {field.name.lower(): from_iceberg(field.field_type) for field in schema.fields}
