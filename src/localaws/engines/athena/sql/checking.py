"""What StartQueryExecution refuses at once: a statement that does not parse.

Source: StartQueryExecution of the API reference (InvalidRequestException).
"""

from __future__ import annotations

import re

from sqlglot import exp

from localaws.engines.athena.errors import line_and_column
from localaws.engines.athena.sql.grammar import parse, part
from localaws.engines.athena.statements import UNKNOWN, Kind, classify
from localaws.lake.errors import QueryFailure

_EXPECTED = (
    "'ALTER', 'CREATE', 'DELETE', 'DESCRIBE', 'DROP', 'EXECUTE', 'EXPLAIN', 'INSERT', 'MERGE', 'MSCK', 'OPTIMIZE', "
    "'PREPARE', 'SHOW', 'UNLOAD', 'UPDATE', 'VACUUM', <query>"
)
#: Words that begin a statement, but not alone: the word after them is the one that is wrong.
_FIRST = re.compile(r"(ALTER|CREATE(\s+OR\s+REPLACE|\s+EXTERNAL)?|DROP|INSERT|MSCK)\s+", re.IGNORECASE)
#: Statements that hold a query → where in them it begins.
_QUERIES = {
    "explain": re.compile(r"EXPLAIN\s+(ANALYZE\s+(VERBOSE\s+)?)?(\([^)]*\)\s*(?=\w))?", re.IGNORECASE),
    "create_view": re.compile(r"CREATE\s+(OR\s+REPLACE\s+)?VIEW\s+\S+\s+AS\b\s*", re.IGNORECASE),
    "prepare": re.compile(r"PREPARE\s+[\w\"]+\s+FROM\b\s*", re.IGNORECASE),
}
UNLOAD = re.compile(r"UNLOAD\s*\((?P<query>.*)\)\s*TO\s*'", re.IGNORECASE | re.DOTALL)


#: What may stand where a statement holds another: to be explained, or prepared.
_STATEMENTS = (exp.Insert, exp.Update, exp.Delete, exp.Merge)


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
            after = re.search(r"\bAS\b", sql, re.IGNORECASE)
            _check_query(sql, after.end() if after else len(sql), statement.expression)
    elif kind.name in _QUERIES and (found := _QUERIES[kind.name].match(sql)):
        inner = classify(sql[found.end() :])
        if kind.name != "create_view" and inner.name in ("create_table_as", "unload"):
            check(part(sql, found.end()), inner)
            return
        statement = parse(part(sql, found.end()))
        if kind.name == "create_view" or not isinstance(statement, _STATEMENTS):
            _check_query(sql, found.end(), statement)
    elif kind.name == "unload" and (found := UNLOAD.match(sql)):
        _check_query(sql, found.start("query"), parse(part(sql, *found.span("query"))))


def _check_query(sql: str, start: int, query: exp.Expr | None) -> None:
    """Raises QueryFailure unless *query*, which begins at *start* of *sql*, is one."""
    if isinstance(query, exp.Expr) and isinstance(query.unnest(), exp.Query | exp.Values | exp.Table):
        return
    blanks = re.compile(r"\s*\(?\s*").match(sql, start)
    start = blanks.end() if blanks else start
    word = next(iter(re.findall(r"\w+|\S", sql[start:])), "<EOF>")
    words = f"mismatched input '{word}'. Expecting: '(', 'SELECT', 'TABLE', 'VALUES', 'WITH'"
    raise QueryFailure("", words, line_and_column(sql, start))
