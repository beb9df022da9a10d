"""Tables that tell of an Iceberg table: "t$files", "t$manifests", "t$history", "t$partitions", "t$snapshots", "t$refs".

Source: "Query Iceberg table metadata" (querying-iceberg-table-metadata.html); the columns are those of Trino's
Iceberg connector, which Athena engine version 3 has.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from pyiceberg.conversions import from_bytes
from pyiceberg.manifest import DataFile, DataFileContent
from pyiceberg.partitioning import PartitionSpec
from pyiceberg.table import Table
from pyiceberg.transforms import DayTransform, IdentityTransform, Transform
from pyiceberg.types import DateType, IcebergType, NestedField, PrimitiveType

from localaws.engines.athena.iceberg import tables
from localaws.engines.athena.iceberg.bounds import too_large
from localaws.engines.athena.iceberg.manifests import live_entries, manifests_of
from localaws.engines.athena.iceberg.travel import lineage
from localaws.engines.athena.iceberg.types import from_iceberg
from localaws.lake.catalog import Table as GlueTable
from localaws.lake.column_types import Type
from localaws.lake.objects import Lake
from localaws.lake.quoting import literal, name
from localaws.lake.runtime import Session

_INTEGER, _BIGINT, _VARCHAR, _BOOLEAN = Type("integer"), Type("bigint"), Type("varchar"), Type("boolean")
_MOMENT = Type("timestamp with time zone")
_COUNTS, _BOUNDS = Type("map", (_INTEGER, _BIGINT)), Type("map", (_INTEGER, _VARCHAR))
_SUMMARY = Type(
    "row",
    (_BOOLEAN, _BOOLEAN, _VARCHAR, _VARCHAR),
    ("contains_null", "contains_nan", "lower_bound", "upper_bound"),
)
#: Partitions times columns of "t$partitions".
_MOST_CELLS = 500_000
_IDENTITY: Transform[Any, Any] = IdentityTransform()
Columns = dict[str, Type]
Rows = list[tuple[Any, ...]]


def relation(session: Session, lake: Lake, table: GlueTable, kind: str) -> tuple[Columns, str] | None:
    """Columns and SQL of the metadata table *kind* ("files" …) of *table*; None if there is no such kind."""
    if kind not in _TABLES:
        return None
    columns, rows = _TABLES[kind](tables.of(session, lake, table))
    items = ", ".join(f"CAST({name(column)} AS {type.duckdb}) AS {name(column)}" for column, type in columns.items())
    listed = [f"({', '.join(map(_sql, row))})" for row in session.checked(rows)]
    values = ", ".join(listed or [f"({', '.join(['NULL'] * len(columns))})"])
    nothing = "" if rows else " WHERE false"
    held = ", ".join(map(name, columns))
    return columns, f"SELECT {items} FROM (VALUES {values}) AS held({held}){nothing}"


def _sql(value: Any) -> str:
    """A value of Python as a constant of DuckDB, which a cast then makes what it is to be."""
    match value:
        case None:
            return "NULL"
        case bool() | int():
            return str(value)
        case datetime():
            return literal(value.isoformat())
        case _Row():
            return f"{{{', '.join(f'{literal(key)}: {_sql(each)}' for key, each in value.items())}}}"
        case Mapping():
            return f"MAP {{{', '.join(f'{_sql(key)}: {_sql(each)}' for key, each in value.items())}}}"
        case list():
            return f"[{', '.join(map(_sql, value))}]"
        case bytes():
            return f"from_hex({literal(value.hex())})"
    return literal(str(value))


class _Row(dict[str, Any]):
    """A value of a row type."""


def _moment(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def _history(table: Table) -> tuple[Columns, Rows]:
    columns = {
        "made_current_at": _MOMENT,
        "snapshot_id": _BIGINT,
        "parent_id": _BIGINT,
        "is_current_ancestor": _BOOLEAN,
    }
    snapshots = {each.snapshot_id: each for each in table.snapshots()}
    ancestors = {each.snapshot_id for each in lineage(table.metadata)}
    rows: Rows = []
    for entry in table.history():
        known = snapshots.get(entry.snapshot_id)
        parent = known.parent_snapshot_id if known else None
        rows.append((_moment(entry.timestamp_ms), entry.snapshot_id, parent, entry.snapshot_id in ancestors))
    return columns, rows


def _snapshots(table: Table) -> tuple[Columns, Rows]:
    columns = {
        "committed_at": _MOMENT,
        "snapshot_id": _BIGINT,
        "parent_id": _BIGINT,
        "operation": _VARCHAR,
        "manifest_list": _VARCHAR,
        "summary": Type("map", (_VARCHAR, _VARCHAR)),
    }
    rows: Rows = []
    for each in sorted(table.snapshots(), key=lambda each: each.timestamp_ms):
        operation = each.summary.operation.value if each.summary else None
        summary = dict(each.summary.additional_properties) if each.summary else {}
        place = each.manifest_list
        rows.append((_moment(each.timestamp_ms), each.snapshot_id, each.parent_snapshot_id, operation, place, summary))
    return columns, rows


def _refs(table: Table) -> tuple[Columns, Rows]:
    columns = {
        "name": _VARCHAR,
        "type": _VARCHAR,
        "snapshot_id": _BIGINT,
        "max_reference_age_in_ms": _BIGINT,
        "min_snapshots_to_keep": _INTEGER,
        "max_snapshot_age_in_ms": _BIGINT,
    }
    rows: Rows = [
        (
            ref_name,
            ref.snapshot_ref_type.name,
            ref.snapshot_id,
            ref.max_ref_age_ms,
            ref.min_snapshots_to_keep,
            ref.max_snapshot_age_ms,
        )
        for ref_name, ref in table.refs().items()
    ]
    return columns, rows


def _manifests(table: Table) -> tuple[Columns, Rows]:
    counts = ("added_data_files_count", "existing_data_files_count", "deleted_data_files_count")
    columns = {
        "path": _VARCHAR,
        "length": _BIGINT,
        "partition_spec_id": _INTEGER,
        "added_snapshot_id": _BIGINT,
        **dict.fromkeys(counts, _INTEGER),
        "partition_summaries": Type("array", (_SUMMARY,)),
    }
    specs = table.specs()
    rows: Rows = []
    for each in manifests_of(table.current_snapshot(), table.io):
        spec = specs[each.partition_spec_id]
        fields = zip(spec.fields, spec.partition_type(table.schema()).fields, strict=True)
        summaries = [
            _Row(
                contains_null=summary.contains_null,
                contains_nan=summary.contains_nan,
                lower_bound=_bound(kind.field_type, summary.lower_bound, part.transform),
                upper_bound=_bound(kind.field_type, summary.upper_bound, part.transform),
            )
            for (part, kind), summary in zip(fields, each.partitions or [], strict=True)
        ]
        numbers = (each.added_files_count, each.existing_files_count, each.deleted_files_count)
        place = (each.manifest_path, each.manifest_length, each.partition_spec_id, each.added_snapshot_id)
        rows.append((*place, *numbers, summaries))
    return columns, rows


def _files(table: Table) -> tuple[Columns, Rows]:
    columns = {
        "content": _INTEGER,
        "file_path": _VARCHAR,
        "file_format": _VARCHAR,
        "record_count": _BIGINT,
        "file_size_in_bytes": _BIGINT,
        **dict.fromkeys(("column_sizes", "value_counts", "null_value_counts", "nan_value_counts"), _COUNTS),
        **dict.fromkeys(("lower_bounds", "upper_bounds"), _BOUNDS),
        "key_metadata": Type("varbinary"),
        "split_offsets": Type("array", (_BIGINT,)),
        "equality_ids": Type("array", (_INTEGER,)),
    }
    fields = {number: table.schema().find_field(number) for number in table.schema().field_ids}

    def bounds(kept: Mapping[int, bytes] | None) -> dict[int, str | None] | None:
        if kept is None:
            return None
        return {key: _bound(fields[key].field_type, value) for key, value in kept.items() if key in fields}

    rows: Rows = []
    for each in _live(table):
        counts = (each.column_sizes, each.value_counts, each.null_value_counts, each.nan_value_counts)
        size = (each.file_format.name, each.record_count, each.file_size_in_bytes)
        known = (bounds(each.lower_bounds), bounds(each.upper_bounds))
        rest = (each.key_metadata, each.split_offsets, each.equality_ids)
        rows.append((int(each.content), each.file_path, *size, *counts, *known, *rest))
    return columns, rows


@dataclass
class _Partition:
    """What the data files of one partition hold together."""

    values: _Row
    records: int = 0
    files: int = 0
    size: int = 0
    columns: dict[int, dict[str, Any]] = field(default_factory=dict)


def _partitions(table: Table) -> tuple[Columns, Rows]:
    parts, specs = _partition_fields(table, table.spec()), table.specs()
    described = [each for each in table.schema().fields if isinstance(each.field_type, PrimitiveType)]
    columns: Columns = {}
    if parts:
        kinds = tuple(from_iceberg(each.field_type) for each in parts)
        columns["partition"] = Type("row", kinds, tuple(each.name for each in parts))
    columns |= dict.fromkeys(("record_count", "file_count", "total_size"), _BIGINT)
    ranges = tuple(_range(from_iceberg(each.field_type)) for each in described)
    columns["data"] = Type("row", ranges, tuple(each.name.lower() for each in described))
    found: dict[tuple[Any, ...], _Partition] = {}
    for file in _live(table):
        if file.content != DataFileContent.DATA:
            continue
        values = _Row(_partition_values(specs, file, parts))
        if len(found) * len(described) > _MOST_CELLS:
            raise too_large(f"{table.name()[-1]}$partitions", f"{_MOST_CELLS} columns of partitions")
        entry = found.setdefault(tuple(values.values()), _Partition(values))
        entry.records += file.record_count
        entry.files += 1
        entry.size += file.file_size_in_bytes
        for column in described:
            _widen(entry.columns.setdefault(column.field_id, {}), column, file)
    rows: Rows = []
    for entry in found.values():
        data = _Row()
        for column in described:
            known = entry.columns[column.field_id]
            low, high = (_text(column.field_type, known.get(side)) for side in ("min", "max"))
            data[column.name.lower()] = _Row(
                min=low, max=high, null_count=known.get("nulls"), nan_count=known.get("nans")
            )
        own = (entry.values,) if parts else ()
        rows.append((*own, entry.records, entry.files, entry.size, data))
    return columns, rows


def _range(kind: Type) -> Type:
    return Type("row", (kind, kind, _BIGINT, _BIGINT), ("min", "max", "null_count", "nan_count"))


def _widen(known: dict[str, Any], column: NestedField, file: DataFile) -> None:
    """Take what *file* tells of *column* into what is known of the partition."""
    assert isinstance(column.field_type, PrimitiveType)
    for side, kept, better in (("min", file.lower_bounds, min), ("max", file.upper_bounds, max)):
        bound = (kept or {}).get(column.field_id)
        if bound is not None:
            value: Any = from_bytes(column.field_type, bound)
            known[side] = better(known.get(side, value), value)
    for name_, kept_counts in (("nulls", file.null_value_counts), ("nans", file.nan_value_counts)):
        number = (kept_counts or {}).get(column.field_id)
        if number is not None:
            known[name_] = known.get(name_, 0) + number


def _partition_fields(table: Table, spec: PartitionSpec) -> list[NestedField]:
    """The partition's values as Athena shows them: a day is a date."""
    kinds = spec.partition_type(table.schema()).fields
    return [
        NestedField(kind.field_id, kind.name, DateType() if isinstance(part.transform, DayTransform)
                    else kind.field_type)
        for part, kind in zip(spec.fields, kinds, strict=True)
    ]  # fmt: skip


def _partition_values(
    specs: Mapping[int, PartitionSpec], file: DataFile, parts: list[NestedField]
) -> Iterator[tuple[str, str | None]]:
    """What today's partition fields are for *file*; NULL for a field that its own spec did not have yet."""
    fields = specs[file.spec_id].fields
    own = {each.field_id: file.partition[number] for number, each in enumerate(fields)}
    for each in parts:
        yield each.name, _text(each.field_type, own.get(each.field_id))


def _bound(kind: IcebergType, bound: bytes | None, transform: Transform[Any, Any] = _IDENTITY) -> str | None:
    if bound is None or not isinstance(kind, PrimitiveType):
        return None
    return transform.to_human_string(kind, from_bytes(kind, bound))


def _text(kind: IcebergType, value: Any) -> str | None:
    """A value of Iceberg's metadata as people read it: a date is no number of days."""
    if value is None:
        return None
    return _IDENTITY.to_human_string(kind, value)


def _live(table: Table) -> Iterator[DataFile]:
    for entry in live_entries(table.current_snapshot(), table.io):
        yield entry.data_file


_TABLES: dict[str, Callable[[Table], tuple[Columns, Rows]]] = {
    "files": _files,
    "history": _history,
    "manifests": _manifests,
    "partitions": _partitions,
    "refs": _refs,
    "snapshots": _snapshots,
}
