"""DESCRIBE, and SHOW CREATE TABLE: a table told as Hive tells it.

Sources: "DESCRIBE", "SHOW CREATE TABLE" (athena/latest/ug/describe-table.html, show-create-table.html).
"""

from __future__ import annotations

import re

from localaws.engines.athena.job import Job
from localaws.engines.athena.tables.ddl import match, plain, unreadable
from localaws.engines.athena.tables.partitions import held, specifications, table_of
from localaws.lake.catalog import Column, Table
from localaws.lake.column_types import Type
from localaws.lake.errors import QueryFailure

_STRING = Type("varchar")
_DESCRIBE = re.compile(
    r"DESC(?:RIBE)?\s+(?P<extent>EXTENDED\s+|FORMATTED\s+)?(?:TABLE\s+|VIEW\s+)?(?P<name>[\w`\".-]+)"
    r"(?:\s+(?P<partition>PARTITION\s*\([^)]*\)))?(?:\s+(?P<column>[\w`]+)(?P<path>(?:\.(?:\w+|'\$\w+\$'))*))?\s*",
    re.IGNORECASE,
)
_UNDELIMITED = ("serialization.format",)
#: A SerDe property → how ROW FORMAT DELIMITED says it, in Hive's order.
_DELIMITED = {
    "field.delim": "FIELDS TERMINATED BY",
    "escape.delim": "ESCAPED BY",
    "collection.delim": "COLLECTION ITEMS TERMINATED BY",
    "mapkey.delim": "MAP KEYS TERMINATED BY",
    "line.delim": "LINES TERMINATED BY",
    "serialization.null.format": "NULL DEFINED AS",
}


def describe(job: Job) -> None:
    found = match(_DESCRIBE, job)
    if plain(found["name"]) in ("database", "schema"):
        raise unreadable(job.sql, found.start("name"), "describe statement")
    table = table_of(found["name"], job)
    columns, keys, storage = table.columns, table.keys, table.raw.get("StorageDescriptor", {})
    if found["partition"]:
        ((values, _),) = specifications(table, found["partition"])
        storage = held(job, table, values)["StorageDescriptor"]
    if found["column"]:
        rows = [_line(_part(table, plain(found["column"]), found["path"]))]
    elif table.iceberg:
        from localaws.engines.athena.iceberg import showing

        rows = showing.describe(job, table)
    else:
        formatted = (found["extent"] or "").strip().upper() == "FORMATTED"
        rows = [_HEAD, _EMPTY, *map(_line, columns)] if formatted else [_line(each) for each in table.all_columns]
        if keys:
            title = "# Partition Information"
            rows += [_wide(" ") if not formatted else _EMPTY, _wide(title), _HEAD, _wide(" "), *map(_line, keys)]
        if found["extent"]:
            rows += _details(table, storage) if formatted else _extended(table, storage)
    job.write_rows([("col_name", _STRING), ("data_type", _STRING), ("comment", _STRING)], rows)


def _line(column: Column) -> tuple[str, ...]:
    return (f"{column.name:<20}", f"{column.hive_type:<20}", f"{column.comment:<20}")


def _wide(text: str) -> tuple[str, ...]:
    return (text, " ", " ")


_HEAD = ("# col_name            ", "data_type           ", "comment             ")
_EMPTY = ("", "", "")


def _part(table: Table, name: str, path: str) -> Column:
    """A column, or what is within it: a field, ``'$elem$'``, ``'$key$'``, ``'$value$'``."""
    column = next((each for each in table.all_columns if each.name == name), None)
    if column is None:
        raise QueryFailure("FAILED", f"SemanticException [Error 10002]: Invalid column reference {name}")
    column_type = column.type
    for step in path.split(".")[1:]:
        step = step.strip("'").lower()
        inner = dict(zip(column_type.fields, column_type.parts, strict=True)) if column_type.name == "row" else {
            "array": dict(zip(["$elem$"], column_type.parts, strict=False)),
            "map": dict(zip(["$key$", "$value$"], column_type.parts, strict=False)),
        }.get(column_type.name, {})  # fmt: skip
        if step not in inner:
            raise QueryFailure("FAILED", f"SemanticException [Error 10002]: Invalid column reference {name}{path}")
        name, column_type = step, inner[step]
    if not path:
        return column
    return Column(name, column_type.hive, "from deserializer")


def _details(table: Table, storage: dict[str, object]) -> list[tuple[str, ...]]:
    """What FORMATTED adds."""
    serde: dict[str, dict[str, str]] = storage.get("SerdeInfo", {})  # type: ignore[assignment]

    def pair(title: str, value: object) -> tuple[str, ...]:
        return (f"{title:<20}", f"{value!s:<20}", "")

    parameters = [("", f"{key:<20}", f"{value:<20}") for key, value in sorted(table.parameters.items())]
    properties = [("", f"{key:<20}", f"{value:<20}") for key, value in sorted((serde.get("Parameters") or {}).items())]
    return [
        _EMPTY,
        ("# Detailed Table Information", "", ""),
        pair("Database:", table.database),
        pair("Owner:", table.raw.get("Owner", "hadoop")),
        pair("Location:", storage.get("Location", "")),
        pair("Table Type:", table.raw.get("TableType", "EXTERNAL_TABLE")),
        *([("Table Parameters:", "", ""), *parameters] if parameters else []),
        _EMPTY,
        ("# Storage Information", "", ""),
        pair("SerDe Library:", serde.get("SerializationLibrary", "")),
        pair("InputFormat:", storage.get("InputFormat", "")),
        pair("OutputFormat:", storage.get("OutputFormat", "")),
        pair("Compressed:", "Yes" if storage.get("Compressed") else "No"),
        pair("Num Buckets:", storage.get("NumberOfBuckets", -1)),
        pair("Bucket Columns:", f"[{', '.join(storage.get('BucketColumns') or [])}]"),  # type: ignore[arg-type]
        pair("Sort Columns:", "[]"),
        *([("Storage Desc Params:", "", ""), *properties] if properties else []),
    ]


def _extended(table: Table, storage: dict[str, object]) -> list[tuple[str, ...]]:
    """What EXTENDED adds: the catalog's record in one line."""
    columns = ", ".join(f"FieldSchema(name:{each.name}, type:{each.hive_type}, comment:{each.comment or None})"
                        for each in table.all_columns)  # fmt: skip
    keys = ", ".join(f"FieldSchema(name:{each.name}, type:{each.hive_type})" for each in table.keys)
    parameters = ", ".join(f"{key}={value}" for key, value in sorted(table.parameters.items()))
    text = (
        f"Table(tableName:{table.name}, dbName:{table.database}, sd:StorageDescriptor(cols:[{columns}], "
        f"location:{storage.get('Location', '')}, inputFormat:{storage.get('InputFormat', '')}, "
        f"outputFormat:{storage.get('OutputFormat', '')}, serdeInfo:SerDeInfo(serializationLib:{table.serde}, "
        f"parameters:{table.serde_parameters})), partitionKeys:[{keys}], parameters:{{{parameters}}}, "
        f"tableType:{table.raw.get('TableType', 'EXTERNAL_TABLE')})"
    )
    return [_wide(" "), ("Detailed Table Information", text, "")]


def create_statement(table: Table) -> list[str]:
    """The lines of CREATE EXTERNAL TABLE that would make *table*."""
    if table.is_view:
        raise QueryFailure("FAILED", f"SemanticException {table.name} is a view: use SHOW CREATE VIEW")
    storage = table.raw.get("StorageDescriptor", {})
    lines = [f"CREATE EXTERNAL TABLE `{table.name}`(", *_listed(table.columns)]
    parameters = dict(table.parameters)
    comment = parameters.pop("comment", "") or table.raw.get("Description", "")
    if comment:
        lines.append(f"COMMENT {_quoted(comment)}")
    if table.keys:
        lines += ["PARTITIONED BY ( ", *_listed(table.keys)]
    if storage.get("BucketColumns") and storage.get("NumberOfBuckets", -1) > 0:
        names = [f"  {name}" for name in storage["BucketColumns"]]
        lines += ["CLUSTERED BY ( ", ", \n".join(names) + ") ", f"INTO {storage['NumberOfBuckets']} BUCKETS"]
    lines += _row_format(table)
    lines += ["STORED AS INPUTFORMAT ", f"  '{table.input_format}' ", "OUTPUTFORMAT "]
    lines.append(f"  '{storage.get('OutputFormat', '')}'")
    lines += ["LOCATION", f"  '{table.location}'"]
    parameters.pop("EXTERNAL", None)
    if parameters:
        lines += ["TBLPROPERTIES (", *_properties(parameters)]
    return [line for each in lines for line in each.split("\n")]


def _row_format(table: Table) -> list[str]:
    """ROW FORMAT DELIMITED where that says all, else the SerDe with its properties."""
    told = {key: value for key, value in table.serde_parameters.items() if key not in _UNDELIMITED}
    if table.serde.endswith(".LazySimpleSerDe") and told and told.keys() <= _DELIMITED.keys():
        words = [f"  {word} {_quoted(told[key])} " for key, word in _DELIMITED.items() if key in told]
        return ["ROW FORMAT DELIMITED ", *words]
    lines = ["ROW FORMAT SERDE ", f"  '{table.serde}' "]
    if table.serde_parameters:
        lines += ["WITH SERDEPROPERTIES ( ", *_properties(table.serde_parameters)]
    return lines


def _listed(columns: list[Column]) -> list[str]:
    lines = []
    for number, each in enumerate(columns, 1):
        comment = f" COMMENT {_quoted(each.comment)}" if each.comment else ""
        lines.append(f"  `{each.name}` {each.hive_type}{comment}" + (", " if number < len(columns) else ")"))
    return lines


def _properties(values: dict[str, str]) -> list[str]:
    return [
        f"  {_quoted(key)}={_quoted(value)}" + (", " if number < len(values) else ")")
        for number, (key, value) in enumerate(sorted(values.items()), 1)
    ]


def _quoted(text: str) -> str:
    """A string of Hive's: with backslashes where a character could not stand as it is."""
    for plain_, escaped in (("\\", "\\\\"), ("'", "\\'"), ("\n", "\\n"), ("\t", "\\t"), ("\x01", "\\u0001")):
        text = text.replace(plain_, escaped)
    return f"'{text}'"


HANDLERS = {"describe": describe}
