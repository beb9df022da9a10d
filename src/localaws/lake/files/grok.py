"""Grok: named pieces of regular expressions, put together. Source: "Grok SerDe" (grok-serde.html)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import count

_REFERENCE = re.compile(r"%\{(?P<pattern>\w+)(?::(?P<field>[\w.\[\]]+))?(?::\w+)?\}")
_MOST_DEEP = 30
#: Letters of the whole expression: patterns that hold each other twice would double it at each level.
_MOST_LETTERS = 1 << 20
_IPV4_PART = r"(?:25[0-5]|2[0-4]\d|1?\d?\d)"
#: The patterns that most logs need.
_PATTERNS = {
    "WORD": r"\b\w+\b",
    "NOTSPACE": r"\S+",
    "SPACE": r"\s*",
    "DATA": r".*?",
    "GREEDYDATA": r".*",
    "INT": r"[+-]?\d+",
    "POSINT": r"\b[1-9]\d*\b",
    "NONNEGINT": r"\b\d+\b",
    "NUMBER": r"%{BASE10NUM}",
    "BASE10NUM": r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)",
    "BASE16NUM": r"[+-]?(?:0x)?[0-9A-Fa-f]+",
    "USERNAME": r"[a-zA-Z0-9._-]+",
    "USER": r"%{USERNAME}",
    "EMAILADDRESS": r"[a-zA-Z0-9_.+%=:-]+@%{HOSTNAME}",
    "QUOTEDSTRING": r"""(?:"(?:\\.|[^\\"])*"|'(?:\\.|[^\\'])*')""",
    "QS": r"%{QUOTEDSTRING}",
    "UUID": r"[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}",
    "IPV4": rf"(?:{_IPV4_PART}\.){{3}}{_IPV4_PART}",
    "IPV6": r"[0-9A-Fa-f]*:[0-9A-Fa-f:.]+",
    "IP": r"(?:%{IPV4}|%{IPV6})",
    "HOSTNAME": r"\b[0-9A-Za-z][0-9A-Za-z-]{0,62}(?:\.[0-9A-Za-z][0-9A-Za-z-]{0,62})*\.?",
    "IPORHOST": r"(?:%{IP}|%{HOSTNAME})",
    "HOSTPORT": r"%{IPORHOST}:%{POSINT}",
    "UNIXPATH": r"(?:/[\w%!$@:.,+~-]*)+",
    "PATH": r"(?:%{UNIXPATH}|[A-Za-z]:(?:\\[^\\?*]*)+)",
    "URIPROTO": r"[A-Za-z][A-Za-z0-9+.-]+",
    "URIHOST": r"%{IPORHOST}(?::%{POSINT})?",
    "URIPATH": r"(?:/[A-Za-z0-9$.+!*'(){},~:;=@#%&_-]*)+",
    "URIPARAM": r"\?[A-Za-z0-9$.+!*'|(){},~@#%&/=:;_?<>\[\]-]*",
    "URIPATHPARAM": r"%{URIPATH}(?:%{URIPARAM})?",
    "URI": r"%{URIPROTO}://(?:%{USER}(?::[^@]*)?@)?(?:%{URIHOST})?(?:%{URIPATHPARAM})?",
    "MONTH": r"\b(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*\b",
    "MONTHNUM": r"(?:0?[1-9]|1[0-2])",
    "MONTHDAY": r"(?:0[1-9]|[12]\d|3[01]|[1-9])",
    "DAY": r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*",
    "YEAR": r"(?:\d\d){1,2}",
    "HOUR": r"(?:2[0123]|[01]?\d)",
    "MINUTE": r"[0-5]\d",
    "SECOND": r"(?:[0-5]?\d|60)(?:[:.,]\d+)?",
    "TIME": r"%{HOUR}:%{MINUTE}(?::%{SECOND})",
    "DATE_US": r"%{MONTHNUM}[/-]%{MONTHDAY}[/-]%{YEAR}",
    "DATE_EU": r"%{MONTHDAY}[./-]%{MONTHNUM}[./-]%{YEAR}",
    "DATE": r"(?:%{DATE_US}|%{DATE_EU})",
    "ISO8601_TIMEZONE": r"(?:Z|[+-]%{HOUR}(?::?%{MINUTE}))",
    "TIMESTAMP_ISO8601": r"%{YEAR}-%{MONTHNUM}-%{MONTHDAY}[T ]%{HOUR}:?%{MINUTE}(?::?%{SECOND})?%{ISO8601_TIMEZONE}?",
    "HTTPDATE": r"%{MONTHDAY}/%{MONTH}/%{YEAR}:%{TIME} %{INT}",
    "SYSLOGTIMESTAMP": r"%{MONTH} +%{MONTHDAY} %{TIME}",
    "PROG": r"[\x21-\x5a\x5c\x5e-\x7e]+",
    "SYSLOGPROG": r"%{PROG}(?:\[%{POSINT}\])?",
    "SYSLOGHOST": r"%{IPORHOST}",
    "LOGLEVEL": r"(?:[A-Za-z]*(?i:trace|debug|notice|info|warn|error|crit|fatal|severe|emerg|alert)[A-Za-z]*)",
    "COMMONAPACHELOG": (
        r'%{IPORHOST:clientip} %{USER:ident} %{USER:auth} \[%{HTTPDATE:timestamp}\] "(?:%{WORD:verb} '
        r'%{NOTSPACE:request}(?: HTTP/%{NUMBER:httpversion})?|%{DATA:rawrequest})" %{NUMBER:response} '
        r"(?:%{NUMBER:bytes}|-)"
    ),
    "COMBINEDAPACHELOG": r"%{COMMONAPACHELOG} %{QS:referrer} %{QS:agent}",
}


class GrokError(ValueError):
    """A pattern that does not exist, that holds itself, or that grows without bound."""


def expand(text: str, custom: str = "") -> str:
    """The regular expression that the Grok *text* means: a named group for each field, in their order.

    *custom* has a pattern a line: its name, a space, the expression.
    """
    lines = custom.replace("\\n", "\n").splitlines()
    own = dict(line.split(maxsplit=1) for line in lines if len(line.split(maxsplit=1)) == 2)
    return _expand(text, _PATTERNS | own, 0, count())


def _expand(text: str, patterns: dict[str, str], depth: int, numbers: Iterator[int]) -> str:
    if depth > _MOST_DEEP:
        raise GrokError("patterns that refer to each other in a circle")

    def one(match: re.Match[str]) -> str:
        if match["pattern"] not in patterns:
            raise GrokError(f"no pattern is called {match['pattern']}")
        opening = f"(?<field{next(numbers)}>" if match["field"] else "(?:"
        return f"{opening}{_expand(patterns[match['pattern']], patterns, depth + 1, numbers)})"

    expanded = _REFERENCE.sub(one, text)
    if len(expanded) > _MOST_LETTERS:
        raise GrokError("patterns that make too long an expression")
    return expanded
