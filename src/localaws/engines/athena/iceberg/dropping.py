"""DELETE of whole partitions: their files are left out of the next snapshot, and none of them is read.

Source: Iceberg Table Spec, "Snapshots" (operation delete: data files were removed).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pyiceberg import types
from pyiceberg.partitioning import PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.table import FileScanTask, Table
from pyiceberg.transforms import IdentityTransform
from sqlglot import exp

from localaws.engines.athena.iceberg.commit import Change, commit
from localaws.engines.athena.iceberg.deletes import live_rows
from localaws.engines.athena.iceberg.manifests import live_entries
from localaws.engines.athena.iceberg.reading import FILE, Scan
from localaws.engines.athena.iceberg.target import Target
from localaws.engines.athena.iceberg.tasks import plan
from localaws.engines.athena.iceberg.types import columns_of
from localaws.engines.athena.job import Job
from localaws.lake.column_types import Type
from localaws.lake.quoting import literal, name

#: Types whose values are told exactly by the text that names their partition.
_TOLD = (types.BooleanType, types.IntegerType, types.LongType, types.StringType, types.DateType, types.DecimalType)

#: Functions that tell of each row something else.
_BY_CHANCE = {"rand", "random", "shuffle", "uuid"}


def drop_files(job: Job, target: Target, where: exp.Expr | None) -> bool:
    """Do the DELETE if the partitions alone tell which rows go; otherwise False, and nothing has happened."""
    table = target.table
    tasks = plan(table, table.current_snapshot())
    counts = {task.file.file_path: live_rows(task) for task in tasks}
    keys = _keys(table, tasks)
    if None in counts.values() or (where is not None and not _only_about(where, set(keys))):
        return False
    paths = set(counts)
    if where is not None:
        target.scan = _files(table, tasks, keys)
        query = exp.Select(expressions=[target.column(FILE)], from_=exp.From(this=target.node), where=where)
        sql, _ = job.plan(query)
        paths = {path for (path,) in job.session.run(sql)}
    stay = [task for task in tasks if task.file.file_path not in paths]
    needed = {file.file_path for task in stay for file in (task.file, *task.delete_files)}
    live = [entry.data_file for entry in live_entries(table.current_snapshot(), table.io)]
    if paths:
        commit(table, Change(dropped=[file for file in live if file.file_path not in needed]))
    job.execution.rows_written = sum(counts[path] or 0 for path in paths)
    return True


def _keys(table: Table, tasks: Sequence[FileScanTask]) -> list[str]:
    """The columns whose values the partition of every file tells."""
    schema, specs = table.schema(), table.specs()
    told = [
        {field.source_id for field in specs[spec_id].fields if isinstance(field.transform, IdentityTransform)}
        for spec_id in {task.file.spec_id for task in tasks}
    ]
    by_all = set.intersection(*told) if told else schema.field_ids
    return [
        field.name.lower()
        for field in schema.fields
        if isinstance(field.field_type, _TOLD) and field.field_id in by_all
    ]


def _only_about(where: exp.Expr, keys: set[str]) -> bool:
    if where.find(exp.Query) or any(call.name.lower() in _BY_CHANCE for call in where.find_all(exp.Anonymous)):
        return False
    return all(column.name.lower() in keys for column in where.find_all(exp.Column))


def _files(table: Table, tasks: Sequence[FileScanTask], keys: list[str]) -> Scan:
    """A relation with a row for each file: its path, and the values of its partition."""
    schema, specs = table.schema(), table.specs()
    kinds = {key: kind for key, kind in columns_of(schema).items() if key in keys}

    def row(task: FileScanTask) -> str:
        values = _values(schema, specs[task.file.spec_id], task, kinds)
        return f"({', '.join([literal(task.file.file_path), *values])})"

    rows = list(map(row, tasks)) or [f"(NULL{', NULL' * len(kinds)})"]
    places = [FILE, *kinds]
    items = [f"CAST({name(place)} AS {kinds.get(place, Type('varchar')).duckdb}) AS {name(place)}" for place in places]
    listed = f"(VALUES {', '.join(rows)}) AS files({', '.join(map(name, places))})"
    sql = f"SELECT {', '.join(items)} FROM {listed} WHERE {name(FILE)} IS NOT NULL"
    return Scan(sql, {FILE: Type("varchar"), **kinds}, list(tasks), 0)


def _values(schema: Schema, spec: PartitionSpec, task: FileScanTask, keys: Iterable[str]) -> list[str]:
    found = {}
    for number, field in enumerate(spec.fields):
        value, source = task.file.partition[number], schema.find_field(field.source_id)
        text = field.transform.to_human_string(source.field_type, value)
        found[source.name.lower()] = "NULL" if value is None else literal(text)
    return [found[key] for key in keys]
