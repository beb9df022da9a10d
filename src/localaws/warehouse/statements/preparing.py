"""PREPARE, EXECUTE and DEALLOCATE: statements that have a name. Drivers give names too, by the protocol.

Source: Redshift database developer guide, "PREPARE", "EXECUTE", "DEALLOCATE".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from localaws.warehouse.binding import bound_query
from localaws.warehouse.catalog.system.facts import type_id
from localaws.warehouse.catalog.types import canonical
from localaws.warehouse.errors import RedshiftError
from localaws.warehouse.session_protocol import Parameter, Prepared, Result
from localaws.warehouse.sql.splitting import Statement, split
from localaws.warehouse.statements.kinds import Kinds, Silent
from localaws.warehouse.statements.reading import Reader
from localaws.warehouse.wire.types import Column

if TYPE_CHECKING:
    from localaws.warehouse.session import Session

_PREPARED = ("SELECT", "WITH", "INSERT", "UPDATE", "DELETE")


class _Prepare(Silent):
    def run(self, session: Session, statement: Statement, parameters: Sequence[Parameter]) -> Result:
        reader = Reader(statement, 1)
        name = reader.name()
        types = list[int]()
        if reader.opens():
            inner = Reader(split(reader.group())[0])
            types.append(type_id(canonical(inner.expression())))
            while inner.take(","):
                types.append(type_id(canonical(inner.expression())))
        reader.expect("AS")
        if reader.next not in _PREPARED:
            raise reader.wrong()
        if name in session.prepared:
            raise RedshiftError("42P05", f'prepared statement "{name}" already exists')
        session.prepared[name] = Prepared(split(reader.rest())[0], types)
        return Result("PREPARE")


class _Execute:
    def describe(
        self, session: Session, statement: Statement, types: Sequence[int]
    ) -> tuple[list[int], list[Column] | None]:
        prepared, _ = self._read(session, statement)
        return list(types), session.describe(prepared.statement, prepared.types)[1]

    def run(self, session: Session, statement: Statement, parameters: Sequence[Parameter]) -> Result:
        prepared, given = self._read(session, statement)
        values = list(session.execute(bound_query(session, f"SELECT {given}", parameters).sql)[0]) if given else []
        known = [*prepared.types, *[0] * (len(values) - len(prepared.types))]
        return session.do(prepared.statement, [Parameter(*each) for each in zip(known, values, strict=False)])

    @staticmethod
    def _read(session: Session, statement: Statement) -> tuple[Prepared, str]:
        reader = Reader(statement, 1)
        name = reader.name()
        given = reader.group() if reader.opens() else ""
        reader.end()
        if name not in session.prepared:
            raise RedshiftError("26000", f'prepared statement "{name}" does not exist')
        return session.prepared[name], given.strip()


class _Deallocate(Silent):
    def run(self, session: Session, statement: Statement, parameters: Sequence[Parameter]) -> Result:
        reader = Reader(statement, 1)
        reader.take("PREPARE")
        if reader.take("ALL"):
            session.prepared.clear()
            return Result("DEALLOCATE ALL")
        name = reader.name()
        reader.end()
        if session.prepared.pop(name, None) is None:
            raise RedshiftError("26000", f'prepared statement "{name}" does not exist')
        return Result("DEALLOCATE")


KINDS: Kinds = {("PREPARE",): _Prepare(), ("EXECUTE",): _Execute(), ("DEALLOCATE",): _Deallocate()}
