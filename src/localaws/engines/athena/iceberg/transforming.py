"""Iceberg's transforms of partitions that are left to pyiceberg. DuckDB calls them where it runs (see processes/)."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pyarrow as pa
from pyiceberg import types
from pyiceberg.partitioning import _to_partition_representation
from pyiceberg.transforms import BucketTransform, Transform

from localaws.engines.athena.iceberg.hashing import buckets

#: The types whose hash is that of a long.
_HASHED_AS_LONG = types.IntegerType | types.LongType | types.DateType | types.TimestampType | types.TimestamptzType


def of_columns(kind: types.IcebergType, transform: Transform[Any, Any]) -> Callable[[Any], pa.Array]:
    """A column of Arrow's → the value of each row's partition."""
    apply = of_value(kind, transform)
    modulus = transform.num_buckets if isinstance(transform, BucketTransform) else 0

    def call(values: Any) -> pa.Array:
        if modulus and isinstance(kind, _HASHED_AS_LONG):
            return buckets(pa.concat_arrays(values.chunks) if isinstance(values, pa.ChunkedArray) else values, modulus)
        return pa.array([apply(value) for value in values.to_pylist()])

    return call


def of_value(kind: types.IcebergType, transform: Transform[Any, Any]) -> Callable[[Any], Any]:
    """A column's value → the value of its partition."""
    inner = transform.transform(kind)

    def apply(value: Any) -> Any:
        if isinstance(kind, types.UUIDType) and isinstance(value, str):  # as DuckDB hands it over
            value = uuid.UUID(value)
        return None if value is None else inner(_to_partition_representation(kind, value))

    return apply
