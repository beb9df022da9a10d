"""DuckDB's errors in Redshift's words and codes."""

from __future__ import annotations

import re
from collections.abc import Callable

import duckdb

from localaws.warehouse.errors import (
    CANCELLED,
    DUPLICATE_SCHEMA,
    DUPLICATE_TABLE,
    INTERNAL,
    INVALID_SCHEMA,
    SERIALIZATION,
    SYNTAX,
    TOO_LONG,
    UNDEFINED_COLUMN,
    UNDEFINED_FUNCTION,
    UNDEFINED_TABLE,
    WRONG_TEXT,
    WRONG_TYPE,
    RedshiftError,
)  # fmt: skip

#: A pattern of DuckDB's message, and the code and the message that it becomes.
_SAID: list[tuple[str, str, Callable[[re.Match[str]], str]]] = [
    (r"Table with name (\S+) does not exist", UNDEFINED_TABLE, lambda m: f'relation "{m[1]}" does not exist'),
    (r"Table with name \"?([^\"!]+)\"? already exists", DUPLICATE_TABLE, lambda m: f'Relation "{m[1]}" already exists'),
    (r"Schema with name (\S+) already exists", DUPLICATE_SCHEMA, lambda m: f'Schema "{m[1]}" already exists'),
    (r"[Ss]chema(?: with name)? \"?(\w+)\"? does not exist", INVALID_SCHEMA,
     lambda m: f'schema "{m[1]}" does not exist'),
    (r"Referenced column \"([^\"]+)\" (?:not found|was not found)", UNDEFINED_COLUMN,
     lambda m: f'column "{m[1]}" does not exist'),
    (r"does not have a column named \"([^\"]+)\"", UNDEFINED_COLUMN, lambda m: f'column "{m[1]}" does not exist'),
    (r"(?:Scalar|Aggregate|Table) Function with name (\S+) does not exist", UNDEFINED_FUNCTION,
     lambda m: f"function {m[1].strip('!')}() does not exist"),
    (r"NOT NULL constraint failed: (\S+)\.(\w+)", "23502", lambda m: "Cannot insert a NULL value into column " + m[2]),
    (r"Could not convert string '(.*?)' to (\w+)", WRONG_TEXT,
     lambda m: f'invalid input syntax for type {m[2].lower()}: "{m[1]}"'),
    (r"CHECK constraint failed on table .* with expression CHECK\(\(strlen\(\(?rtrim.* <= (\d+)\)", TOO_LONG,
     lambda m: f"value too long for type character({m[1]})"),
    (r"CHECK constraint failed on table .* with expression CHECK\(\(strlen\(.* <= (\d+)\)", TOO_LONG,
     lambda m: f"value too long for type character varying({m[1]})"),
    (r"CHECK constraint failed on table .* with expression CHECK\(\(octet_length\(.* <= (\d+)\)", TOO_LONG,
     lambda m: f"value too long for type varbyte({m[1]})"),
    (r"syntax error at or near \"(.*?)\"", SYNTAX, lambda m: f'syntax error at or near "{m[1]}"'),
]  # fmt: skip


def as_redshift(error: duckdb.Error) -> RedshiftError:
    """What a client is told of *error*."""
    text = str(error)
    if isinstance(error, duckdb.InterruptException):
        return RedshiftError(CANCELLED, "Query cancelled on user's request")
    if isinstance(error, duckdb.TransactionException) and "onflict" in text:
        return RedshiftError(SERIALIZATION, "1023", D="Serializable isolation violation on table")
    for pattern, code, said in _SAID:
        if found := re.search(pattern, text):
            return RedshiftError(code, said(found))
    code = WRONG_TYPE if isinstance(error, duckdb.BinderException | duckdb.ConversionException) else INTERNAL
    first = text.split("\n", 1)[0]
    return RedshiftError(code, first.partition(": ")[2] or first)
