"""PREPARE, EXECUTE and DEALLOCATE, and the parameters of StartQueryExecution.

Source: "Use parameterized queries" (athena/latest/ug/querying-with-prepared-statements.html).
"""

from __future__ import annotations

import re
from typing import Any

from sqlglot import exp

from localaws.engines.athena.job import Job
from localaws.engines.athena.sql.checking import check
from localaws.engines.athena.sql.grammar import parse
from localaws.engines.athena.statements import classify
from localaws.lake.errors import QueryFailure

_NAME = r"(?P<name>\w+|\"\w+\")"
_PREPARE = re.compile(rf"PREPARE\s+{_NAME}\s+FROM\s+(?P<query>.+)", re.IGNORECASE | re.DOTALL)
_EXECUTE = re.compile(rf"EXECUTE\s+{_NAME}(?:\s+USING\s+(?P<values>.+))?", re.IGNORECASE | re.DOTALL)
_DEALLOCATE = re.compile(rf"DEALLOCATE\s+PREPARE\s+{_NAME}\s*", re.IGNORECASE)
#: What may hold a question mark that is no parameter, or one that is.
_MARKS = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|--[^\n]*|/\*.*?\*/|\?", re.DOTALL)


def _found(pattern: re.Pattern[str], job: Job) -> re.Match[str]:
    found = pattern.fullmatch(job.sql)
    if found is None:
        raise QueryFailure("SYNTAX_ERROR", f"line 1:1: mismatched input '{job.sql[:40]}'")
    return found


def _key(found: re.Match[str], job: Job) -> dict[str, str]:
    """Name and workgroup of the statement that is meant."""
    return {"StatementName": found["name"].strip('"'), "WorkGroup": job.execution.workgroup}


def _athena(job: Job) -> Any:
    return job.client("athena")


def _prepare(job: Job) -> None:
    found = _found(_PREPARE, job)
    check(found["query"], classify(found["query"]))  # a statement that does not parse is not kept
    _athena(job).create_prepared_statement(**_key(found, job), QueryStatement=found["query"])


def _deallocate(job: Job) -> None:
    found = _found(_DEALLOCATE, job)
    _athena(job).delete_prepared_statement(**_key(found, job))


def open_prepared(job: Job) -> None:
    """Have *job* go on as the prepared statement that it executes."""
    found = _found(_EXECUTE, job)
    kept = _athena(job).get_prepared_statement(**_key(found, job))
    values = list(job.execution.parameters or [])
    if found["values"]:  # which may be parameters themselves: EXECUTE name USING ?
        listed = parse(f"SELECT {bind(found['values'], values)}")
        values = [each.sql("trino") for each in listed.expressions]
    job.become(bind(kept["PreparedStatement"]["QueryStatement"], values))


def bind(sql: str, values: list[str]) -> str:
    """*sql* with each ``?`` in its place filled by the SQL literal that *values* has for it.

    Raises QueryFailure (INVALID_PARAMETER_USAGE) if there are not as many of the one as of the other.
    """
    count = sum(match[0] == "?" for match in _MARKS.finditer(sql))
    if count != len(values):
        words = f"Incorrect number of parameters: expected {count} but found {len(values)}"
        raise QueryFailure("INVALID_PARAMETER_USAGE", words, (1, 1))
    parts = []
    position = 0
    marks = iter(values)
    # in the text itself, so that positions in errors stay those of the statement; not inside quotes or comments
    for match in _MARKS.finditer(sql):
        if match[0] == "?":
            parts += [sql[position : match.start()], _literal(next(marks))]
            position = match.end()
    return "".join([*parts, sql[position:]])


def _literal(value: str) -> str:
    """A parameter as SQL: one expression and no more, whatever stands in it. What is none is taken as text."""
    text = exp.Literal.string(value).sql()
    try:
        statement = parse(f"SELECT {value}")
    except QueryFailure:
        return text
    if len(statement.expressions) != 1 or {key for key, held in statement.args.items() if held} != {"expressions"}:
        return text
    parsed = statement.expressions[0]
    if isinstance(parsed, exp.Alias) or parsed.find(exp.Column, exp.Query, exp.Anonymous):
        return text
    sql = parsed.sql("trino", comments=False)  # a comment would swallow what follows it
    return sql if isinstance(parsed, exp.Literal) else f"({sql})"


HANDLERS = {"prepare": _prepare, "deallocate": _deallocate}
