"""Wrong answers to the exercises of 04_analytics on Iceberg tables."""

from __future__ import annotations

from typing import Any

NEWEST = "SELECT *, row_number() OVER (PARTITION BY tailnum ORDER BY at DESC) AS n FROM changes"
DELETE, UPDATE = "WHEN MATCHED AND c.op = 'D' THEN DELETE", "WHEN MATCHED THEN UPDATE SET seats = c.seats"
INSERT = "WHEN NOT MATCHED AND c.op <> 'D' THEN INSERT (tailnum, seats) VALUES (c.tailnum, c.seats)"


def merge(*clauses: str, source: str = f"(SELECT * FROM ({NEWEST}) WHERE n = 1)") -> tuple[str]:
    return (f"MERGE INTO planes p USING {source} c ON p.tailnum = c.tailnum {' '.join(clauses)}",)


def undo(number: int, field: str = "parent_id") -> tuple[Any]:
    """Take the seats from a version that the *number*-th UPDATE names."""

    def answer(snapshots: list[dict[str, str]]) -> list[str]:
        chosen = [snapshot for snapshot in snapshots if snapshot["operation"] == "overwrite"][number]
        old = f"(SELECT * FROM planes FOR VERSION AS OF {chosen[field]})"
        return [
            f"MERGE INTO planes p USING {old} old ON p.tailnum = old.tailnum "
            "WHEN MATCHED THEN UPDATE SET seats = old.seats"
        ]

    return (answer,)


def back(*before: str) -> tuple[Any]:
    """Put the old rows back as they were, after statements of another kind."""

    def answer(snapshots: list[dict[str, str]]) -> list[str]:
        [*_, accident] = [snapshot for snapshot in snapshots if snapshot["operation"] == "overwrite"]
        return [*before, f"INSERT INTO planes SELECT * FROM planes FOR VERSION AS OF {accident['parent_id']}"]

    return (answer,)


WRONG: dict[str, list[tuple[Any, str]]] = {
    "upsert": [
        (merge(DELETE, UPDATE, INSERT, source="changes"), "MERGE_TARGET_ROW_MULTIPLE_MATCHES"),
        (merge(UPDATE, INSERT), "was a D"),
        (merge(DELETE, INSERT), "came last"),
        (merge(DELETE, UPDATE), "Follow what happened"),
        (("INSERT INTO planes SELECT tailnum, 'new', seats FROM changes WHERE op <> 'D'",), "rows now"),
    ],
    "undo": [
        (undo(0), "which UPDATE is it"),
        (undo(-1, "snapshot_id"), "before the accident?"),
        (back("DELETE FROM planes"), "is gone"),
        (back(), "still there"),
        ((lambda snapshots: "ROLLBACK",), "a list of SQL"),
    ],
}
