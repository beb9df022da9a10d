"""Refreshes materialized views that ask for it (AUTO REFRESH YES), after what they are made of has changed."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import duckdb

from localaws.lake.quoting import name
from localaws.warehouse.catalog import names
from localaws.warehouse.conflicts import Table
from localaws.warehouse.errors import RedshiftError

if TYPE_CHECKING:
    from localaws.warehouse.session import Session

log = logging.getLogger(__name__)


class Refreshing:
    """A thread of its own; *open* makes a session of a user in a database."""

    def __init__(self, open: Callable[[str, str], Session]) -> None:
        self._open = open
        self._changed: queue.SimpleQueue[Table] = queue.SimpleQueue()
        threading.Thread(target=self._work, daemon=True).start()

    def note(self, tables: Iterable[Table]) -> None:
        """A transaction that has changed *tables* is committed."""
        for each in tables:
            self._changed.put(each)

    def _work(self) -> None:
        while True:
            database, id = self._changed.get()
            try:
                self._refresh(database, id)
            except (RedshiftError, duckdb.Error):  # the view's owner finds out by REFRESH
                log.warning("a materialized view of %s was not refreshed", database, exc_info=True)

    def _refresh(self, database: str, id: int) -> None:
        session = self._open("rdsdb", database)
        try:
            views = [each for each in names.store_of(session).relations() if each.auto_refresh and id in each.uses]
            for view in views:
                session.user = view.owner
                statement = f"REFRESH MATERIALIZED VIEW {name(view.schema)}.{name(view.name)}"
                for each in session.split(statement):
                    session.run(each, [])
        finally:
            session.close()
