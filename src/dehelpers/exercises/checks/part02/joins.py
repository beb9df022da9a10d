"""An exercise on joins in Redshift: which of them send rows from slice to slice, as EXPLAIN tells."""

from __future__ import annotations

import re
from typing import Any

from dehelpers.exercises.checks.part02.part import PART
from dehelpers.exercises.checks.warehouse import Warehouse, warehouse
from dehelpers.exercises.outcome import NotYet
from dehelpers.words.show import Picture, stacked, table

TABLES = {
    "departures": ("event_id int, tailnum varchar(8), origin char(3), dest char(3)", "DISTKEY (tailnum)"),
    "planes": ("tailnum varchar(8), seats int", "DISTKEY (tailnum)"),
    "airports": ("faa char(3), name varchar(40)", "DISTSTYLE ALL"),
    "weather": ("origin char(3), visib int", "DISTKEY (origin)"),
}
JOINS = {
    "a": "departures d JOIN planes p ON d.tailnum = p.tailnum",
    "b": "departures d JOIN airports a ON d.dest = a.faa",
    "c": "departures d JOIN weather w ON d.origin = w.origin",
    "d": "departures d JOIN departures e ON d.event_id = e.event_id",
    "e": "departures d JOIN planes p ON upper(d.tailnum) = upper(p.tailnum)",
    "f": "departures d JOIN departures e ON d.tailnum = e.tailnum AND d.event_id < e.event_id",
}
#: The operators by which a plan says that no rows move ("Evaluating the query plan").
STAY = {"DS_DIST_NONE", "DS_DIST_ALL_NONE"}
#: What to look at where a join was taken for what it is not. None of it says which join it is.
RULES = {
    "c": "One that you name joins a table by its key, and the other table by a column that is not its key.",
    "d": "One that you name joins a table with itself, and not by the column by which its rows are spread.",
    "e": "One that you name joins by what is computed from the keys. By what are the rows spread?",
    "a": "One that you leave out joins two tables by the distribution key of both.",
    "b": "One that you leave out joins a table that each node has a copy of.",
    "f": "One that you leave out joins by the key of both, and by a condition beside it.",
}


def _scene() -> Picture:
    tables = [{"table": name, "columns": columns, "": style} for name, (columns, style) in TABLES.items()]
    joins = [{"": letter, "SELECT count(*) FROM": text} for letter, text in JOINS.items()]
    return stacked(table(tables, "How the tables are distributed."), table(joins, "The joins."))


@PART.exercise(
    "Rows that stay where they are",
    kind="predict",
    stage=_scene,
    hints=(
        "Rows with the same distribution key lie on the same slice. Which joins meet only such rows?",
        "A table of DISTSTYLE ALL is on every node: nothing of it has to be sent.",
        "The planner knows columns, not what a function makes of them. One equality of keys is enough.",
    ),
)
def no_moves(staying: Any) -> str:
    said = _letters(staying)
    with warehouse() as own:
        operators = _operators(own)
    real = {letter for letter, operator in operators.items() if operator in STAY}
    if wrong := said ^ real:
        right = len(JOINS) - len(wrong)
        raise NotYet(f"{right} of {len(JOINS)} are as you say. {next(RULES[each] for each in RULES if each in wrong)}")
    return "EXPLAIN says: " + ", ".join(f"{letter} {operator}" for letter, operator in operators.items()) + "."


def _letters(staying: Any) -> set[str]:
    """The letters of an answer: a text, a list, or a set."""
    if not isinstance(staying, str | list | tuple | set | frozenset):
        raise NotYet(f"`staying` should be letters, in a text or a list, and is `{type(staying).__name__}`.")
    letters = {str(letter).strip().lower() for letter in staying} - {"", ","}
    if strange := sorted(letters - JOINS.keys()):
        raise NotYet(f"There is no join `{strange[0]:.20}`: the letters are {' '.join(JOINS)}.")
    return letters


def _operators(own: Warehouse) -> dict[str, str]:
    """By join, what EXPLAIN says of its rows."""
    for name, (columns, style) in TABLES.items():
        own(f"CREATE TABLE {name} ({columns}) {style}")
    found = {}
    for letter, text in JOINS.items():
        plan = "\n".join(str(line) for (line,) in own(f"EXPLAIN SELECT count(*) FROM {text}").rows)
        operator = re.search(r"\bDS_\w+", plan)
        found[letter] = operator[0] if operator else ""
    return found
