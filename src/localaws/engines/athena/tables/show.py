"""SHOW and EXPLAIN: what is there, told as text."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from sqlglot import exp

from localaws import wildcards
from localaws.engines.athena.job import Job
from localaws.engines.athena.sql.checking import UNLOAD
from localaws.engines.athena.sql.grammar import parse, part
from localaws.engines.athena.tables import view_text
from localaws.engines.athena.tables.ddl import match, plain, unreadable
from localaws.engines.athena.tables.describe import HANDLERS as DESCRIBE
from localaws.engines.athena.tables.describe import create_statement
from localaws.engines.athena.tables.partitions import table_of
from localaws.lake.catalog import Table
from localaws.lake.column_types import Type
from localaws.lake.errors import QueryFailure, not_supported
from localaws.lake.quoting import MARK

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
_EXPLAIN = re.compile(
    r"EXPLAIN\s+(?P<analyze>ANALYZE\s+(?:VERBOSE\s+)?)?(?:\((?P<options>[^)]*)\)\s*)?(?P<query>.+)",
    re.IGNORECASE | re.DOTALL,
)


def _show(job: Job) -> None:
    matches = ((re.fullmatch(pattern + r"\s*", job.sql, re.IGNORECASE), name) for pattern, name in _FORMS)
    found, form = next(((match, name) for match, name in matches if match), (None, ""))
    if found is None:
        raise unreadable(job.sql, 0, "show statement")
    groups = found.groupdict()
    column = "tab_name"
    if form == "databases":
        names, column = [each["Name"] for each in job.catalog.databases()], "database_name"
    elif form in ("tables", "views"):
        database = plain(groups["name"]) if groups["name"] else job.execution.database
        if not job.catalog.has_database(database):
            raise QueryFailure("FAILED", f"SemanticException [Error 10072]: Database does not exist: {database}")
        names = [each.name for each in job.catalog.tables(database) if form == "tables" or each.is_view]
    else:
        table = _table(groups["name"], job, groups.get("database"))
        names, column = _about(form, table, job, groups.get("like"))
        job.write_rows([(column, _STRING)], [(each,) for each in names])
        return
    if groups.get("like"):
        # Hive's pattern: * and .* are anything, | is or
        wanted = groups["like"].lower().replace(".*", "*").split("|")
        names = [each for each in names if any(wildcards.matches(pattern, each) for pattern in wanted)]
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
        told = _properties(table, job)
        found = [f"{key}\t{value}" for key, value in sorted(told.items()) if wanted in (None, key)]
        if wanted and not found:
            found = [f"Table {table.database}.{table.name} does not have property: {wanted}"]
        return found, "prpt_name"
    if form == "create view":
        if not table.is_view:
            raise QueryFailure("FAILED", f"SemanticException {table.name} is not a view")
        return [f"CREATE VIEW {table.database}.{table.name} AS", *view_text.decode(table).splitlines()], "Create View"
    return _create_statement(table, job), "createtab_stmt"


def _properties(table: Table, job: Job) -> Mapping[str, str]:
    if not table.iceberg:
        return table.parameters
    from localaws.engines.athena.iceberg import showing  # where there is such a table: pyiceberg takes its time

    return showing.table_properties(job, table)


def _create_statement(table: Table, job: Job) -> list[str]:
    if not table.iceberg:
        return create_statement(table)
    from localaws.engines.athena.iceberg import showing

    return showing.create_statement(job, table)


def _explain(job: Job) -> None:
    found = match(_EXPLAIN, job)
    job.explained = "analyzed" if found["analyze"] else "planned"
    start, end = found.span("query")
    unloaded = UNLOAD.match(job.sql, start)
    if unloaded:
        start, end = unloaded.span("query")
    statement = parse(part(job.sql, start, end))
    if isinstance(statement, exp.Update | exp.Delete | exp.Merge):
        if found["analyze"]:
            raise not_supported("EXPLAIN ANALYZE of a statement that changes rows")
        from localaws.engines.athena.iceberg import statements

        sql = statements.explained(job, statement)
    else:  # of CREATE TABLE AS and INSERT the query is what there is to plan
        query = statement.expression if isinstance(statement, exp.Create | exp.Insert) else statement
        sql, _ = job.plan(query)
    options = re.findall(r"(FORMAT|TYPE)\s+(\w+)", (found["options"] or "").upper())
    chosen = dict(options)
    home = str(job.lake.lab.directory)  # where an object lies on this machine is not part of a plan
    if chosen.get("TYPE") == "VALIDATE":
        job.write_rows([("Valid", Type("boolean"))], [("true",)])
        return
    if chosen.get("TYPE") == "IO":
        raise not_supported("EXPLAIN (TYPE IO)")
    if found["analyze"]:
        answer = job.session.run(f"EXPLAIN ANALYZE {sql}", measured=True)
        job.execution.scanned = job.session.bytes_read
    elif chosen.get("FORMAT") in ("JSON", "GRAPHVIZ"):
        answer = job.session.run(f"EXPLAIN (FORMAT {chosen['FORMAT'].lower()}) {sql}")
        if chosen["FORMAT"] == "JSON":
            answer = [("", json.dumps(json.loads(answer[0][1])))]
    else:
        answer = job.session.run(f"EXPLAIN {sql}")
    kept = (line.replace(MARK, "").rstrip() for _, text in answer for line in text.splitlines())
    lines = [line for line in kept if "Filename" not in line and home not in line]
    job.write_rows([("Query Plan", _STRING)], [(line,) for line in lines])


def _table(name: str, job: Job, within: str | None) -> Table:
    return table_of(f"{within}.{name}" if within else name, job)


HANDLERS = {"show": _show, "explain": _explain} | DESCRIBE
