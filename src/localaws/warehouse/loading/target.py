"""The table that a COPY fills: its columns with their types in Redshift's words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from localaws.warehouse.catalog import types
from localaws.warehouse.catalog.names import Named
from localaws.warehouse.catalog.objects import TABLE, ColumnInfo, Relation
from localaws.warehouse.errors import UNDEFINED_COLUMN, WRONG_OBJECT, RedshiftError

#: Redshift's word for a type → that in stl_load_errors.
_WORDS = {
    "smallint": "int2", "integer": "int4", "bigint": "int8", "real": "float4", "double precision": "float8",
    "boolean": "bool", "character": "char", "character varying": "varchar", "timestamp without time zone": "timestamp",
    "timestamp with time zone": "timestamptz", "time without time zone": "time", "time with time zone": "timetz",
}  # fmt: skip


@dataclass(frozen=True)
class Field:
    """A column.

    Attributes:
        type: its short name, as stl_load_errors has it ("int4", "varchar").
        duckdb: its type in DuckDB.
        length: bytes of a text, or digits of a number; 0 where there is no limit.
        scale: digits of a number behind its point.
    """

    name: str
    type: str
    duckdb: str
    length: int = 0
    scale: int = 0
    required: bool = False

    @property
    def is_text(self) -> bool:
        return self.type in ("varchar", "char")


@dataclass(frozen=True)
class Target:
    """Table *sql* (quoted), and those of its columns that are filled, in that order."""

    sql: str
    relation: Relation
    fields: list[Field]

    @property
    def name(self) -> str:
        return self.relation.name


def target_of(place: Named, relation: Relation, columns: Sequence[str], explicit_ids: bool) -> Target:
    """The table *relation* and its *columns*; where none are listed all but those that number rows by themselves.

    Raises RedshiftError for what is not there, and for numbers that the table gives.
    """
    if relation.kind != TABLE:
        raise RedshiftError(WRONG_OBJECT, f'cannot copy to view "{relation.name}"')
    by_name = {column.name: column for column in relation.columns}
    for column in columns:
        if column not in by_name:
            raise RedshiftError(UNDEFINED_COLUMN, f'column "{column}" of relation "{relation.name}" does not exist')
    if len(set(columns)) != len(columns):
        raise RedshiftError(WRONG_OBJECT, "a column is specified more than once")
    chosen = [by_name[column] for column in columns] or [
        column for column in relation.columns if explicit_ids or not column.identity
    ]
    if any(each.identity and not each.identity.by_default for each in chosen) and not explicit_ids:
        raise RedshiftError(WRONG_OBJECT, "cannot set an identity column to a value: EXPLICIT_IDS is needed")
    return Target(place.sql, relation, [_field(column) for column in chosen])


def _field(column: ColumnInfo) -> Field:
    word, limits = types.word(column.type), types.limits(column.type)
    length, scale = (*limits, 0, 0)[:2]
    return Field(column.name, _WORDS.get(word, word), types.in_duckdb(column.type), length, scale, column.not_null)
