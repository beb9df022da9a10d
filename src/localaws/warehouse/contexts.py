"""What the meaning of a session's statements depends on besides their text."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING

import duckdb

from localaws.lake.quoting import name
from localaws.warehouse.sql.translating import Context

if TYPE_CHECKING:
    from localaws.warehouse.session import Session


def context_of(session: Session) -> Context:
    @cache
    def described(parts: tuple[str, ...]) -> dict[str, str] | None:
        with suppress(duckdb.CatalogException):
            return {row[0]: row[1] for row in session.execute(f"DESCRIBE {'.'.join(map(name, parts))}")}
        return None

    def columns(parts: Sequence[str]) -> dict[str, str] | None:
        """Of a table that `binding` has named in full; it stays as it is while one statement is read."""
        return described(tuple(parts))

    return Context(columns)
