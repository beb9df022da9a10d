"""Errors as a client of Redshift sees them: a message, and PostgreSQL's code for it (SQLSTATE)."""

from __future__ import annotations

SYNTAX, UNDEFINED_TABLE, UNDEFINED_COLUMN, UNDEFINED_FUNCTION = "42601", "42P01", "42703", "42883"
DUPLICATE_TABLE, DUPLICATE_SCHEMA, INVALID_SCHEMA, INVALID_CATALOG = "42P07", "42P06", "3F000", "3D000"
DENIED, INVALID_PASSWORD, NOT_DONE, INTERNAL = "42501", "28P01", "0A000", "XX000"
ABORTED, CANCELLED, SERIALIZATION, WRONG_TYPE, WRONG_TEXT = "25P02", "57014", "40001", "42804", "22P02"
WRONG_OBJECT, UNDEFINED_OBJECT, PROTOCOL, WRONG_VALUE, TOO_LONG, DIVISION = (
    "42809", "42704", "08P01", "22023", "22001", "22012",
)  # fmt: skip


class RedshiftError(Exception):
    """What a statement ends with.

    Attributes:
        code: PostgreSQL's SQLSTATE.
        said: the message.
        more: further fields by PostgreSQL's letters: D a detail, H a hint, P a place in the statement.
    """

    def __init__(self, code: str, said: str, **more: str) -> None:
        super().__init__(said)
        self.code, self.said, self.more = code, said, more


def not_done(what: str) -> RedshiftError:
    """For what Redshift has and this lab has not."""
    return RedshiftError(NOT_DONE, f"This lab does not do {what}.")
