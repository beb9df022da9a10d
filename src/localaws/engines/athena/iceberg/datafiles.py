"""New rows of an Iceberg table as data files: by partition, with field ids, with statistics for the manifests.

Source: Iceberg Table Spec, "Partition Transforms", "Manifests", Appendix A (Parquet).
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from pyiceberg import types
from pyiceberg.io.pyarrow import (
    compute_statistics_plan,
    data_file_statistics_from_parquet_metadata,
    parquet_path_to_id_mapping,
)
from pyiceberg.manifest import DataFile, DataFileContent, FileFormat
from pyiceberg.partitioning import PartitionField, PartitionKey, PartitionSpec
from pyiceberg.schema import Schema, index_by_id
from pyiceberg.table import Table
from pyiceberg.transforms import (
    DayTransform,
    HourTransform,
    IdentityTransform,
    MonthTransform,
    Transform,
    TruncateTransform,
    VoidTransform,
    YearTransform,
)
from pyiceberg.typedef import Record

from localaws.engines.athena.iceberg import transforming
from localaws.engines.athena.iceberg.properties import FILE_SIZE
from localaws.engines.athena.iceberg.types import from_iceberg
from localaws.engines.athena.job import Job
from localaws.lake.errors import QueryFailure, not_supported
from localaws.lake.quoting import internal, literal, name, own

MOST_PARTITIONS = 100
_CODEC, _LEVEL = "write.parquet.compression-codec", "write.parquet.compression-level"
_UNITS: dict[type[Transform[Any, Any]], str] = {
    YearTransform: "year",
    MonthTransform: "month",
    DayTransform: "day",
    HourTransform: "hour",
}
#: Where DuckDB is told the field id of what holds others, beside the ids of those.
_FIELD_ID = "__duckdb_field_id"


@dataclass(frozen=True)
class _Key(PartitionKey):
    """A partition by its values, already transformed."""

    record: Record

    @property
    def partition(self) -> Record:
        return self.record


def write_rows(job: Job, table: Table, sql: str, uploaded: list[str]) -> list[DataFile]:
    """Write the rows of *sql*, which has the table's columns in their order and types, as data files in S3.

    They are no part of the table until they are committed. Each object is added to *uploaded* as soon as it is there.
    Raises QueryFailure for a NULL where the table takes none, and for rows of more than 100 partitions.
    """
    schema, spec = table.schema(), table.spec()
    if any(isinstance(field.field_type, types.FixedType) for field in index_by_id(schema).values()):
        raise not_supported("Writing to a table with a column of Iceberg's type fixed")
    out = job.session.directory / f"rows-{uuid.uuid4()}"
    with ExitStack() as stack:
        # names in a data file are for people: readers go by field ids
        columns = [f"{_checked(field)} AS {name(field.name.lower())}" for field in schema.fields]
        keys = [
            f"{_transformed(job, stack, schema, field)} AS {name(_key(number))}"
            for number, field in enumerate(spec.fields)
        ]
        lower = ", ".join(name(field.name.lower()) for field in schema.fields)
        query = f"SELECT {', '.join(columns + keys)} FROM ({sql}) AS {own('given')}({lower})"
        options = _options(table)
        if keys:
            options += f", PARTITION_BY ({', '.join(name(_key(number)) for number in range(len(keys)))})"
        job.copy(query, out, options)
    files = sorted(path for path in out.rglob("*.parquet") if pq.read_metadata(path).num_rows)
    folders = {path.parent for path in files}
    if len(folders) > MOST_PARTITIONS:
        raise QueryFailure(
            "ICEBERG_TOO_MANY_OPEN_PARTITIONS", f"Exceeded limit of {MOST_PARTITIONS} open writers for partitions"
        )
    return [_upload(job, table, path, uploaded) for path in files]


def _key(number: int) -> str:
    return internal(f"partition{number}")


def _checked(field: types.NestedField) -> str:
    """SQL of a column of the given rows, in the type that the table has."""
    column = f"CAST({name(field.name.lower())} AS {from_iceberg(field.field_type).duckdb})"
    if not field.required:
        return column
    words = f"ATHENA CONSTRAINT_VIOLATION: NULL value not allowed for NOT NULL column: {field.name.lower()}"
    return f"CASE WHEN {name(field.name.lower())} IS NULL THEN error({literal(words)}) ELSE {column} END"


def _transformed(job: Job, stack: ExitStack, schema: Schema, field: PartitionField) -> str:
    """SQL of a partition's value for each row."""
    source = schema.find_field(field.source_id)
    column, transform = name(schema.find_column_name(field.source_id) or ""), field.transform
    column = f"{own('given')}.{column.lower()}"
    if isinstance(transform, VoidTransform):
        return "NULL"
    if isinstance(transform, IdentityTransform):
        return column
    for column_type, unit in _UNITS.items():
        if isinstance(transform, column_type):
            return f"date_diff('{unit}', TIMESTAMP '1970-01-01', CAST({column} AS TIMESTAMP))"
    if isinstance(transform, TruncateTransform):
        if isinstance(source.field_type, types.StringType):
            return f"left({column}, {transform.width})"
        if isinstance(source.field_type, types.IntegerType | types.LongType):
            return f"{column} - (({column} % {transform.width}) + {transform.width}) % {transform.width}"
    function = stack.enter_context(_in_python(job, source.field_type, transform))
    return f"{function}({column})"


@contextmanager
def _in_python(job: Job, column_type: types.IcebergType, transform: Transform[Any, Any]) -> Iterator[str]:
    """A function for DuckDB that does *transform* (bucket, truncate) as pyiceberg does it; gives its name."""
    function, takes = f"iceberg_{uuid.uuid4().hex}", from_iceberg(column_type).duckdb
    gives = from_iceberg(transform.result_type(column_type)).duckdb
    maker = (transforming.__name__, transforming.of_columns.__name__)
    with job.session.function(function, maker, (column_type, transform), takes, gives):
        yield function


def _options(table: Table) -> str:
    codec = table.properties.get(_CODEC, "zstd").lower().replace("lz4", "lz4_raw")
    ids = ", ".join(f"{name(field.name.lower())}: {_field_ids(field.field_id, field.field_type)}"
                    for field in table.schema().fields)  # fmt: skip
    level = table.properties.get(_LEVEL)
    leveled = f", COMPRESSION_LEVEL {int(level)}" if level and codec == "zstd" else ""
    size = f"FILE_SIZE_BYTES {target_file_size(table)}"
    return f"FORMAT parquet, COMPRESSION {codec}{leveled}, {size}, FIELD_IDS {{{ids}}}"


def target_file_size(table: Table) -> int:
    """How many bytes a data file of *table* should have."""
    return int(table.properties.get(FILE_SIZE, 512 << 20))


def _field_ids(number: int, column_type: types.IcebergType) -> str:
    """DuckDB's way of telling a column's field id, and those of what it holds."""
    match column_type:
        case types.ListType():
            inner = {"element": (column_type.element_id, column_type.element_type)}
        case types.MapType():
            inner = {
                "key": (column_type.key_id, column_type.key_type),
                "value": (column_type.value_id, column_type.value_type),
            }
        case types.StructType():
            inner = {field.name.lower(): (field.field_id, field.field_type) for field in column_type.fields}
        case _:
            return str(number)
    if _FIELD_ID in inner:
        raise not_supported(f"Writing a struct with a field called {_FIELD_ID}")
    listed = "".join(f", {name(part)}: {_field_ids(*of)}" for part, of in inner.items())
    return f"{{{_FIELD_ID}: {number}{listed}}}"


def _upload(job: Job, table: Table, path: Path, uploaded: list[str]) -> DataFile:
    """Put a written file into S3 and describe it for a manifest."""
    schema, spec = table.schema(), table.spec()
    record = _record(path, schema, spec)
    key = _Key([], spec, schema, record) if spec.fields else None
    stamp = job.now.strftime("%Y%m%d_%H%M%S")
    place = f"{stamp}_{job.execution.id[:5]}-{uuid.uuid4()}.parquet"
    uri = table.location_provider().new_data_location(place, key)
    job.session.check()
    job.lake.upload(path, uri, **job.upload_settings)
    uploaded.append(uri)
    ids = {place.lower(): number for place, number in parquet_path_to_id_mapping(schema).items()}
    statistics = data_file_statistics_from_parquet_metadata(
        pq.read_metadata(path), compute_statistics_plan(schema, table.properties), ids
    )
    file = DataFile.from_args(
        content=DataFileContent.DATA,
        file_path=uri,
        file_format=FileFormat.PARQUET,
        partition=record,
        file_size_in_bytes=path.stat().st_size,
        **statistics.to_serialized_dict(),
    )
    file.spec_id = spec.spec_id
    path.unlink()
    return file


def _record(path: Path, schema: Schema, spec: PartitionSpec) -> Record:
    """The values of the partition, which every row of the file has: those of its first row."""
    if not spec.fields:
        return Record()
    sources = {field.source_id: (schema.find_column_name(field.source_id) or "").lower() for field in spec.fields}
    if any("." in column for column in sources.values()):
        raise not_supported("Writing to a table partitioned by a field of a struct")
    first = next(pq.ParquetFile(path).iter_batches(1, columns=list(set(sources.values())))).to_pylist()[0]
    values = []
    for field in spec.fields:
        transform = transforming.of_value(schema.find_field(field.source_id).field_type, field.transform)
        values.append(transform(first[sources[field.source_id]]))
    return Record(*values)
