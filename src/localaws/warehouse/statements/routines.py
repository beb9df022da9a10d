"""Functions in SQL and procedures in PL/pgSQL: CREATE, DROP, CALL.

Source: Redshift database developer guide, "CREATE FUNCTION", "CREATE PROCEDURE", "CALL".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlglot import exp

from localaws.warehouse.binding import bound_query
from localaws.warehouse.catalog import names, objects
from localaws.warehouse.catalog.objects import Argument, Routine
from localaws.warehouse.catalog.privileges import require, require_create, require_owner
from localaws.warehouse.catalog.system.facts import type_id
from localaws.warehouse.catalog.types import canonical
from localaws.warehouse.errors import SYNTAX, UNDEFINED_FUNCTION, RedshiftError, not_done
from localaws.warehouse.procedures.reading import read
from localaws.warehouse.procedures.running import Running, find
from localaws.warehouse.session_protocol import Parameter, Result
from localaws.warehouse.sql.splitting import Statement, split
from localaws.warehouse.sql.translating import parse
from localaws.warehouse.statements import transactions
from localaws.warehouse.statements.kinds import Kinds, Silent
from localaws.warehouse.statements.reading import Reader
from localaws.warehouse.statements.whole import whole
from localaws.warehouse.wire.types import Column

if TYPE_CHECKING:
    from localaws.warehouse.session import Session


class _Create(Silent):
    """CREATE FUNCTION, CREATE PROCEDURE."""

    def run(self, session: Session, statement: Statement, parameters: Sequence[Parameter]) -> Result:
        reader = Reader(statement, 1)
        replace = reader.take("OR REPLACE")
        kind = objects.FUNCTION if reader.take("FUNCTION") else objects.PROCEDURE
        if kind == objects.PROCEDURE:
            reader.expect("PROCEDURE")
        parts = reader.names()
        routine = Routine(0, "", parts[-1], kind, session.user, arguments=_arguments(reader.group(), kind))
        _read(reader, routine)
        _check(routine)
        word = "FUNCTION" if kind == objects.FUNCTION else "PROCEDURE"
        with whole(session):
            place, store = names.place(session, parts), names.store_of(session)
            require_create(session, place)
            routine.schema = place.schema
            for old in names.routines(session, [place.schema, place.name], kind):
                if old.signature == routine.signature:
                    if not replace:
                        said = f'{word.lower()} "{old.name}" already exists with same argument types'
                        raise RedshiftError("42723", said)
                    require_owner(session, old)
                    routine.id, routine.acl = old.id, old.acl
                    store.remove(old)
            routine.id = routine.id or store.next_id()
            if kind == objects.FUNCTION and not routine.acl:
                routine.acl = {"public": ["EXECUTE"]}  # "GRANT", EXECUTE ON FUNCTION
            store.add(routine)
        return Result(f"CREATE {word}")


def _arguments(text: str, kind: str) -> list[Argument]:
    """``int, varchar(5)`` of a function; ``a IN int, b OUT int`` of a procedure."""
    found = list[Argument]()
    if not text.strip():
        return found
    reader = Reader(split(text)[0])
    while True:
        written = reader.expression().split()
        if kind == objects.FUNCTION:
            found.append(Argument("", canonical(" ".join(written))))
        else:
            modes = [each.upper() for each in written]
            mode = next((each for each in ("INOUT", "OUT", "IN") if each in modes[:2]), "")
            rest = [each for each in written[:2] if each.upper() != mode] + written[2:]
            if len(rest) < 2:
                raise RedshiftError(SYNTAX, f'syntax error at or near "{text}": a parameter has a name and a type')
            if rest[1].lower() == "refcursor":
                raise not_done("procedures that return cursors")
            found.append(Argument(rest[0].lower(), canonical(" ".join(rest[1:])), mode.lower() or "in"))
        if not reader.take(","):
            reader.end()
            return found


def _read(reader: Reader, routine: Routine) -> None:
    routine.language = ""
    while not reader.ended:
        if reader.take("RETURNS"):
            routine.returns = canonical(reader.expression("VOLATILE", "STABLE", "IMMUTABLE", "AS", "LANGUAGE"))
        elif word := reader.take_any("VOLATILE", "STABLE", "IMMUTABLE"):
            routine.volatility = word.lower()
        elif reader.take("AS"):
            routine.body = reader.text()
        elif reader.take("LANGUAGE"):
            routine.language = reader.name()
        elif word := reader.take_any("SECURITY DEFINER", "SECURITY INVOKER"):
            routine.definer = word.endswith("DEFINER")
        elif reader.take("NONATOMIC"):
            raise not_done("procedures whose statements commit one by one (NONATOMIC)")
        else:
            raise reader.wrong()


def _check(routine: Routine) -> None:
    """Raises RedshiftError for a body that is none."""
    if routine.kind == objects.PROCEDURE:
        if routine.language != "plpgsql":
            raise RedshiftError("42704", f'language "{routine.language}" is not one of procedures: plpgsql')
        read(routine.body)
        return
    if routine.language.startswith("plpython"):
        raise not_done("functions in Python; AWS has ended them")
    if routine.language != "sql":
        raise RedshiftError("42704", f'language "{routine.language}" does not exist')
    body = parse(split(routine.body)[0].text)
    if not isinstance(body, exp.Select) or len(body.expressions) != 1 or body.args.get("from_"):
        raise RedshiftError("0A000", "The body of a SQL function is SELECT and one expression, without FROM")


class _Drop(Silent):
    def __init__(self, kind: str) -> None:
        self._kind = kind

    def run(self, session: Session, statement: Statement, parameters: Sequence[Parameter]) -> Result:
        reader = Reader(statement, 2)
        if_exists = reader.take("IF EXISTS")
        parts = reader.names()
        given = reader.group() if reader.opens() else None
        reader.take_any("CASCADE", "RESTRICT")
        reader.end()
        word = "function" if self._kind == objects.FUNCTION else "procedure"
        with whole(session):
            found = names.routines(session, parts, self._kind)
            if given is not None:
                wanted = [each.type for each in _arguments(given, objects.FUNCTION)] if _is_types(given) else None
                count = len(given.split(",")) if given.strip() else 0
                found = [each for each in found if _takes(each, wanted, count)]
            if not found and not if_exists:
                raise RedshiftError(UNDEFINED_FUNCTION, f"{word} {'.'.join(parts)}({given or ''}) does not exist")
            if len(found) > 1:
                raise RedshiftError("42725", f'{word} name "{parts[-1]}" is not unique')
            for each in found:
                require_owner(session, each)
                names.store_of(session).remove(each)
        return Result(f"DROP {word.upper()}")


def _is_types(given: str) -> bool:
    try:
        _arguments(given, objects.FUNCTION)
    except RedshiftError:
        return False
    return True


def _takes(routine: Routine, wanted: list[str] | None, count: int) -> bool:
    inside = [each.type for each in routine.arguments if each.mode != "out"]
    return inside == wanted if wanted is not None else count in (len(inside), len(routine.arguments))


class _Call:
    def describe(
        self, session: Session, statement: Statement, types: Sequence[int]
    ) -> tuple[list[int], list[Column] | None]:
        routine, _ = self._read(session, statement)
        return list(types), _columns(routine)

    def run(self, session: Session, statement: Statement, parameters: Sequence[Parameter]) -> Result:
        routine, text = self._read(session, statement)
        require(session, routine, "EXECUTE")
        values = []
        if text.strip():
            values = list(session.execute(bound_query(session, f"SELECT {text}", parameters).sql)[0])
        own_transaction = session.status == "I"
        if own_transaction:
            transactions.begin(session)
        elif not session.depth and not session.implicit:
            session.in_block = True
        try:
            told = Running(session, routine, values).run()
            if own_transaction:
                transactions.commit(session)
        except BaseException:
            if own_transaction:
                transactions.roll_back(session)
            raise
        finally:
            if not session.depth:
                session.in_block = False
        columns = _columns(routine)
        return Result("CALL", columns, iter([tuple(told)] if columns else []))

    @staticmethod
    def _read(session: Session, statement: Statement) -> tuple[Routine, str]:
        reader = Reader(statement, 1)
        parts = reader.names()
        text = reader.group()
        reader.end()
        count = len(parse(f"SELECT {text}").expressions) if text.strip() else 0
        return find(session, parts, count), text


def _columns(routine: Routine) -> list[Column] | None:
    found = [Column(each.name, type_id(each.type)) for each in routine.arguments if each.mode != "in"]
    return found or None


_CREATE = _Create()
KINDS: Kinds = {
    **{("CREATE", *words, kind): _CREATE for words in ((), ("OR", "REPLACE")) for kind in ("FUNCTION", "PROCEDURE")},
    ("DROP", "FUNCTION"): _Drop(objects.FUNCTION),
    ("DROP", "PROCEDURE"): _Drop(objects.PROCEDURE),
    ("CALL",): _Call(),
}
