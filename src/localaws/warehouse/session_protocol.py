"""What the wire asks of a client's session, and what it gets: statements, results."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol

from localaws.warehouse.wire.types import Column


@dataclass
class Result:
    """What a statement has come to.

    Attributes:
        tag: its command, as clients are told ("SELECT", "INSERT 0 3").
        columns: of its rows; None where it has none by its kind.
        rows: to be read once; who has read all of them may count them.
        counted: whether the tag ends with how many rows were read.
    """

    tag: str
    columns: list[Column] | None = None
    rows: Iterator[tuple[Any, ...]] = field(default_factory=lambda: iter(()))
    counted: bool = False


@dataclass(frozen=True)
class Parameter:
    """A value for ``$1``: its type's number (0 where the client does not say), and None, a text or Python's value."""

    type: int
    value: Any


@dataclass
class Prepared:
    """A statement that has a name: None for an empty text; and the types of its parameters that were told."""

    statement: Any
    types: list[int] = field(default_factory=list)


class ClientSession(Protocol):
    """One client's. Only `cancel` may be called from another thread."""

    prepared: dict[str, Prepared]
    status: str  # "I" idle, "T" in a transaction, "E" in one that has failed
    cursors: dict[str, Result]  # those that are open, by name

    def split(self, sql: str) -> Sequence[Any]:
        """The statements of *sql*. Raises RedshiftError for what is none."""

    def describe(self, statement: Any, types: Sequence[int]) -> tuple[list[int], list[Column] | None]:
        """The types of its parameters, of which some *types* are known, and the columns of its rows."""

    def only_reads(self, statement: Any) -> bool:
        """Whether it is a query that changes nothing, so that it may as well run a moment earlier."""

    def run(self, statement: Any, parameters: Sequence[Parameter]) -> Result:
        """Raises RedshiftError."""

    def together(self, statements: Sequence[Any]) -> AbstractContextManager[None]:
        """Within, *statements*, which came as one text, run as one transaction."""

    def notices(self) -> list[str]:
        """What was to be said besides since the last time."""

    def cancel(self) -> None:
        """End what runs: it raises RedshiftError."""

    def close(self) -> None: ...
