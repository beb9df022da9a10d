"""What it would have cost on AWS: an estimate from the calls the lab recorded and a dated table of list prices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from awsfacts import meter
from awsfacts.declaration import TB
from awsfacts.prices import HOURS_A_MONTH, Line, prices
from dehelpers.words.calls import calls
from dehelpers.words.connect import Session, current
from dehelpers.words.show import table

MB = 2**20
NOT_COUNTED = "free tiers, discounts, taxes, data transfer, metrics, alarms and logs"


@dataclass(frozen=True)
class Bill:
    """An estimate, line by line. In a notebook it shows itself as a table; `total` is in US dollars."""

    title: str
    lines: tuple[Line, ...]
    notes: tuple[str, ...] = ()

    @property
    def total(self) -> float:
        return sum(line.usd for line in self.lines)

    def rows(self) -> list[dict[str, str]]:
        """The lines as text, with a total."""
        rows = [
            {
                "service": line.price.service,
                "what": line.price.what,
                "quantity": _quantity(line),
                "price, USD": line.price.text,
                "USD": f"{line.usd:.6f}",
            }
            for line in self.lines
        ]
        return [*rows, {"service": "Total", "what": "", "quantity": "", "price, USD": "", "USD": f"{self.total:.6f}"}]

    def _caption(self) -> str:
        dates = sorted({line.price.read for line in self.lines if line.price.read})
        read = f", read on {' and '.join(dates)}" if dates else ""
        parts = [f"{self.title}: an estimate at list prices in us-east-1{read}. Not counted: {NOT_COUNTED}."]
        if any(line.price.sure != "aws" for line in self.lines):
            parts.append("* not read on AWS's own page.")
        return " ".join([*parts, *self.notes])

    def __repr__(self) -> str:
        return repr(table(self.rows(), self._caption()))

    def _repr_html_(self) -> str:
        return table(self.rows(), self._caption())._repr_html_()


def estimate(usage: Mapping[str, float], hours: float = 1.0, title: str = "Planned") -> Bill:
    """What planned usage costs.

    Parameters:
        usage: quantities by key of the price table. What is billed by time (a "…-hour" or a "…-month") is how many
            stand there; all else is how many are used in all: `{"kinesis.shard_hour": 2, "s3.put": 1_000}`.
        hours: how long it stands; 730 for a month.

    Raises:
        KeyError: the table has no such price; the message lists those it has.
    """
    lines = []
    for key, amount in usage.items():
        if key not in prices():
            raise KeyError(f"no price {key!r}; the table has {', '.join(prices())}")
        price = prices()[key]
        if price.unit.endswith("-hour"):
            amount *= hours
        elif price.unit.endswith("-month"):
            amount *= hours / HOURS_A_MONTH
        lines.append(Line(price, amount))
    return Bill(title, tuple(lines))


def cost(since: int | None = None) -> Bill:
    """What the calls made so far would have cost on AWS.

    Counted are requests, bytes, the units that services bill by, and what stands by the hour: shards from their
    creation to their deletion, and stored objects. A begun hour counts as a whole one.

    Parameters:
        since: count from this number of a call record on; default: from `connect` on. In a lab that several
            notebooks use at once, the calls of all are counted.
    """
    session = current()
    first = session.first_call if since is None else since
    records = calls(session, first)
    if records is None:
        return Bill(_title(session), (), ("Nothing is metered here: AWS's own bill is in Cost Explorer, a day later.",))
    notes = []
    if records and records[0]["seq"] > first + 1:
        notes.append(f"The lab remembers only the last {len(records):,} calls: earlier ones are missing.")
    billed = [record for record in records if record["status"] < 400]
    if unpriced := meter.unpriced(billed):
        notes.append(f"Used, but not counted: {' and '.join(unpriced)}, billed by the hour.")
    return Bill(_title(session), meter.lines(billed), tuple(notes))


def _title(session: Session) -> str:
    return "What this has cost so far" if session.target == "aws" else "What this would have cost on AWS"


def _quantity(line: Line) -> str:
    amount, unit = line.quantity, line.price.unit
    if unit == "TB" and amount < 1:
        amount, unit = amount * TB / MB, "MB"
    number = f"{amount:,.0f}" if float(amount).is_integer() else f"{amount:,.6f}"
    return f"{number} {unit}{'' if amount == 1 or unit.isupper() else 's'}"
