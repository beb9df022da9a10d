"""Any grants together show what a few lines of Python say they show.

Source: "Data filtering and cell-level security in Lake Formation": a row is there if one grant shows it, and a cell
that none of them shows is NULL.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from tests.conftest import RunningLab
from tests.engines.lake_tools import Lake, be_administrator

COLUMNS = ("a", "b", "c")
Row = dict[str, int]
ROWS: list[Row] = [{"a": a, "b": b, "c": 10 * a + b} for a in range(4) for b in range(3)]
CONDITIONS: dict[str, Callable[[Row], bool]] = {
    "a = 1": lambda row: row["a"] == 1,
    "b <> 0": lambda row: row["b"] != 0,
    "c BETWEEN 11 AND 21": lambda row: 11 <= row["c"] <= 21,
    "a IN (0, 3) AND b < 2": lambda row: row["a"] in (0, 3) and row["b"] < 2,
    "": lambda row: True,
}


@dataclass
class Grant:
    """SELECT on some columns of some rows."""

    columns: tuple[str, ...]
    rows: str

    def shows(self, row: Row, column: str) -> bool:
        return column in self.columns and CONDITIONS[self.rows](row)


def expected(grants: list[Grant]) -> tuple[list[str], list[tuple[str | None, ...]]]:
    """The columns and the rows that *grants* show together."""
    columns = [column for column in COLUMNS if any(column in grant.columns for grant in grants)]
    rows = [row for row in ROWS if any(CONDITIONS[grant.rows](row) for grant in grants)]
    cells = [
        tuple(str(row[each]) if any(grant.shows(row, each) for grant in grants) else None for each in columns)
        for row in rows
    ]
    return columns, cells


@pytest.fixture(scope="module")
def lake(lab: RunningLab) -> Lake:
    be_administrator(lab)
    made = Lake(lab, "oracle")
    text = "".join(f"{row['a']},{row['b']},{row['c']}\n" for row in ROWS)
    made.table("t", text, a="int", b="int", c="int")
    return made


def key(row: tuple[str | None, ...]) -> list[str]:
    return [value or "" for value in row]


@pytest.mark.parametrize("seed", range(16))
def test_grants_show_together_what_each_shows(lake: Lake, seed: int) -> None:
    chance = random.Random(seed)
    role, grants = lake.as_role(f"seed-{seed}"), []
    for number in range(chance.randint(1, 3)):
        columns = tuple(sorted(chance.sample(COLUMNS, chance.randint(1, 3))))
        grant = Grant(columns, chance.choice(list(CONDITIONS)))
        grants.append(grant)
        by_name: dict[str, Any] = lake.columns("t", *columns)
        if grant.rows or chance.random() < 0.5:
            by_name = lake.filter("t", f"f{seed}_{number}", grant.rows, *columns)
        lake.grant(role, by_name, "SELECT")
    columns_told, rows = expected(grants)
    answer = lake.queries(role)("SELECT * FROM t")
    assert answer.columns == columns_told, grants
    assert sorted(answer.rows, key=key) == sorted(rows, key=key), grants
