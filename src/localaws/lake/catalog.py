"""What the Glue Data Catalog says of databases, tables and partitions, through the front door."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from localaws.lab import Lab
from localaws.lake.column_types import Type, from_hive
from localaws.lake.errors import QueryFailure

HEADER_LINES, FOOTER_LINES = "skip.header.line.count", "skip.footer.line.count"


@dataclass(frozen=True)
class Column:
    name: str
    hive_type: str
    """As the catalog spells it."""
    comment: str = ""

    @property
    def type(self) -> Type:
        """Raises QueryFailure where the catalog holds what is no type."""
        try:
            return from_hive(self.hive_type)
        except ValueError as error:
            raise QueryFailure("HIVE_INVALID_METADATA", f"Column {self.name}: {error}") from None


@dataclass(frozen=True)
class Partition:
    """A partition: its values as the catalog's texts, where its objects are, and the columns that it has by itself."""

    values: tuple[str, ...]
    location: str
    columns: tuple[Column, ...] = field(default=(), compare=False)


@dataclass
class Table:
    """A Glue table as a query needs it."""

    database: str
    name: str
    columns: list[Column]
    keys: list[Column]
    location: str
    serde: str
    input_format: str
    serde_parameters: dict[str, str]
    parameters: dict[str, str]
    raw: dict[str, Any] = field(default_factory=dict, repr=False)

    @property
    def is_view(self) -> bool:
        return self.raw.get("TableType") == "VIRTUAL_VIEW"

    @property
    def serde_name(self) -> str:
        """The class of the SerDe without its package, in lower case."""
        name = self.serde.rpartition(".")[2].lower()
        return "jsonserde" if name == "cloudtrailserde" else name  # the one that CloudTrail's tables had before

    @property
    def header_lines(self) -> int:
        """How many lines at the top of each file are no rows, whatever SerDe reads them."""
        return self._lines(HEADER_LINES)

    @property
    def footer_lines(self) -> int:
        """How many lines at the bottom of each file are no rows, whatever SerDe reads them."""
        return self._lines(FOOTER_LINES)

    def _lines(self, property_: str) -> int:
        value = self.parameters.get(property_, "0")
        if not value.isascii() or not value.isdigit():
            raise QueryFailure("HIVE_INVALID_METADATA", f"Invalid value for {property_} property: {value}")
        return int(value)

    def check_types(self) -> None:
        """Raises QueryFailure if one of the columns has what is no type."""
        for column in self.all_columns:
            _ = column.type

    @property
    def all_columns(self) -> list[Column]:
        return [*self.columns, *self.keys]

    @property
    def iceberg(self) -> bool:
        return self.parameters.get("table_type", "").upper() == "ICEBERG"


class Catalog:
    """Glue, in the words that queries use. Names are kept in lower case, as Athena keeps them."""

    def __init__(self, lab: Lab, region: str) -> None:
        self._lab = lab
        self._region = region

    @property
    def glue(self) -> Any:
        return self._lab.client("glue", region=self._region)

    def has_database(self, name: str) -> bool:
        try:
            self.glue.get_database(Name=name.lower())
        except ClientError as error:
            if error.response["Error"]["Code"] != "EntityNotFoundException":
                raise
            return False
        return True

    def databases(self) -> list[dict[str, Any]]:
        found = [each for page in self.glue.get_paginator("get_databases").paginate() for each in page["DatabaseList"]]
        return sorted(found, key=lambda each: each["Name"])

    def tables(self, database: str) -> list[Table]:
        if not self.has_database(database):
            return []
        try:
            pages = list(self.glue.get_paginator("get_tables").paginate(DatabaseName=database.lower()))
        except ClientError as error:
            if error.response["Error"]["Code"] == "EntityNotFoundException":
                return []
            raise
        found = [table_of(each) for page in pages for each in page["TableList"]]
        return sorted(found, key=lambda each: each.name)

    def find(self, database: str, name: str) -> Table | None:
        try:
            answer = self.glue.get_table(DatabaseName=database.lower(), Name=name.lower())
        except ClientError as error:
            if error.response["Error"]["Code"] == "EntityNotFoundException":
                return None
            raise
        return table_of(answer["Table"])

    def table(self, database: str, name: str, position: tuple[int, int] | None = None) -> Table:
        """Raises QueryFailure (SCHEMA_NOT_FOUND, TABLE_NOT_FOUND) in Trino's words, pointing at *position*."""
        table = self.find(database, name)
        if table is None:
            if not self.has_database(database):
                raise QueryFailure("SCHEMA_NOT_FOUND", f"Schema '{database.lower()}' does not exist", position)
            full = f"awsdatacatalog.{database}.{name}".lower()
            raise QueryFailure("TABLE_NOT_FOUND", f"Table '{full}' does not exist", position)
        return table

    def partitions(self, table: Table) -> Iterator[Partition]:
        pages = self.glue.get_paginator("get_partitions").paginate(DatabaseName=table.database, TableName=table.name)
        known: dict[str, tuple[Column, ...]] = {}  # most partitions have the same columns
        for page in pages:
            for each in page["Partitions"]:
                listed = each["StorageDescriptor"].get("Columns") or []
                key = repr(listed)
                if key not in known:
                    known[key] = tuple(map(_column, listed))
                yield Partition(tuple(each["Values"]), each["StorageDescriptor"]["Location"], known[key])

    def add_partitions(self, table: Table, partitions: list[Partition]) -> None:
        """Add partitions that are not there yet, each with the table's own format."""
        descriptor = {key: value for key, value in table.raw["StorageDescriptor"].items() if key != "Location"}
        inputs = [
            {"Values": list(each.values), "StorageDescriptor": {**descriptor, "Location": each.location}}
            for each in partitions
        ]
        for start in range(0, len(inputs), 100):  # BatchCreatePartition takes at most 100
            answer = self.glue.batch_create_partition(
                DatabaseName=table.database, TableName=table.name, PartitionInputList=inputs[start : start + 100]
            )
            if answer.get("Errors"):
                problem = answer["Errors"][0]
                details = problem["ErrorDetail"]
                raise QueryFailure("HIVE_METASTORE_ERROR", f"{problem['PartitionValues']}: {details['ErrorMessage']}")


def table_of(raw: dict[str, Any]) -> Table:
    storage = raw.get("StorageDescriptor", {})
    serde = storage.get("SerdeInfo", {})
    return Table(
        database=raw["DatabaseName"],
        name=raw["Name"],
        columns=[_column(each) for each in storage.get("Columns", []) if not _is_of_the_past(each)],
        keys=[_column(each) for each in raw.get("PartitionKeys", [])],
        location=storage.get("Location", ""),
        serde=serde.get("SerializationLibrary", ""),
        input_format=storage.get("InputFormat", ""),
        serde_parameters=serde.get("Parameters") or {},
        parameters=raw.get("Parameters") or {},
        raw=raw,
    )


def _is_of_the_past(column: dict[str, Any]) -> bool:
    """Whether an Iceberg table had this column once: its writers leave such in the catalog, and say so."""
    return (column.get("Parameters") or {}).get("iceberg.field.current") == "false"


def _column(raw: dict[str, Any]) -> Column:
    return Column(raw["Name"].lower(), raw.get("Type", "string"), raw.get("Comment", ""))
