"""BEGIN, COMMIT and ROLLBACK.

Sources: Redshift database developer guide, "BEGIN", "COMMIT", "ROLLBACK", "Serializable isolation".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import duckdb

from localaws.warehouse.failures import as_redshift
from localaws.warehouse.session_protocol import Parameter, Result
from localaws.warehouse.sql.splitting import Statement
from localaws.warehouse.statements.kinds import Kinds, Silent

if TYPE_CHECKING:
    from localaws.warehouse.session import Session


class _Begin(Silent):
    def run(self, session: Session, statement: Statement, parameters: Sequence[Parameter]) -> Result:
        if session.status == "I":
            session.execute("BEGIN")
            session.status = "T"
        else:
            session.say("there is already a transaction in progress")
        return Result("BEGIN")


class _Commit(Silent):
    """Ends the transaction; one that has failed cannot be committed, and is undone."""

    def run(self, session: Session, statement: Statement, parameters: Sequence[Parameter]) -> Result:
        if session.status == "E":
            return _ROLLBACK.run(session, statement, parameters)
        if session.status == "I":
            session.say("there is no transaction in progress")
            return Result("COMMIT")
        session.status = "I"
        try:
            session.execute("COMMIT")
        except duckdb.Error as error:
            session.undo()
            raise as_redshift(error) from None
        return Result("COMMIT")


class _Rollback(Silent):
    def run(self, session: Session, statement: Statement, parameters: Sequence[Parameter]) -> Result:
        if session.status == "I":
            session.say("there is no transaction in progress")
        else:
            session.status = "I"
            session.undo()
        return Result("ROLLBACK")


_BEGIN, _COMMIT, _ROLLBACK = _Begin(), _Commit(), _Rollback()
KINDS: Kinds = {
    ("BEGIN",): _BEGIN, ("START",): _BEGIN, ("COMMIT",): _COMMIT, ("END",): _COMMIT, ("ROLLBACK",): _ROLLBACK,
    ("ABORT",): _ROLLBACK,
}  # fmt: skip
