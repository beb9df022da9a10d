"""Calls of functions in SQL: the function's expression in the place of the call, with the arguments in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from localaws.lake.quoting import internal
from localaws.warehouse.catalog import names, objects
from localaws.warehouse.catalog.objects import Routine
from localaws.warehouse.catalog.privileges import require
from localaws.warehouse.errors import RedshiftError
from localaws.warehouse.sql.splitting import split
from localaws.warehouse.sql.translating import parse

if TYPE_CHECKING:
    from localaws.warehouse.session import Session

_DEEPEST = 32


def put_functions(session: Session, tree: exp.Expr, depth: int = 0) -> None:
    """Replace the calls of users' functions in *tree*. Raises RedshiftError where the user may not call one."""
    if depth > _DEEPEST:
        raise RedshiftError("54001", "stack depth limit exceeded: a function calls itself")
    for call in reversed(list(tree.find_all(exp.Anonymous))):
        above = call.parent
        parts = [call.name.lower()]
        if isinstance(above, exp.Dot) and isinstance(above.this, exp.Identifier):
            parts.insert(0, above.this.name.lower())
        for each in names.routines(session, parts, objects.FUNCTION):
            if len(each.arguments) == len(call.expressions):
                require(session, each, "EXECUTE")
                made: exp.Expr = _inlined(session, each, call.expressions, depth)
                place = above if isinstance(above, exp.Dot) else call
                if isinstance(place.parent, exp.Select) and place.arg_key == "expressions":
                    made = exp.alias_(made, each.name, quoted=True)
                place.replace(made)
                break


def _inlined(session: Session, routine: Routine, arguments: list[exp.Expr], depth: int) -> exp.Expr:
    body = parse(split(routine.body)[0].text).expressions[0].unalias()
    whole = exp.paren(body)
    for column in list(whole.find_all(exp.Column)):
        number = column.name.removeprefix(internal(""))
        if column.name != number and number.isdigit() and 0 < int(number) <= len(arguments):
            argument = arguments[int(number) - 1].copy()
            type = routine.arguments[int(number) - 1].type
            column.replace(exp.cast(argument, exp.DataType.build(type, dialect="redshift")))
    put_functions(session, whole, depth + 1)
    return exp.cast(whole, exp.DataType.build(routine.returns, dialect="redshift"))
