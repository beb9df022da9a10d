"""What a pattern is made of, once it is read."""

from __future__ import annotations

from dataclasses import dataclass

from localaws.hive.javaregex.letters import Letters


class PatternError(ValueError):
    """The text is no pattern; the words are those of the library that AWS uses."""


class Untranslatable(ValueError):
    """The text is a pattern, but nothing here can run it as Java does."""


@dataclass(frozen=True)
class One:
    """One character of a set."""

    letters: Letters


@dataclass(frozen=True)
class Then:
    """One after the other."""

    parts: tuple[Node, ...]


@dataclass(frozen=True)
class Either:
    """The first of them that leads to a match."""

    branches: tuple[Node, ...]


@dataclass(frozen=True)
class Group:
    """A group that captures, with its number from 1 on; without one it is atomic: what it took it keeps."""

    body: Node
    number: int | None


@dataclass(frozen=True)
class Look:
    """Whether *body* fits ahead of here, or behind."""

    body: Node
    behind: bool
    negative: bool


@dataclass(frozen=True)
class Repeat:
    """*mode* is ``?`` for as few as possible, ``+`` for as many as there are and none given back."""

    body: Node
    low: int
    high: int | None
    mode: str


@dataclass(frozen=True)
class Back:
    """What the group has found, again. *ignoring* is ``ascii`` or ``unicode`` where case makes no difference."""

    number: int
    ignoring: str


@dataclass(frozen=True)
class Place:
    """Somewhere between characters, or a cluster of them.

    ``start``, ``end``, ``last`` (before the last line's end), ``line start``, ``line end``, ``word``, ``not word``,
    ``previous`` (where the previous match ended), ``cluster``. *lines* are what ends a line.
    """

    kind: str
    lines: str = "java"
    unicode_words: bool = False


Node = One | Then | Either | Group | Look | Repeat | Back | Place


def shortest(node: Node) -> int:
    """The fewest characters that *node* takes."""
    match node:
        case One():
            return 1
        case Then(parts):
            return sum(map(shortest, parts))
        case Either(branches):
            return min(map(shortest, branches))
        case Group(body):
            return shortest(body)
        case Repeat(body, low):
            return low * shortest(body)
        case Place("cluster"):
            return 1
    return 0


def width(node: Node) -> int | None:
    """The length of what *node* takes; None if that is not always the same."""
    match node:
        case One():
            return 1
        case Then(parts):
            widths = [width(each) for each in parts]
            return None if None in widths else sum(each or 0 for each in widths)
        case Either(branches):
            widths = [width(each) for each in branches]
            return widths[0] if len(set(widths)) == 1 else None
        case Group(body):
            return width(body)
        case Repeat(body, low, high):
            once = width(body)
            return None if once is None or low != high else once * low
        case Back() | Place("cluster"):
            return None
    return 0


def branches(node: Node) -> tuple[Node, ...]:
    return node.branches if isinstance(node, Either) else (node,)


def certain_groups(node: Node) -> set[int]:
    """The groups that have found something, and only once, wherever the whole matches."""
    match node:
        case Then(parts):
            return set().union(*map(certain_groups, parts))
        case Group(body, number):
            return certain_groups(body) | ({number} if number else set())
    return set()
