"""CREATE TABLE AS, INSERT INTO and UNLOAD: answers that become objects.

Sources: "CREATE TABLE AS", "INSERT INTO", "UNLOAD" of the Athena user guide.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from sqlglot import exp

from localaws.engines.athena.governed import Grants
from localaws.engines.athena.job import Job
from localaws.engines.athena.sql.casts import converted
from localaws.engines.athena.sql.grammar import parse, part, position
from localaws.engines.athena.sql.type_rules import INTEGERS, NUMBERS
from localaws.engines.athena.tables.ddl import ensure_database
from localaws.engines.athena.tables.output import Written, write
from localaws.hive import formats
from localaws.lake.catalog import FOOTER_LINES, HEADER_LINES, Table
from localaws.lake.column_types import Type
from localaws.lake.errors import QueryFailure
from localaws.lake.files.target import Target
from localaws.lake.quoting import internal, is_unnamed, name, own

#: The SerDes whose tables INSERT INTO adds to → the format that it writes.
_WRITABLE = {
    "parquethiveserde": "PARQUET",
    "orcserde": "ORC",
    "avroserde": "AVRO",
    "lazysimpleserde": "TEXTFILE",
    "opencsvserde": "CSV",
    "jsonserde": "JSON",
}
_UNLOAD = re.compile(
    r"UNLOAD\s*\((?P<query>.*)\)\s*TO\s*'(?P<place>[^']*)'\s*WITH\s*\((?P<properties>.*)\)\s*",
    re.IGNORECASE | re.DOTALL,
)
_PROPERTY = re.compile(r"(?P<key>\w+)\s*=\s*(?:'(?P<text>(?:[^']|'')*)'|ARRAY\s*\[(?P<list>[^\]]*)\]|(?P<bare>\w+))")


def _manifest(job: Job, written: Written, base: str) -> None:
    if job.execution.managed:
        return
    job.execution.manifest = f"{base}-manifest.csv"
    job.lake.put("".join(f"{uri}\n" for uri in written.uris).encode(), job.execution.manifest, **job.upload_settings)


def _must_be_empty(job: Job, location: str, table: str) -> None:
    if job.lake.has_any(location):
        raise QueryFailure(
            "HIVE_PATH_ALREADY_EXISTS", f"Target directory for table '{table}' already exists: {location}"
        )


def check_names(columns: Sequence[tuple[str, Type]]) -> None:
    seen: set[str] = set()
    for number, (column, column_type) in enumerate(columns, 1):
        if is_unnamed(column):
            raise QueryFailure("MISSING_COLUMN_NAME", f"line 1:1: Column name not specified at position {number}")
        if column_type.name == "unknown":
            raise QueryFailure("COLUMN_TYPE_UNKNOWN", f"line 1:1: Column type is unknown: {column}")
        if column.lower() in seen:
            raise QueryFailure("DUPLICATE_COLUMN_NAME", f"line 1:1: Column name '{column}' specified more than once")
        seen.add(column.lower())


def _create_table_as(job: Job) -> None:
    statement = parse(job.sql)
    if not isinstance(statement, exp.Create) or not isinstance(statement.this, exp.Table):
        raise QueryFailure("SYNTAX_ERROR", "line 1:1: CREATE TABLE AS takes its columns from the query")
    database = (statement.this.db or job.execution.database).lower()
    table_name = statement.this.name.lower()
    if not job.catalog.has_database(database):
        raise QueryFailure("SCHEMA_NOT_FOUND", f"line 1:1: Schema '{database}' does not exist")
    if job.catalog.find(database, table_name) is not None:
        if statement.args.get("exists"):
            return
        full = f"awsdatacatalog.{database}.{table_name}"
        raise QueryFailure("TABLE_ALREADY_EXISTS", f"line 1:1: Table '{full}' already exists")
    properties, with_data = _properties(statement)
    if str(properties.get("table_type", "HIVE")).upper() == "ICEBERG":
        query = statement.expression
        sql, columns = job.plan(query if isinstance(query, exp.Query) else query.this)
        check_names(columns)
        from localaws.engines.athena.iceberg import creating

        creating.create_table_as(job, database, table_name, columns, sql if with_data else None, properties)
        return
    place = properties.get("external_location", "")
    if place and job.execution.enforced:
        raise QueryFailure(
            "",
            "The Create Table As Select query failed because it was submitted with an 'external_location' property to "
            "an Athena Workgroup that enforces a centralized output location for all queries. Please remove the "
            "'external_location' property and resubmit the query.",
        )
    if not place and job.execution.managed:
        raise QueryFailure(
            "INVALID_TABLE_PROPERTY",
            "external_location is required: a workgroup with managed query results has no output location for tables",
        )
    Grants(job.lake).require_new(database, place or f"{job.execution.output}/")
    target = _target(properties, place or f"{job.execution.output}/")
    target.location = target.location.rstrip("/") + "/"
    query = statement.expression
    sql, columns = job.plan(query if isinstance(query, exp.Query) else query.this)
    check_names(columns)
    _keys_last(columns, target.keys)
    _check_buckets(columns, target)
    _must_be_empty(job, target.location, f"{database}.{table_name}")
    written = write(job, sql, columns, target) if with_data else Written([], [], 0)
    _manifest(job, written, f"{(place and job.execution.base + job.execution.id) or job.execution.output}")
    ensure_database(job, database)
    described = [{"Name": column.lower(), "Type": column_type.hive} for column, column_type in columns]
    width = len(described) - len(target.keys)
    storage = formats.storage(target.format, described[:width], target.location, parameters=target.serde)
    if target.buckets:
        storage |= {"BucketColumns": target.bucketed_by, "NumberOfBuckets": target.buckets}
    job.catalog.glue.create_table(
        DatabaseName=database,
        TableInput={
            "Name": table_name,
            "TableType": "EXTERNAL_TABLE",
            "PartitionKeys": described[width:],
            "Parameters": {"EXTERNAL": "TRUE", "has_encrypted_data": "false"},
            "StorageDescriptor": storage,
        },
    )
    if written.partitions:
        job.catalog.add_partitions(job.catalog.table(database, table_name), written.partitions)


def _properties(statement: exp.Create) -> tuple[dict[str, Any], bool]:
    """What WITH (…) says, and whether rows are wanted (WITH NO DATA is not)."""
    found: dict[str, Any] = {}
    given = statement.args.get("properties")
    with_data = True
    for each in given.expressions if given else []:
        match each:
            case exp.FileFormatProperty():
                found["format"] = each.name
            case exp.PartitionedByProperty():
                found["partitioned_by"] = [item.name.lower() for item in each.this.expressions]
            case exp.LocationProperty():
                found["location"] = each.name
            case exp.WithDataProperty():
                with_data = not each.args.get("no")
            case exp.Property():
                key, value = each.name.lower(), each.args["value"]
                match value:
                    case exp.Array():
                        found[key] = [item.name for item in value.expressions]
                    case exp.Boolean():
                        found[key] = value.this
                    case _:
                        found[key] = value.name
    return found, with_data


def _target(properties: dict[str, Any], location: str) -> Target:
    """Raises QueryFailure for a property that does not exist or is not served yet."""
    known = {
        "format", "partitioned_by", "external_location", "write_compression", "parquet_compression", "orc_compression",
        "field_delimiter", "compression", "compression_level", "table_type", "is_external", "location", "bucketed_by",
        "bucket_count",
    }  # fmt: skip
    for key in properties:
        if key not in known:
            raise QueryFailure("INVALID_TABLE_PROPERTY", f"Table property '{key}' does not exist")
    format = str(properties.get("format", "PARQUET")).upper()
    names = ("write_compression", "compression", "parquet_compression", "orc_compression")
    compression = next((str(properties[key]) for key in names if key in properties), "")
    delimiter = str(properties.get("field_delimiter", "\x01")).replace("\\t", "\t")
    serde = {"field.delim": delimiter, "serialization.format": delimiter} if format == "TEXTFILE" else {}
    by, count = properties.get("bucketed_by", []), int(properties.get("bucket_count", 0))
    if bool(by) != bool(count):
        raise QueryFailure("INVALID_TABLE_PROPERTY", "bucketed_by and bucket_count must be given together")
    keys = properties.get("partitioned_by", [])
    return Target(location, format, compression, keys, serde, bucketed_by=[each.lower() for each in by], buckets=count)


def _check_buckets(columns: Sequence[tuple[str, Type]], target: Target) -> None:
    names = {column.lower() for column, _ in columns}
    missing = [column for column in target.bucketed_by if column not in names or column in target.keys]
    if missing:
        raise QueryFailure("INVALID_TABLE_PROPERTY", f"Bucketing columns {missing} not present in schema")


def _keys_last(columns: Sequence[tuple[str, Type]], keys: list[str]) -> None:
    tail = [column.lower() for column, _ in columns[len(columns) - len(keys) :]]
    missing = [key for key in keys if key not in {column.lower() for column, _ in columns}]
    if missing:
        raise QueryFailure("INVALID_TABLE_PROPERTY", f"Partition columns {missing} not present in schema")
    if tail != keys:
        raise QueryFailure(
            "INVALID_TABLE_PROPERTY",
            "Partition keys must be the last columns in the table and in the same order as the table properties: "
            f"[{', '.join(keys)}]",
        )
    if keys and len(keys) == len(columns):
        raise QueryFailure("INVALID_TABLE_PROPERTY", "Table contains only partition columns")


def _insert(job: Job) -> None:
    statement = parse(job.sql)
    assert isinstance(statement, exp.Insert)
    schema = statement.this
    node = schema.this if isinstance(schema, exp.Schema) else schema
    table = job.catalog.table(node.db or job.execution.database, node.name, position(node))
    if table.is_view:
        raise QueryFailure("NOT_SUPPORTED", "Inserting into views is not supported")
    Grants(job.lake).require(table.database, table.name, "INSERT")
    column_types = {column.name: column.type for column in table.all_columns}
    if table.iceberg:
        from localaws.engines.athena.iceberg import inserting

        column_types = inserting.columns(job, table)
    listed = [each.name.lower() for each in schema.expressions] if isinstance(schema, exp.Schema) else []
    names = list(column_types)
    for each in listed:
        if each not in names:
            raise QueryFailure(
                "COLUMN_NOT_FOUND", f"line 1:1: Insert column name does not exist in target table: {each}"
            )
    sql, columns = job.plan(statement.expression)
    wanted = listed or names
    if len(columns) != len(wanted) or not all(
        assignable(column_type, column_types[column]) for (_, column_type), column in zip(columns, wanted, strict=True)
    ):
        declared = ", ".join(column_types[each].trino for each in wanted)
        found = ", ".join(column_type.trino for _, column_type in columns)
        words = f"Insert query has mismatched column types: Table: [{declared}], Query: [{found}]"
        raise QueryFailure("TYPE_MISMATCH", words)
    places = {column: internal(f"p{number}") for number, column in enumerate(wanted)}
    given = {column: fitted(places[column], column_type, column_types[column])
             for column, (_, column_type) in zip(wanted, columns, strict=True)}  # fmt: skip
    items = ", ".join(
        f"{given.get(each, f'CAST(NULL AS {column_types[each].duckdb})')} AS {name(each)}" for each in names
    )
    sql = f"SELECT {items} FROM ({sql}) AS {own('given')}({', '.join(map(name, places.values()))})"
    if table.iceberg:
        inserting.insert(job, table, sql)
        return
    written = write(job, sql, list(column_types.items()), _target_of(table))
    _manifest(job, written, job.execution.output)
    known = {partition.values for partition in job.catalog.partitions(table)} if table.keys else set()
    job.catalog.add_partitions(table, [each for each in written.partitions if each.values not in known])


def fitted(place: str, column_type: Type, column: Type) -> str:
    """SQL of the value that is called *place*, of the type *column_type*, for a *column*: a row's parts go by place."""
    value = exp.column(exp.to_identifier(place, quoted=True))
    if column_type.parts and column_type.name == column.name and len(column_type.parts) == len(column.parts):
        return converted(value, column_type, column).sql("duckdb")
    return f"CAST({value.sql('duckdb')} AS {column.duckdb})"


def assignable(column_type: Type, column: Type) -> bool:
    """Whether Trino coerces a value of *column_type* into a *column* of its type by itself."""
    if column_type.name == "unknown":
        return True
    if column_type.name == column.name:
        return len(column_type.parts) == len(column.parts) and all(map(assignable, column_type.parts, column.parts))
    if column_type.name in INTEGERS and column.name in INTEGERS:
        # a literal is an integer; Trino narrows a constant that fits
        return INTEGERS.index(column_type.name) <= max(INTEGERS.index(column.name), INTEGERS.index("integer"))
    if column_type.name in NUMBERS and column.name in NUMBERS:
        return column_type.name in INTEGERS or column.name in ("double", "real", "decimal")
    texts = ("varchar", "char")
    return (column_type.name in texts and column.name in texts) or (
        column_type.name == "date" and column.name == "timestamp"
    )


def _target_of(table: Table) -> Target:
    """How more rows for *table* are written."""
    format = _WRITABLE.get(table.serde_name)
    if format is None:
        raise QueryFailure("NOT_SUPPORTED", f"INSERT INTO does not write what {table.serde} reads")
    if table.raw["StorageDescriptor"].get("NumberOfBuckets", -1) > 0:
        raise QueryFailure("NOT_SUPPORTED", "INSERT INTO is not supported on bucketed tables")
    if table.footer_lines:
        words = f"Inserting into Hive table with {FOOTER_LINES} property not supported"
        raise QueryFailure("NOT_SUPPORTED", words)
    header = table.header_lines
    if header > 1:
        raise QueryFailure(
            "NOT_SUPPORTED",
            f"Inserting into Hive table with value of {HEADER_LINES} property greater than 1 is not supported",
        )
    texts = [column for column in table.columns if column.type.name not in ("varchar", "char")]
    if format == "CSV" and texts:
        listed = ", ".join(f"{column.name} {column.type.trino}" for column in texts)
        raise QueryFailure(
            "NOT_SUPPORTED", f"Hive CSV storage format only supports VARCHAR (unbounded). Unsupported columns: {listed}"
        )
    properties = table.parameters
    names = ("write.compression", "parquet.compression", "orc.compress", "avro.output.codec")
    compression = next((properties[key] for key in names if properties.get(key)), "")
    keys = [key.name for key in table.keys]
    return Target(table.location, format, compression, keys, table.serde_parameters, header=header == 1)


def _unload(job: Job) -> None:
    found = _UNLOAD.fullmatch(job.sql)
    if found is None:
        raise QueryFailure("SYNTAX_ERROR", "line 1:1: UNLOAD needs (SELECT …) TO 's3://…' WITH (format = '…')")
    properties: dict[str, Any] = {}
    for each in _PROPERTY.finditer(found["properties"]):
        listed = each["list"]
        value = [part.strip(" '\"").lower() for part in listed.split(",")] if listed is not None else (
            each["text"] if each["text"] is not None else each["bare"]
        )  # fmt: skip
        properties[each["key"].lower()] = value
    if "format" not in properties:
        raise QueryFailure("INVALID_TABLE_PROPERTY", "UNLOAD needs the property format")
    target = _target(properties, found["place"])
    sql, columns = job.plan(parse(part(job.sql, *found.span("query"))))
    check_names(columns)
    _keys_last(columns, target.keys)
    _must_be_empty(job, target.location, "")
    written = write(job, sql, columns, target)
    _manifest(job, written, job.execution.output)


HANDLERS = {"create_table_as": _create_table_as, "insert": _insert, "unload": _unload}
