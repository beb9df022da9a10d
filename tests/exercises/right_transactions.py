"""Right answers to the exercises of 02_storage on Iceberg and RDS, written in another way than the solution."""

from __future__ import annotations

from typing import Any

from psycopg import Connection, IsolationLevel, Rollback, errors

BY_ACTION = """
    MERGE INTO delays USING (SELECT * FROM late) AS news ON (delays.flight_id = news.flight_id)
    WHEN NOT MATCHED THEN INSERT VALUES (news.flight_id, news.origin, news.dep_delay, news.known_at)
    WHEN MATCHED AND news.known_at <= delays.known_at THEN UPDATE SET known_at = delays.known_at
    WHEN MATCHED THEN UPDATE SET known_at = news.known_at, dep_delay = news.dep_delay"""
BY_NEWS = """
    merge into delays d
    using (select l.* from late l left join delays o on l.flight_id = o.flight_id
           where o.flight_id is null or l.known_at > o.known_at) l
    on d.flight_id = l.flight_id
    when matched then update set dep_delay = l.dep_delay, known_at = l.known_at
    when not matched then insert (known_at, dep_delay, origin, flight_id)
        values (l.known_at, l.dep_delay, l.origin, l.flight_id)"""


def printed_by_sums(moment: str) -> str:
    return f"""
        WITH morning AS (SELECT * FROM delays FOR TIMESTAMP AS OF CAST('{moment}' AS timestamp(3) with time zone))
        SELECT sum(dep_delay) * 1e0 / count(dep_delay) AS delay, origin FROM morning GROUP BY 2 ORDER BY origin"""


def printed_plainly(moment: str) -> str:
    return f"SELECT origin, avg(dep_delay) AS delay FROM delays FOR TIMESTAMP AS OF TIMESTAMP '{moment}' GROUP BY 1"


def book_by_condition(connection: Connection[Any], flight: str, seats: int) -> bool:
    """One statement decides and writes; what it waits for, it looks at again."""
    changed = connection.execute(
        "UPDATE flights SET free = free - %(seats)s WHERE flight = %(flight)s AND free >= %(seats)s",
        {"flight": flight, "seats": seats},
    )
    connection.commit()
    return changed.rowcount == 1


def book_serializable(connection: Connection[Any], flight: str, seats: int) -> bool:
    """Who comes second is refused by the database, and begins again."""
    connection.isolation_level = IsolationLevel.SERIALIZABLE
    while True:
        try:
            with connection.transaction(), connection.cursor() as cursor:
                cursor.execute("SELECT free FROM flights WHERE flight = %s", (flight,))
                [[free]] = cursor.fetchall()
                if free < seats:
                    return False
                cursor.execute("UPDATE flights SET free = %s WHERE flight = %s", (free - seats, flight))
        except errors.SerializationFailure:
            continue
        return True


def book_one_by_one(connection: Connection[Any], flight: str, seats: int) -> bool:
    """A lock of the table lets nobody else book, of any flight; slow, and right."""
    with connection.transaction():
        connection.execute("LOCK TABLE flights IN SHARE ROW EXCLUSIVE MODE")
        row = connection.execute("SELECT free >= %s FROM flights WHERE flight = %s", (seats, flight)).fetchone()
        if not row or not row[0]:
            return False
        connection.execute("UPDATE flights SET free = free - %s WHERE flight = %s", (seats, flight))
    return True


def book_by_returning(connection: Connection[Any], flight: str, seats: int) -> bool:
    """Taken back, if it was too much."""
    with connection.transaction() as transaction:
        sql = "UPDATE flights SET free = free - %s WHERE flight = %s RETURNING free"
        row = connection.execute(sql, (seats, flight)).fetchone()
        enough = row is not None and row[0] >= 0
        if not enough:
            raise Rollback(transaction)
    return enough


RIGHT: dict[str, list[Any]] = {
    "out_of_order": [(BY_ACTION, printed_by_sums), (BY_NEWS, printed_plainly)],
    "last_seat": [(book_by_condition,), (book_serializable,), (book_one_by_one,), (book_by_returning,)],
}
