"""ANALYZE, VACUUM and COMMENT.

VACUUM writes a table anew in the order of its sort key; ANALYZE notes how many rows there are, which EXPLAIN and
SVV_TABLE_INFO go by.

Source: Redshift database developer guide, "ANALYZE", "VACUUM", "COMMENT".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from localaws.warehouse.catalog import names, objects
from localaws.warehouse.catalog.objects import Relation
from localaws.warehouse.catalog.privileges import may, require_owner
from localaws.warehouse.errors import INVALID_SCHEMA, UNDEFINED_COLUMN, WRONG_OBJECT, RedshiftError, not_done
from localaws.warehouse.session_protocol import Parameter, Result
from localaws.warehouse.sql.splitting import Statement
from localaws.warehouse.statements.altering_tables import rebuild
from localaws.warehouse.statements.kinds import Kinds, Silent
from localaws.warehouse.statements.reading import Reader
from localaws.warehouse.statements.transactions import using
from localaws.warehouse.statements.whole import outside_of_transactions, whole

if TYPE_CHECKING:
    from localaws.warehouse.session import Session


class _Analyze(Silent):
    def run(self, session: Session, statement: Statement, parameters: Sequence[Parameter]) -> Result:
        reader = Reader(statement, 1)
        if reader.take("COMPRESSION"):
            raise not_done("ANALYZE COMPRESSION: DuckDB chooses how columns are compressed")
        reader.take("VERBOSE")
        tables = _tables(session, reader, "ANALYZE")
        if reader.opens():
            for each in reader.name_list():
                if tables[0].column(each) is None:
                    raise RedshiftError(UNDEFINED_COLUMN, f'column "{each}" does not exist')
        reader.take_any("PREDICATE COLUMNS", "ALL COLUMNS")
        reader.end()
        with whole(session):
            for relation in tables:
                place = names.Named(session.database, relation.schema, relation.name)
                relation.analyzed = int(session.execute(f"SELECT count(*) FROM {place.sql}")[0][0])
                names.store_of(session).change(relation)
        return Result("ANALYZE")


class _Vacuum(Silent):
    def run(self, session: Session, statement: Statement, parameters: Sequence[Parameter]) -> Result:
        reader = Reader(statement, 1)
        outside_of_transactions(session, "VACUUM")
        kind = reader.take_any("FULL", "SORT ONLY", "DELETE ONLY", "REINDEX", "RECLUSTER") or "FULL"
        tables = _tables(session, reader, "VACUUM")
        if reader.take("TO"):
            if not 0 <= reader.number() <= 100:
                raise RedshiftError("22023", "VACUUM threshold must be between 0 and 100")
            reader.expect("PERCENT")
        reader.take("BOOST")
        reader.end()
        for relation in tables:
            if kind == "REINDEX" and relation.sortstyle != "interleaved":
                raise RedshiftError(WRONG_OBJECT, f"table {relation.name} has no interleaved sort key")
            if kind == "DELETE ONLY" or not relation.sortkey:
                continue  # DuckDB takes back the place of deleted rows by itself
            place = names.Named(session.database, relation.schema, relation.name)
            with using(session, exclusive=[relation]), whole(session):
                rebuild(session, place, relation, relation.sortkey)
        return Result("VACUUM")


def _tables(session: Session, reader: Reader, command: str) -> list[Relation]:
    """The table that is named next, or all that the user may do this with."""
    if not reader.ended and reader.next not in ("TO", "PREDICATE", "ALL", "BOOST"):
        _, relation = names.existing(session, reader.names())
        if relation.kind == objects.VIEW:
            raise RedshiftError(WRONG_OBJECT, f'"{relation.name}" is not a table')
        require_owner(session, relation, command)
        return [relation]
    found = names.store_of(session).relations()
    return [each for each in found if each.kind == objects.TABLE and may(session, each, command)]


class _Comment(Silent):
    def run(self, session: Session, statement: Statement, parameters: Sequence[Parameter]) -> Result:
        reader = Reader(statement, 2)
        kind = reader.take_any("TABLE", "VIEW", "COLUMN", "SCHEMA", "CONSTRAINT", "DATABASE")
        if not kind:
            raise reader.wrong()
        if kind in ("CONSTRAINT", "DATABASE"):
            raise not_done(f"COMMENT ON {kind}")
        parts = reader.names()
        reader.expect("IS")
        text = None if reader.take("NULL") else reader.text()
        reader.end()
        store = names.store_of(session)
        with whole(session):
            if kind == "SCHEMA":
                found = store.find([objects.SCHEMA], parts[0], parts[0])
                if not found:
                    raise RedshiftError(INVALID_SCHEMA, f'schema "{parts[0]}" does not exist')
                described = found[0]
                described.comment = text
            else:
                _, relation = names.existing(session, parts[:-1] if kind == "COLUMN" else parts)
                described = relation
                if kind == "COLUMN":
                    column = relation.column(parts[-1])
                    if column is None:
                        raise RedshiftError(UNDEFINED_COLUMN, f'column "{parts[-1]}" does not exist')
                    column.comment = text
                else:
                    relation.comment = text
            require_owner(session, described)
            store.change(described)
        return Result("COMMENT")


_ANALYZE = _Analyze()
KINDS: Kinds = {
    ("ANALYZE",): _ANALYZE,
    ("ANALYSE",): _ANALYZE,
    ("VACUUM",): _Vacuum(),
    ("COMMENT", "ON"): _Comment(),
}
