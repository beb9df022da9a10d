"""An exercise on parameters: a value that is never read as SQL."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError, ParamValidationError

from dehelpers.exercises.checks.lake import Lake, ended, lake, staged
from dehelpers.exercises.checks.part04.part import PART, flights
from dehelpers.exercises.outcome import NotYet
from dehelpers.exercises.running import run

ATTACK = "UA' OR '1'='1"
CONCATENATED = "U' || 'A"  # in quotes, but undoubled, it is the text UA
APOSTROPHE = "O'Hare"
COLUMNS = "carrier string, flight int, dest string"


def _carriers(made: Lake) -> dict[str, int]:
    """Flights of one day, one of them to a place with an apostrophe; how many each carrier has."""
    day = flights("2013-07-04", "2013-07-04")[["carrier", "flight", "dest"]].copy()
    day.loc[0, "carrier"] = APOSTROPHE
    made.csv("day/part.csv", day)
    made.csv_table("day", COLUMNS)
    return {str(carrier): int(number) for carrier, number in day["carrier"].value_counts().items()}


@PART.exercise(
    "A value is not SQL",
    kind="fix",
    stage=staged(_carriers),
    hints=(
        "`start_query_execution` takes `ExecutionParameters`, one for each `?` in the query.",
        "A parameter is a literal as SQL writes it: a text stands between single quotes.",
        "How does SQL write a single quote inside a text?",
    ),
)
def parameters(flights_of: Callable[[str, str, str], str]) -> str:
    with lake() as own:
        number = _carriers(own)
        if _ask(flights_of, own, "UA") != number["UA"]:
            raise NotYet(f"United has {number['UA']} flights that day, and the query found others.")
        stolen = _ask(flights_of, own, ATTACK)
        if stolen:
            raise NotYet(f"Somebody asked for the carrier `{ATTACK}` and got {stolen:,} flights, of all carriers.")
        if found := _ask(flights_of, own, CONCATENATED):
            raise NotYet(
                f"Somebody asked for the carrier `{CONCATENATED}` and got {found} flights, those of UA: Athena reads a "
                "parameter as an expression of SQL. What must become of the quotes that are typed?"
            )
        if _ask(flights_of, own, APOSTROPHE) != number[APOSTROPHE]:
            raise NotYet(f"A carrier called `{APOSTROPHE}` has {number[APOSTROPHE]} flight, and it was not found.")
        _ask(flights_of, own, "DL", parameterised=True)
    return f"`{ATTACK}` is the name of a carrier that has no flights, and nothing more."


def _ask(flights_of: Callable[..., Any], own: Lake, carrier: str, parameterised: bool = False) -> int:
    query = run(flights_of, carrier, own.database, own.uri("results"))
    try:
        ran = ended(query)
    except (ClientError, ParamValidationError):
        raise NotYet(f"`flights_of` should return a QueryExecutionId, and returned `{query!r:.60}`.") from None
    text, given = ran.execution["Query"], ran.execution.get("ExecutionParameters") or []
    if given and any(carrier in value and not _is_text(value) for value in given):
        raise NotYet("Athena reads a parameter as SQL: a text needs its quotes, and `UA` alone is a column's name.")
    if ran.state != "SUCCEEDED":
        raise NotYet(f"For the carrier `{carrier}` the query ended {ran.state}. Athena says: {ran.reason}")
    if parameterised and carrier in text:
        raise NotYet("Right, as long as nobody forgets a quote. Athena can be given the value apart from the query.")
    return len(ran.rows)


def _is_text(value: str) -> bool:
    """Whether it begins and ends with the quotes of a literal; a single one inside is another matter."""
    return len(value) >= 2 and value[0] == value[-1] == "'"
