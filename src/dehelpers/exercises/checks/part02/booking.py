"""An exercise on a transaction: two sessions that book the last seats of a flight at the same time, in RDS."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import cache
from typing import Any

import psycopg

from dehelpers.exercises.checks.part02.part import PART
from dehelpers.exercises.outcome import NotYet
from dehelpers.exercises.running import run
from dehelpers.words.clients import client
from dehelpers.words.connect import current
from dehelpers.words.names import name

USER, MEETING = "master", 0.4  # seconds; one who waits for a lock does not come to it
TIMEOUTS = "-c lock_timeout=5000 -c statement_timeout=5000"


@cache
def _password(_endpoint: str | None) -> str:
    """Of the instance, in an account or lab: only this process knows it."""
    return uuid.uuid4().hex


def instance() -> dict[str, Any]:
    """How to connect to the instance of this part's exercises, which is made when it is first needed.

    It stays until the teardown: a server takes seconds to be made here, and minutes on AWS.
    """
    rds, made = client("rds"), name("exercises", "instance")
    password = _password(current().endpoint)
    try:
        rds.describe_db_instances(DBInstanceIdentifier=made)
    except rds.exceptions.DBInstanceNotFoundFault:
        rds.create_db_instance(
            DBInstanceIdentifier=made,
            DBInstanceClass="db.t4g.micro",
            Engine="postgres",
            AllocatedStorage=20,
            MasterUsername=USER,
            MasterUserPassword=password,
            DBName="ops",
        )
    rds.get_waiter("db_instance_available").wait(DBInstanceIdentifier=made, WaiterConfig={"Delay": 1})
    found = rds.describe_db_instances(DBInstanceIdentifier=made)["DBInstances"][0]["Endpoint"]
    place = {"host": found["Address"], "port": found["Port"], "dbname": "ops", "user": USER, "password": password}
    try:
        psycopg.connect(**place).close()
    except psycopg.OperationalError:  # another process made it
        rds.modify_db_instance(DBInstanceIdentifier=made, MasterUserPassword=password, ApplyImmediately=True)
        rds.get_waiter("db_instance_available").wait(DBInstanceIdentifier=made, WaiterConfig={"Delay": 1})
    return place


class _Meeting(psycopg.Cursor[Any]):
    """A cursor whose first question of the seats is answered when the other session has asked, too, or waits."""

    met: threading.Barrier
    seen: set[int]

    def execute(self, query: Any, *arguments: Any, **options: Any) -> Any:
        answer = super().execute(query, *arguments, **options)
        me = threading.get_ident()
        if self.description and me not in self.seen:
            self.seen.add(me)
            with suppress(threading.BrokenBarrierError):
                self.met.wait(MEETING)
        return answer


@contextmanager
def _flights(free: int) -> Iterator[Callable[..., psycopg.Connection[Any]]]:
    """A schema with the table of seats, gone at the end. What it gives opens a session in it."""
    place, schema = instance(), f"booking_{uuid.uuid4().hex[:8]}"

    def connect(**options: Any) -> psycopg.Connection[Any]:
        return psycopg.connect(**place, options=f"-c search_path={schema} {TIMEOUTS}", **options)

    with connect(autocommit=True) as own:
        own.execute(f"CREATE SCHEMA {schema}")
        own.execute("CREATE TABLE flights (flight text PRIMARY KEY, free int NOT NULL)")
        own.execute("INSERT INTO flights VALUES ('UA1545', %s), ('B6725', 9)", [free])
        try:
            yield connect
        finally:
            own.execute(f"DROP SCHEMA {schema} CASCADE")


def _book(book: Callable[..., Any], free: int, *wanted: int) -> tuple[list[Any], int, int]:
    """Have so many seats booked, each by a session of its own at the same time.

    What each was told, and the seats that are free then, of that flight and of the other.
    """
    meeting = type("Cursor", (_Meeting,), {"met": threading.Barrier(len(wanted)), "seen": set()})
    with _flights(free) as connect:
        sessions = [connect(cursor_factory=meeting) for _ in wanted]
        try:
            with ThreadPoolExecutor(len(wanted)) as pool:
                told = list(pool.map(lambda session, seats: run(book, session, "UA1545", seats), sessions, wanted))
        finally:
            for session in sessions:
                session.close()
        with connect() as own:
            left = dict(own.execute("SELECT flight, free FROM flights").fetchall())
    return told, left.get("UA1545", 0), left.get("B6725", 0)


@PART.exercise(
    "The last seat, twice",
    kind="fix",
    hints=(
        "Two sessions read the same number before either has written. What did each of them write?",
        "Either the row is locked when it is read (SELECT … FOR UPDATE), or the UPDATE decides (WHERE free >= …).",
        "After an UPDATE `rowcount` tells whether a row was changed. And nothing is booked before the commit.",
    ),
)
def last_seat(book: Callable[[Any, str, int], Any]) -> str:
    said, left, other = _book(book, 5, 2)
    if said != [True] or left != 3:
        more = " Nothing is booked before the commit." if left == 5 else ""
        raise NotYet(f"2 of 5 free seats were booked, {left} are free, `book` returned `{said[0]!r:.20}`.{more}")
    if other != 9:
        raise NotYet("The seats of another flight have changed.")
    said, left, _ = _book(book, 1, 2)
    if said != [False] or left != 1:
        raise NotYet(f"2 seats of 1 were wanted: {left} free then, and `book` returned `{said[0]!r:.20}`.")
    said, left, _ = _book(book, 9, 2, 3)
    if said == [True, True] and left != 4:
        raise NotYet(f"2 and 3 of 9 seats were sold at the same time, and {left} are free: an update is lost.")
    if said != [True, True]:
        raise NotYet(f"There were seats for both, and `book` returned {said}: who comes second has to be served, too.")
    said, left, _ = _book(book, 1, 1, 1)
    if said.count(True) > 1 or left < 0:
        raise NotYet(f"One seat was sold {said.count(True)} times, and {left} are free.")
    if sorted(map(str, said)) != ["False", "True"] or left:
        raise NotYet(f"Two wanted the last seat, `book` returned {said}, and {left} are free.")
    return "Two at a time, and each seat is sold once."
