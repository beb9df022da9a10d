"""BEGIN, COMMIT, ROLLBACK and LOCK, and what a statement's use of tables means to other transactions.

Sources: Redshift database developer guide, "BEGIN", "COMMIT", "ROLLBACK", "LOCK", "Isolation levels".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import duckdb

from localaws.warehouse.catalog import names
from localaws.warehouse.catalog.objects import MATERIALIZED, TABLE, Relation
from localaws.warehouse.catalog.privileges import require
from localaws.warehouse.conflicts import EXCLUSIVE, READ, WRITE, Transaction
from localaws.warehouse.errors import RedshiftError
from localaws.warehouse.failures import as_redshift
from localaws.warehouse.session_protocol import Parameter, Result
from localaws.warehouse.sql.splitting import Statement
from localaws.warehouse.statements.kinds import Kinds, Silent
from localaws.warehouse.statements.reading import Reader

if TYPE_CHECKING:
    from localaws.warehouse.session import Session

_MODES = (
    "ISOLATION LEVEL SERIALIZABLE", "ISOLATION LEVEL READ COMMITTED", "ISOLATION LEVEL READ UNCOMMITTED",
    "ISOLATION LEVEL REPEATABLE READ", "READ WRITE", "READ ONLY",
)  # fmt: skip


@contextmanager
def using(
    session: Session,
    reads: Iterable[Relation] = (),
    writes: Iterable[Relation] = (),
    exclusive: Iterable[Relation] = (),
) -> Iterator[None]:
    """Within, *session*'s statement may use these relations: it has waited for the locks, and breaks no order.

    Raises RedshiftError where it may not. Locks are held to the end of the transaction.
    """
    conflicts, database = session.node.conflicts, session.database
    kept = [
        [(database, each.id) for each in group if each.kind in (TABLE, MATERIALIZED) and not each.temporary]
        for group in (reads, writes, exclusive)
    ]
    transaction = of(session)
    try:
        for tables, mode in zip(kept, (READ, WRITE, EXCLUSIVE), strict=True):
            for table in sorted(set(tables)):
                conflicts.lock(transaction, table, mode, session.is_cancelled)
        conflicts.use(transaction, kept[0], [*kept[1], *kept[2]], database)
        yield
    except duckdb.TransactionException as error:
        if "onflict" not in str(error) or not (kept[1] or kept[2]):
            raise
        told = conflicts.conflict(transaction, [*kept[1], *kept[2]][0])
        forget(session, False)
        raise told from None
    except BaseException:
        if session.status == "I":
            forget(session, False)
        raise
    if session.status == "I":
        forget(session, True)


def of(session: Session) -> Transaction:
    """The session's transaction; it begins one if there is none."""
    if session.transaction is None:
        session.transaction = session.node.conflicts.begin(session.process, session.user)
    return session.transaction


def forget(session: Session, committed: bool) -> None:
    """Let the session's locks go."""
    if session.transaction is not None:
        session.node.conflicts.end(session.transaction, committed)
        session.transaction = None


def begin(session: Session) -> None:
    session.execute("BEGIN")
    session.status = "T"


def commit(session: Session) -> None:
    """Raises RedshiftError where DuckDB finds a conflict; the transaction is then undone."""
    session.status, session.implicit = "I", False
    session.cursors.clear()
    try:
        session.execute("COMMIT")
    except duckdb.Error as error:
        session.undo()
        forget(session, False)
        raise as_redshift(error) from None
    forget(session, True)


def roll_back(session: Session) -> None:
    session.status, session.implicit = "I", False
    session.cursors.clear()
    session.undo()
    forget(session, False)


def commit_here(session: Session) -> None:
    """End the transaction that there is, for a statement that commits by itself."""
    if session.status == "T":
        commit(session)


class _Begin(Silent):
    def run(self, session: Session, statement: Statement, parameters: Sequence[Parameter]) -> Result:
        reader = Reader(statement, 1)
        reader.take_any("WORK", "TRANSACTION")
        while reader.take_any(*_MODES):
            reader.take(",")
        reader.end()
        if session.status == "I":
            begin(session)
        elif session.implicit:
            session.implicit = False
        else:
            session.say("there is already a transaction in progress")
        return Result("BEGIN")


class _Commit(Silent):
    """Ends the transaction; one that has failed cannot be committed, and is undone."""

    def run(self, session: Session, statement: Statement, parameters: Sequence[Parameter]) -> Result:
        _read_end(statement)
        if session.status == "E":
            roll_back(session)
            return Result("ROLLBACK")
        if session.status == "I":
            session.say("there is no transaction in progress")
        else:
            commit(session)
        return Result("COMMIT")


class _Rollback(Silent):
    def run(self, session: Session, statement: Statement, parameters: Sequence[Parameter]) -> Result:
        _read_end(statement)
        if session.status == "I":
            session.say("there is no transaction in progress")
        else:
            roll_back(session)
        return Result("ROLLBACK")


class _Lock(Silent):
    """Waits until nobody else uses the tables, and keeps others from them to the end of the transaction."""

    def run(self, session: Session, statement: Statement, parameters: Sequence[Parameter]) -> Result:
        reader = Reader(statement, 1)
        reader.take("TABLE")
        found = [names.existing(session, parts)[1] for parts in reader.several()]
        reader.end()
        if session.status == "I":
            raise RedshiftError("25P01", "LOCK TABLE may only be used in transaction blocks")
        for each in found:
            require(session, each, "SELECT")
        with using(session, exclusive=found):
            return Result("LOCK TABLE")


def _read_end(statement: Statement) -> None:
    reader = Reader(statement, 1)
    reader.take_any("WORK", "TRANSACTION")
    reader.end()


_BEGIN, _COMMIT, _ROLLBACK = _Begin(), _Commit(), _Rollback()
KINDS: Kinds = {
    ("BEGIN",): _BEGIN, ("START", "TRANSACTION"): _BEGIN, ("COMMIT",): _COMMIT, ("END",): _COMMIT,
    ("ROLLBACK",): _ROLLBACK, ("ABORT",): _ROLLBACK, ("LOCK",): _Lock(),
}  # fmt: skip
