"""Exercises on Redshift's ways in and out: a load with rejects, and a round trip through S3 that loses nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dehelpers.exercises.checks.part02.part import PART
from dehelpers.exercises.checks.warehouse import Answer, Warehouse, warehouse
from dehelpers.exercises.outcome import NotYet
from dehelpers.exercises.running import run

LINES = 40
#: By line of the file, of which the first is the header: what is wrong, and in which column.
BAD = {9: ("UA1545,EWR,late", "delay"), 23: ("UA1714,LaGuardia,4", "origin"), 31: ("B6725,JFK", "")}
TABLE = "CREATE TABLE delays (flight varchar(8), origin char(3), delay int)"


def _file() -> str:
    lines = [f"AA{number},JFK,{number % 7}" for number in range(2, LINES + 2)]
    for line, (text, _) in BAD.items():
        lines[line - 2] = text
    return "flight,origin,delay\n" + "\n".join(lines) + "\n"


@PART.exercise(
    "Three lines of forty",
    kind="operate",
    hints=(
        "COPY stops at its first bad line. Which option says how many it may meet, and which one leaves out a header?",
        "What was rejected, where and why, stands in `stl_load_errors`: one row for each line.",
        "The system table has the rejects of all loads. Its column `filename` has the URI, padded with blanks.",
    ),
)
def rejects(load: Callable[[str, str], Any], rejected: Callable[[str], Any]) -> str:
    with warehouse() as own:
        own(TABLE)
        own(TABLE.replace("delays", "others"))
        own.text("yesterday/delays.csv", "UA1,EWR,soon\n")
        own.run(f"COPY others FROM '{own.uri('yesterday/')}' IAM_ROLE '{own.role}' CSV")
        own.text("today/delays.csv", _file())
        location = own.uri("today/delays.csv")
        own.answer(run(load, location, own.role), "load(location, role)")
        rows = own.answer("SELECT flight, origin, delay FROM delays", "SELECT … FROM delays").rows
        _loaded(len(rows))
        known = own(f"SELECT line_number FROM stl_load_errors WHERE trim(filename) = '{location}'").rows
        if (1,) in known:
            raise NotYet("The header is among the lines that were rejected, as if it were a flight.")
        told = own.answer(run(rejected, location), "rejected(location)")
    _told(told)
    return f"{LINES - len(BAD)} flights are in the table, and of {len(BAD)} lines is known where they are and why."


def _loaded(rows: int) -> None:
    if rows > LINES - len(BAD):
        raise NotYet(
            f"{rows} flights are in the table. One of them was cut or filled up to fit: it is not what it was."
        )
    if rows < LINES - len(BAD):
        raise NotYet(f"{rows} of {LINES - len(BAD)} good flights are in the table.")


def _told(told: Answer) -> None:
    if missing := {"line_number", "colname", "err_reason"} - set(told.columns):
        raise NotYet(f"`rejected` should have line_number, colname and err_reason. Missing: {', '.join(missing)}.")
    places = [told.columns.index(column) for column in ("line_number", "colname", "err_reason")]
    found = [tuple(row[place] for place in places) for row in told.rows]
    lines = {int(line): str(column).strip() for line, column, _ in found}
    if len(found) > len(BAD) and BAD.keys() <= lines.keys():
        raise NotYet(f"{len(BAD)} lines are bad, and {len(found)} are told of: some were rejected in another file.")
    if len(found) != len(BAD) or lines != {line: column for line, (_, column) in BAD.items()}:
        raise NotYet(f"{len(BAD)} lines were rejected, and `rejected` tells of {len(found)}, some of them others.")
    if not all(str(why or "").strip() for *_, why in found):
        raise NotYet("The lines are right, and nothing is said of why.")


REMARKS: tuple[tuple[int, str | None], ...] = (
    (1, "on time"),
    (2, None),
    (3, ""),
    (4, "gate B31|gate B32"),
    (5, 'the crew said "later", twice'),
    (6, "first line\nsecond line"),
    (7, "100 %, or so \\ not"),
)


def _remarks(own: Warehouse) -> None:
    own("CREATE TABLE remarks (id int, remark varchar(80))")
    own("CREATE TABLE copied (id int, remark varchar(80))")
    values = ", ".join(f"({number}, {_literal(text)})" for number, text in REMARKS)
    own(f"INSERT INTO remarks VALUES {values}")


def _literal(text: str | None) -> str:
    return "NULL" if text is None else "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"


@PART.exercise(
    "There and back",
    kind="write",
    hints=(
        "A format that knows types also knows NULL from an empty text, and needs no delimiter.",
        "UNLOAD ('SELECT …') TO '…' IAM_ROLE '…' FORMAT …; COPY … FROM '…' IAM_ROLE '…' FORMAT …",
        "UNLOAD does not write where files are already. CLEANPATH removes them first, ALLOWOVERWRITE writes over them.",
    ),
)
def round_trip(unload: Callable[[str, str], Any], load: Callable[[str, str], Any]) -> str:
    with warehouse() as own:
        _remarks(own)
        location = own.uri("remarks/")
        own.answer(run(unload, location, own.role), "unload(location, role)")
        again = own.run(run(unload, location, own.role))
        if again.error:
            raise NotYet(f"The second time `unload` failed: files were there. Redshift says: {again.error}")
        own.answer(run(load, location, own.role), "load(location, role)")
        found = own.answer("SELECT id, remark FROM copied ORDER BY id", "SELECT … FROM copied").rows
    _same(found)
    return f"{len(REMARKS)} remarks went to S3 and back, and each is what it was."


def _same(found: tuple[Any, ...]) -> None:
    if len(found) != len(REMARKS):
        raise NotYet(f"`copied` has {len(found)} rows, and `remarks` has {len(REMARKS)}.")
    known = {int(number): text for number, text in found}
    for number, text in REMARKS:
        if number not in known:
            raise NotYet(f"Remark {number} has not come back.")
        if text in (None, "") and known[number] != text:
            raise NotYet(f"Remark {number} was {text!r:.4}, and is {known[number]!r:.20}: NULL is no empty text.")
        if known[number] != text:
            raise NotYet(f"Remark {number} was {text!r:.40}, and is {known[number]!r:.40}.")
