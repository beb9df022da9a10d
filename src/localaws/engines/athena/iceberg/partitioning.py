"""PARTITIONED BY of an Iceberg table: columns, and what is computed from them.

Source: "Create Iceberg tables", "Available Iceberg transform functions".
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from pyiceberg import transforms, types
from pyiceberg.partitioning import PARTITION_FIELD_ID_START, PartitionField, PartitionSpec
from pyiceberg.schema import Schema

from localaws.lake.errors import QueryFailure

_ITEM = re.compile(r"[^,()]+(?:\([^()]*\))?")
_CALL = re.compile(r"(?P<transform>\w+)\s*\(\s*(?P<arguments>[^()]*)\)")
_TIMES: dict[str, transforms.Transform[Any, Any]] = {
    "year": transforms.YearTransform(),
    "month": transforms.MonthTransform(),
    "day": transforms.DayTransform(),
    "hour": transforms.HourTransform(),
}


def items(text: str) -> list[str]:
    """The parts of a list like ``category, bucket(16, id)``."""
    return [item.strip() for item in _ITEM.findall(text) if item.strip()]


def spec_of(parts: Iterable[str], schema: Schema) -> PartitionSpec:
    """The partition spec that *parts* say. Raises QueryFailure for what is no transform, or not of such a column."""
    fields: list[PartitionField] = []
    for part in parts:
        column, transform, suffix = _read(part)
        source = next((field for field in schema.fields if field.name.lower() == column), None)
        if source is None:
            raise QueryFailure("INVALID_TABLE_PROPERTY", f"Partition column {column} not present in schema")
        if not isinstance(source.field_type, types.PrimitiveType) or not transform.can_transform(source.field_type):
            raise QueryFailure(
                "INVALID_TABLE_PROPERTY", f"Invalid source type {source.field_type} for transform: {transform}"
            )
        name = f"{source.name}{suffix}"
        if any(field.name == name for field in fields):
            raise QueryFailure("INVALID_TABLE_PROPERTY", f"Cannot use partition name more than once: {name}")
        fields.append(PartitionField(source.field_id, PARTITION_FIELD_ID_START + len(fields), transform, name))
    return PartitionSpec(*fields)


def _read(part: str) -> tuple[str, transforms.Transform[Any, Any], str]:
    """Column, transform, and what the transform adds to the name of the partition field."""
    part = re.sub(r'[`"]', "", part).strip().lower()
    found = _CALL.fullmatch(part)
    if found is None:
        if not re.fullmatch(r"\w+", part):
            raise QueryFailure("INVALID_TABLE_PROPERTY", f"Invalid partition field declaration: {part}")
        return part, transforms.IdentityTransform(), ""
    name, arguments = found["transform"], [each.strip() for each in found["arguments"].split(",")]
    numbers = [int(each) for each in arguments if each.isdigit()]
    columns = [each for each in arguments if each and not each.isdigit()]
    if len(columns) == 1:
        if name in _TIMES and not numbers:
            return columns[0], _TIMES[name], f"_{name}"
        if name == "bucket" and len(numbers) == 1 and numbers[0]:
            return columns[0], transforms.BucketTransform(numbers[0]), "_bucket"
        if name == "truncate" and len(numbers) == 1 and numbers[0]:
            return columns[0], transforms.TruncateTransform(numbers[0]), "_trunc"
    raise QueryFailure("INVALID_TABLE_PROPERTY", f"Invalid partition field declaration: {part}")


def partition_rows(spec: PartitionSpec, schema: Schema) -> list[tuple[str, str, str]]:
    """Each field's name, transform and column, as Athena's statements spell them."""
    rows = []
    for field in spec.fields:
        column = schema.find_column_name(field.source_id) or ""
        rows.append((field.name, re.sub(r"\[(\d+)\]", r"(\1)", str(field.transform)), column))
    return rows
