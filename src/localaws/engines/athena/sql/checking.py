"""What StartQueryExecution refuses at once: a statement that does not parse.

Source: StartQueryExecution of the API reference (InvalidRequestException).
"""

from __future__ import annotations

import re

from sqlglot import exp

from localaws.engines.athena.errors import QueryFailure, line_and_column
from localaws.engines.athena.sql.grammar import parse, part
from localaws.engines.athena.statements import UNKNOWN, Kind

_EXPECTED = (
    "'ALTER', 'CREATE', 'DELETE', 'DESCRIBE', 'DROP', 'EXECUTE', 'EXPLAIN', 'INSERT', 'MERGE', 'MSCK', 'OPTIMIZE', "
    "'PREPARE', 'SHOW', 'UNLOAD', 'UPDATE', 'VACUUM', <query>"
)
#: Words that begin a statement, but not alone: the word after them is the one that is wrong.
_FIRST = re.compile(r"(ALTER|CREATE(\s+OR\s+REPLACE|\s+EXTERNAL)?|DROP|INSERT|MSCK)\s+", re.IGNORECASE)
#: Statements that hold a query → where in them it begins.
_QUERIES = {
    "explain": re.compile(r"EXPLAIN\s+(ANALYZE\s+(VERBOSE\s+)?)?(\([^)]*\)\s*(?=\w))?", re.IGNORECASE),
    "create_view": re.compile(r"CREATE\s+(OR\s+REPLACE\s+)?VIEW\s+\S+\s+AS\s+", re.IGNORECASE),
    "prepare": re.compile(r"PREPARE\s+[\w\"]+\s+FROM\s+", re.IGNORECASE),
}
_UNLOAD = re.compile(r"UNLOAD\s*\((?P<query>.*)\)\s*TO\s*'", re.IGNORECASE | re.DOTALL)


def check(sql: str, kind: Kind) -> None:
    """Raises QueryFailure if the stripped statement *sql*, of *kind*, cannot be understood."""
    if kind is UNKNOWN:
        first = _FIRST.match(sql)
        start = first.end() if first else 0
        word = next(iter(sql[start:].split()), "<EOF>")
        expected = "" if first else f". Expecting: {_EXPECTED}"
        raise QueryFailure("", f"mismatched input '{word}'{expected}", line_and_column(sql, start))
    if kind.name in ("select", "insert", "create_table_as", "update", "delete", "merge"):
        statement = parse(sql)
        if kind.name == "create_table_as":
            _check_query(sql, statement)
    elif kind.name in _QUERIES and (found := _QUERIES[kind.name].match(sql)):
        parse(part(sql, found.end()))
    elif kind.name == "unload" and (found := _UNLOAD.match(sql)):
        parse(part(sql, *found.span("query")))


def _check_query(sql: str, statement: exp.Expr) -> None:
    """Raises QueryFailure unless what stands behind AS is a query."""
    query = statement.expression if isinstance(statement, exp.Create) else None
    if isinstance(query, exp.Expr) and isinstance(query.unnest(), exp.Query | exp.Values | exp.Table):
        return
    after = re.search(r"\bAS\s*\(?\s*", sql, re.IGNORECASE)
    start = after.end() if after else len(sql)
    word = next(iter(sql[start:].split()), "<EOF>")
    words = f"mismatched input '{word}'. Expecting: '(', 'SELECT', 'TABLE', 'VALUES', 'WITH'"
    raise QueryFailure("", words, line_and_column(sql, start))
