"""ALTER TABLE.

Source: Redshift database developer guide, "ALTER TABLE", "ALTER TABLE APPEND".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from localaws.lake.quoting import name, own
from localaws.warehouse.catalog import names, objects, types
from localaws.warehouse.catalog.definitions import uses_column, with_renamed
from localaws.warehouse.catalog.names import Named
from localaws.warehouse.catalog.objects import ColumnInfo, Relation
from localaws.warehouse.catalog.privileges import require_owner
from localaws.warehouse.errors import DUPLICATE_TABLE, UNDEFINED_COLUMN, WRONG_OBJECT, RedshiftError, not_done
from localaws.warehouse.external import changing
from localaws.warehouse.session_protocol import Parameter, Result
from localaws.warehouse.sql.splitting import Statement
from localaws.warehouse.statements.creating_tables import column_sql, make
from localaws.warehouse.statements.dropping import dependents, drop
from localaws.warehouse.statements.kinds import Kinds, Silent
from localaws.warehouse.statements.reading import Reader
from localaws.warehouse.statements.table_definitions import TableDefinition, read_column, read_constraint
from localaws.warehouse.statements.transactions import using
from localaws.warehouse.statements.whole import outside_of_transactions, whole

if TYPE_CHECKING:
    from localaws.warehouse.session import Session

_Change = Callable[["Session", Named, Relation, Reader], None]


class _AlterTable(Silent):
    def run(self, session: Session, statement: Statement, parameters: Sequence[Parameter]) -> Result:
        reader = Reader(statement, 2)
        parts = reader.names()
        if changing.altered(session, parts, reader):
            return Result("ALTER TABLE")
        place, relation = names.existing(session, parts)
        require_owner(session, relation, "ALTER")
        words = reader.take_any(*_CHANGES)
        if not words:
            raise reader.wrong()
        if relation.kind != objects.TABLE and words not in ("RENAME TO", "OWNER TO"):
            raise RedshiftError(WRONG_OBJECT, f'"{relation.name}" is not a table')
        if words == "APPEND FROM":
            outside_of_transactions(session, "ALTER TABLE APPEND")
        with using(session, exclusive=[relation]), whole(session):
            _CHANGES[words](session, place, relation, reader)
            reader.end()
        return Result("ALTER TABLE APPEND" if words == "APPEND FROM" else "ALTER TABLE")


def rebuild(session: Session, place: Named, relation: Relation, order: Sequence[str] = ()) -> None:
    """Write the table anew as *relation* now describes it; columns are found again by their names."""
    before = [row[0] for row in session.execute(f"DESCRIBE {place.sql}")]
    kept = ", ".join(name(each.name) for each in relation.columns if each.name in before)
    aside = f"{place.sql.rpartition('.')[0]}.{own('before')}"
    session.execute(f"ALTER TABLE {place.sql} RENAME TO {own('before')}")
    make(session, place, relation)
    sorting = f" ORDER BY {', '.join(map(name, order))}" if order else ""
    session.execute(f"INSERT INTO {place.sql} ({kept}) SELECT {kept} FROM {aside}{sorting}")
    session.execute(f"DROP TABLE {aside}")


def _column(relation: Relation, column: str) -> ColumnInfo:
    found = relation.column(column)
    if found is None:
        raise RedshiftError(UNDEFINED_COLUMN, f'column "{column}" of relation "{relation.name}" does not exist')
    return found


def _add_column(session: Session, place: Named, relation: Relation, reader: Reader) -> None:
    column = read_column(reader)
    if relation.column(column.name):
        raise RedshiftError("42701", f'column "{column.name}" of relation "{relation.name}" already exists')
    if column.not_null and (column.default is None or column.default.upper() == "NULL"):
        raise RedshiftError(
            "42601", "ALTER TABLE ADD COLUMN defined as NOT NULL must have a non-null default expression"
        )
    relation.columns.append(column)
    if column.not_null or types.check(column.name, column.type):
        rebuild(session, place, relation)
    else:
        session.execute(f"ALTER TABLE {place.sql} ADD COLUMN {column_sql(session, relation, column)}")
    names.store_of(session).change(relation)


def _drop_column(session: Session, place: Named, relation: Relation, reader: Reader) -> None:
    column = _column(relation, reader.name())
    cascade = reader.take_any("CASCADE", "RESTRICT") == "CASCADE"
    if column.name == relation.distkey or column.name in relation.sortkey:
        key = "distkey" if column.name == relation.distkey else "sortkey"
        raise RedshiftError("0A000", f"cannot drop {key} column {column.name}")
    if len(relation.columns) == 1:
        raise RedshiftError("42P16", "cannot drop the only column of a table")
    for view in dependents(session, relation):
        if uses_column(view.definition, column.name):
            if not cascade:
                said = f"cannot drop table {relation.name} column {column.name} because other objects depend on it"
                raise RedshiftError("2BP01", said, H="Use DROP ... CASCADE to drop the dependent objects too.")
            session.say(f"drop cascades to view {view.name}")
            drop(session, Named(place.database, view.schema, view.name), view, True)
    relation.columns.remove(column)
    relation.constraints = [each for each in relation.constraints if column.name not in each.columns]
    session.execute(f"ALTER TABLE {place.sql} DROP COLUMN {name(column.name)}")
    names.store_of(session).change(relation)


def _rename(session: Session, place: Named, relation: Relation, reader: Reader) -> None:
    new = Named(place.database, place.schema, reader.name())
    store = names.store_of(session)
    if store.find(objects.RELATIONS, new.schema, new.name):
        raise RedshiftError(DUPLICATE_TABLE, f'Relation "{new.name}" already exists')
    if relation.kind != objects.VIEW:
        session.execute(f"ALTER TABLE {place.sql} RENAME TO {name(new.name)}")
    for view in dependents(session, relation):
        view.definition = with_renamed(session, view.definition, place, new)
        store.change(view)
    relation.name = new.name
    store.change(relation)


def _rename_column(session: Session, place: Named, relation: Relation, reader: Reader) -> None:
    column = _column(relation, reader.name())
    reader.expect("TO")
    new = reader.name()
    if relation.column(new):
        raise RedshiftError("42701", f'column "{new}" of relation "{relation.name}" already exists')
    for view in dependents(session, relation):
        if uses_column(view.definition, column.name):
            raise not_done(f"renaming a column that the view {view.name} uses: drop the view first")
    session.execute(f"ALTER TABLE {place.sql} RENAME COLUMN {name(column.name)} TO {name(new)}")
    relation.distkey = new if relation.distkey == column.name else relation.distkey
    relation.sortkey = [new if each == column.name else each for each in relation.sortkey]
    for constraint in relation.constraints:
        constraint.columns = [new if each == column.name else each for each in constraint.columns]
    column.name = new
    names.store_of(session).change(relation)


def _owner(session: Session, place: Named, relation: Relation, reader: Reader) -> None:
    relation.owner = reader.name()
    session.node.users.get(relation.owner)
    names.store_of(session).change(relation)


def _alter_column(session: Session, place: Named, relation: Relation, reader: Reader) -> None:
    """A column's encoding, or its length where it is a VARCHAR."""
    while True:
        column = _column(relation, reader.name())
        if reader.take("ENCODE"):
            column.encode = {"raw": "none"}.get(word := reader.name(), word)
        else:
            reader.expect("TYPE")
            _lengthen(session, place, relation, column, types.canonical(reader.expression(",")))
        if not reader.take(","):
            break
        reader.expect("ALTER")
        reader.take("COLUMN")
    names.store_of(session).change(relation)


def _lengthen(session: Session, place: Named, relation: Relation, column: ColumnInfo, type: str) -> None:
    if types.word(type) != "character varying" or types.word(column.type) != "character varying":
        raise RedshiftError("0A000", "ALTER COLUMN TYPE is supported only for VARCHAR columns")
    if type == column.type:
        raise RedshiftError("22023", "target column size should be different")
    outside_of_transactions(session, "ALTER TABLE ALTER COLUMN TYPE")
    column.type = type
    rebuild(session, place, relation)


def _alter_distkey(session: Session, place: Named, relation: Relation, reader: Reader) -> None:
    relation.distkey = _column(relation, reader.name()).name
    relation.diststyle = "KEY"
    names.store_of(session).change(relation)


def _alter_diststyle(session: Session, place: Named, relation: Relation, reader: Reader) -> None:
    style = reader.take_any("KEY DISTKEY", "ALL", "EVEN", "AUTO")
    if style == "KEY DISTKEY":
        _alter_distkey(session, place, relation, reader)
        return
    if not style:
        raise reader.wrong()
    relation.distkey = None
    relation.diststyle = "AUTO(ALL)" if style == "AUTO" else style
    names.store_of(session).change(relation)


def _alter_sortkey(session: Session, place: Named, relation: Relation, reader: Reader) -> None:
    if reader.opens():
        relation.sortkey = [_column(relation, each).name for each in reader.name_list()]
        relation.sortstyle = "compound"
    elif style := reader.take_any("AUTO", "NONE"):
        relation.sortkey = [] if style == "NONE" else relation.sortkey
        relation.sortstyle = "auto" if style == "AUTO" else "compound"
    else:
        raise reader.wrong()
    names.store_of(session).change(relation)


def _encode_auto(session: Session, place: Named, relation: Relation, reader: Reader) -> None:
    for column in relation.columns:
        column.encode = types.encoding(column.type, column.name in relation.sortkey)
    names.store_of(session).change(relation)


def _add(session: Session, place: Named, relation: Relation, reader: Reader) -> None:
    """A key, or a column without the word COLUMN."""
    into = TableDefinition([relation.name])
    if not read_constraint(reader, into):
        _add_column(session, place, relation, reader)
        return
    (constraint,) = into.constraints
    for each in constraint.columns:
        _column(relation, each)
    relation.constraints.append(constraint)
    names.store_of(session).change(relation)


def _drop_constraint(session: Session, place: Named, relation: Relation, reader: Reader) -> None:
    called = reader.name()
    reader.take_any("CASCADE", "RESTRICT")
    if all(each.name != called for each in relation.constraints):
        raise RedshiftError("42704", f'constraint "{called}" of relation "{relation.name}" does not exist')
    relation.constraints = [each for each in relation.constraints if each.name != called]
    names.store_of(session).change(relation)


def _append(session: Session, place: Named, relation: Relation, reader: Reader) -> None:
    """Move the rows of another table here; it is empty afterwards."""
    there, source = names.existing(session, reader.names())
    extra = reader.take_any("IGNOREEXTRA", "FILLTARGET")
    require_owner(session, source)
    ours, theirs = [each.name for each in relation.columns], [each.name for each in source.columns]
    if extra != "IGNOREEXTRA" and set(theirs) - set(ours):
        raise RedshiftError("42P16", f"table {source.name} has columns that {relation.name} has not: use IGNOREEXTRA")
    if extra != "FILLTARGET" and set(ours) - set(theirs):
        raise RedshiftError("42P16", f"table {relation.name} has columns that {source.name} has not: use FILLTARGET")
    for each in set(ours) & set(theirs):
        if _column(relation, each).type != _column(source, each).type:
            raise RedshiftError("42804", f'column "{each}" has another type in {source.name}')
    moved = ", ".join(name(each) for each in ours if each in theirs)
    session.execute(f"INSERT INTO {place.sql} ({moved}) SELECT {moved} FROM {there.sql}")
    session.execute(f"DELETE FROM {there.sql}")


def _row_level_security(session: Session, place: Named, relation: Relation, reader: Reader) -> None:
    raise not_done("row-level security")


#: What follows the table's name, the longer words first.
_CHANGES: dict[str, _Change] = {
    "ADD COLUMN": _add_column,
    "ADD": _add,
    "DROP CONSTRAINT": _drop_constraint,
    "DROP COLUMN": _drop_column,
    "DROP": _drop_column,
    "RENAME TO": _rename,
    "RENAME COLUMN": _rename_column,
    "OWNER TO": _owner,
    "ALTER DISTKEY": _alter_distkey,
    "ALTER DISTSTYLE": _alter_diststyle,
    "ALTER COMPOUND SORTKEY": _alter_sortkey,
    "ALTER SORTKEY": _alter_sortkey,
    "ALTER ENCODE AUTO": _encode_auto,
    "ALTER COLUMN": _alter_column,
    "ALTER": _alter_column,
    "APPEND FROM": _append,
    "ROW LEVEL SECURITY": _row_level_security,
}
KINDS: Kinds = {("ALTER", "TABLE"): _AlterTable()}
