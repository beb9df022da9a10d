"""What calls have used, in the units that AWS bills by: one sum for whoever shows a bill.

A record is what the lab keeps of a call; here its "service", "operation", "time", "principal", "requests", "resources"
(ARNs), "bytes_in" and "units" matter. Only calls that succeeded are billed.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from functools import cache
from typing import Any

from awsfacts import services
from awsfacts.declaration import GB, Meter
from awsfacts.prices import Line, prices

Record = Mapping[str, Any]

# Data Firehose bills what it reads from a stream like what is put into it: each record rounded up to 5 KB.
_FIREHOSE_READER, _FIREHOSE_STEP = "/AWSFirehose", 5 * 1024


def lines(records: Iterable[Record]) -> tuple[Line, ...]:
    """What *records*, in their order, come to, in the order of the table of prices."""
    usage = used(records)
    return tuple(Line(price, usage[key]) for key, price in prices().items() if usage.get(key))


def used(records: Iterable[Record]) -> dict[str, float]:
    """Quantities by price key, from the records of calls in their order.

    Counted are requests, bytes, the units that services bill by, and what stands by the hour: shards from their
    creation to their deletion, objects in their storage classes. A begun hour counts as a whole one.
    """
    usage: defaultdict[str, float] = defaultdict(float)
    standing: dict[tuple[Meter, str], list[tuple[datetime, float]]] = {}  # by resource: how many, from when on
    changing: dict[Meter, list[tuple[datetime, float]]] = {}  # how many stand, from when on
    last = None
    for record in records:
        last = datetime.fromisoformat(record["time"])
        if request := request_price(record["service"], record["operation"]):
            usage[request] += record["requests"]  # a service that reads many objects leaves one record for them
        for meter, amount in _metered(record["units"]):
            if meter.changing:
                known = changing.setdefault(meter, [])
                known.append((last, max(amount + (known[-1][1] if known else 0), 0)))
            elif not meter.standing:
                usage[meter.price] += amount / meter.size
            elif record["resources"]:
                standing.setdefault((meter, record["resources"][0]), []).append((last, amount))
        usage["firehose.ingested"] += _read_by_firehose(record) / GB
    if last:
        all_standing = [*((meter, changes) for (meter, _), changes in standing.items()), *changing.items()]
        for meter, changes in all_standing:
            usage[meter.price] += _hours(changes, last) / meter.size
    return usage


def unpriced(records: Iterable[Record]) -> list[str]:
    """What no meter counts, of what *records* tell: services in which something was created."""
    made = {record["service"] for record in records if record["operation"].startswith("Create")}
    return sorted(each.unpriced for name, each in services().items() if name in made and each.unpriced)


@cache
def request_price(service: str, operation: str) -> str | None:
    """The key of the price of one request; None if it costs nothing by itself."""
    known = services().get(service)
    rules = known.request_prices if known else ()
    return next((price for pattern, price in rules if re.fullmatch(pattern, operation)), None)


@cache
def meters() -> dict[str, Meter]:
    """All meters, by the unit that a record has."""
    return {meter.unit: meter for service in services().values() for meter in service.meters}


def _metered(units: Mapping[str, float]) -> Iterator[tuple[Meter, float]]:
    for unit, amount in units.items():
        if meter := meters().get(unit):
            yield meter, amount


def _read_by_firehose(record: Record) -> float:
    """The bytes that Data Firehose bills of what it has read from a stream."""
    if record["operation"] != "GetRecords" or not record["principal"].endswith(_FIREHOSE_READER):
        return 0
    units = record["units"]
    return max(units.get("kinesis:bytes_out", 0), units.get("kinesis:records_out", 0) * _FIREHOSE_STEP)


def _hours(changes: list[tuple[datetime, float]], end: datetime) -> float:
    """Resource-hours: for each hour begun since the first change, the most that stood there in it."""
    start = changes[0][0]
    total, number, most, hour = 0.0, 0.0, 0.0, 0
    for moment, amount in changes:
        begun = int((moment - start).total_seconds() // 3600)
        if begun > hour:
            total += most + number * (begun - hour - 1)
            hour, most = begun, number
        number, most = amount, max(most, amount)
    left = max(1, math.ceil((end - start).total_seconds() / 3600)) - 1 - hour
    return total + most + number * left if left >= 0 else total
