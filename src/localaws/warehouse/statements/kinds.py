"""What a kind of statement is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from localaws.warehouse.sql.splitting import Statement

if TYPE_CHECKING:
    from localaws.warehouse.session import Session
    from localaws.warehouse.session_protocol import Parameter, Result
    from localaws.warehouse.wire.types import Column


class Kind(Protocol):
    """Describes and runs the statements of one kind."""

    def describe(
        self, session: Session, statement: Statement, types: Sequence[int]
    ) -> tuple[list[int], list[Column] | None]:
        """The types of its parameters, of which *types* are told, and its columns; None where it has no rows."""

    def run(self, session: Session, statement: Statement, parameters: Sequence[Parameter]) -> Result:
        """Raises RedshiftError, or DuckDB's errors, which the session tells as Redshift's."""


#: The first words of a kind's statements, in capitals → the kind.
Kinds = dict[tuple[str, ...], Kind]


class Silent:
    """A kind that has neither parameters nor rows."""

    def describe(
        self, session: Session, statement: Statement, types: Sequence[int]
    ) -> tuple[list[int], list[Column] | None]:
        return [], None
