"""OPTIMIZE … REWRITE DATA USING BIN_PACK: files of a bad size, or with many deletes, packed into new ones.

Sources: "OPTIMIZE", "Optimize Iceberg tables", and the properties optimize_rewrite_… of "Create Iceberg tables" in the
Athena user guide.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence

from pyiceberg.manifest import DataFile
from pyiceberg.table import FileScanTask, Table
from pyiceberg.utils.bin_packing import ListPacker
from sqlglot import exp

from localaws.engines.athena.errors import position_of
from localaws.engines.athena.iceberg import reading
from localaws.engines.athena.iceberg.commit import Change, commit
from localaws.engines.athena.iceberg.datafiles import target_file_size, write_rows
from localaws.engines.athena.iceberg.manifests import live_entries
from localaws.engines.athena.iceberg.target import Target, table_node, target_of
from localaws.engines.athena.iceberg.tasks import plan
from localaws.engines.athena.job import Job
from localaws.engines.athena.sql.grammar import parse
from localaws.lake.errors import QueryFailure

_OPTIMIZE = re.compile(
    r"OPTIMIZE\s+(?P<table>\S+)\s+REWRITE\s+DATA\s+USING\s+BIN_PACK(?:\s+WHERE\s+(?P<where>.+))?", re.I | re.S
)


def optimize(job: Job) -> None:
    """Rewrite what needs it, as one snapshot that replaces files and leaves the rows what they are."""
    found = _OPTIMIZE.fullmatch(job.sql.strip())
    if found is None:
        raise QueryFailure("", "mismatched input. Expecting: OPTIMIZE table REWRITE DATA USING BIN_PACK [WHERE …]")
    target = target_of(job, table_node(job, found["table"]), "Optimizing")
    table = target.table
    everything = plan(table, table.current_snapshot())
    wanted = _selected(job, target, found["where"]) if found["where"] else everything
    bins = list(_bins(table, wanted))
    job.execution.passed("QueryPlanningTime")
    if bins:
        _rewrite(job, table, bins, everything)
    job.execution.passed("EngineExecutionTime")


def _selected(job: Job, target: Target, condition: str) -> list[FileScanTask]:
    """The files that may have a row for which the WHERE clause holds."""
    query = parse(f"SELECT 1 WHERE {condition}")
    assert isinstance(query, exp.Select)
    schema, spec = target.table.schema(), target.table.spec()
    keys = {(schema.find_column_name(field.source_id) or "").lower() for field in spec.fields}
    for column in query.args["where"].find_all(exp.Column):
        if column.name.lower() not in target.columns:
            words = f"Column '{column.name}' cannot be resolved"
            raise QueryFailure("COLUMN_NOT_FOUND", words, position_of(job.sql, column.name))
        if column.name.lower() not in keys:
            words = f"Only partition columns are allowed in the WHERE clause of OPTIMIZE, not {column.name}"
            raise QueryFailure("NOT_SUPPORTED", words)
    query.set("expressions", target.places)
    query.set("from_", exp.From(this=target.node))
    job.plan(query)
    assert target.scan is not None
    return target.scan.tasks


def _bins(table: Table, tasks: Iterable[FileScanTask]) -> Iterable[list[FileScanTask]]:
    """What to rewrite, packed so that a bin makes about one file of the target size; each within one partition."""
    groups: dict[tuple[int, object], list[FileScanTask]] = defaultdict(list)
    for task in tasks:
        groups[task.file.spec_id, task.file.partition].append(task)
    packer: ListPacker[FileScanTask] = ListPacker(target_file_size(table), lookback=1, largest_bin_first=False)
    for group in groups.values():
        yield from packer.pack(_worth_it(table, group), lambda task: task.file.file_size_in_bytes)


def _worth_it(table: Table, group: Sequence[FileScanTask]) -> list[FileScanTask]:
    """Those of a partition's files that are to be rewritten, by the thresholds among the table's properties."""

    def setting(key: str, usual: float) -> int:
        return int(table.properties.get(f"optimize_rewrite_{key}", usual))

    target = target_file_size(table)
    least = setting("min_data_file_size_bytes", 0.75 * target)
    most = setting("max_data_file_size_bytes", 1.8 * target)
    odd = [task for task in group if not least <= task.file.file_size_in_bytes <= most]
    worn = [task for task in group if len(task.delete_files) >= setting("delete_file_threshold", 2)]
    too_big = any(task.file.file_size_in_bytes > most for task in odd)
    if len(odd) < setting("data_file_threshold", 5) or (len(odd) == 1 and not too_big):
        odd = []  # one small file alone would only become another
    chosen = {task.file.file_path for task in (*odd, *worn)}
    return [task for task in group if task.file.file_path in chosen]


def _rewrite(job: Job, table: Table, bins: list[list[FileScanTask]], everything: list[FileScanTask]) -> None:
    scans = [reading.scan(job.session, job.lake, table, only=each) for each in bins]
    job.source_bytes = sum(scan.size for scan in scans)
    change = Change(replace=True, dropped=_replaced(table, [task for each in bins for task in each], everything))
    uploaded: list[str] = []
    try:
        for scan in scans:
            change.added += write_rows(job, table, scan.sql, uploaded)
        commit(table, change)
    except BaseException:
        job.lake.delete(uploaded)
        raise


def _replaced(table: Table, chosen: list[FileScanTask], everything: list[FileScanTask]) -> list[DataFile]:
    """The data files *chosen*, and the delete files that bear on none of those that stay."""
    paths = {task.file.file_path for task in chosen}
    stay = [task for task in everything if task.file.file_path not in paths]
    needed = {file.file_path for task in stay for file in (task.file, *task.delete_files)}
    live = [entry.data_file for entry in live_entries(table.current_snapshot(), table.io)]
    return [file for file in live if file.file_path not in needed]
