"""Athena's SQL as sqlglot reads it, with functions left as they are written: what they mean is `functions`' matter."""

from __future__ import annotations

from sqlglot import exp
from sqlglot.dialects.trino import Trino
from sqlglot.errors import ParseError, TokenError

from localaws.engines.athena.errors import QueryFailure, line_and_column

_KEEP = {"UNNEST", "EXPLODE"}


class AthenaSql(Trino):
    """Trino's grammar; a function call becomes ``Anonymous`` whatever its name."""

    class Parser(Trino.parser_class):  # type: ignore[misc, valid-type]
        FUNCTIONS = {name: build for name, build in Trino.parser_class.FUNCTIONS.items() if name in _KEEP}


#: Made here, on one thread: sqlglot loads the parts of a dialect when they are first used.
_DIALECT = AthenaSql()
_DIALECT.parse("SELECT 1")


def parse(sql: str) -> exp.Expr:
    """The one statement in *sql*. Raises QueryFailure (SYNTAX_ERROR) with Trino's position."""
    try:
        statements = [each for each in _DIALECT.parse(sql) if each is not None]
    except ParseError as error:
        details = error.errors[0]
        word = details["highlight"] or "<EOF>"
        # sqlglot points at a token's last character, Trino at its first
        column = max((details["col"] or 1) - len(word) + 1, 1)
        raise QueryFailure("", f"mismatched input '{word}'", (details["line"] or 1, column)) from None
    except TokenError as error:
        raise QueryFailure("", f"mismatched input: {error}", line_and_column(sql, len(sql.rstrip()))) from None
    if len(statements) != 1:
        raise QueryFailure("", "Only one sql statement is allowed. Got: " + sql)
    statement: exp.Expr = statements[0]
    return statement


def position(node: exp.Expr) -> tuple[int, int] | None:
    """Where a name stands in the text, line and column from 1."""
    marks = [identifier.meta for identifier in node.find_all(exp.Identifier) if "line" in identifier.meta]
    if not marks:
        return None
    first = min(marks, key=lambda meta: int(meta["start"]))
    return first["line"], first["col"] - (first["end"] - first["start"])
