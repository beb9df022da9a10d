"""Partitions in the catalog: MSCK REPAIR TABLE, and ALTER TABLE with its other forms.

Source: "ALTER TABLE ADD PARTITION" and its neighbours, "MSCK REPAIR TABLE" (athena/latest/ug/ddl-reference.html).
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote

from botocore.exceptions import ClientError

from localaws.engines.athena.job import Job
from localaws.engines.athena.tables.altering import (
    add_columns,
    change_column,
    columns_in,
    place,
    refused,
    replace_columns,
    set_location,
    set_properties,
)
from localaws.engines.athena.tables.ddl import ddl_failed, match, plain, qualified
from localaws.lake.catalog import Partition, Table
from localaws.lake.column_types import Type
from localaws.lake.errors import QueryFailure

_REPAIR = re.compile(r"MSCK\s+REPAIR\s+TABLE\s+(?P<name>[\w`\".-]+)\s*", re.IGNORECASE)
_ALTER = re.compile(r"ALTER\s+TABLE\s+(?P<name>[\w`\".-]+)\s+(?P<rest>.*)", re.IGNORECASE | re.DOTALL)
_SPECIFICATION = re.compile(
    r"PARTITION\s*\((?P<values>(?:[^()']|'(?:[^']|'')*')*)\)(?:\s*LOCATION\s+'(?P<location>[^']*)')?[\s,]*",
    re.IGNORECASE,
)
_VALUE = re.compile(
    r"(?P<key>[\w`\"]+)\s*(?P<operator><=|>=|<>|!=|=|<|>)\s*(?:'(?P<text>(?:[^']|'')*)'|(?P<bare>[^\s,]+))"
)


def _repair(job: Job) -> None:
    """Adds the partitions whose folders are named key=value below the table; removes none."""
    table = table_of(match(_REPAIR, job)["name"], job)
    if table.iceberg:
        raise QueryFailure("", "Query type not supported by Athena Iceberg at this time")
    if not table.keys:
        raise ddl_failed(f"MetaException(message:Table {table.name} is not partitioned)")
    known = {partition.values for partition in job.catalog.partitions(table)}
    found: list[tuple[tuple[str, ...], str]] = [((), table.location.rstrip("/") + "/")]
    for key in table.keys:
        deeper = []
        for values, above in found:
            for folder in job.lake.folders(above):
                name, _, value = folder.partition("=")
                if name.lower() == key.name and "=" in folder:
                    deeper.append(((*values, unquote(value)), f"{above}{folder}/"))
        found = deeper
    missing = [Partition(values, place) for values, place in found if values not in known]
    job.catalog.add_partitions(table, missing)
    if missing:
        names = "\t".join(f"{table.name}:{_path(table, each.values)}" for each in missing)
        lines = [f"Partitions not in metastore:\t{names}"]
        lines += [f"Repair: Added partition to metastore {table.name}:{_path(table, each.values)}" for each in missing]
        job.write_rows([("result", Type("varchar"))], [(line,) for line in lines])


def _alter(job: Job) -> None:
    found = match(_ALTER, job)
    rest = found["rest"].strip()
    table = table_of(found["name"], job)
    if table.iceberg:
        from localaws.engines.athena.iceberg import evolution

        evolution.alter(job, table, rest)
        return
    for pattern, change in _CHANGES:
        form = re.match(pattern, rest, re.IGNORECASE | re.DOTALL)
        if form:
            change(job, table, rest[form.end() :].strip(), bool(form.groupdict().get("quiet")))
            return
    raise refused(job, rest)


def _add_partition(job: Job, table: Table, text: str, quiet: bool) -> None:
    known = {partition.values for partition in job.catalog.partitions(table)}
    wanted: list[Partition] = []
    for values, location in specifications(table, text):
        if values in known:
            if quiet:
                continue
            raise ddl_failed(f"AlreadyExistsException(message:Partition already exists: {list(values)})")
        wanted.append(Partition(values, location or f"{table.location.rstrip('/')}/{_path(table, values)}/"))
    job.catalog.add_partitions(table, wanted)


def _drop_partition(job: Job, table: Table, text: str, quiet: bool) -> None:
    dropped = 0
    for specification in _SPECIFICATION.finditer(text):
        tests = list(_VALUE.finditer(specification["values"]))
        for partition in list(job.catalog.partitions(table)):
            if all(_holds(table, partition.values, test) for test in tests):
                job.catalog.glue.delete_partition(
                    DatabaseName=table.database, TableName=table.name, PartitionValues=list(partition.values)
                )
                dropped += 1
    if not dropped and not quiet:
        raise QueryFailure("FAILED", f"SemanticException [Error 10006]: Partition not found {text}")


def _rename_partition(job: Job, table: Table, text: str, quiet: bool) -> None:
    old, _, new = re.split(r"(?i)(\bRENAME\s+TO\b)", text, maxsplit=1)
    (before, _), (after, _) = specifications(table, old)[0], specifications(table, new)[0]
    storage = held(job, table, before)["StorageDescriptor"]
    if after in {partition.values for partition in job.catalog.partitions(table)}:
        raise ddl_failed(f"AlreadyExistsException(message:Partition already exists: {list(after)})")
    job.catalog.glue.update_partition(
        DatabaseName=table.database,
        TableName=table.name,
        PartitionValueList=list(before),
        PartitionInput={"Values": list(after), "StorageDescriptor": storage},
    )


def _set_partition_location(job: Job, table: Table, text: str, quiet: bool) -> None:
    specification, _, location = re.split(r"(?i)(\bSET\s+LOCATION\b)", text, maxsplit=1)
    ((values, _),) = specifications(table, specification)
    known = held(job, table, values)
    storage = {**known["StorageDescriptor"], "Location": place(location)}
    job.catalog.glue.update_partition(
        DatabaseName=table.database,
        TableName=table.name,
        PartitionValueList=list(values),
        PartitionInput={"Values": list(values), "StorageDescriptor": storage},
    )


def held(job: Job, table: Table, values: tuple[str, ...]) -> dict[str, Any]:
    """What the catalog holds of a partition. Raises QueryFailure if there is none with these *values*."""
    try:
        answer = job.catalog.glue.get_partition(
            DatabaseName=table.database, TableName=table.name, PartitionValues=list(values)
        )
    except ClientError as error:
        if error.response["Error"]["Code"] != "EntityNotFoundException":
            raise
        raise QueryFailure("FAILED", f"SemanticException [Error 10006]: Partition not found {list(values)}") from None
    partition: dict[str, Any] = answer["Partition"]
    return partition


_CHANGES = [
    (r"ADD\s+(?P<quiet>IF\s+NOT\s+EXISTS\s+)?(?=PARTITION)", _add_partition),
    (r"DROP\s+(?P<quiet>IF\s+EXISTS\s+)?(?=PARTITION)", _drop_partition),
    (r"(?=PARTITION\s*\(.*\)\s*RENAME\s+TO)", _rename_partition),
    (r"(?=PARTITION\s*\(.*\)\s*SET\s+LOCATION)", _set_partition_location),
    (r"SET\s+TBLPROPERTIES\s*\(", set_properties),
    (r"SET\s+LOCATION\s+", set_location),
    (r"ADD\s+COLUMNS\s*(?=\()", add_columns),
    (r"REPLACE\s+COLUMNS\s*(?=\()", replace_columns),
    (r"CHANGE\s+(?:COLUMN\s+)?", change_column),
]


def specifications(table: Table, text: str) -> list[tuple[tuple[str, ...], str | None]]:
    """The values of each PARTITION (…), in the order of the table's keys, and its LOCATION."""
    found = []
    for specification in _SPECIFICATION.finditer(text):
        given = {
            plain(each["key"]): (each["text"] or "").replace("''", "'") if each["bare"] is None else each["bare"]
            for each in _VALUE.finditer(specification["values"])
        }
        names = [key.name for key in table.keys]
        if set(given) != set(names):
            raise QueryFailure(
                "FAILED", f"SemanticException Partition spec {given} does not match the table's keys {names}"
            )
        found.append((tuple(given[name] for name in names), specification["location"]))
    if not found:
        raise QueryFailure("FAILED", f"ParseException line 1:0 missing PARTITION near '{text[:40]}'")
    return found


def _holds(table: Table, values: tuple[str, ...], test: re.Match[str]) -> bool:
    names = [key.name for key in table.keys]
    key = plain(test["key"])
    if key not in names:
        raise QueryFailure("FAILED", f"SemanticException Column not found: {key}")
    column = table.keys[names.index(key)]
    value, wanted = values[names.index(key)], (test["text"] if test["bare"] is None else test["bare"])
    one: Any = value
    other: Any = wanted.replace("''", "'")
    if column.type.name in ("tinyint", "smallint", "integer", "bigint"):
        one, other = int(one), int(other)
    return {
        "=": one == other, "<>": one != other, "!=": one != other,
        "<": one < other, "<=": one <= other, ">": one > other, ">=": one >= other,
    }[test["operator"]]  # fmt: skip


def _path(table: Table, values: tuple[str, ...]) -> str:
    return "/".join(f"{key.name}={value}" for key, value in zip(table.keys, values, strict=True))


def table_of(name: str, job: Job) -> Table:
    database, table = qualified(name, job)
    found = job.catalog.find(database, table)
    if found is None:
        raise QueryFailure("FAILED", f"SemanticException [Error 10001]: Table not found {database}.{table}")
    return found


__all__ = ["HANDLERS", "columns_in"]

HANDLERS = {"repair": _repair, "alter": _alter}
