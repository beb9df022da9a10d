"""Texts and names inside SQL."""

from __future__ import annotations

from collections.abc import Iterable

#: Stands before every name of our own in SQL. Glue keeps no control characters in names ("Single-line string pattern"
#: of the Glue API), and `grammar` refuses a query that has this one in a name.
MARK = "\x1f"
#: The hidden column of every table: the URI of the object that a row is in.
PATH = "$path"


def internal(word: str) -> str:
    """A name of our own, which no column, table or alias of a user's can have; in SQL it has to be quoted (`own`)."""
    return MARK + word


def own(word: str) -> str:
    """The `internal` name *word* as a quoted identifier."""
    return name(internal(word))


def unnamed(number: int) -> str:
    """What a column is called that a query gives no name, the *number*th from 0: nothing can refer to it."""
    return internal(f"col{number}")


def is_unnamed(column: str) -> bool:
    return column.startswith(internal("col"))


def repeated(number: int, column: str) -> str:
    """What the *number*th further column of a name is called inside: to DuckDB a table has each name once."""
    return internal(f"same{number} {column}")


def as_written(column: str) -> str:
    """The name that the user gave a column which may be `repeated`."""
    return column.partition(" ")[2] if column.startswith(internal("same")) else column


def is_hidden(column: str) -> bool:
    """Whether * leaves *column* out: it is one of ours, or where a row's file is."""
    column = as_written(column)
    return (column.startswith(MARK) and not is_unnamed(column)) or column == PATH


def literal(value: str) -> str:
    """*value* as a string literal."""
    return "'" + value.replace("'", "''") + "'"


def name(value: str) -> str:
    """*value* as a quoted identifier."""
    return '"' + value.replace('"', '""') + '"'


def texts(values: Iterable[str]) -> str:
    """*values* as a DuckDB list of strings."""
    return f"[{', '.join(map(literal, values))}]"
