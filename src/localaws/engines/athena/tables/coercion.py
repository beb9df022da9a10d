"""Whether a partition's own schema fits its table's.

Source: "Updates in tables with partitions" (athena/latest/ug/updates-and-partitions.html): a partition keeps the
columns that the table had when it was added; where a type has changed to one that the old cannot be read as, a query
fails with HIVE_PARTITION_SCHEMA_MISMATCH. What can be read as what is Trino's (its Hive connector's coercions).
"""

from __future__ import annotations

from localaws.lake.catalog import Column, Partition, Table
from localaws.lake.column_types import Type
from localaws.lake.errors import QueryFailure

_INTEGERS = ("tinyint", "smallint", "integer", "bigint")
_FLOATS = ("real", "double")
_TEXTS = ("varchar", "char")


def check_partition(table: Table, partition: Partition) -> None:
    """Raises QueryFailure if *partition* has a column that cannot be read as the table declares it."""
    by_name = {column.name: column for column in table.columns}
    for position, held in enumerate(partition.columns):
        if "parquet" in table.serde.lower():
            declared = by_name.get(held.name)
        else:  # the other formats match columns by their place
            declared = table.columns[position] if position < len(table.columns) else None
        if declared and declared.hive_type != held.hive_type and not _coerced(held.type, declared.type):
            raise _mismatch(table, partition, declared, held)


def _coerced(held: Type, declared: Type) -> bool:
    """Whether values of the type *held* can be read as *declared*."""
    if held == declared or declared.name in _TEXTS:
        return held.name in (*_INTEGERS, *_TEXTS) or held == declared
    if held.name in _INTEGERS and declared.name in _INTEGERS:
        return _INTEGERS.index(held.name) <= _INTEGERS.index(declared.name)
    if held.name in _TEXTS:
        return declared.name in (*_INTEGERS, "date", "timestamp")
    if held.name in (*_FLOATS, "decimal"):
        return declared.name in (*_FLOATS, "decimal")
    if held.name == declared.name == "row":
        return all(_coerced(one, other) for one, other in zip(held.parts, declared.parts, strict=False))
    if held.name == declared.name and len(held.parts) == len(declared.parts) > 0:
        return all(_coerced(one, other) for one, other in zip(held.parts, declared.parts, strict=True))
    return False


def _mismatch(table: Table, partition: Partition, declared: Column, held: Column) -> QueryFailure:
    place = "/".join(f"{key.name}={value}" for key, value in zip(table.keys, partition.values, strict=True))
    return QueryFailure(
        "HIVE_PARTITION_SCHEMA_MISMATCH",
        "There is a mismatch between the table and partition schemas. The types are incompatible and cannot be "
        f"coerced. The column '{declared.name}' in table '{table.database}.{table.name}' is declared as type "
        f"'{declared.hive_type}', but partition '{place}' declared column '{held.name}' as type '{held.hive_type}'.",
    )
