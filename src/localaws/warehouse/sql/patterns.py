"""Regular expressions: all occurrences are replaced, places are from 1, what is not found is an empty text or 0.

RE2 does the work, which takes time linear in the text. Source: Redshift database developer guide, "REGEXP_COUNT",
"REGEXP_INSTR", "REGEXP_REPLACE", "REGEXP_SUBSTR".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlglot import exp

from localaws.warehouse.errors import WRONG_VALUE, RedshiftError, not_done
from localaws.warehouse.sql import column_types as of
from localaws.warehouse.sql.building import Function, Functions, cast, macro
from localaws.warehouse.sql.texts import of_text

if TYPE_CHECKING:
    from localaws.warehouse.sql.dialect import Translator


def _flags(node: exp.Expr | None, of_function: str) -> str:
    """What the last argument says: "i" no case, "c" case, "e" the first group, "p" Perl's dialect."""
    if node is None:
        return ""
    if not isinstance(node, exp.Literal):
        raise not_done(f"{of_function} with parameters that are no constant")
    if wrong := set(node.name) - set("ceip"):
        raise RedshiftError(WRONG_VALUE, f"{of_function}: unknown parameter '{min(wrong)}'")
    return node.name


def _at(arguments: Sequence[exp.Expr], number: int) -> exp.Expr | None:
    return arguments[number] if len(arguments) > number else None


def _pattern(node: exp.Expr, flags: str) -> exp.Expr:
    return exp.DPipe(this=exp.Literal.string("(?i)"), expression=node, safe=True) if "i" in flags else node


def _whole(node: exp.Expr | None) -> exp.Expr:
    return exp.convert(1) if node is None else cast(node, "INTEGER")


def _count(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    flags = _flags(_at(arguments, 3), "REGEXP_COUNT")
    return macro("regexp_count", arguments[0], _pattern(arguments[1], flags), _whole(_at(arguments, 2)))


def _instr(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    flags = _flags(_at(arguments, 5), "REGEXP_INSTR")
    after = _at(arguments, 4) or exp.convert(0)
    places = _whole(_at(arguments, 2)), _whole(_at(arguments, 3))
    return macro("regexp_instr", arguments[0], _pattern(arguments[1], flags), *places, after)


def _replace(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    flags = _flags(_at(arguments, 4), "REGEXP_REPLACE")
    by = _at(arguments, 2) or exp.Literal.string("")
    return macro("regexp_replace", arguments[0], _pattern(arguments[1], flags), by, _whole(_at(arguments, 3)))


def _substr(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    flags = _flags(_at(arguments, 4), "REGEXP_SUBSTR")
    places = _whole(_at(arguments, 2)), _whole(_at(arguments, 3))
    which = "regexp_group" if "e" in flags else "regexp_substr"
    return macro(which, arguments[0], _pattern(arguments[1], flags), *places)


FUNCTIONS: Functions = {
    "regexp_count": Function(of_text(_count), of.INTEGER),
    "regexp_instr": Function(of_text(_instr), of.INTEGER),
    "regexp_replace": Function(of_text(_replace), of.VARCHAR),
    "regexp_substr": Function(of_text(_substr), of.VARCHAR),
}
