"""Statements that DuckDB does once they are translated: queries, and most changes of tables and rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sqlglot import exp

from localaws.warehouse.columns import column_of
from localaws.warehouse.errors import SYNTAX, UNDEFINED_FUNCTION, UNDEFINED_TABLE, RedshiftError
from localaws.warehouse.session_protocol import Parameter, Result
from localaws.warehouse.sql.splitting import Statement
from localaws.warehouse.sql.translating import parameters_in, parse, translate
from localaws.warehouse.wire.types import Column

if TYPE_CHECKING:
    from localaws.warehouse.session import Session

#: What has rows as its result.
_QUERIES = (exp.Query, exp.Describe)
_DONE = (*_QUERIES, exp.Insert, exp.Update, exp.Delete, exp.Merge, exp.Create, exp.Drop, exp.Alter, exp.TruncateTable)
_OF_FILES = "/.*:"
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
        known = [*types, *[0] * (parameters_in(tree) - len(types))]
        if not isinstance(tree, _QUERIES):
            return known, None
        sql = translate(tree, [Parameter(each, None) for each in known])
        told = session.execute(f"DESCRIBE {sql}")
        return known, [column_of(name, type) for name, type, *_ in told]

    def run(self, session: Session, statement: Statement, parameters: Sequence[Parameter]) -> Result:
        tree = _read(statement)
        command, sql = _command(tree, statement), translate(tree, parameters)
        if isinstance(tree, _QUERIES):
            described, rows = session.query(sql)
            columns = [column_of(name, str(type)) for name, type, *_ in described]
            return Result("SELECT", columns, rows, counted=True)
        told = session.execute(sql)
        if type(tree) in _COUNTING:
            return Result(f"{_COUNTING[type(tree)]} {_count(told)}")
        return Result(command)


def _read(statement: Statement) -> exp.Expr:
    """The tree of what DuckDB may be asked to do: nothing that is not named here reaches it. Raises RedshiftError."""
    tree = parse(statement.text)
    if not isinstance(tree, _DONE):
        raise RedshiftError(SYNTAX, f'syntax error at or near "{statement.tokens[0].text}"')
    for table in tree.find_all(exp.Table):
        if not isinstance(table.this, exp.Identifier):  # a function of DuckDB's that reads files, say
            raise RedshiftError(UNDEFINED_FUNCTION, f"function {table.this.sql('redshift')} does not exist")
        if any(mark in table.name for mark in _OF_FILES):  # DuckDB takes the name of a table for that of a file
            raise RedshiftError(UNDEFINED_TABLE, f'relation "{table.name}" does not exist')
    return tree


def _count(told: list[tuple[Any, ...]]) -> int:
    return int(told[0][0]) if told and told[0] and isinstance(told[0][0], int) else 0


def _command(tree: exp.Expr, statement: Statement) -> str:
    """The command as clients are told, "CREATE TABLE"."""
    if isinstance(tree, exp.Create | exp.Drop):
        return f"{statement.command} {str(tree.args.get('kind') or '').upper()}".strip()
    if isinstance(tree, exp.Alter):
        return "ALTER TABLE"
    return statement.command


PLAIN = Plain()
