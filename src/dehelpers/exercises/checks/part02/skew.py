"""An exercise on the distribution key of Redshift: chosen by what it joins, and by how evenly it fills the slices."""

from __future__ import annotations

import csv
import io
import math
from typing import Any

from dehelpers.exercises.checks.numbers import number
from dehelpers.exercises.checks.part02.part import PART
from dehelpers.exercises.checks.warehouse import Warehouse, new_warehouse, warehouse
from dehelpers.exercises.outcome import NotYet
from dehelpers.words import data

COLUMNS = "event_id varchar(40), tailnum varchar(8), origin char(3), flight_date date, dep_delay int"
FACTS = [column.split()[0] for column in COLUMNS.split(", ")]
KEYS = ("event_id", "tailnum", "origin", "flight_date")
DAY, NEXT = "2013-07-11", "2013-07-12"


def _departures(own: Warehouse) -> None:
    """The table of one day's departures, evenly distributed."""
    rows = [event for event in data.departures(DAY, NEXT) if event["flight_date"] == DAY and event["tailnum"]]
    file = io.StringIO()
    csv.DictWriter(file, FACTS, extrasaction="ignore", lineterminator="\n").writerows(rows)
    own.text("departures.csv", file.getvalue())
    own(f"CREATE TABLE departures ({COLUMNS}) DISTSTYLE EVEN")
    own(f"COPY departures FROM '{own.uri('departures.csv')}' IAM_ROLE '{own.role}' CSV")


def _staged() -> dict[str, str]:
    made = new_warehouse()
    _departures(made)
    return made.scene


def _measured(own: Warehouse, key: str) -> float:
    """`skew_rows` of the departures, distributed by a key."""
    own(f"CREATE TABLE by_{key} DISTKEY ({key}) AS SELECT * FROM departures")
    own(f"ANALYZE by_{key}")
    return float(own(f"SELECT skew_rows FROM svv_table_info WHERE \"table\" = 'by_{key}'").rows[0][0])


@PART.exercise(
    "A key for the slices",
    kind="choose",
    stage=_staged,
    hints=(
        "Rows with the same key lie on the same slice. How many values has each of the four columns on one day?",
        "Two tables that are joined by their distribution key need not send rows from slice to slice.",
        "`CREATE TABLE by_origin DISTKEY (origin) AS SELECT * FROM departures`, then `skew_rows` of it in "
        "`svv_table_info`.",
    ),
)
def slices(choice: dict[str, Any]) -> str:
    if not isinstance(choice, dict) or not {"key", *KEYS} <= choice.keys():
        raise NotYet(f"`choice` has `key` and the skew for each of {', '.join(KEYS)}.")
    key = str(choice["key"]).strip().lower()
    if key not in KEYS:
        raise NotYet(f"`key` is one of {', '.join(KEYS)}.")
    said = {each: number(choice[each], "A skew is a number, not {}.") for each in KEYS}
    with warehouse() as own:
        _departures(own)
        skew = {each: _measured(own, each) for each in KEYS}
    _choice(key, skew)
    for each in KEYS:
        if not math.isclose(said[each], skew[each], rel_tol=0.05, abs_tol=0.02):
            raise NotYet(f"The key is right. By {each} the fullest slice has not {said[each]:g} times the emptiest.")
    told = ", ".join(f"{each} {skew[each]:g}" for each in KEYS)
    return f"{told}: even enough, and each plane's departures lie where the plane lies."


def _choice(key: str, skew: dict[str, float]) -> None:
    if key == "flight_date":
        raise NotYet("All of a day would lie on one slice, and the others would wait for it: who asks for today?")
    if key == "origin":
        raise NotYet(f"Three values: the fullest slice has {skew['origin']:g} times the rows of the emptiest.")
    if key == "event_id":
        raise NotYet("As even as can be. For each join with `planes` half of the rows would have to move.")
