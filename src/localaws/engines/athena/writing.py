"""CREATE TABLE AS, INSERT INTO and UNLOAD: answers that become objects.

Everything is written to the query's own directory first, and put into S3 when it is complete; should that fail, what
was put is taken back. Source: "CREATE TABLE AS", "INSERT INTO", "UNLOAD" of the Athena user guide.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from sqlglot import exp

from localaws.engines.athena import formats
from localaws.engines.athena.catalog import Partition, Table
from localaws.engines.athena.conversion import parquet_to_orc
from localaws.engines.athena.ddl import ensure_database
from localaws.engines.athena.errors import QueryFailure, not_supported
from localaws.engines.athena.grammar import parse, part
from localaws.engines.athena.inference import INTEGERS, NUMBERS
from localaws.engines.athena.kinds import Type
from localaws.engines.athena.quoting import literal, name
from localaws.engines.athena.runner import Job

MOST_PARTITIONS = 100
_UNWRITABLE = ("timestamp with time zone", "time", "json", "interval day to second", "uuid")
#: Format → its compressions by Athena's name, the usual one first ("Use compression in Athena").
_COMPRESSIONS = {
    "PARQUET": {"GZIP": "gzip", "SNAPPY": "snappy", "ZSTD": "zstd", "LZ4": "lz4_raw", "NONE": "uncompressed"},
    "ORC": {"ZLIB": "zlib", "SNAPPY": "snappy", "ZSTD": "zstd", "LZ4": "lz4", "NONE": "uncompressed"},
    "TEXTFILE": {"GZIP": "gzip", "ZSTD": "zstd", "NONE": "none"},
    "JSON": {"GZIP": "gzip", "ZSTD": "zstd", "NONE": "none"},
}
#: The SerDes whose tables INSERT INTO adds to → the format that it writes.
_WRITABLE = {"parquethiveserde": "PARQUET", "lazysimpleserde": "TEXTFILE", "jsonserde": "JSON", "orcserde": "ORC"}
_SUFFIX = {"gzip": ".gz", "zstd": ".zst"}
_UNLOAD = re.compile(
    r"UNLOAD\s*\((?P<query>.*)\)\s*TO\s*'(?P<place>[^']*)'\s*WITH\s*\((?P<properties>.*)\)\s*",
    re.IGNORECASE | re.DOTALL,
)
_PROPERTY = re.compile(r"(?P<key>\w+)\s*=\s*(?:'(?P<text>(?:[^']|'')*)'|ARRAY\s*\[(?P<list>[^\]]*)\]|(?P<bare>\w+))")


@dataclass
class Target:
    """Where and how an answer is written. ``keys`` are the partition columns, which come last."""

    location: str
    format: str = "PARQUET"
    compression: str = ""
    delimiter: str = "\x01"
    keys: list[str] = field(default_factory=list)

    @property
    def codec(self) -> str:
        """The compression by the writer's name. Raises QueryFailure for one that the format does not take."""
        known = _COMPRESSIONS[self.format]
        wanted = self.compression.upper().replace("UNCOMPRESSED", "NONE") or next(iter(known))
        if wanted not in known:
            raise QueryFailure("INVALID_TABLE_PROPERTY", f"Compression {wanted} is not supported for {self.format}")
        return known[wanted]

    def options(self) -> tuple[str, str]:
        """COPY's options, and the suffix of a file's name. Raises QueryFailure for what cannot be written."""
        if self.format not in _COMPRESSIONS:
            raise not_supported(f"Writing {self.format}")
        codec = self.codec
        if self.format == "PARQUET":
            return f"FORMAT parquet, COMPRESSION {codec}", ""
        if self.format == "ORC":  # by way of Parquet
            return "FORMAT parquet", ""
        if self.format == "JSON":
            return f"FORMAT json, COMPRESSION {codec}", _SUFFIX.get(codec, "")
        settings = f"DELIMITER {literal(self.delimiter)}, QUOTE '', ESCAPE '', NULL '\\N', HEADER false"
        return f"FORMAT csv, {settings}, COMPRESSION {codec}", _SUFFIX.get(codec, "")


@dataclass
class Written:
    """The objects of an answer, and the partitions that they make."""

    uris: list[str]
    partitions: list[Partition]
    rows: int


def write(job: Job, sql: str, columns: Sequence[tuple[str, Type]], target: Target) -> Written:
    """Run *sql* and put its rows under ``target.location``, in at most 100 partitions."""
    for column, kind in columns:
        if kind.name in _UNWRITABLE:
            raise QueryFailure("NOT_SUPPORTED", f"Unsupported Hive type: {kind.trino} (column {column})")
    options, suffix = target.options()
    places = [f"c{number}" for number in range(len(columns))]
    items = [
        f"{_value(place, kind, target)} AS {name(column)}"
        for place, (column, kind) in zip(places, columns, strict=True)
    ]
    query = f"SELECT {', '.join(items)} FROM ({sql}) AS answer({', '.join(places)})"
    job.execution.passed("QueryPlanningTime")
    out = job.session.directory / "out"
    if target.keys:
        options += f", PARTITION_BY ({', '.join(map(name, target.keys))})"
    else:
        out.mkdir()
    rows = job.copy(query, out if target.keys else out / "data", options)
    job.execution.passed("EngineExecutionTime")
    job.execution.rows_written = rows
    files = sorted(path for path in out.rglob("*") if path.is_file()) if rows else []
    if target.format == "ORC":
        for path in files:
            parquet_to_orc(path, target.codec)
    folders = {path.parent for path in files}
    if target.keys and len(folders) > MOST_PARTITIONS:
        raise QueryFailure(
            "HIVE_TOO_MANY_OPEN_PARTITIONS", f"Exceeded limit of {MOST_PARTITIONS} open writers for partitions/buckets"
        )
    stamp = job.now.strftime("%Y%m%d_%H%M%S")
    uris: dict[str, Path] = {}
    location = target.location.rstrip("/") + "/"
    for number, path in enumerate(files):
        folder = "".join(f"{part}/" for part in path.parent.relative_to(out).parts)
        uris[f"{location}{folder}{stamp}_{number:05d}_{job.execution.id[:5]}_{uuid.uuid4()}{suffix}"] = path
    _put(job, uris)
    partitions = [
        Partition(tuple(unquote(part.partition("=")[2]) for part in folder.relative_to(out).parts),
                  location + "".join(f"{part}/" for part in folder.relative_to(out).parts))
        for folder in sorted(folders)
    ] if target.keys else []  # fmt: skip
    return Written(list(uris), partitions, rows)


def _put(job: Job, uris: dict[str, Path]) -> None:
    """All of the files, or none."""
    done: list[str] = []
    try:
        for uri, path in uris.items():
            job.session.check()
            job.lake.upload(path, uri, **job.upload_settings)
            done.append(uri)
    except BaseException:
        job.lake.delete(done)
        raise


def _value(place: str, kind: Type, target: Target) -> str:
    """SQL of a column as its format wants it."""
    if kind.name == "bigint":
        return f"CAST({place} AS BIGINT)"
    if target.format == "TEXTFILE":
        if kind.parts:
            raise not_supported(f"Writing {kind.trino} as text")
        if kind.name == "timestamp":
            return f"strftime({place}, '%Y-%m-%d %H:%M:%S.%g')"
    return place


def _manifest(job: Job, written: Written, base: str) -> None:
    job.execution.manifest = f"{base}-manifest.csv"
    job.lake.put("".join(f"{uri}\n" for uri in written.uris).encode(), job.execution.manifest, **job.upload_settings)


def _must_be_empty(job: Job, location: str, table: str) -> None:
    if job.lake.has_any(location):
        raise QueryFailure(
            "HIVE_PATH_ALREADY_EXISTS", f"Target directory for table '{table}' already exists: {location}"
        )


def _check_names(columns: Sequence[tuple[str, Type]]) -> None:
    seen: set[str] = set()
    for number, (column, kind) in enumerate(columns, 1):
        if re.fullmatch(r"_col\d+", column):
            raise QueryFailure("MISSING_COLUMN_NAME", f"line 1:1: Column name not specified at position {number}")
        if kind.name == "unknown":
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
        _check_names(columns)
        creating = import_module("localaws.engines.athena.iceberg.creating")
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
    target = _target(properties, place or f"{job.execution.output}/")
    target.location = target.location.rstrip("/") + "/"
    query = statement.expression
    sql, columns = job.plan(query if isinstance(query, exp.Query) else query.this)
    _check_names(columns)
    _keys_last(columns, target.keys)
    _must_be_empty(job, target.location, f"{database}.{table_name}")
    written = write(job, sql, columns, target) if with_data else Written([], [], 0)
    _manifest(job, written, f"{(place and job.execution.base + '/' + job.execution.id) or job.execution.output}")
    ensure_database(job, database)
    described = [{"Name": column.lower(), "Type": kind.hive} for column, kind in columns]
    width = len(described) - len(target.keys)
    serde = {"field.delim": target.delimiter, "serialization.format": target.delimiter}
    job.catalog.glue.create_table(
        DatabaseName=database,
        TableInput={
            "Name": table_name,
            "TableType": "EXTERNAL_TABLE",
            "PartitionKeys": described[width:],
            "Parameters": {"EXTERNAL": "TRUE", "has_encrypted_data": "false"},
            "StorageDescriptor": formats.storage(
                target.format,
                described[:width],
                target.location,
                parameters=serde if target.format == "TEXTFILE" else None,
            ),
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
        "field_delimiter", "compression", "compression_level", "table_type", "is_external", "location",
    }  # fmt: skip
    for key in properties:
        if key in ("bucketed_by", "bucket_count"):
            raise not_supported("bucketed_by")
        if key not in known:
            raise QueryFailure("INVALID_TABLE_PROPERTY", f"Table property '{key}' does not exist")
    format = str(properties.get("format", "PARQUET")).upper()
    names = ("write_compression", "compression", "parquet_compression", "orc_compression")
    compression = next((str(properties[key]) for key in names if key in properties), "")
    delimiter = str(properties.get("field_delimiter", "\x01")).replace("\\t", "\t")
    return Target(location, format, compression, delimiter, properties.get("partitioned_by", []))


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
    table = job.catalog.table(node.db or job.execution.database, node.name, (1, job.sql.lower().find("into") + 6))
    if table.view is not None:
        raise QueryFailure("NOT_SUPPORTED", "Inserting into views is not supported")
    kinds = {column.name: column.type for column in table.all_columns}
    if table.iceberg:
        inserting = import_module("localaws.engines.athena.iceberg.inserting")
        kinds = inserting.columns(job, table)
    listed = [each.name.lower() for each in schema.expressions] if isinstance(schema, exp.Schema) else []
    names = list(kinds)
    for each in listed:
        if each not in names:
            raise QueryFailure(
                "COLUMN_NOT_FOUND", f"line 1:1: Insert column name does not exist in target table: {each}"
            )
    sql, columns = job.plan(statement.expression)
    wanted = listed or names
    if len(columns) != len(wanted) or not all(
        assignable(kind, kinds[column]) for (_, kind), column in zip(columns, wanted, strict=True)
    ):
        raise QueryFailure(
            "TYPE_MISMATCH",
            f"Insert query has mismatched column types: Table: [{', '.join(kinds[each].trino for each in wanted)}], "
            f"Query: [{', '.join(kind.trino for _, kind in columns)}]",
        )
    places = {column: f"p{number}" for number, column in enumerate(wanted)}
    items = ", ".join(f"CAST({places.get(each, 'NULL')} AS {kinds[each].duckdb}) AS {name(each)}" for each in names)
    sql = f"SELECT {items} FROM ({sql}) AS given({', '.join(places.values())})"
    if table.iceberg:
        inserting.insert(job, table, sql)
        return
    written = write(job, sql, list(kinds.items()), _target_of(table))
    _manifest(job, written, job.execution.output)
    known = {partition.values for partition in job.catalog.partitions(table)} if table.keys else set()
    job.catalog.add_partitions(table, [each for each in written.partitions if each.values not in known])


def assignable(kind: Type, column: Type) -> bool:
    """Whether Trino coerces a value of *kind* into a *column* of its type by itself."""
    if kind.name == "unknown" or kind.name == column.name:
        return True
    if kind.name in INTEGERS and column.name in INTEGERS:
        # a literal is an integer; Trino narrows a constant that fits
        return INTEGERS.index(kind.name) <= max(INTEGERS.index(column.name), INTEGERS.index("integer"))
    if kind.name in NUMBERS and column.name in NUMBERS:
        return kind.name in INTEGERS or column.name in ("double", "real", "decimal")
    texts = ("varchar", "char")
    return (kind.name in texts and column.name in texts) or (kind.name == "date" and column.name == "timestamp")


def _target_of(table: Table) -> Target:
    """How more rows for *table* are written."""
    serde = table.serde.rpartition(".")[2].lower()
    format = _WRITABLE.get(serde)
    if format is None:
        raise not_supported(f"INSERT INTO a table of {table.serde}")
    if int(table.parameters.get("skip.header.line.count", "0")) > 0:
        raise not_supported("INSERT INTO a table whose files have headers")
    properties = table.parameters
    compression = properties.get("write.compression") or properties.get("parquet.compression") or ""
    delimiter = table.serde_parameters.get("field.delim", "\x01")
    return Target(table.location, format, compression, delimiter, [key.name for key in table.keys])


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
    _check_names(columns)
    _keys_last(columns, target.keys)
    _must_be_empty(job, target.location, "")
    written = write(job, sql, columns, target)
    _manifest(job, written, job.execution.output)


HANDLERS = {"create_table_as": _create_table_as, "insert": _insert, "unload": _unload}
