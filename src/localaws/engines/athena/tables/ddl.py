"""CREATE and DROP of databases and tables, in the Glue catalog.

Source: "DDL statements" (athena/latest/ug/ddl-reference.html).
"""

from __future__ import annotations

import re
from typing import Any

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from localaws.engines.athena.errors import line_and_column
from localaws.engines.athena.job import Job
from localaws.engines.athena.sql.grammar import position
from localaws.engines.athena.tables.reserved import DDL
from localaws.hive import formats
from localaws.lake.column_types import from_hive
from localaws.lake.errors import QueryFailure, not_supported

_TASK = "Execution Error, return code 1 from org.apache.hadoop.hive.ql.exec.DDLTask."
_DATABASE = re.compile(
    r"CREATE\s+(?:DATABASE|SCHEMA)\s+(?P<quiet>IF\s+NOT\s+EXISTS\s+)?(?P<name>[`\"]?[\w-]+[`\"]?)"
    r"(?:\s+COMMENT\s+'(?P<comment>(?:[^']|'')*)')?(?:\s+LOCATION\s+'(?P<location>[^']*)')?"
    r"(?:\s+WITH\s+DBPROPERTIES\s*\((?P<properties>.*)\))?\s*",
    re.IGNORECASE | re.DOTALL,
)
_DROP_DATABASE = re.compile(
    r"DROP\s+(?:DATABASE|SCHEMA)\s+(?P<quiet>IF\s+EXISTS\s+)?(?P<name>[`\"]?[\w-]+[`\"]?)"
    r"(?:\s+(?P<how>RESTRICT|CASCADE))?\s*",
    re.IGNORECASE,
)
_ALTER_DATABASE = re.compile(
    r"ALTER\s+(?:DATABASE|SCHEMA)\s+(?P<name>[`\"]?[\w-]+[`\"]?)\s+SET\s+DBPROPERTIES\s*\((?P<properties>.*)\)\s*",
    re.IGNORECASE | re.DOTALL,
)
_DROP_TABLE = re.compile(r"DROP\s+TABLE\s+(?P<quiet>IF\s+EXISTS\s+)?(?P<name>[\w.`\"$-]+)\s*", re.IGNORECASE)
_PROPERTY = re.compile(r"'((?:[^']|'')*)'\s*=\s*'((?:[^']|'')*)'")


def match(pattern: re.Pattern[str], job: Job) -> re.Match[str]:
    """The whole statement, read by *pattern*. Raises QueryFailure in Hive's words."""
    found = pattern.fullmatch(job.sql)
    if found is None:
        raise unreadable(job.sql, 0, "statement")
    return found


def unreadable(sql: str, offset: int, part: str) -> QueryFailure:
    """Hive's complaint about the words at *offset* of *sql*, in a *part* of a statement: columns count from 0."""
    line, column = line_and_column(sql, max(offset, 0))
    words = re.findall(r"'(?:[^']|'')*'|\w+|[^\w\s]", sql[max(offset, 0) :])[:3]
    near = " ".join(f"'{word}'" for word in [*words, *["<EOF>"] * (3 - len(words))])
    where = f"line {line}:{column - 1}"
    return QueryFailure("FAILED", f"ParseException {where} cannot recognize input near {near} in {part}")


def plain(name: str) -> str:
    """A name without its quotes, in lower case as the catalog keeps it."""
    return name.strip('`"').lower()


def qualified(name: str, job: Job) -> tuple[str, str]:
    """Database and table of a name that may be qualified (also with the catalog)."""
    parts = [plain(part) for part in name.split(".")]
    if len(parts) == 3 and parts[0] == "awsdatacatalog":
        parts = parts[1:]
    if len(parts) > 2:
        raise QueryFailure("FAILED", f"SemanticException [Error 10001]: {name} is not a table of this catalog")
    return (parts[0], parts[1]) if len(parts) == 2 else (job.execution.database, parts[0])


def ddl_failed(message: str) -> QueryFailure:
    return QueryFailure("FAILED", f"{_TASK} {message}")


def ensure_database(job: Job, name: str) -> None:
    """Raises QueryFailure for a database that is not there."""
    if not job.catalog.has_database(name):
        raise ddl_failed(f"Database {name} does not exist")


def _create_database(job: Job) -> None:
    found = match(_DATABASE, job)
    name = plain(found["name"])
    if job.catalog.has_database(name):
        if found["quiet"]:
            return
        raise ddl_failed(f"Database {name} already exists")
    database: dict[str, Any] = {"Name": name}
    if found["comment"]:
        database["Description"] = found["comment"].replace("''", "'")
    if found["location"]:
        database["LocationUri"] = found["location"]
    if found["properties"]:
        database["Parameters"] = dict(_PROPERTY.findall(found["properties"]))
    job.catalog.glue.create_database(DatabaseInput=database)


def _alter_database(job: Job) -> None:
    """ "ALTER DATABASE SET DBPROPERTIES": what is given is added to what is there."""
    found = match(_ALTER_DATABASE, job)
    name = plain(found["name"])
    if not job.catalog.has_database(name):
        raise QueryFailure("FAILED", f"SemanticException [Error 10072]: Database does not exist: {name}")
    held = job.catalog.glue.get_database(Name=name)["Database"]
    kept = {key: held[key] for key in ("Name", "Description", "LocationUri") if key in held}
    properties = {**(held.get("Parameters") or {}), **dict(_PROPERTY.findall(found["properties"]))}
    job.catalog.glue.update_database(Name=name, DatabaseInput={**kept, "Parameters": properties})


def _drop_database(job: Job) -> None:
    found = match(_DROP_DATABASE, job)
    name = plain(found["name"])
    if not job.catalog.has_database(name):
        if found["quiet"]:
            return
        raise QueryFailure("FAILED", f"SemanticException [Error 10072]: Database does not exist: {name}")
    tables = job.catalog.tables(name)
    if tables and (found["how"] or "").upper() != "CASCADE":
        raise ddl_failed(f"InvalidOperationException(message:Database {name} is not empty. One or more tables exist.)")
    for table in tables:
        job.catalog.glue.delete_table(DatabaseName=name, Name=table.name)
    job.catalog.glue.delete_database(Name=name)


def _drop_table(job: Job) -> None:
    found = match(_DROP_TABLE, job)
    database, name = qualified(found["name"], job)
    table = job.catalog.find(database, name)
    if table is None:
        if found["quiet"]:
            return
        raise QueryFailure("FAILED", f"SemanticException [Error 10001]: Table not found {database}.{name}")
    if table.is_view:
        raise QueryFailure("FAILED", f"SemanticException Cannot drop a view with DROP TABLE: {name}")
    if table.iceberg:
        from localaws.engines.athena.iceberg import creating

        creating.drop_table(job, table)
        return
    job.catalog.glue.delete_table(DatabaseName=database, Name=name)


def _create_table(job: Job) -> None:
    try:
        statement = sqlglot.parse_one(job.sql, read="athena")
    except SqlglotError as error:
        details = error.errors[0] if getattr(error, "errors", None) else {}  # type: ignore[attr-defined]
        lines = job.sql.split("\n")[: details.get("line", 1) - 1]
        at = sum(len(line) + 1 for line in lines) + details.get("col", 1) - len(details.get("highlight") or "")
        raise unreadable(job.sql, at, "create table statement") from None
    if not isinstance(statement, exp.Create) or not isinstance(statement.this, exp.Schema):
        raise unreadable(job.sql, job.sql.upper().find("TABLE"), "create table statement")
    properties = statement.args.get("properties")
    described = _Description(properties.expressions if properties else [])
    target = statement.this.this
    # SHOW CREATE TABLE puts both names into one pair of quotes
    database, name = qualified(".".join(each for each in (target.db, target.name) if each), job)
    iceberg = described.table.get("table_type", "").upper() == "ICEBERG"
    if not iceberg:
        _check_external(job.sql, described.location)
    ensure_database(job, database)
    if job.catalog.find(database, name) is not None:
        if statement.args.get("exists"):
            return
        raise ddl_failed(f"AlreadyExistsException(message:Table {name} already exists)")
    columns = [column_of(each) for each in statement.this.expressions]
    if iceberg:
        check_names(columns)
        from localaws.engines.athena.iceberg import creating

        creating.create_table(job, database, name, columns, described.location, described.table)
        return
    keys = [column_of(each) for each in described.keys]
    check_names([*columns, *keys])
    table: dict[str, Any] = {
        "Name": name,
        "TableType": "EXTERNAL_TABLE",
        "PartitionKeys": keys,
        "Parameters": {"EXTERNAL": "TRUE", **described.table},
        "StorageDescriptor": formats.storage(
            described.format, columns, described.location, described.serde, described.serde_parameters
        )
        | described.buckets,
    }
    if comment := described.table.pop("comment", ""):
        table["Description"] = comment
    job.catalog.glue.create_table(DatabaseName=database, TableInput=table)


def _check_external(sql: str, location: str) -> None:
    """Raises QueryFailure unless a table of Hive's is EXTERNAL and has a place in S3."""
    if not re.match(r"CREATE\s+EXTERNAL\b", sql, re.IGNORECASE):
        raise QueryFailure(
            "", "line 1:8: CREATE TABLE needs EXTERNAL, unless it makes an Iceberg table or is followed by AS"
        )
    if not location:
        raise ddl_failed("MetaException(message:LOCATION is required: where the table's objects are in S3)")
    if not location.startswith("s3://"):
        raise ddl_failed(f"MetaException(message:{location} is not an s3:// location)")


class _Description:
    """What stands between a table's columns and its end."""

    def __init__(self, properties: list[exp.Expr]) -> None:
        self.location = ""
        self.format = "TEXTFILE"
        self.serde = ""
        self.serde_parameters: dict[str, str] = {}
        self.table: dict[str, str] = {}
        self.keys: list[exp.Expr] = []
        self.buckets: dict[str, Any] = {}
        for each in properties:
            self._take(each)
        if "avro.schema.url" in self.serde_parameters or "avro.schema.url" in self.table:
            # "Avro SerDe": not supported, for security reasons
            raise ddl_failed("MetaException(message:avro.schema.url is not supported: use avro.schema.literal)")

    def _take(self, node: exp.Expr) -> None:
        match node:
            case exp.LocationProperty():
                self.location = node.name
            case exp.PartitionedByProperty():
                self.keys = node.this.expressions
            case exp.FileFormatProperty():
                self._take_format(node.this)
            case exp.RowFormatSerdeProperty():
                self.serde = node.name
                given = node.args.get("serde_properties")
                if given is not None:
                    self.serde_parameters |= {each.this.name: each.args["value"].name for each in given.expressions}
            case exp.SerdeProperties():
                self.serde_parameters |= {each.this.name: each.args["value"].name for each in node.expressions}
            case exp.RowFormatDelimitedProperty():
                names = {
                    "fields": "field.delim",
                    "escaped": "escape.delim",
                    "collection_items": "collection.delim",
                    "map_keys": "mapkey.delim",
                    "null": "serialization.null.format",
                }
                given = {key: node.args[key].name for key in names if node.args.get(key) is not None}
                self.serde_parameters |= {names[key]: value for key, value in given.items()}
                if "fields" in given:
                    self.serde_parameters["serialization.format"] = given["fields"]
            case exp.SchemaCommentProperty():
                self.table["comment"] = node.name
            case exp.ClusteredByProperty():
                by = [each.name.lower() for each in node.expressions]
                self.buckets = {"BucketColumns": by, "NumberOfBuckets": int(node.args["buckets"].name)}
            case exp.Property() if "value" in node.args:
                self.table[node.this.name] = node.args["value"].name

    def _take_format(self, node: exp.Expr) -> None:
        if isinstance(node, exp.InputOutputFormat):
            reads = node.args["input_format"].name
            found = next((name for name, row in formats.FORMATS.items() if row[0] == reads), None)
            if found is None:
                raise not_supported(f"The input format {reads}")
            self.format = found
            return
        self.format = node.name.upper()
        if self.format not in formats.FORMATS:
            raise not_supported(f"STORED AS {self.format}")


def column_of(node: exp.Expr) -> dict[str, str]:
    if not isinstance(node, exp.ColumnDef) or node.args.get("kind") is None:
        raise QueryFailure("FAILED", f"ParseException line 1:0 column {node.sql()!r} needs a type")
    if node.name.upper() in DDL and not node.this.args.get("quoted"):
        line, place = position(node) or (1, 1)
        raise QueryFailure(
            "FAILED",
            f"ParseException line {line}:{place - 1} cannot recognize input near '{node.name}' "
            f"'{node.args['kind'].sql('hive').lower()}' in column name or primary key or foreign key",
        )
    text = re.sub("[ `]", "", node.args["kind"].sql("hive").lower())
    text = re.sub(r"\binteger\b(?!:)", "int", text)  # the type, not a field of a struct
    try:
        from_hive(text)
    except ValueError as error:
        raise QueryFailure(
            "FAILED", f"ParseException line 1:0 cannot recognize input near '{node.name}': {error}"
        ) from None
    column = {"Name": node.name.lower(), "Type": text}
    comment = node.find(exp.CommentColumnConstraint)
    if comment is not None:
        column["Comment"] = comment.name
    return column


def check_names(columns: list[dict[str, str]]) -> None:
    seen: set[str] = set()
    for column in columns:
        if column["Name"] in seen:
            raise QueryFailure("FAILED", f"SemanticException [Error 10036]: Duplicate column name: {column['Name']}")
        seen.add(column["Name"])


HANDLERS = {
    "create_database": _create_database,
    "alter_database": _alter_database,
    "drop_database": _drop_database,
    "create_table": _create_table,
    "drop_table": _drop_table,
}
