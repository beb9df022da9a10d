"""An exercise on an Iceberg table: late corrections that come out of order, and a report as it was printed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dehelpers.exercises.checks.lake import Lake, Ran, lake, staged
from dehelpers.exercises.checks.part02.part import PART
from dehelpers.exercises.outcome import NotYet
from dehelpers.exercises.running import run

#: Flight, origin, minutes of delay, and when that was known.
KNOWN = (
    ("UA1545", "EWR", 2, "05:20"),
    ("UA1714", "LGA", 4, "05:40"),
    ("AA1141", "JFK", 2, "05:45"),
    ("B6725", "JFK", -1, "05:50"),
    ("DL461", "LGA", -6, "06:30"),
)
#: The second is older than what is known of its flight, the last one is of a flight that is new.
LATE = (
    ("UA1545", "EWR", 17, "07:10"),
    ("DL461", "LGA", -9, "06:00"),
    ("AA1141", "JFK", 40, "06:05"),
    ("B6507", "EWR", 19, "06:10"),
)
AFTER = {"UA1545": 17, "UA1714": 4, "AA1141": 40, "B6725": -1, "DL461": -6, "B6507": 19}
PRINTED = {"EWR": 2.0, "JFK": 0.5, "LGA": -1.0}
COLUMNS = "flight_id string, origin string, dep_delay int, known_at string"


def _values(rows: tuple[tuple[str, str, int, str], ...]) -> str:
    return ", ".join(f"('{flight}', '{origin}', {delay}, '{at}')" for flight, origin, delay, at in rows)


def _delays(made: Lake) -> None:
    made(f"CREATE TABLE delays ({COLUMNS}) LOCATION '{made.uri('delays')}' TBLPROPERTIES ('table_type' = 'ICEBERG')")
    made(f"INSERT INTO delays VALUES {_values(KNOWN)}")
    made.text("late/rows.csv", "".join(",".join(map(str, row)) + "\n" for row in LATE))
    made.csv_table("late", COLUMNS)


@PART.exercise(
    "Late, and out of order",
    kind="write",
    stage=staged(_delays),
    hints=(
        "MERGE INTO … USING … ON … WHEN MATCHED AND a condition THEN UPDATE: not every row that matches is newer.",
        "An Iceberg table has a snapshot for each write. Athena reads the one of a moment with FOR TIMESTAMP AS OF.",
        "FROM delays FOR TIMESTAMP AS OF TIMESTAMP '…': the moment comes with its zone, as `$snapshots` shows it.",
    ),
)
def out_of_order(merge: str, printed: Callable[[str], Any]) -> str:
    with lake() as own:
        _delays(own)
        told = own('SELECT committed_at FROM "delays$snapshots" ORDER BY committed_at DESC')
        moment = str(told.rows[0][0])
        own.answer(merge, "merge")
        found = own.answer("SELECT flight_id, dep_delay FROM delays", "SELECT … FROM delays")
        _compare(found)
        report = own.answer(run(printed, moment), "printed(moment)")
    _as_printed(report)
    return "Four corrections, three of them news; and the report of the morning can be printed again as it was."


def _compare(found: Ran) -> None:
    delays = {str(flight): int(delay or 0) for flight, delay in found.rows}
    if len(found.rows) > len(delays):
        raise NotYet(f"{len(found.rows)} rows of {len(delays)} flights: a correction was added, and the old row stays.")
    if "B6507" not in delays:
        raise NotYet("`B6507` is only in `late`: a flight of which nothing was known yet should be added.")
    if delays.get("DL461") == -9:
        raise NotYet("`DL461` has -9 minutes now. That message came last and is older than what was known: see both.")
    if unchanged := [flight for flight in ("UA1545", "AA1141") if delays.get(flight) != AFTER[flight]]:
        raise NotYet(f"`{unchanged[0]}` should have {AFTER[unchanged[0]]} minutes: its correction is newer.")
    if delays != AFTER:
        raise NotYet("Flights of which `late` says nothing have changed.")


def _as_printed(report: Ran) -> None:
    if sorted(report.columns) != ["delay", "origin"]:
        raise NotYet(f"The report should have `origin` and `delay`, and has {', '.join(report.columns)}.")
    place = report.columns.index("origin")
    found = {str(row[place]): round(float(row[1 - place] or "nan"), 3) for row in report.rows}
    if found == PRINTED:
        return
    if found.get("EWR") == 18.0:
        raise NotYet("The report has the corrections in it. When it was printed nobody knew of them.")
    if not found:
        raise NotYet("The report is empty: at that moment the table had five flights.")
    raise NotYet("That is not the average delay of each origin at that moment.")
