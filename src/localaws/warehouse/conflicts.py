"""Transactions beside one another: locks on tables, and orders that no transactions one after another could give.

A transaction that changes rows of a table holds its lock to the end; others that want to change it wait. In a database
of the level SERIALIZABLE a transaction also fails if it closes a cycle: it has read what another has changed since, and
must so come before it, and it must also come after it. The level SNAPSHOT, which databases have unless one says
otherwise, lets that pass.

Source: Redshift database developer guide, "Isolation levels in Amazon Redshift", "Write and read/write operations",
"Concurrent write examples", "Troubleshooting serializable isolation errors", "LOCK".
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from localaws.warehouse.errors import CANCELLED, SERIALIZATION, RedshiftError

#: A table: its database and its number.
Table = tuple[str, int]
READ, WRITE, EXCLUSIVE = 1, 2, 3
#: What a lock is called in SVV_TRANSACTIONS.
LOCKS = {READ: "AccessShareLock", WRITE: "ShareRowExclusiveLock", EXCLUSIVE: "AccessExclusiveLock"}
_LOOK_SECONDS = 0.2


@dataclass(eq=False)
class Transaction:
    """One of *process*'s.

    Attributes:
        seen: the moment whose data it sees: how many commits there had been.
        ended: the moment of its commit, or None.
        locks: the tables that it uses and how; only the strongest way is kept.
    """

    number: int
    process: int
    user: str
    seen: int
    reads: set[Table] = field(default_factory=set)
    writes: set[Table] = field(default_factory=set)
    locks: dict[Table, int] = field(default_factory=dict)
    waits: tuple[Table, int] | None = None
    ended: int | None = None

    def before(self, other: Transaction) -> bool:
        """Whether whatever order there is has this one before *other*."""
        if self.reads & other.writes and (other.ended is None or other.ended > self.seen):
            return True  # it has not seen what the other has written
        if self.ended is None:
            return False
        saw = bool(self.writes & other.reads) and self.ended <= other.seen
        followed = bool(self.writes & other.writes) and (other.ended is None or other.ended > self.ended)
        return saw or followed


class Conflicts:
    """Those of a cluster; the levels of its databases are kept in *file*."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._levels: dict[str, str] = json.loads(file.read_text()) if file.exists() else {}
        self._changed = threading.Condition()
        self._active: list[Transaction] = []
        self._past: list[Transaction] = []  # committed while some active one was at work
        self._commits = 0
        self._changes: dict[Table, int] = {}
        self._refreshes: dict[Table, int] = {}
        #: Called with the tables that a committed transaction has changed.
        self.on_commit: Callable[[Iterable[Table]], None] = lambda tables: None
        self._next = 1000

    def level(self, database: str) -> str:
        return self._levels.get(database, "snapshot")

    def set_level(self, database: str, level: str) -> None:
        with self._changed:
            self._levels[database] = level
            self._file.write_text(json.dumps(self._levels))

    def next_number(self) -> int:
        """A number for a transaction that uses no table."""
        with self._changed:
            self._next += 1
            return self._next

    def begin(self, process: int, user: str) -> Transaction:
        with self._changed:
            self._next += 1
            transaction = Transaction(self._next, process, user, self._commits)
            self._active.append(transaction)
            return transaction

    def end(self, transaction: Transaction, committed: bool) -> None:
        with self._changed:
            if transaction not in self._active:
                return
            self._active.remove(transaction)
            if committed:
                self._commits += 1
                transaction.ended = self._commits
                self._past.append(transaction)
                self._changes |= dict.fromkeys(transaction.writes, self._commits)
            oldest = min((each.seen for each in self._active), default=self._commits)
            self._past = [each for each in self._past if each.ended is not None and each.ended > oldest]
            transaction.locks.clear()
            self._changed.notify_all()
        if committed and transaction.writes:
            self.on_commit(transaction.writes)

    def last_change(self, table: Table) -> int:
        """When *table* was changed last: after how many commits since the cluster's start; 0 for not since then."""
        return self._changes.get(table, 0)

    def moment(self) -> int:
        """Now, as a count of commits."""
        return self._commits

    def note_refresh(self, view: Table, moment: int) -> None:
        """The materialized *view* shows what was committed at *moment*."""
        self._refreshes[view] = moment

    def changed_since_refresh(self, view: Table, tables: Iterable[Table]) -> bool:
        """Whether one of *tables* has changed since; also where the cluster has been started since, and none knows."""
        return view not in self._refreshes or any(self.last_change(each) > self._refreshes[view] for each in tables)

    def lock(self, transaction: Transaction, table: Table, mode: int, cancelled: Callable[[], bool]) -> None:
        """Wait until *transaction* may use *table* so. Raises RedshiftError if all would wait for ever."""
        with self._changed:
            while holders := self._holders(transaction, table, mode):
                transaction.waits = table, mode
                if self._leads_to(holders, transaction):
                    transaction.waits = None
                    raise RedshiftError("40P01", "deadlock detected", D=_waiting(transaction, table, holders))
                self._changed.wait(_LOOK_SECONDS)
                if cancelled():
                    transaction.waits = None
                    raise RedshiftError(CANCELLED, "Query cancelled on user's request")
            transaction.waits = None
            transaction.locks[table] = max(mode, transaction.locks.get(table, 0))

    def use(self, transaction: Transaction, reads: Iterable[Table], writes: Iterable[Table], database: str) -> None:
        """Note what *transaction* uses. Raises RedshiftError 1023 where that closes a cycle."""
        with self._changed:
            if not transaction.reads and not transaction.writes:
                transaction.seen = self._commits
            before = set(transaction.reads), set(transaction.writes)
            transaction.reads |= set(reads)
            transaction.writes |= set(writes)
            if self.level(database) != "serializable":
                return
            cycle = self._cycle(transaction, transaction, [transaction])
            if cycle:
                tables = transaction.writes & {table for each in cycle[1:] for table in each.reads | each.writes}
                transaction.reads, transaction.writes = before
                raise violation(min(tables or transaction.reads | transaction.writes), cycle)

    def conflict(self, transaction: Transaction, table: Table) -> RedshiftError:
        """For rows that another transaction has changed too."""
        with self._changed:
            others = [each for each in [*self._past, *self._active] if table in each.writes and each is not transaction]
            return violation(table, [transaction, *others[-1:]])

    def active(self) -> list[Transaction]:
        with self._changed:
            return list(self._active)

    def _holders(self, transaction: Transaction, table: Table, mode: int) -> list[Transaction]:
        """Those in whose way it would be: two may read, and one may write while others read."""
        return [
            each
            for each in self._active
            if each is not transaction and (held := each.locks.get(table)) and held + mode > READ + WRITE
        ]

    def _leads_to(self, holders: list[Transaction], wanted: Transaction) -> bool:
        for each in holders:
            if each is wanted:
                return True
            if each.waits and self._leads_to(self._holders(each, *each.waits), wanted):
                return True
        return False

    def _cycle(self, start: Transaction, at: Transaction, way: list[Transaction]) -> list[Transaction]:
        """Transactions that each have to come before the next, and the last before *start*; [] for none."""
        for each in [*self._active, *self._past]:
            if each is start and len(way) > 1 and at.before(start):
                return way
            if each not in way and at.before(each) and (found := self._cycle(start, each, [*way, each])):
                return found
        return []


def violation(table: Table, cycle: list[Transaction]) -> RedshiftError:
    numbers = ", ".join(str(each.number) for each in cycle)
    return RedshiftError(
        SERIALIZATION, "1023",
        D=f"Serializable isolation violation on table - {table[1]}, transactions forming the cycle are: {numbers}"
          f" (pid:{cycle[0].process})",
    )  # fmt: skip


def _waiting(transaction: Transaction, table: Table, holders: list[Transaction]) -> str:
    return (
        f"Process {transaction.process} waits for {LOCKS[transaction.waits[1] if transaction.waits else WRITE]} on "
        f"relation {table[1]}; blocked by process {holders[0].process}."
    )
