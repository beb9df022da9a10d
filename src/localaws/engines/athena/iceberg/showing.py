"""SHOW CREATE TABLE, SHOW TBLPROPERTIES and DESCRIBE of Iceberg tables.

Source: "Manage Iceberg tables" (querying-iceberg-managing-tables.html).
"""

from __future__ import annotations

from pyiceberg.table import Table

from localaws.engines.athena.iceberg import partitioning, properties, tables
from localaws.engines.athena.job import Job
from localaws.lake.catalog import Table as GlueTable
from localaws.lake.quoting import literal


def create_statement(job: Job, table: GlueTable) -> list[str]:
    """The lines of CREATE TABLE that would make *table*, without its rows."""
    iceberg = tables.of(job.session, job.lake, table)
    columns = [
        f"  {each.name} {each.hive_type}" + (f" COMMENT {literal(each.comment)}" if each.comment else "")
        for each in table.columns
    ]
    lines = [f"CREATE TABLE {table.database}.{table.name} (", *_listed(columns, ")")]
    parts = [
        f"`{column}`" if transform == "identity" else _call(transform, column)
        for _, transform, column in _partitioned(table, iceberg)
    ]
    if parts:
        lines.append(f"PARTITIONED BY ({', '.join(parts)})")
    lines += [f"LOCATION {literal(iceberg.location())}", "TBLPROPERTIES ("]
    told = properties.to_athena(iceberg.properties)
    return lines + _listed([f"  {literal(key)}={literal(value)}" for key, value in told.items()], "") + [");"]


def table_properties(job: Job, table: GlueTable) -> dict[str, str]:
    """What SHOW TBLPROPERTIES tells."""
    return properties.to_athena(tables.of(job.session, job.lake, table).properties)


def describe(job: Job, table: GlueTable) -> list[tuple[str, ...]]:
    """DESCRIBE's rows: the columns, and how they are partitioned."""
    iceberg = tables.of(job.session, job.lake, table)
    rows: list[tuple[str, ...]] = [("# Table schema:", "", ""), ("# col_name", "data_type", "comment")]
    rows += [(each.name, each.hive_type, each.comment) for each in table.columns]
    rows += [("", "", ""), ("# Partition spec:", "", ""), ("# field_name", "field_transform", "column_name")]
    return rows + _partitioned(table, iceberg)


def _partitioned(table: GlueTable, iceberg: Table) -> list[tuple[str, ...]]:
    """Field, transform and column of each part of the partitioning, as far as the catalog tells of the column."""
    told = {each.name for each in table.columns}
    rows = partitioning.partition_rows(iceberg.spec(), iceberg.schema())
    return [row for row in rows if row[2].lower() in told]


def _call(transform: str, column: str) -> str:
    """``bucket(4)`` of a column as Athena writes it: ``bucket(4, `id`)``."""
    name, _, argument = transform.removesuffix(")").partition("(")
    return f"{name}({argument}, `{column}`)" if argument else f"{name}(`{column}`)"


def _listed(items: list[str], end: str) -> list[str]:
    return [item + ("," if number < len(items) else end) for number, item in enumerate(items, 1)]
