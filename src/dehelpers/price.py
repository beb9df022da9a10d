"""What it would have cost on AWS: an estimate from the calls the lab recorded and a dated table of list prices."""

from __future__ import annotations

import json
import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from dehelpers.calls import calls
from dehelpers.connect import Session, current
from dehelpers.show import table

MB, GB, TB = 2**20, 2**30, 2**40
HOURS_A_MONTH = 730  # as in AWS's Pricing Calculator
NOT_COUNTED = "free tiers, discounts, taxes, data transfer, metrics, alarms and logs"

# Units that engines leave in a call's record: the price each belongs to, and how many of them make one of its units.
METERED = {
    "kinesis:put_units": ("kinesis.put_unit", 1),
    "kinesis:on_demand_bytes_in": ("kinesis.on_demand_in", GB),
    "kinesis:on_demand_bytes_out": ("kinesis.on_demand_out", GB),
    "firehose:billed_bytes": ("firehose.ingested", GB),
    "firehose:converted_bytes": ("firehose.converted", GB),
    "lambda:requests": ("lambda.request", 1),
    "lambda:gb_seconds": ("lambda.gb_second", 1),
    "athena:billed_bytes": ("athena.scanned", TB),
    "s3:objects_read": ("s3.get", 1),  # by a service that reads them in place: one request each, at least
}
# Data Firehose bills what it reads from a stream like what is put into it: each record rounded up to 5 KB.
FIREHOSE_READER, FIREHOSE_STEP = "/AWSFirehose", 5 * 1024
# Units that say what runs by the hour from that call on.
STANDING = {"kinesis:shards": "kinesis.shard_hour", "kinesis:on_demand_streams": "kinesis.on_demand_hour"}
# Services that bill by the hour and whose prices are not in the table.
UNPRICED = {"dms": "DMS", "rds": "RDS"}
# S3 User Guide, "S3 request pricing": everything else that is not free counts as GET.
S3_FREE = re.compile(r"Delete|Abort")
S3_PUT = re.compile(r"Put|Copy|Create|Upload|Complete|List|Restore")
REQUESTS = {"sqs": "sqs.request", "kms": "kms.request", "ce": "ce.request"}


@dataclass(frozen=True)
class Price:
    """One line of AWS's price list: `usd` for `per` units.

    `sure` is "aws" (read on AWS's page on day `read`), "third party" or "unverified".
    """

    key: str
    service: str
    what: str
    usd: float
    per: float
    unit: str
    read: str | None
    source: str
    sure: str
    note: str = ""

    @property
    def text(self) -> str:
        """Such as "0.014 per million units", marked where AWS's own page was not seen."""
        many = {1: "", 1_000: "1,000 ", 1_000_000: "million "}.get(int(self.per), f"{self.per:,.0f} ")
        plural = "s" if self.per > 1 else ""
        return f"{self.usd:.10g} per {many}{self.unit}{plural}" + ("" if self.sure == "aws" else "*")


@dataclass(frozen=True)
class Line:
    """One line of a bill: so many units of something."""

    price: Price
    quantity: float

    @property
    def usd(self) -> float:
        return self.quantity * self.price.usd / self.price.per


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


@cache
def prices() -> dict[str, Price]:
    """The price table by key, such as "kinesis.shard_hour"."""
    document = json.loads((Path(__file__).parent / "prices.json").read_text(encoding="utf-8"))
    return {entry["key"]: Price(**entry) for entry in document["prices"]}


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
    made = {record["service"] for record in records if record["operation"].startswith("Create")}
    unpriced = sorted(UNPRICED[service] for service in made & UNPRICED.keys())
    if unpriced:
        notes.append(f"Used, but not in the table of prices: {' and '.join(unpriced)}, billed by the hour.")
    usage = _used(record for record in records if record["status"] < 400)
    lines = [Line(price, usage[key]) for key, price in prices().items() if usage.get(key)]
    return Bill(_title(session), tuple(lines), tuple(notes))


def _title(session: Session) -> str:
    return "What this has cost so far" if session.target == "aws" else "What this would have cost on AWS"


def _used(records: Iterable[Mapping[str, Any]]) -> dict[str, float]:
    """Quantities by price key, from call records in their order."""
    usage: defaultdict[str, float] = defaultdict(float)
    standing: dict[tuple[str, str], list[tuple[datetime, float]]] = {}  # (price, resource) → how many, from when on
    objects: Counter[str] = Counter()  # bytes by object
    first = last = None
    for record in records:
        last = datetime.fromisoformat(record["time"])
        first = first or last
        for key in _requests(record):
            usage[key] += 1
        units: Mapping[str, float] = record["units"]
        for unit, amount in units.items():
            if unit in METERED:
                key, size = METERED[unit]
                usage[key] += amount / size
            elif unit in STANDING and record["resources"]:
                standing.setdefault((STANDING[unit], record["resources"][0]), []).append((last, amount))
        if record["operation"] == "GetRecords" and record["principal"].endswith(FIREHOSE_READER):
            billed = max(units.get("kinesis:bytes_out", 0), units.get("kinesis:records_out", 0) * FIREHOSE_STEP)
            usage["firehose.ingested"] += billed / GB
        if record["service"] == "s3" and record["operation"] in ("PutObject", "UploadPart"):
            objects[record["resources"][0]] += record["bytes_in"]
    if first and last:
        hours = max(1, math.ceil((last - first).total_seconds() / 3600))
        usage["s3.storage"] += objects.total() / GB * hours / HOURS_A_MONTH
        for (key, _), changes in standing.items():
            usage[key] += _hours(changes, last)
    return usage


def _requests(record: Mapping[str, Any]) -> Iterator[str]:
    service, operation = record["service"], record["operation"]
    if service == "s3":
        if not S3_FREE.match(operation):
            yield "s3.put" if S3_PUT.match(operation) else "s3.get"
    elif (service, operation) in (("sns", "Publish"), ("sns", "PublishBatch")):
        yield "sns.request"
    elif service in REQUESTS:
        yield REQUESTS[service]


def _hours(changes: list[tuple[datetime, float]], end: datetime) -> float:
    """Resource-hours: for each hour begun since the first change, the most that stood there in it."""
    start = changes[0][0]
    total, number, index = 0.0, 0.0, 0
    for hour in range(max(1, math.ceil((end - start).total_seconds() / 3600))):
        most = number
        while index < len(changes) and (changes[index][0] - start).total_seconds() < (hour + 1) * 3600:
            number = changes[index][1]
            most = max(most, number)
            index += 1
        total += most
    return total


def _quantity(line: Line) -> str:
    amount, unit = line.quantity, line.price.unit
    if unit == "TB" and amount < 1:
        amount, unit = amount * TB / MB, "MB"
    number = f"{amount:,.0f}" if float(amount).is_integer() else f"{amount:,.6f}"
    return f"{number} {unit}{'' if amount == 1 or unit.isupper() else 's'}"
