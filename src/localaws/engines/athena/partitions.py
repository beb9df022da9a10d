"""Partitions in the catalog: MSCK REPAIR TABLE, and ALTER TABLE with its other forms.

Source: "ALTER TABLE ADD PARTITION" and its neighbours, "MSCK REPAIR TABLE" (athena/latest/ug/ddl-reference.html).
"""

from __future__ import annotations

import re
from importlib import import_module
from typing import Any
from urllib.parse import unquote

from localaws.engines.athena.catalog import Partition, Table
from localaws.engines.athena.ddl import ddl_failed, match, plain, qualified
from localaws.engines.athena.errors import QueryFailure, not_supported
from localaws.engines.athena.kinds import Type, from_hive
from localaws.engines.athena.runner import Job

_REPAIR = re.compile(r"MSCK\s+REPAIR\s+TABLE\s+(?P<name>[\w`\".-]+)\s*", re.IGNORECASE)
_ALTER = re.compile(r"ALTER\s+TABLE\s+(?P<name>[\w`\".-]+)\s+(?P<rest>.*)", re.IGNORECASE | re.DOTALL)
_SPECIFICATION = re.compile(
    r"PARTITION\s*\((?P<values>(?:[^()']|'(?:[^']|'')*')*)\)(?:\s*LOCATION\s+'(?P<location>[^']*)')?[\s,]*",
    re.IGNORECASE,
)
_VALUE = re.compile(
    r"(?P<key>[\w`\"]+)\s*(?P<operator><=|>=|<>|!=|=|<|>)\s*(?:'(?P<text>(?:[^']|'')*)'|(?P<bare>[^\s,]+))"
)
_PROPERTY = re.compile(r"'((?:[^']|'')*)'\s*=\s*'((?:[^']|'')*)'")


def _repair(job: Job) -> None:
    """Adds the partitions whose folders are named key=value below the table; removes none."""
    table = _table(match(_REPAIR, job)["name"], job)
    if table.iceberg:
        raise QueryFailure("", "Query type not supported by Athena Iceberg at this time")
    if not table.keys:
        raise ddl_failed(f"MetaException(message:Table {table.name} is not partitioned)")
    known = {partition.values for partition in job.catalog.partitions(table)}
    found: list[tuple[tuple[str, ...], str]] = [((), table.location.rstrip("/") + "/")]
    for key in table.keys:
        deeper = []
        for values, place in found:
            for folder in job.lake.folders(place):
                name, _, value = folder.partition("=")
                if name.lower() == key.name and "=" in folder:
                    deeper.append(((*values, unquote(value)), f"{place}{folder}/"))
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
    table = _table(found["name"], job)
    if table.iceberg:
        import_module("localaws.engines.athena.iceberg.evolution").alter(job, table, rest)
        return
    for pattern, change in _CHANGES:
        form = re.match(pattern, rest, re.IGNORECASE | re.DOTALL)
        if form:
            change(job, table, rest[form.end() :].strip(), bool(form.groupdict().get("quiet")))
            return
    raise not_supported(f"ALTER TABLE … {' '.join(rest.split()[:2])}")


def _add_partition(job: Job, table: Table, text: str, quiet: bool) -> None:
    known = {partition.values for partition in job.catalog.partitions(table)}
    wanted: list[Partition] = []
    for values, location in _specifications(table, text):
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
    (before, _), (after, _) = _specifications(table, old)[0], _specifications(table, new)[0]
    glue = job.catalog.glue
    held = glue.get_partition(DatabaseName=table.database, TableName=table.name, PartitionValues=list(before))
    storage = held["Partition"]["StorageDescriptor"]
    glue.update_partition(
        DatabaseName=table.database,
        TableName=table.name,
        PartitionValueList=list(before),
        PartitionInput={"Values": list(after), "StorageDescriptor": storage},
    )


def _set_properties(job: Job, table: Table, text: str, quiet: bool) -> None:
    changed = dict(_PROPERTY.findall(text))
    _update(job, table, Parameters={**table.parameters, **changed})


def _set_location(job: Job, table: Table, text: str, quiet: bool) -> None:
    storage = {**table.raw["StorageDescriptor"], "Location": text.strip("' ")}
    _update(job, table, StorageDescriptor=storage)


def _add_columns(job: Job, table: Table, text: str, quiet: bool) -> None:
    storage = dict(table.raw["StorageDescriptor"])
    storage["Columns"] = [*storage["Columns"], *columns_in(text)]
    _update(job, table, StorageDescriptor=storage)


def _replace_columns(job: Job, table: Table, text: str, quiet: bool) -> None:
    _update(job, table, StorageDescriptor={**table.raw["StorageDescriptor"], "Columns": columns_in(text)})


def columns_in(text: str) -> list[dict[str, str]]:
    """The columns of a list in brackets, with Glue's Name, Type and Comment."""
    found, depth, start = [], 0, 1
    for position, character in enumerate(text):
        depth += (character in "(<") - (character in ")>")
        if (character == "," and depth == 1) or (character == ")" and depth == 0):
            name, _, kind = text[start:position].strip().partition(" ")
            kind, _, comment = re.sub(r"(?i)\s+comment\s+", "\x00", kind).partition("\x00")
            try:
                from_hive(kind)
            except ValueError as error:
                raise QueryFailure("FAILED", f"ParseException line 1:0 {error}") from None
            found.append({"Name": plain(name), "Type": kind.strip().lower(), "Comment": comment.strip("' ")})
            start = position + 1
    return found


_CHANGES = [
    (r"ADD\s+(?P<quiet>IF\s+NOT\s+EXISTS\s+)?(?=PARTITION)", _add_partition),
    (r"DROP\s+(?P<quiet>IF\s+EXISTS\s+)?(?=PARTITION)", _drop_partition),
    (r"(?=PARTITION\s*\(.*\)\s*RENAME\s+TO)", _rename_partition),
    (r"SET\s+TBLPROPERTIES\s*\(", _set_properties),
    (r"SET\s+LOCATION\s+", _set_location),
    (r"ADD\s+COLUMNS\s*(?=\()", _add_columns),
    (r"REPLACE\s+COLUMNS\s*(?=\()", _replace_columns),
]


def _update(job: Job, table: Table, **changes: Any) -> None:
    kept = ("Name", "Description", "TableType", "PartitionKeys", "Parameters", "StorageDescriptor")
    described = {key: table.raw[key] for key in kept if key in table.raw}
    job.catalog.glue.update_table(DatabaseName=table.database, TableInput={**described, **changes})


def _specifications(table: Table, text: str) -> list[tuple[tuple[str, ...], str | None]]:
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


def _table(name: str, job: Job) -> Table:
    database, table = qualified(name, job)
    found = job.catalog.find(database, table)
    if found is None:
        raise QueryFailure("FAILED", f"SemanticException [Error 10001]: Table not found {table}")
    return found


HANDLERS = {"repair": _repair, "alter": _alter}
