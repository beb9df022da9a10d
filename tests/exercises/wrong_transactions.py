"""Wrong answers to the exercises of 02_storage on Iceberg and RDS."""

from __future__ import annotations

from typing import Any

from psycopg import Connection, IsolationLevel

from tests.exercises.right_transactions import BY_NEWS, printed_plainly

NEWER = "WHEN MATCHED AND l.known_at > d.known_at"
UPDATE = "THEN UPDATE SET dep_delay = l.dep_delay, known_at = l.known_at"
INSERT = "WHEN NOT MATCHED THEN INSERT VALUES (l.flight_id, l.origin, l.dep_delay, l.known_at)"


def merge(*clauses: str) -> tuple[str, Any]:
    return f"MERGE INTO delays d USING late l ON d.flight_id = l.flight_id {' '.join(clauses)}", printed_plainly


def prints(source: str, columns: str = "origin, avg(dep_delay) AS delay") -> tuple[str, Any]:
    return BY_NEWS, lambda moment: f"SELECT {columns} FROM {source.format(moment)} GROUP BY origin"


def book(
    read: str = "SELECT free FROM flights WHERE flight = %s", *, commits: bool = True, raises: bool = False
) -> tuple[Any]:
    """A `book` that reads, decides and writes what is left."""

    def answer(connection: Connection[Any], flight: str, seats: int) -> bool:
        if raises:
            connection.isolation_level = IsolationLevel.REPEATABLE_READ
        row = connection.execute(read, [flight]).fetchone()
        if row is None or row[0] < seats:
            return False
        connection.execute("UPDATE flights SET free = %s WHERE flight = %s", [row[0] - seats, flight])
        if commits:
            connection.commit()
        return True

    return (answer,)


def decides_too_early(connection: Connection[Any], flight: str, seats: int) -> bool:
    """Nothing is lost, and what was decided by has changed."""
    row = connection.execute("SELECT free FROM flights WHERE flight = %s", [flight]).fetchone()
    if row is None or row[0] < seats:
        return False
    connection.execute("UPDATE flights SET free = free - %s WHERE flight = %s", [seats, flight])
    connection.commit()
    return True


def every_flight(connection: Connection[Any], flight: str, seats: int) -> bool:
    changed = connection.execute("UPDATE flights SET free = free - %s WHERE free >= %s", [seats, seats])
    connection.commit()
    return changed.rowcount > 0


def without_looking(connection: Connection[Any], flight: str, seats: int) -> bool:
    connection.execute("UPDATE flights SET free = greatest(free - %s, 0) WHERE flight = %s", [seats, flight])
    connection.commit()
    return True


def who_is_first(connection: Connection[Any], flight: str, seats: int) -> bool:
    """Where somebody has the lock, it is given up at once."""
    sql = "SELECT free FROM flights WHERE flight = %s FOR UPDATE SKIP LOCKED"
    [answer] = book(sql)
    return bool(answer(connection, flight, seats))


WRONG: dict[str, list[tuple[Any, str]]] = {
    "out_of_order": [
        (merge("WHEN MATCHED", UPDATE, INSERT), "came last and is older"),
        (merge(NEWER, UPDATE), "only in `late`"),
        (merge(INSERT), "its correction is newer"),
        (("INSERT INTO delays SELECT * FROM late", printed_plainly), "the old row stays"),
        (prints("delays"), "nobody knew of them"),
        (prints("delays FOR TIMESTAMP AS OF TIMESTAMP '{}'", "origin"), "should have `origin` and `delay`"),
        (prints("delays FOR TIMESTAMP AS OF TIMESTAMP '{}'", "origin, max(dep_delay) AS delay"), "not the average"),
    ],
    "last_seat": [
        (book(), "an update is lost"),
        (book(raises=True), "SerializationFailure"),
        (book(commits=False), "before the commit"),
        ((decides_too_early,), "One seat was sold 2 times"),
        ((every_flight,), "seats of another flight"),
        ((without_looking,), "2 seats of 1 were wanted"),
        ((who_is_first,), "who comes second"),
    ],
}
