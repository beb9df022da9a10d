"""How the columns of a table lie in a Parquet file: by field id, whatever they were called when it was written.

DuckDB maps the columns of a file by field id, but goes by name within structs, and knows no file without ids. For files
where that would not do, the columns are put together here.

Source: Iceberg Table Spec, "Column Projection", "Name Mapping Serialization".
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import pyarrow as pa
import pyarrow.parquet as pq
from pyiceberg.schema import Schema
from pyiceberg.table import Table
from pyiceberg.table.name_mapping import MappedField, create_mapping_from_schema
from pyiceberg.types import IcebergType, ListType, MapType, NestedField, StructType

from localaws.engines.athena.iceberg.types import from_iceberg
from localaws.lake.quoting import internal, literal, name, own, texts
from localaws.lake.runtime import Session

#: Columns that DuckDB has of every Parquet file, unless the file has such a column itself.
VIRTUAL = ("file_row_number", "file_index")


@dataclass(frozen=True)
class Layout:
    """Local files of one schema, and SQL of the columns in them; None where DuckDB finds them by itself.

    ``read`` are the files to read: the same, or copies of them, in the same order.
    """

    paths: list[str]
    columns: list[str] | None
    read: list[str]


@dataclass(frozen=True)
class _Node:
    """A column of a file, or what lies in one."""

    name: str
    field_id: int | None
    children: tuple[_Node, ...] = ()

    # There may be many of each, of the table's fields and of the file's

    @cached_property
    def by_id(self) -> dict[int | None, _Node]:
        return {each.field_id: each for each in reversed(self.children)}

    @cached_property
    def by_name(self) -> dict[str, _Node]:
        return {each.name: each for each in reversed(self.children)}

    @cached_property
    def by_any_case(self) -> dict[str, list[_Node]]:
        found: dict[str, list[_Node]] = defaultdict(list)
        for each in self.children:
            found[each.name.lower()].append(each)
        return found


def layouts(session: Session, table: Table, schema: Schema, paths: Sequence[str]) -> list[Layout]:
    """The local files *paths*, sorted by how the columns of *schema* lie in them.

    The files' footers come into DuckDB's metadata cache here: they do not count as scanned.
    """
    found = session.run(f"""
        SELECT list(file_name ORDER BY file_name), elements FROM (
            SELECT file_name, list((name, field_id, num_children)) AS elements
            FROM parquet_schema({texts(paths)}) GROUP BY file_name
        ) GROUP BY elements""")
    usual: list[str] = []
    others = []
    for files, elements in found:
        root = _node(iter(elements))
        if any(each.field_id is not None for each in root.children):
            resolve = _Resolution()
            if all(resolve.agrees(root, field) for field in session.checked(schema.fields)):
                usual += files
                continue
        else:
            mapping = table.name_mapping() or create_mapping_from_schema(schema)
            resolve = _Resolution(dict(_names(mapping.root)))
        shown = replace(root, children=tuple(replace(each, name=_visible(each.name)) for each in root.children))
        read = files if shown == root else [_renamed(session, path) for path in files]
        others.append(Layout(files, [resolve.column(shown, field) for field in session.checked(schema.fields)], read))
    return ([Layout(sorted(usual), None, sorted(usual))] if usual else []) + others


def _visible(column: str) -> str:
    """What a file's column is called so that DuckDB's `VIRTUAL` ones can be seen beside it."""
    return internal(column) if column.lower() in VIRTUAL else column


def _renamed(session: Session, path: str) -> str:
    """A copy of a Parquet file whose columns have `_visible` names."""
    made = str(session.directory / f"{uuid.uuid4()}.parquet")
    session.call(rename_columns, path, made)
    return made


def rename_columns(path: str, made: str) -> None:
    """In a worker, for the file is a stranger's: write the Parquet file *path* as *made*, its columns `_visible`."""
    source = pq.ParquetFile(path)
    schema = pa.schema([field.with_name(_visible(field.name)) for field in source.schema_arrow])
    with pq.ParquetWriter(made, schema) as target:
        for batch in source.iter_batches():
            target.write_batch(pa.RecordBatch.from_arrays(batch.columns, schema=schema))


def _node(elements: Iterator[tuple[str, int | None, int | None]]) -> _Node:
    """The tree that Parquet's flattened schema stands for."""
    own, field_id, children = next(elements)
    return _Node(own, field_id, tuple(_node(elements) for _ in range(children or 0)))


def _names(fields: Iterable[MappedField]) -> Iterator[tuple[int, set[str]]]:
    for each in fields:
        if each.field_id is not None:
            yield each.field_id, set(each.names)
        yield from _names(each.fields)


class _Resolution:
    """Finds the fields of a table in a file: by their ids, or by the *names* that a name mapping has for the ids."""

    def __init__(self, names: dict[int, set[str]] | None = None) -> None:
        self._names = names

    def _find(self, parent: _Node, field: NestedField) -> _Node | None:
        if self._names is None:
            return parent.by_id.get(field.field_id)
        wanted = sorted(self._names.get(field.field_id, ()))
        return next((parent.by_name[each] for each in wanted if each in parent.by_name), None)

    # Would DuckDB find the same?

    def agrees(self, parent: _Node, field: NestedField) -> bool:
        """Whether what lies in *field* is found by name too, as DuckDB looks for it."""
        node = self._find(parent, field)
        return node is None or self._agrees(node, field.field_type)

    def _agrees(self, node: _Node, kind: IcebergType) -> bool:
        match kind:
            case StructType():
                shared = 0
                for field in kind.fields:
                    here = self._find(node, field)
                    named = node.by_any_case.get(field.name.lower(), [])
                    if named != ([here] if here else []) or not self.agrees(node, field):
                        return False
                    shared += len(named)
                return shared > 0  # DuckDB does not cast a struct to one that has nothing of it
            case ListType():
                return self._agrees(_repeated(node)[0], kind.element_type)
            case MapType():
                key, value = _repeated(node)
                return self._agrees(key, kind.key_type) and self._agrees(value, kind.value_type)
        return True

    # SQL

    def column(self, root: _Node, field: NestedField) -> str:
        """SQL of the table's column *field* in a file whose columns *root* has."""
        return self._field(own("data"), root, field, 0)

    def _field(self, holder: str, parent: _Node, field: NestedField, depth: int) -> str:
        node = self._find(parent, field)
        if node is None:
            return f"CAST(NULL AS {from_iceberg(field.field_type).duckdb})"
        return self._value(f"{holder}.{name(node.name)}", node, field.field_type, depth)

    def _value(self, sql: str, node: _Node, kind: IcebergType, depth: int) -> str:
        item = own(f"item{depth}")  # a lambda within a lambda has a parameter of its own
        match kind:
            case StructType():
                fields = ", ".join(
                    f"{name(field.name.lower())} := {self._field(f'({sql})', node, field, depth)}"
                    for field in kind.fields
                )
                return f"CASE WHEN {sql} IS NOT NULL THEN struct_pack({fields}) END"
            case ListType():
                inner = self._value(item, _repeated(node)[0], kind.element_type, depth + 1)
                return f"list_transform({sql}, lambda {item}: {inner})"
            case MapType():
                inside = (kind.key_type, kind.value_type)
                key, value = (
                    self._value(f"{item}[{literal(part)}]", each, kind_of_part, depth + 1)
                    for part, each, kind_of_part in zip(("key", "value"), _repeated(node), inside, strict=True)
                )
                return f"map_from_entries(list_transform(map_entries({sql}), lambda {item}: row({key}, {value})))"
        return f"CAST({sql} AS {from_iceberg(kind).duckdb})"


def _repeated(node: _Node) -> tuple[_Node, ...]:
    """Of a list its element; of a map its keys and values: below a group that repeats."""
    return node.children[0].children
