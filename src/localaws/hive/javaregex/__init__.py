r"""Java's regular expressions, run by the libraries there are.

A pattern is read (`parser`, `classes`), and written anew (`writer`) in words that mean the same to Python's re, to the
library regex, or to RE2. What has no such words is refused: a pattern never means something else than to Java.

Who may run one: a child only (localaws.children), since a pattern may never end. RE2 takes one pass, and may run
anywhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import regex

from localaws.hive.javaregex.nodes import Node, PatternError, Untranslatable, certain_groups, shortest
from localaws.hive.javaregex.parser import Parser
from localaws.hive.javaregex.writer import for_python, for_re2, needs_regex

_REPLACEMENT = re.compile(r"\$\{(?P<name>[^}]*)\}|\$(?P<number>[0-9]+)|\\.|.", re.DOTALL)

__all__ = ["JavaPattern", "PatternError", "Untranslatable", "checked", "matching", "read"]


@dataclass
class JavaPattern:
    """A pattern that was read; *groups* is their number, *names* those of them that have one."""

    node: Node
    groups: int
    names: dict[str, int]

    @cached_property
    def compiled(self) -> re.Pattern[str]:
        """What finds its matches. Raises Untranslatable."""
        library: Any = regex if needs_regex(self.node) else re
        try:
            return library.compile(for_python(self.node, with_regex=library is regex))
        except (re.error, regex.error, OverflowError) as error:
            raise Untranslatable(f"a regular expression of this kind ({error})") from None

    def matches(self, text: str, start: int = 0) -> Iterator[re.Match[str]]:
        """All matches from *start* on. After an empty one Java goes on behind the next character."""
        search = self.compiled.search
        while start <= len(text) and (found := search(text, start)) is not None:
            yield found
            start = found.end() + (found.end() == found.start())

    def replacement(self, text: str) -> list[str | int]:
        """What replaces a match: texts, and numbers of groups (``$1``, ``${name}``).

        Raises PatternError for a group that there is not.
        """
        parts: list[str | int] = []
        for found in _REPLACEMENT.finditer(text):
            if found["name"] is not None:
                if found["name"] not in self.names:
                    raise PatternError(f"Illegal replacement sequence: unknown group {{ {found['name']} }}")
                parts.append(self.names[found["name"]])
            elif found["number"]:
                digits = found["number"]
                taken = max((end for end in range(1, len(digits) + 1) if int(digits[:end]) <= self.groups), default=0)
                if not taken:
                    raise PatternError(f"Illegal replacement sequence: unknown group {digits[0]}")
                parts += [int(digits[:taken]), digits[taken:]]
            elif found[0] in ("$", "\\"):
                raise PatternError(f"Illegal replacement sequence: {text}")
            else:
                parts.append(found[0][-1])
        return parts

    def re2(self, only_whether: bool = False, in_ascii: bool = False) -> str | None:
        """The same for RE2; None where that cannot find the same.

        *only_whether* there is a match counts. *in_ascii*: the texts are ASCII, so that RE2's words are Java's.
        """
        return for_re2(self.node, only_whether, in_ascii)

    @property
    def shortest(self) -> int:
        """The fewest characters of a match."""
        return shortest(self.node)

    @property
    def certain_groups(self) -> set[int]:
        """The groups that have found something in every match."""
        return certain_groups(self.node)


@lru_cache(256)
def read(text: str, dialect: str, ignoring_case: bool = False) -> JavaPattern:
    """The pattern *text*. *dialect* is ``java``, or ``trino`` for the functions of SQL.

    Raises PatternError for what is no pattern, and Untranslatable.
    """
    parser = Parser(text, dialect, ignoring_case)
    try:
        node = parser.parse()
    except RecursionError:
        raise Untranslatable("a regular expression so deep") from None
    return JavaPattern(node, parser.count, parser.names)


def checked(text: str, dialect: str, ignoring_case: bool = False) -> JavaPattern:
    """As `read`, and it is known to run."""
    pattern = read(text, dialect, ignoring_case)
    assert pattern.compiled
    return pattern


def matching(pattern: str, names: list[str]) -> list[str]:
    """The *names* that Java's regular expression *pattern* fits as a whole."""
    compiled = checked(pattern, "java").compiled
    return [name for name in names if compiled.fullmatch(name)]
