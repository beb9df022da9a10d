"""Statements that DuckDB does once they are translated: queries, and changes of rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sqlglot import exp

from localaws.warehouse.binding import bind
from localaws.warehouse.catalog.system.spelling import plain
from localaws.warehouse.columns import column_of
from localaws.warehouse.contexts import context_of
from localaws.warehouse.errors import SYNTAX, RedshiftError
from localaws.warehouse.session_protocol import Parameter, Result
from localaws.warehouse.sql.parameters import typed
from localaws.warehouse.sql.splitting import Statement
from localaws.warehouse.sql.translating import parse, translate
from localaws.warehouse.statements.transactions import using
from localaws.warehouse.wire.types import Column

if TYPE_CHECKING:
    from localaws.warehouse.session import Session

_DONE = (exp.Query, exp.Insert, exp.Update, exp.Delete, exp.Merge)
_COUNTING: dict[type[exp.Expr], str] = {
    exp.Insert: "INSERT 0",
    exp.Update: "UPDATE",
    exp.Delete: "DELETE",
    exp.Merge: "MERGE",
}


class Plain:
    def describe(
        self, session: Session, statement: Statement, types: Sequence[int]
    ) -> tuple[list[int], list[Column] | None]:
        tree = _read(statement)
        bind(session, tree)
        context = context_of(session)
        known = typed(tree, types, context.columns)
        if not isinstance(tree, exp.Query):
            return known, None
        sql = translate(tree, [Parameter(each, None) for each in known], context)
        told = session.execute(f"DESCRIBE {sql}")
        return known, [column_of(name, type) for name, type, *_ in told]

    def run(self, session: Session, statement: Statement, parameters: Sequence[Parameter]) -> Result:
        tree = _read(statement)
        bound = bind(session, tree)
        sql = translate(tree, parameters, context_of(session))
        with using(session, bound.reads, bound.writes):
            if isinstance(tree, exp.Query):
                described, rows = session.query(sql)
                columns = [column_of(name, str(type)) for name, type, *_ in described]
                return Result("SELECT", columns, rows, counted=True)
            return Result(f"{_COUNTING[type(tree)]} {_count(session.execute(sql))}")


def _read(statement: Statement) -> exp.Expr:
    """The tree of what DuckDB may be asked to do: nothing that is not named here reaches it. Raises RedshiftError."""
    text = plain(statement.text)
    if statement.command == "DELETE" and not statement.begins("DELETE", "FROM"):  # FROM may be left out
        text = f"DELETE FROM {text[len('DELETE') :]}"
    tree = parse(text)
    if not isinstance(tree, _DONE):
        raise RedshiftError(SYNTAX, f'syntax error at or near "{statement.tokens[0].text}"')
    return tree


def _count(told: list[tuple[Any, ...]]) -> int:
    return int(told[0][0]) if told and told[0] and isinstance(told[0][0], int) else 0


PLAIN = Plain()
