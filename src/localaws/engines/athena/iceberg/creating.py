"""CREATE TABLE and CREATE TABLE AS of Iceberg tables, and DROP TABLE, which deletes what they hold.

Source: "Create Iceberg tables"; "CREATE TABLE AS", "CTAS table properties"; "Drop Iceberg tables".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from itertools import count
from typing import Any

from pyiceberg.schema import Schema
from pyiceberg.table import CreateTableTransaction, Table
from pyiceberg.types import NestedField

from localaws.engines.athena.governed import Grants
from localaws.engines.athena.iceberg import partitioning, properties, tables
from localaws.engines.athena.iceberg.commit import stage
from localaws.engines.athena.iceberg.datafiles import write_rows
from localaws.engines.athena.iceberg.inserting import append
from localaws.engines.athena.iceberg.manifests import entries_of, expect_all_snapshots, manifests_of
from localaws.engines.athena.iceberg.types import to_iceberg
from localaws.engines.athena.job import Job
from localaws.lake.catalog import Table as GlueTable
from localaws.lake.column_types import Type, from_hive
from localaws.lake.errors import QueryFailure

_EXTERNAL = re.compile(r"CREATE\s+EXTERNAL\b", re.IGNORECASE)
_PARTITIONED = re.compile(r"\bPARTITIONED\s+BY\s*\((?P<items>(?:[^()]|\([^()]*\))*)\)", re.IGNORECASE)
_FORMAT = re.compile(r"\b(ROW\s+FORMAT|STORED\s+AS)\b", re.IGNORECASE)
#: What Athena sets in the metadata of every Iceberg table that it makes.
_USUAL = {properties.FORMAT: "parquet", properties.CODEC: "zstd", "write.object-storage.enabled": "true"}
#: The properties of CTAS that TBLPROPERTIES does not have.
_OF_CTAS = {"table_type", "is_external", "location", "partitioning", "object_store_layout_enabled"}


def create_table(
    job: Job, database: str, name: str, columns: Iterable[Mapping[str, str]], location: str, given: Mapping[str, str]
) -> None:
    """CREATE TABLE … TBLPROPERTIES ('table_type'='ICEBERG'): *columns* with Glue's Name, Type and Comment."""
    if _EXTERNAL.match(job.sql):
        raise QueryFailure("", "External keyword not supported for table type ICEBERG")
    if found := _FORMAT.search(job.sql):
        raise QueryFailure("", f"{found[0].upper()} is not supported for table type ICEBERG")
    described = [(each["Name"], from_hive(each["Type"]), each.get("Comment")) for each in columns]
    schema = _schema(described)
    partitioned = _PARTITIONED.search(job.sql)
    parts = partitioning.items(partitioned["items"]) if partitioned else []
    transaction = _stage(job, (database, name), schema, parts, location, properties.to_iceberg(given))
    with tables.committing(transaction._table):
        transaction.commit_transaction()


def create_table_as(
    job: Job, database: str, name: str, columns: list[tuple[str, Type]], sql: str | None, given: Mapping[str, Any]
) -> None:
    """CREATE TABLE … WITH (table_type = 'ICEBERG', …) AS: *sql* gives the rows, None is WITH NO DATA.

    The table is there, with its rows, or not at all.
    """
    for key in given.keys() - properties.KNOWN - _OF_CTAS:
        raise QueryFailure(
            "INVALID_TABLE_PROPERTY", f"Catalog 'awsdatacatalog$iceberg-aws' table property '{key}' does not exist"
        )
    if str(given.get("is_external", "false")).lower() != "false":
        raise QueryFailure("INVALID_TABLE_PROPERTY", "is_external must be false for table type ICEBERG")
    for _, column_type in columns:
        if column_type.name.startswith("timestamp") and column_type.digits != 6:
            word = column_type.trino.replace("(3)", "(6)")
            raise QueryFailure(
                "NOT_SUPPORTED",
                f'Timestamp precision ({column_type.digits}) not supported for Iceberg. Use "{word}" instead.',
            )
    settings = properties.to_iceberg({key: str(value) for key, value in given.items() if key not in _OF_CTAS})
    if "object_store_layout_enabled" in given:
        settings["write.object-storage.enabled"] = str(given["object_store_layout_enabled"]).lower()
    schema = _schema([(column.lower(), column_type, None) for column, column_type in columns])
    parts = given.get("partitioning", [])
    transaction = _stage(job, (database, name), schema, parts, str(given.get("location", "")), settings)
    uploaded: list[str] = []
    try:
        if sql is not None:
            stage(transaction, append(job, write_rows(job, transaction._table, sql, uploaded)))
        with tables.committing(transaction._table):
            transaction.commit_transaction()
    except BaseException:
        job.lake.delete(uploaded)
        raise


def drop_table(job: Job, table: GlueTable) -> None:
    """The entry of the catalog goes first; then the data and the metadata, which nothing points to any more."""
    objects: set[str] = set()
    try:
        iceberg = tables.of(job.session, job.lake, table)
    except QueryFailure as failure:
        if failure.code not in ("ICEBERG_MISSING_METADATA", "ICEBERG_INVALID_METADATA"):
            raise  # else nothing tells what the table held
    else:
        objects = _objects(job, iceberg)
    job.catalog.glue.delete_table(DatabaseName=table.database, Name=table.name)
    job.lake.delete(sorted(objects))


def _objects(job: Job, table: Table) -> set[str]:
    """What lies in the table's own folders, and the files elsewhere that its snapshots point to."""
    found = {file.uri for folder in ("data", "metadata") for file in job.lake.files(f"{table.location()}/{folder}/")}
    seen: set[str] = set()
    expect_all_snapshots(table.io)
    for snapshot in table.snapshots():
        try:
            for manifest in manifests_of(snapshot, table.io):
                if manifest.manifest_path not in seen:
                    seen.add(manifest.manifest_path)
                    found |= {entry.data_file.file_path for entry in entries_of(manifest, table.io)}
        except QueryFailure as failure:
            if failure.code not in ("ICEBERG_INVALID_METADATA", "NOT_SUPPORTED"):
                raise  # else somebody has deleted it already, or put something else there
    return found


def _schema(columns: Iterable[tuple[str, Type, str | None]]) -> Schema:
    ids = count(1)
    numbered = [(next(ids), *column) for column in columns]
    return Schema(*(
        NestedField(number, name, to_iceberg(column_type, ids), required=False, doc=comment)
        for number, name, column_type, comment in numbered
    ))  # fmt: skip


def _stage(
    job: Job, table: tuple[str, str], schema: Schema, parts: list[str], location: str, settings: Mapping[str, str]
) -> CreateTableTransaction:
    """The table to be, which nobody sees until it is committed."""
    if not location.startswith("s3://"):
        raise QueryFailure("INVALID_TABLE_PROPERTY", "Iceberg tables need a location in Amazon S3")
    Grants(job.lake).require_new(table[0], location)
    spec = partitioning.spec_of(parts, schema)
    return tables.LakeCatalog(job.session, job.lake).create_table_transaction(
        table, schema, location.rstrip("/"), spec, properties={**_USUAL, **settings}
    )
