"""CREATE TABLE read: columns, keys, and how rows are to be distributed and sorted.

Source: Redshift database developer guide, "CREATE TABLE", "CREATE TABLE AS".
"""

from __future__ import annotations

from dataclasses import dataclass, field

from localaws.warehouse.catalog.objects import ColumnInfo, Constraint, Identity
from localaws.warehouse.catalog.types import canonical, encoding
from localaws.warehouse.errors import SYNTAX, RedshiftError
from localaws.warehouse.statements.reading import Reader

INVALID_TABLE = "42P16"
#: What ends a DEFAULT or a type.
_ATTRIBUTES = (
    "DEFAULT", "IDENTITY", "GENERATED", "ENCODE", "DISTKEY", "SORTKEY", "COLLATE", "NOT", "NULL", "UNIQUE", "PRIMARY",
    "REFERENCES",
)  # fmt: skip
_ENCODINGS = {
    "auto", "raw", "none", "az64", "bytedict", "delta", "delta32k", "lzo", "mostly8", "mostly16", "mostly32",
    "runlength", "text255", "text32k", "zstd",
}  # fmt: skip


@dataclass
class Keys:
    """How rows lie: the table's attributes, which CREATE TABLE AS and materialized views have too."""

    diststyle: str = ""
    distkey: str | None = None
    sortkey: list[str] = field(default_factory=list)
    sortstyle: str = ""
    backup: bool = True
    encode_auto: bool = True

    def read(self, reader: Reader) -> bool:
        """Take one attribute, if one comes next."""
        if reader.take("BACKUP"):
            self.backup = bool(reader.take("YES")) or not reader.take("NO")
        elif reader.take("DISTSTYLE"):
            self.diststyle = reader.take_any("AUTO", "EVEN", "KEY", "ALL")
            if not self.diststyle:
                raise reader.wrong()
        elif reader.take("DISTKEY"):
            (self.distkey,) = reader.name_list()
        elif style := reader.take_any("COMPOUND SORTKEY", "INTERLEAVED SORTKEY", "SORTKEY"):
            if style == "SORTKEY" and reader.take("AUTO"):
                self.sortstyle = "auto"
            else:
                self.sortkey = reader.name_list()
                self.sortstyle = "interleaved" if style.startswith("INTER") else "compound"
        elif reader.take("ENCODE AUTO"):
            self.encode_auto = True
        else:
            return False
        return True

    def settle(self, columns: list[ColumnInfo]) -> None:
        """Fill in what was not said, and refuse what contradicts. Raises RedshiftError."""
        if self.diststyle == "KEY" and not self.distkey:
            raise RedshiftError(INVALID_TABLE, "DISTSTYLE KEY requires a DISTKEY column")
        if self.distkey and self.diststyle not in ("", "KEY"):
            raise RedshiftError(INVALID_TABLE, f"DISTSTYLE {self.diststyle} cannot be combined with DISTKEY")
        known = {each.name for each in columns}
        for key in [*([self.distkey] if self.distkey else []), *self.sortkey]:
            if key not in known:
                raise RedshiftError("42703", f'column "{key}" named in key does not exist')
        most = 8 if self.sortstyle == "interleaved" else 400
        if len(self.sortkey) > most:
            raise RedshiftError("54011", f"cannot use more than {most} columns in a sort key")
        self.diststyle = "KEY" if self.distkey else self.diststyle
        if self.diststyle in ("", "AUTO"):
            self.diststyle = "AUTO(ALL)"
        self.sortstyle = self.sortstyle or "auto"


@dataclass
class TableDefinition:
    """What CREATE TABLE says.

    Attributes:
        like: the table whose columns are taken, and whether their defaults are too.
        query: of CREATE TABLE AS, in Redshift's SQL.
        names: that CREATE TABLE AS gives the query's columns.
    """

    parts: list[str]
    temporary: bool = False
    if_not_exists: bool = False
    columns: list[ColumnInfo] = field(default_factory=list)
    constraints: list[Constraint] = field(default_factory=list)
    keys: Keys = field(default_factory=Keys)
    like: list[tuple[list[str], bool]] = field(default_factory=list)
    query: str = ""
    names: list[str] = field(default_factory=list)


def read_table(reader: Reader) -> TableDefinition:
    """What follows CREATE. Raises RedshiftError."""
    temporary = bool(reader.take_any("LOCAL TEMPORARY", "LOCAL TEMP", "TEMPORARY", "TEMP"))
    reader.expect("TABLE")
    if_not_exists = reader.take("IF NOT EXISTS")
    parts = reader.names()
    table = TableDefinition(parts, temporary or parts[-1].startswith("#"), if_not_exists)
    if reader.opens():
        _read_columns(reader, table)
    while table.keys.read(reader):
        pass
    if reader.take("AS"):
        table.query = reader.group() if reader.opens() else reader.rest()
        table.names = [each.name for each in table.columns]
        table.columns = []
        while table.keys.read(reader):
            pass
    elif not table.columns and not table.like:
        raise reader.wrong()
    reader.end()
    if not table.query and not table.like:
        finish(table)
    return table


def finish(table: TableDefinition) -> None:
    """Settle the keys and the encodings once the columns are known. Raises RedshiftError."""
    names = [each.name for each in table.columns]
    for each in names:
        if names.count(each) > 1:
            raise RedshiftError("42701", f'column "{each}" duplicated')
    if len(names) > 1600:
        raise RedshiftError("54011", "tables can have at most 1600 columns")
    table.keys.settle(table.columns)
    for column in table.columns:
        if not column.encode:
            column.encode = encoding(column.type, column.name in table.keys.sortkey)
    for constraint in table.constraints:
        for key in constraint.columns:
            if key not in names:
                raise RedshiftError("42703", f'column "{key}" named in key does not exist')
            if constraint.kind == "p":
                next(each for each in table.columns if each.name == key).not_null = True
    if sum(each.kind == "p" for each in table.constraints) > 1:
        raise RedshiftError(INVALID_TABLE, f'multiple primary keys for table "{table.parts[-1]}" are not allowed')


def _read_columns(reader: Reader, table: TableDefinition) -> None:
    reader.expect("(")
    while True:
        if reader.take("LIKE"):
            parts = reader.names()
            table.like.append((parts, reader.take("INCLUDING DEFAULTS")))
            reader.take("EXCLUDING DEFAULTS")
        elif not read_constraint(reader, table):
            _read_column(reader, table)
        if not reader.take(","):
            break
    reader.expect(")")


def read_constraint(reader: Reader, table: TableDefinition) -> bool:
    """Take a key of the table, if one comes next."""
    called = reader.name() if reader.take("CONSTRAINT") else ""
    name = table.parts[-1].lstrip("#")
    if reader.take("PRIMARY KEY"):
        table.constraints.append(Constraint("p", called or f"{name}_pkey", reader.name_list()))
    elif reader.take("UNIQUE"):
        columns = reader.name_list()
        table.constraints.append(Constraint("u", called or f"{name}_{'_'.join(columns)}_key", columns))
    elif reader.take("FOREIGN KEY"):
        columns = reader.name_list()
        reader.expect("REFERENCES")
        table.constraints.append(_foreign(reader, called or f"{name}_{'_'.join(columns)}_fkey", columns))
    elif called:
        raise reader.wrong()
    else:
        return False
    return True


def _foreign(reader: Reader, called: str, columns: list[str]) -> Constraint:
    """What follows REFERENCES."""
    parts = reader.names()
    there = reader.name_list() if reader.opens() else []
    return Constraint("f", called, columns, (".".join(parts[:-1]), parts[-1], there))


def _read_column(reader: Reader, table: TableDefinition) -> None:
    name = reader.name()
    if reader.next in (",", ")") and not reader.ended:  # CREATE TABLE AS names columns without types
        table.columns.append(ColumnInfo(name, ""))
        return
    column = ColumnInfo(name, canonical(reader.expression(*_ATTRIBUTES)), encode="")
    _read_attributes(reader, column, table)
    table.columns.append(column)


def read_column(reader: Reader) -> ColumnInfo:
    """The column that ALTER TABLE ADD COLUMN names. Raises RedshiftError for keys, which it cannot have."""
    into = TableDefinition([""])
    _read_column(reader, into)
    (column,) = into.columns
    if into.keys.distkey or into.keys.sortkey or into.constraints or column.identity:
        raise RedshiftError(SYNTAX, "ALTER TABLE ADD COLUMN cannot add a key or an IDENTITY column")
    column.encode = column.encode or encoding(column.type, False)
    return column


def _read_attributes(reader: Reader, column: ColumnInfo, table: TableDefinition) -> None:
    name = table.parts[-1].lstrip("#")
    while True:
        if reader.take("DEFAULT"):
            column.default = reader.expression(*_ATTRIBUTES)
        elif reader.take("GENERATED BY DEFAULT AS IDENTITY"):
            column.identity = _identity(reader, True)
        elif reader.take("IDENTITY"):
            column.identity = _identity(reader, False)
        elif reader.take("ENCODE"):
            column.encode = _encode(reader)
        elif reader.take("DISTKEY"):
            table.keys.distkey = column.name
        elif reader.take("SORTKEY"):
            table.keys.sortkey.append(column.name)
            table.keys.sortstyle = "compound"
        elif reader.take("COLLATE"):
            if not reader.take_any("CASE_SENSITIVE", "CS", "CASE_INSENSITIVE", "CI"):
                raise reader.wrong()
        elif reader.take("NOT NULL"):
            column.not_null = True
        elif reader.take("NULL"):
            column.not_null = False
        elif reader.take("UNIQUE"):
            table.constraints.append(Constraint("u", f"{name}_{column.name}_key", [column.name]))
        elif reader.take("PRIMARY KEY"):
            table.constraints.append(Constraint("p", f"{name}_pkey", [column.name]))
        elif reader.take("REFERENCES"):
            table.constraints.append(_foreign(reader, f"{name}_{column.name}_fkey", [column.name]))
        else:
            break
    if column.identity:
        if column.type not in ("integer", "bigint"):
            raise RedshiftError("42804", "identity column must be of type INT or BIGINT")
        column.not_null = True


def _identity(reader: Reader, by_default: bool) -> Identity:
    reader.expect("(")
    seed = reader.number()
    reader.expect(",")
    step = reader.number()
    reader.expect(")")
    if not step:
        raise RedshiftError("22023", "IDENTITY step cannot be zero")
    return Identity(seed, step, by_default)


def _encode(reader: Reader) -> str:
    encode = reader.name()
    if encode not in _ENCODINGS:
        raise RedshiftError("22023", f'unknown compression encoding "{encode}"')
    return {"raw": "none", "auto": ""}.get(encode, encode)
