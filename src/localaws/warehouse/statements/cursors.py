"""DECLARE, FETCH and CLOSE: a query's rows taken in parts. As on AWS the leader keeps all of them from the first on.

Source: Redshift database developer guide, "DECLARE", "FETCH", "CLOSE".
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import TYPE_CHECKING

from localaws.warehouse.errors import RedshiftError, not_done
from localaws.warehouse.session_protocol import Parameter, Result
from localaws.warehouse.sql.splitting import Statement, split
from localaws.warehouse.statements.kinds import Kinds, Silent
from localaws.warehouse.statements.reading import Reader
from localaws.warehouse.wire.types import Column

if TYPE_CHECKING:
    from localaws.warehouse.session import Session

_QUERIES = ("SELECT", "WITH")


class _Declare(Silent):
    def run(self, session: Session, statement: Statement, parameters: Sequence[Parameter]) -> Result:
        reader = Reader(statement, 1)
        name = reader.name()
        reader.expect("CURSOR")
        reader.take_any("WITH HOLD", "WITHOUT HOLD")
        reader.expect("FOR")
        if reader.next not in _QUERIES:
            raise reader.wrong()
        if session.status == "I":
            raise RedshiftError("25P01", "DECLARE CURSOR may only be used in transaction blocks")
        if name in session.cursors:
            raise RedshiftError("42P03", f'cursor "{name}" already exists')
        result = session.do(split(reader.rest())[0], parameters)
        result.rows = iter(list(result.rows))
        session.cursors[name] = result
        return Result("DECLARE CURSOR")


class _Fetch:
    def describe(
        self, session: Session, statement: Statement, types: Sequence[int]
    ) -> tuple[list[int], list[Column] | None]:
        return list(types), self._read(session, statement)[0].columns

    def run(self, session: Session, statement: Statement, parameters: Sequence[Parameter]) -> Result:
        kept, count = self._read(session, statement)
        return Result("FETCH", kept.columns, iter(list(islice(kept.rows, count))), counted=True)

    @staticmethod
    def _read(session: Session, statement: Statement) -> tuple[Result, int | None]:
        """The cursor, and how many rows; None for all."""
        reader = Reader(statement, 1)
        reader.take("FORWARD")
        count: int | None = 1
        if reader.take("ALL"):
            count = None
        elif reader.next in ("BACKWARD", "PRIOR", "FIRST", "LAST", "ABSOLUTE", "RELATIVE"):
            raise RedshiftError("0A000", "cursor can only scan forward")
        elif not reader.take("NEXT") and reader.next not in ("FROM", "IN"):
            count = reader.number()
        if not reader.take_any("FROM", "IN"):
            raise reader.wrong()
        return _existing(session, reader), count


class _Close(Silent):
    def run(self, session: Session, statement: Statement, parameters: Sequence[Parameter]) -> Result:
        reader = Reader(statement, 1)
        if reader.take("ALL"):
            raise not_done("CLOSE ALL")
        _existing(session, reader)
        del session.cursors[statement.tokens[1].text.lower()]
        return Result("CLOSE CURSOR")


def _existing(session: Session, reader: Reader) -> Result:
    name = reader.name()
    reader.end()
    if name not in session.cursors:
        raise RedshiftError("34000", f'cursor "{name}" does not exist')
    return session.cursors[name]


KINDS: Kinds = {("DECLARE",): _Declare(), ("FETCH",): _Fetch(), ("CLOSE",): _Close()}
