"""Exercises on an Iceberg table: apply changes to it, and undo one that should never have been made."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dehelpers.exercises.checks.lake import Lake, lake, staged
from dehelpers.exercises.checks.part04.part import PART, whole
from dehelpers.exercises.outcome import NotYet
from dehelpers.exercises.running import run
from dehelpers.words import data

#: What a day brings, in no order: tail number, seats, what happened (I, U or D), and its place in time.
CHANGES: tuple[tuple[str, int | str, str, int], ...] = (
    ("N10156", 61, "U", 2),
    ("N10156", 60, "U", 1),
    ("N102UW", "", "D", 3),
    ("N901DE", 90, "I", 4),
    ("N901DE", "", "D", 5),
    ("N902DE", 50, "I", 6),
    ("N103US", "", "D", 7),
    ("N103US", 181, "I", 8),
)
NEW_PLANE, NEW_SEATS = "N903DE", 149
CORRECTED, CORRECTION = "N10575", 50


def _planes(made: Lake) -> dict[str, int]:
    """An Iceberg table of two hundred planes, written by two statements; seats by tail number."""
    fleet = data.planes().head(200)[["tailnum", "model", "seats"]]
    made.csv("fleet/planes.csv", fleet)
    made.csv_table("fleet", "tailnum string, model string, seats int")
    made(
        "CREATE TABLE planes (tailnum string, model string, seats int) "
        f"LOCATION '{made.uri('planes')}' TBLPROPERTIES ('table_type' = 'ICEBERG')"
    )
    for half in ("<", ">="):
        made(f"INSERT INTO planes SELECT * FROM fleet WHERE tailnum {half} 'N12'")
    return {str(plane): int(seats) for plane, seats in zip(fleet["tailnum"], fleet["seats"], strict=True)}


def _changes(made: Lake) -> dict[str, int]:
    """The table, and the changes that are to be applied to it; seats by tail number when that is done."""
    seats = _planes(made)
    made.text("changes/day.csv", "".join(",".join(map(str, change)) + "\n" for change in CHANGES))
    made.csv_table("changes", "tailnum string, seats int, op string, at int")
    for plane, number, op, _ in sorted(CHANGES, key=lambda change: change[3]):
        if op == "D":
            seats.pop(plane, None)
        else:
            seats[plane] = int(number)
    return seats


def _seats(own: Lake) -> dict[str | None, list[int]]:
    """The seats of each row, by tail number: a plane should have one row."""
    found: dict[str | None, list[int]] = {}
    for row in whole(own.answer("SELECT tailnum, seats FROM planes", "SELECT … FROM planes"), "tailnum", "seats"):
        found.setdefault(row["tailnum"], []).append(int(row["seats"] or 0))
    return found


@PART.exercise(
    "Apply a day's changes",
    kind="write",
    stage=staged(_changes),
    hints=(
        "MERGE INTO … USING … ON … has a WHEN clause for planes that are there, and one for those that are not.",
        "A plane may have changed twice, and MERGE takes one row for each. Which one counts? row_number() can tell.",
        "A change that deletes a plane which is not there should do nothing: a WHEN clause takes AND and a condition.",
    ),
)
def upsert(merge: str) -> str:
    with lake() as own:
        wanted = _changes(own)
        own.answer(merge, "merge")
        _compare(_seats(own), wanted)
        ran = own.run(merge)
        if ran.state != "SUCCEEDED" or _seats(own) != {plane: [seats] for plane, seats in wanted.items()}:
            raise NotYet("Right, once. The same changes applied again made something else of the table.")
    return f"{len(CHANGES)} changes, {len(wanted)} planes, and the same again if the statement is repeated."


def _compare(found: dict[str | None, list[int]], wanted: dict[str, int]) -> None:
    if doubled := [plane for plane, rows in found.items() if len(rows) > 1]:
        raise NotYet(f"`{doubled[0]}` has {len(found[doubled[0]])} rows now.")
    deleted = {plane for plane, _, op, _ in CHANGES if op == "D"} - wanted.keys()
    if kept := sorted(deleted & found.keys()):
        raise NotYet(f"`{kept[0]}` is there, and the last that happened to it was a D.")
    if missing := sorted(wanted.keys() - found.keys()):
        raise NotYet(f"`{missing[0]}` is not there. Follow what happened to it, in the order of `at`.")
    if wrong := sorted(plane for plane in wanted if found[plane] != [wanted[plane]]):
        raise NotYet(f"`{wrong[0]}` has {found[wrong[0]][0]} seats. Which of its changes came last?")


def _disaster(made: Lake) -> dict[str, int]:
    """A table that was corrected, then spoilt, and that has got a new plane since; the seats as they should be."""
    seats = _planes(made)
    made(f"UPDATE planes SET seats = {CORRECTION} WHERE tailnum = '{CORRECTED}'")
    made("UPDATE planes SET seats = 0")
    made(f"INSERT INTO planes VALUES ('{NEW_PLANE}', 'A320', {NEW_SEATS})")
    return seats | {CORRECTED: CORRECTION, NEW_PLANE: NEW_SEATS}


@PART.exercise(
    "An UPDATE without WHERE",
    kind="operate",
    stage=staged(_disaster),
    hints=(
        'Each snapshot of `"planes$snapshots"` can be read: SELECT … FROM planes FOR VERSION AS OF its id.',
        "An UPDATE is an `overwrite`. The state before it has a name, too: it is the `parent_id` of that snapshot.",
        "A MERGE can take its rows from an older version of the table that it changes.",
    ),
)
def undo(remedy_of: Callable[[list[dict[str, Any]]], list[str]]) -> str:
    with lake() as own:
        wanted = _disaster(own)
        columns = "snapshot_id, parent_id, operation, committed_at"
        told = own(f'SELECT {columns} FROM "planes$snapshots" ORDER BY committed_at')
        snapshots = [dict(zip(told.columns, row, strict=True)) for row in told.rows]
        statements = run(remedy_of, snapshots)
        if not isinstance(statements, list | tuple) or not statements:
            raise NotYet(f"`remedy_of` should return a list of SQL texts, and returned `{statements!r:.60}`.")
        for number, sql in enumerate(statements):
            own.answer(sql, f"statement {number + 1}")
        found = _seats(own)
    if doubled := [plane for plane, rows in found.items() if len(rows) > 1]:
        raise NotYet(f"`{doubled[0]}` has {len(found[doubled[0]])} rows: its old one is still there.")
    if NEW_PLANE not in found:
        raise NotYet(f"`{NEW_PLANE}` was bought after the accident, and is gone.")
    if missing := wanted.keys() - found.keys():
        raise NotYet(f"{len(missing)} planes are gone: they came with the second statement that loaded the table.")
    if found[NEW_PLANE] != [NEW_SEATS]:
        raise NotYet(f"`{NEW_PLANE}` was bought after the accident, and had {NEW_SEATS} seats.")
    empty = sum(rows == [0] for rows in found.values())
    if empty:
        raise NotYet(f"{empty} planes have no seats. Is the version that you read the one before the accident?")
    if found[CORRECTED] != [CORRECTION]:
        raise NotYet(f"`{CORRECTED}` was corrected before the accident, and that is lost: which UPDATE is it?")
    if any(found[plane] != [seats] for plane, seats in wanted.items()):
        raise NotYet("The seats of some planes are not what they were.")
    return f"{len(wanted)} planes with their seats; what came before the accident and after it is kept."
