"""Right answers to the exercises of 04_analytics on Iceberg tables, written in another way than the solution."""

from __future__ import annotations

from typing import Any

BY_MAX = """
    MERGE INTO planes AS t
    USING (SELECT tailnum, max_by(op, at) AS op, max_by(seats, at) AS seats FROM changes GROUP BY 1) AS s
    ON (s.tailnum = t.tailnum)
    WHEN NOT MATCHED AND s.op IN ('I', 'U') THEN INSERT (seats, tailnum) VALUES (s.seats, s.tailnum)
    WHEN MATCHED AND s.op IN ('I', 'U') THEN UPDATE SET seats = s.seats
    WHEN MATCHED THEN DELETE"""
BY_SUBQUERY = """
    merge into planes using (
        with last as (select tailnum as plane, max(at) as at from changes group by tailnum)
        select changes.* from changes join last on changes.tailnum = last.plane and changes.at = last.at) newest
    on planes.tailnum = newest.tailnum
    when matched and newest.op = 'D' then delete
    when matched then update set seats = newest.seats
    when not matched and newest.op != 'D' then
        insert (tailnum, model, seats) values (newest.tailnum, NULL, newest.seats)"""
BY_ABSENCE = """
    MERGE INTO planes p
    USING (SELECT * FROM changes c WHERE NOT EXISTS (
               SELECT 1 FROM changes later WHERE later.tailnum = c.tailnum AND later.at > c.at)) c
    ON p.tailnum = c.tailnum
    WHEN MATCHED AND c.seats IS NULL THEN DELETE
    WHEN MATCHED THEN UPDATE SET seats = c.seats
    WHEN NOT MATCHED AND c.seats IS NOT NULL THEN INSERT (tailnum, seats) VALUES (c.tailnum, c.seats)"""


def _accident(snapshots: list[dict[str, Any]]) -> dict[str, Any]:
    return max((each for each in snapshots if each["operation"] == "overwrite"), key=lambda each: each["committed_at"])


def undo_by_rows(snapshots: list[dict[str, Any]]) -> list[str]:
    """The spoilt rows away, and the old ones back."""
    before = int(_accident(snapshots)["parent_id"])
    return ["DELETE FROM planes WHERE seats = 0", f"INSERT INTO planes SELECT * FROM planes FOR VERSION AS OF {before}"]


def undo_by_time(snapshots: list[dict[str, Any]]) -> tuple[str, ...]:
    """By the moment of the snapshot before, not by its number."""
    by_id = {each["snapshot_id"]: each for each in snapshots}
    moment = by_id[_accident(snapshots)["parent_id"]]["committed_at"]
    return (
        f"""MERGE INTO planes USING (SELECT * FROM planes FOR TIMESTAMP AS OF TIMESTAMP '{moment}') then_
        ON planes.tailnum = then_.tailnum WHEN MATCHED THEN UPDATE SET seats = then_.seats""",
    )


def undo_by_a_copy(snapshots: list[dict[str, Any]]) -> list[str]:
    place = [each["snapshot_id"] for each in snapshots].index(_accident(snapshots)["snapshot_id"])
    before = snapshots[place - 1]["snapshot_id"]
    return [
        f"CREATE TABLE saved WITH (format = 'ORC') AS SELECT tailnum, seats FROM planes FOR VERSION AS OF {before}",
        "MERGE INTO planes p USING saved s ON p.tailnum = s.tailnum AND p.seats = 0 "
        "WHEN MATCHED THEN UPDATE SET seats = s.seats",
        "DROP TABLE saved",
    ]


RIGHT: dict[str, list[Any]] = {
    "upsert": [(BY_MAX,), (BY_SUBQUERY,), (BY_ABSENCE,)],
    "undo": [(undo_by_rows,), (undo_by_time,), (undo_by_a_copy,)],
}
