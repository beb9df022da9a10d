"""Which CloudWatch Logs Insights queries this lab runs: fields, sort by time, and limit. Others are refused at once.

moto skips over every other command, so that a filter would let everything through.
Source: CloudWatch Logs user guide, "CloudWatch Logs Insights language query syntax".
"""

from __future__ import annotations

import re
from typing import Any

from moto.logs.logs_query import execute_query

from localaws.gateway.errors import AwsError

#: The commands of the language.
_COMMANDS = set(
    "anomaly dedup diff display fields filter filterindex join limit lookup parse pattern sort source stats unmask "
    "unnest".split()
)
_FIELDS = {"@timestamp", "@message", "@logStream", "@log", "@ptr"}
#: Parts of a query in which a pipe separates nothing.
_PART = re.compile(r"""(?:"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`[^`]*`|/(?:\\.|[^/\\\n])*/|[^|])*""")


def check_query(query: str) -> None:
    """Raises MalformedQueryException for what is no query, NotImplemented for one that this lab does not run."""
    commands_of(query)


def run_query(log_groups: Any, query: str, start_time: int, end_time: int) -> list[dict[str, str]]:
    """The rows of *query* over events from *start_time* to *end_time* (seconds since the epoch)."""
    return execute_query(log_groups, " | ".join(commands_of(query)), start_time, end_time)


def commands_of(query: str) -> list[str]:
    """The commands of *query*, each spelt as moto reads it; raises as `check_query`."""
    commands, at = [], 0
    while at <= len(query):
        part = _PART.match(query, at)
        assert part is not None  # it also matches nothing
        commands.append(_command(query, part[0], at))
        at = part.end() + 1
    return commands


def _command(query: str, text: str, at: int) -> str:
    name, _, rest = text.strip().partition(" ")
    if (word := re.match(r"[A-Za-z]*", name)) is None or word[0].lower() not in _COMMANDS or word[0] != name:
        raise _malformed(query, at + len(text) - len(text.lstrip()), name or "|")
    rest = rest.strip()
    match name.lower():
        case "fields":
            fields = [field.strip() for field in rest.split(",")]
            if set(fields) <= _FIELDS:
                return f"fields {', '.join(fields)}"
        case "sort":
            order = re.fullmatch(r"@timestamp(?:\s+(asc|desc))?", rest, re.IGNORECASE)
            if order:
                return f"sort @timestamp {(order[1] or 'desc').lower()}"
        case "limit":
            if rest.isdecimal():
                return f"limit {int(rest)}"
            raise _malformed(query, at, rest or "|")
    raise AwsError(
        "NotImplemented",
        f"This lab does not do the Logs Insights command {text.strip()[:80]!r}, but fields of "
        f"{', '.join(sorted(_FIELDS))}, sort by @timestamp, and limit.",
        501,
    )


def _malformed(query: str, at: int, symbol: str) -> AwsError:
    line = query.count("\n", 0, at) + 1
    said = f"unexpected symbol found {symbol[:80]} at line {line} and position {at - query.rfind(chr(10), 0, at) - 1}"
    where = {"startCharOffset": at, "endCharOffset": at + len(symbol)}
    return AwsError("MalformedQueryException", said, 400, {"queryCompileError": {"location": where, "message": said}})
