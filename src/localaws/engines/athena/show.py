"""SHOW, DESCRIBE and EXPLAIN: what is there, told as text."""

from __future__ import annotations

import json
import re
from importlib import import_module
from typing import Any

from localaws.engines.athena.catalog import Column, Table
from localaws.engines.athena.ddl import match, plain, qualified
from localaws.engines.athena.errors import QueryFailure, not_supported
from localaws.engines.athena.grammar import parse, part
from localaws.engines.athena.kinds import Type
from localaws.engines.athena.runner import Job

_STRING = Type("varchar")
_FORMS = [
    (r"SHOW\s+(?:DATABASES|SCHEMAS)(?:\s+(?:LIKE\s+)?'(?P<like>[^']*)')?", "databases"),
    (r"SHOW\s+TABLES(?:\s+(?:IN|FROM)\s+(?P<name>[\w`\".-]+))?(?:\s+(?:LIKE\s+)?'(?P<like>[^']*)')?", "tables"),
    (r"SHOW\s+VIEWS(?:\s+(?:IN|FROM)\s+(?P<name>[\w`\".-]+))?(?:\s+LIKE\s+'(?P<like>[^']*)')?", "views"),
    (r"SHOW\s+COLUMNS\s+(?:IN|FROM)\s+(?P<name>[\w`\".-]+)(?:\s+(?:IN|FROM)\s+(?P<database>[\w`\"-]+))?", "columns"),
    (r"SHOW\s+PARTITIONS\s+(?P<name>[\w`\".-]+)", "partitions"),
    (r"SHOW\s+CREATE\s+TABLE\s+(?P<name>[\w`\".-]+)", "create table"),
    (r"SHOW\s+CREATE\s+VIEW\s+(?P<name>[\w`\".-]+)", "create view"),
    (r"SHOW\s+TBLPROPERTIES\s+(?P<name>[\w`\".-]+)(?:\s*\(\s*'(?P<like>[^']*)'\s*\))?", "properties"),
]
_DESCRIBE = re.compile(
    r"DESC(?:RIBE)?\s+(?P<extended>EXTENDED\s+|FORMATTED\s+)?(?:TABLE\s+|VIEW\s+)?(?P<name>[\w`\".-]+)\s*",
    re.IGNORECASE,
)
_EXPLAIN = re.compile(
    r"EXPLAIN\s+(?P<analyze>ANALYZE\s+(?:VERBOSE\s+)?)?(?:\((?P<options>[^)]*)\)\s*)?(?P<query>.+)",
    re.IGNORECASE | re.DOTALL,
)


def _show(job: Job) -> None:
    matches = ((re.fullmatch(pattern + r"\s*", job.sql, re.IGNORECASE), name) for pattern, name in _FORMS)
    found, form = next(((match, name) for match, name in matches if match), (None, ""))
    if found is None:
        raise not_supported(" ".join(job.sql.split()[:2]))
    groups = found.groupdict()
    column = "tab_name"
    if form == "databases":
        names, column = [each["Name"] for each in job.catalog.databases()], "database_name"
    elif form in ("tables", "views"):
        database = plain(groups["name"]) if groups["name"] else job.execution.database
        if not job.catalog.has_database(database):
            raise QueryFailure("FAILED", f"SemanticException [Error 10072]: Database does not exist: {database}")
        names = [each.name for each in job.catalog.tables(database) if form == "tables" or each.view is not None]
    else:
        table = _table(groups["name"], job, groups.get("database"))
        names, column = _about(form, table, job, groups.get("like"))
        job.write_rows([(column, _STRING)], [(each,) for each in names])
        return
    if groups.get("like"):
        # Hive's pattern: * is anything, | is or
        wanted = re.compile(groups["like"].replace("*", ".*").lower())
        names = [each for each in names if wanted.fullmatch(each)]
    job.write_rows([(column, _STRING)], [(each,) for each in names])


def _about(form: str, table: Table, job: Job, wanted: str | None) -> tuple[list[str], str]:
    if form == "columns":
        return [f"{each.name:<20}" for each in table.all_columns], "field"
    if form == "partitions":
        if not table.keys:
            raise QueryFailure(
                "FAILED",
                f"SemanticException [Error 10001]: Table {table.database}.{table.name} is not a partitioned table",
            )
        found = [
            "/".join(f"{key.name}={value}" for key, value in zip(table.keys, each.values, strict=True))
            for each in job.catalog.partitions(table)
        ]
        return sorted(found), "partition"
    if form == "properties":
        told = _of_iceberg().table_properties(job.lake, table) if table.iceberg else table.parameters
        found = [f"{key}\t{value}" for key, value in sorted(told.items()) if wanted in (None, key)]
        return found, "prpt_name"
    if form == "create view":
        if table.view is None:
            raise QueryFailure("FAILED", f"SemanticException {table.name} is not a view")
        return [f"CREATE VIEW {table.database}.{table.name} AS", *table.view.splitlines()], "Create View"
    lines = _of_iceberg().create_statement(job.lake, table) if table.iceberg else create_statement(table)
    return lines, "createtab_stmt"


def _of_iceberg() -> Any:
    """What knows of Iceberg tables, brought in only where there is one."""
    return import_module("localaws.engines.athena.iceberg.showing")


def create_statement(table: Table) -> list[str]:
    """The lines of CREATE EXTERNAL TABLE that would make *table*."""
    if table.view is not None:
        raise QueryFailure("FAILED", f"SemanticException {table.name} is a view: use SHOW CREATE VIEW")

    def listed(columns: list[Column]) -> list[str]:
        lines = []
        for number, each in enumerate(columns, 1):
            comment = f" COMMENT '{each.comment}'" if each.comment else ""
            lines.append(f"  `{each.name}` {each.kind}{comment}" + (", " if number < len(columns) else ")"))
        return lines

    def properties(values: dict[str, str]) -> list[str]:
        return [
            f"  '{key}'='{value}'" + (", " if number < len(values) else ")")
            for number, (key, value) in enumerate(sorted(values.items()), 1)
        ]

    lines = [f"CREATE EXTERNAL TABLE `{table.database}.{table.name}`(", *listed(table.columns)]
    if table.keys:
        lines += ["PARTITIONED BY ( ", *listed(table.keys)]
    lines += ["ROW FORMAT SERDE ", f"  '{table.serde}' "]
    if table.serde_parameters:
        lines += ["WITH SERDEPROPERTIES ( ", *properties(table.serde_parameters)]
    lines += ["STORED AS INPUTFORMAT ", f"  '{table.input_format}' ", "OUTPUTFORMAT "]
    lines.append(f"  '{table.raw['StorageDescriptor'].get('OutputFormat', '')}'")
    lines += ["LOCATION", f"  '{table.location}'"]
    shown = {key: value for key, value in table.parameters.items() if key != "EXTERNAL"}
    if shown:
        lines += ["TBLPROPERTIES (", *properties(shown)]
    return lines


def _describe(job: Job) -> None:
    found = match(_DESCRIBE, job)
    if found["extended"]:
        raise not_supported("DESCRIBE EXTENDED and FORMATTED")
    table = _table(found["name"], job)

    def line(column: Column) -> tuple[str, ...]:
        return (f"{column.name:<20}", f"{column.kind:<20}", f"{column.comment:<20}")

    rows = _of_iceberg().describe(job.lake, table) if table.iceberg else [line(each) for each in table.all_columns]
    if table.keys:
        rows += [(" ", " ", " "), ("# Partition Information", " ", " ")]
        rows += [("# col_name            ", "data_type           ", "comment             "), (" ", " ", " ")]
        rows += [line(each) for each in table.keys]
    job.write_rows([("col_name", _STRING), ("data_type", _STRING), ("comment", _STRING)], rows)


def _explain(job: Job) -> None:
    found = match(_EXPLAIN, job)
    sql, _ = job.plan(parse(part(job.sql, found.start("query"))))
    if found["analyze"]:
        answer = job.session.run(f"EXPLAIN ANALYZE {sql}", measured=True)
        job.execution.scanned = job.session.bytes_read
    elif found["options"] and "json" in found["options"].lower():
        answer = job.session.run(f"EXPLAIN (FORMAT json) {sql}")
        job.write_rows([("Query Plan", _STRING)], [(json.dumps(json.loads(answer[0][1])),)])
        return
    else:
        answer = job.session.run(f"EXPLAIN {sql}")
    kept = (line.rstrip() for _, text in answer for line in text.splitlines())
    # where an object lies on this machine is not part of a plan
    home = str(job.lake.lab.directory)
    lines = [line for line in kept if "Filename" not in line and home not in line]
    job.write_rows([("Query Plan", _STRING)], [(line,) for line in lines])


def _table(name: str, job: Job, within: str | None = None) -> Table:
    database, table = qualified(name, job)
    found = job.catalog.find(plain(within) if within else database, table)
    if found is None:
        raise QueryFailure("FAILED", f"SemanticException [Error 10001]: Table not found {database}.{table}")
    return found


HANDLERS = {"show": _show, "describe": _describe, "explain": _explain}
