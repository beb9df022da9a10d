"""Runs a procedure.

Source: Redshift database developer guide, "Transaction management" of stored procedures, "Exception handling".
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from localaws.warehouse.catalog import names, objects
from localaws.warehouse.catalog.objects import Routine
from localaws.warehouse.catalog.privileges import acting_as
from localaws.warehouse.errors import ABORTED, CANCELLED, SYNTAX, WRONG_VALUE, RedshiftError
from localaws.warehouse.procedures.parts import (
    Assign,
    Block,
    Count,
    Each,
    Execute,
    If,
    Leave,
    Loop,
    Nothing,
    Part,
    Raise,
    Return,
    Rows,
    Sql,
)  # fmt: skip
from localaws.warehouse.procedures.reading import read
from localaws.warehouse.procedures.variables import Scope
from localaws.warehouse.statements import transactions
from localaws.warehouse.wire.types import to_text

if TYPE_CHECKING:
    from localaws.warehouse.session import Session

_DEEPEST = 16  # "Limits for stored procedures"
_RAISED = "P0001"


class _Left(Exception):
    """A loop is left, or begun *again*."""

    def __init__(self, again: bool) -> None:
        self.again = again


class _Returned(Exception):
    pass


class Running:
    """One call of *routine* with *arguments*, a value for each parameter that goes in."""

    def __init__(self, session: Session, routine: Routine, arguments: Sequence[Any]) -> None:
        self._session, self._routine = session, routine
        self._scope = Scope()
        self._rows = 0
        given = iter(arguments)
        for each in routine.arguments:
            value = self._scope.declare(each.name, each.type)
            if each.mode != "out":
                value.value = next(given)

    def run(self) -> list[Any]:
        """Do it; returns the values of the parameters that come out. Raises RedshiftError."""
        session = self._session
        if session.depth >= _DEEPEST:
            raise RedshiftError("54001", f"stored procedure nesting level exceeds the limit of {_DEEPEST}")
        rights: AbstractContextManager[None] = (
            acting_as(session, self._routine.owner) if self._routine.definer else nullcontext()
        )
        session.depth += 1
        try:
            with rights:
                self._do(read(self._routine.body))
        except _Returned:
            pass
        finally:
            session.depth -= 1
        return [self._scope.values[each.name].value for each in self._routine.arguments if each.mode != "in"]

    def _all(self, parts: Sequence[Part]) -> None:
        for each in parts:
            if self._session.is_cancelled():
                raise RedshiftError(CANCELLED, "Query cancelled on user's request")
            self._do(each)

    def _do(self, part: Part) -> None:
        match part:
            case Block():
                self._block(part)
            case Assign():
                self._assign(part.target, part.expression)
            case If():
                for condition, body in part.branches:
                    if self._holds(condition):
                        return self._all(body)
                self._all(part.otherwise)
            case Loop():
                while not part.condition or self._holds(part.condition):
                    if not self._once(part.body):
                        break
            case Count():
                self._count(part)
            case Each():
                self._each(part)
            case Leave():
                if not part.condition or self._holds(part.condition):
                    raise _Left(part.again)
            case Return():
                raise _Returned
            case Raise():
                self._raise(part)
            case Execute():
                self._sql(str(self._value(part.expression) or ""), part.into, dynamic=True)
            case Sql():
                self._sql(part.text, part.into)
            case Rows():
                self._scope.assign(part.target, self._rows)
            case Nothing():
                pass
        return None

    def _block(self, block: Block) -> None:
        before, self._scope = self._scope, Scope(self._scope)
        try:
            for each in block.variables:
                value = self._scope.declare(each.name, self._type(each.type), not_null=each.not_null)
                if each.value is not None:
                    self._assign(each.name, each.value)
                value.constant = each.constant
            if block.handler is None:
                self._all(block.body)
            else:
                self._guarded(block.body, block.handler)
        finally:
            self._scope = before

    def _guarded(self, body: Sequence[Part], handler: Sequence[Part]) -> None:
        """What an error has left is undone, the handler runs, and then the error goes on ("Exception handling")."""
        try:
            self._all(body)
        except RedshiftError as error:
            if error.code in (CANCELLED, ABORTED):
                raise
            transactions.roll_back(self._session)
            transactions.begin(self._session)
            self._scope.declare("sqlerrm", "varchar(65535)").value = error.said
            self._scope.declare("sqlstate", "varchar(5)").value = error.code
            self._all(handler)
            transactions.commit(self._session)
            transactions.begin(self._session)
            raise

    def _type(self, written: str) -> str:
        """*written*, or what ``table.column%TYPE`` is."""
        if not written.upper().replace(" ", "").endswith(("%TYPE", "%ROWTYPE")):
            return written
        parts = written.partition("%")[0].strip().lower().split(".")
        if written.upper().replace(" ", "").endswith("%ROWTYPE"):
            return "record"
        _, relation = names.existing(self._session, parts[:-1])
        column = relation.column(parts[-1])
        if column is None:
            raise RedshiftError("42703", f'column "{parts[-1]}" does not exist')
        return column.type

    def _count(self, part: Count) -> None:
        first, last, step = (int(self._value(each)) for each in (part.first, part.last, part.step))
        if step <= 0:
            raise RedshiftError(WRONG_VALUE, "BY value of FOR loop must be greater than zero")
        before, self._scope = self._scope, Scope(self._scope)
        counter = self._scope.declare(part.variable, "integer")
        try:
            for number in range(first, last - 1, -step) if part.reverse else range(first, last + 1, step):
                counter.value = number
                if not self._once(part.body):
                    break
        finally:
            self._scope = before

    def _each(self, part: Each) -> None:
        query = str(self._value(part.query)) if part.dynamic else part.query
        for row in self._query(query, part.dynamic):
            self._take(part.target, row)
            if not self._once(part.body):
                break

    def _once(self, body: Sequence[Part]) -> bool:
        """Run the body of a loop; whether to go on."""
        try:
            self._all(body)
        except _Left as left:
            return left.again
        return True

    def _raise(self, part: Raise) -> None:
        pieces, values = part.text.split("%"), [_shown(self._value(each)) for each in part.arguments]
        if len(pieces) - 1 != len(values):
            few = "few" if len(values) < len(pieces) - 1 else "many"
            raise RedshiftError(SYNTAX, f"too {few} parameters specified for RAISE")
        said = pieces[0] + "".join(value + piece for value, piece in zip(values, pieces[1:], strict=True))
        if part.level == "EXCEPTION":
            raise RedshiftError(_RAISED, said)
        self._session.say(said)

    def _holds(self, condition: str) -> bool:
        return bool(self._value(condition))

    def _value(self, expression: str) -> Any:
        (row,) = self._query(f"SELECT {expression}")
        return next(iter(row.values()))

    def _assign(self, target: str, expression: str) -> None:
        type = self._scope.type_of(target)
        wanted = f"CAST(({expression}) AS {type})" if type else expression
        self._scope.assign(target, self._value(wanted))

    def _query(self, sql: str, dynamic: bool = False) -> list[dict[str, Any]]:
        statement, values = (Scope() if dynamic else self._scope).bound(sql)
        result = self._session.do(statement, values)
        called = [each.name for each in result.columns or ()]
        return [dict(zip(called, row, strict=True)) for row in result.rows]

    def _take(self, targets: Sequence[str], row: dict[str, Any]) -> None:
        """Give the values of *row* to variables, or all of it to a record."""
        found = self._scope.find(targets[0])
        if found is not None and not found.type and len(targets) == 1 and "." not in targets[0]:
            found.value = row
            return
        for target, value in zip(targets, row.values(), strict=False):
            self._scope.assign(target, value)

    def _sql(self, sql: str, into: Sequence[str], dynamic: bool = False) -> None:
        word = sql.split(maxsplit=1)[0].upper().rstrip(";") if sql.strip() else ""
        if word in ("COMMIT", "ROLLBACK"):
            self._end_transaction(word)
            return
        statement, values = (Scope() if dynamic else self._scope).bound(sql)
        result = self._session.do(statement, values)
        rows = list(result.rows)
        self._rows = len(rows) if result.counted else _count(result.tag)
        if into:
            called = [each.name for each in result.columns or ()]
            self._take(into, dict(zip(called, rows[0] if rows else [None] * len(called), strict=True)))

    def _end_transaction(self, word: str) -> None:
        session = self._session
        if session.in_block:
            raise RedshiftError("2D000", f"{word} cannot be invoked from a procedure in a transaction block")
        (transactions.commit if word == "COMMIT" else transactions.roll_back)(session)
        transactions.begin(session)


def _count(tag: str) -> int:
    return int(tag.rsplit(" ", 1)[-1]) if tag[-1:].isdigit() else 0


def _shown(value: Any) -> str:
    if value is None:
        return "<NULL>"
    if isinstance(value, bool):
        return "t" if value else "f"
    return format(value, "f") if isinstance(value, Decimal) else to_text(0, value).decode()


def find(session: Session, parts: Sequence[str], count: int) -> Routine:
    """The procedure called *parts* that takes *count* values. Raises RedshiftError."""
    for each in names.routines(session, parts, objects.PROCEDURE):
        if sum(one.mode != "out" for one in each.arguments) == count:
            return each
    raise RedshiftError("42883", f"procedure {'.'.join(parts)}() with {count} arguments does not exist")
