"""The rows of an Iceberg table as DuckDB's SQL over the lab's files: columns by field id, deleted rows left out.

Source: Iceberg Table Spec, "Column Projection", "Scan Planning", "Position Delete Files".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pyiceberg.expressions import BooleanExpression
from pyiceberg.manifest import FileFormat
from pyiceberg.schema import Schema
from pyiceberg.table import FileScanTask, Table
from pyiceberg.types import NestedField

from localaws.engines.athena.iceberg.files import LakeIO
from localaws.engines.athena.iceberg.layout import VIRTUAL, Layout, layouts
from localaws.engines.athena.iceberg.tasks import plan
from localaws.engines.athena.iceberg.types import columns_of, from_iceberg
from localaws.lake.column_types import Type
from localaws.lake.errors import QueryFailure, not_supported
from localaws.lake.objects import Lake
from localaws.lake.quoting import PATH, internal, literal, name, own, texts
from localaws.lake.runtime import Session

#: The hidden columns: the URI of a row's data file, and the row's number in that file, from 0.
FILE, POSITION = internal("file"), internal("position")
_DATA, _PLACES, _DELETED = own("data"), own("places"), own("deleted")
#: What DuckDB calls the number of a row within its file, and of the file among those that it reads.
_NUMBER, _FILE = (f"{_DATA}.{column}" for column in VIRTUAL)


@dataclass(frozen=True)
class Scan:
    """SQL of a table's rows, and what it reads.

    ``tasks`` are the data files that the filter leaves, each with the delete files that bear on it; ``size`` is the
    bytes of all of them.
    """

    sql: str
    columns: dict[str, Type]
    tasks: list[FileScanTask]
    size: int


def scan(
    session: Session,
    lake: Lake,
    table: Table,
    *,
    snapshot_id: int | None = None,
    row_filter: BooleanExpression | None = None,
    with_path: bool = False,
    positions: bool = False,
    only: Sequence[FileScanTask] | None = None,
) -> Scan:
    """Plan the reading of *table*, now or as it was at *snapshot_id*; or of *only* some of its files.

    *row_filter* only spares the reading of files without a row that it is true of: the rows are not filtered here.
    *with_path* adds the column "$path", *positions* adds `FILE` and `POSITION`.
    Raises QueryFailure for a file that is not there, and for what this lab cannot read.
    """
    schema = schema_of(table, snapshot_id)
    snapshot = table.current_snapshot() if snapshot_id is None else table.snapshot_by_id(snapshot_id)
    planned = plan(table, snapshot, row_filter) if only is None else list(only)
    for task in planned:
        if task.file.file_format != FileFormat.PARQUET:
            raise not_supported(f"Reading Iceberg data files in {task.file.file_format.name}")
    sql = _Reader(session, lake, table, schema, with_path, positions).sql(planned)
    files = {file.file_path: file for task in planned for file in (task.file, *task.delete_files)}
    size = sum(file.file_size_in_bytes for file in files.values())
    return Scan(sql, columns_of(schema), planned, size)


def schema_of(table: Table, snapshot_id: int | None) -> Schema:
    """Time travel reads with the columns that the snapshot had."""
    if snapshot_id is None:
        return table.schema()
    snapshot = table.snapshot_by_id(snapshot_id)
    if snapshot is None or snapshot.schema_id is None:
        return table.schema()
    return table.schemas()[snapshot.schema_id]


@dataclass(frozen=True)
class _Reader:
    """Makes the SQL of one scan."""

    session: Session
    lake: Lake
    table: Table
    schema: Schema
    with_path: bool
    positions: bool

    def sql(self, tasks: Sequence[FileScanTask]) -> str:
        if not tasks:
            return _nothing(self.schema, self.with_path, self.positions)
        parts = []
        clean = [task for task in tasks if not task.delete_files]
        changed = [task for task in tasks if task.delete_files]
        for group in (clean, changed):
            if group:
                places = _paths(self.session, self.lake, [task.file.file_path for task in group])
                uris = {path: uri for uri, path in places.items()}
                deletes = sorted({file.file_path for task in group for file in task.delete_files})
                for layout in layouts(self.session, self.table, self.schema, list(uris)):
                    parts.append(self._select(layout, uris, deletes))
        return " UNION ALL ".join(parts)

    def _select(self, layout: Layout, uris: dict[str, str], deletes: list[str]) -> str:
        """SQL for files of one *layout*, from whose rows the files *deletes* take some away."""
        options = [] if layout.columns else [f"schema = {_by_field_id(self.schema)}"]
        source = f"read_parquet({', '.join([texts(layout.read), *options])}) AS {_DATA}"
        rows = ", ".join(f"({number}, {literal(uris[path])})" for number, path in enumerate(layout.paths))
        places = f"(VALUES {rows}) AS {_PLACES}(file, uri)"
        if self.with_path or self.positions:
            source += f" JOIN {places} ON {_PLACES}.file = {_FILE}"
        if deletes:
            paths = texts(_paths(self.session, self.lake, deletes).values())
            # the names of files are compared once for each deleted row, not for each row
            gone = f"SELECT file, pos FROM read_parquet({paths}) JOIN {places} ON uri = file_path"
            source += f" ANTI JOIN ({gone}) AS {_DELETED} ON {_DELETED}.file = {_FILE} AND {_DELETED}.pos = {_NUMBER}"
        values = layout.columns or [f"{_DATA}.{name(_column(field))}" for field in self.schema.fields]
        items = [
            f"{value} AS {name(field.name.lower())}" for value, field in zip(values, self.schema.fields, strict=True)
        ]
        if self.with_path:
            items.append(f"{_PLACES}.uri AS {name(PATH)}")
        if self.positions:
            items += [f"{_PLACES}.uri AS {name(FILE)}", f"{_NUMBER} AS {name(POSITION)}"]
        return f"SELECT {', '.join(items)} FROM {source}"


def _column(field: NestedField) -> str:
    """What a column is called while it is read: the table's own name for it may be one of DuckDB's `VIRTUAL`."""
    return internal(f"column{field.field_id}")


def _by_field_id(schema: Schema) -> str:
    """DuckDB's description of columns by Parquet's field ids: a renamed column keeps its values, a new one is NULL."""
    columns = (
        f"{field.field_id}: {{name: {literal(_column(field))}, "
        f"type: {literal(from_iceberg(field.field_type).duckdb)}, default_value: NULL}}"
        for field in schema.fields
    )
    return f"MAP {{{', '.join(columns)}}}"


def _paths(session: Session, lake: Lake, uris: Sequence[str]) -> dict[str, str]:
    """The local file of each object. Raises QueryFailure for one that is not there or must not be read."""
    try:
        found = {uri: str(path) for uri, path in LakeIO(session, lake).paths(uris).items()}
    except OSError as error:
        raise QueryFailure("ICEBERG_CANNOT_OPEN_SPLIT", f"Error opening Iceberg split: {error}") from None
    session.uris |= {path: uri for uri, path in found.items()}
    return found


def _nothing(schema: Schema, with_path: bool, positions: bool) -> str:
    """SQL of the table without a row."""
    columns = {column: kind.duckdb for column, kind in columns_of(schema).items()}
    if with_path:
        columns[PATH] = "VARCHAR"
    if positions:
        columns |= {FILE: "VARCHAR", POSITION: "BIGINT"}
    items = (f"CAST(NULL AS {kind}) AS {name(column)}" for column, kind in columns.items())
    return f"SELECT {', '.join(items)} WHERE false"
