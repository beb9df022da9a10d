"""PutMetricData: what it takes, and values that were met more than once.

Source: CloudWatch API reference, PutMetricData and MetricDatum; the texts as users met them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

from moto.cloudwatch.exceptions import InvalidParameterValue

from localaws.gateway.errors import AwsError

MAX_DATA = 1000
MAX_VALUES = 150
#: Seconds that a moment may lie in the past and in the future.
_OLDEST, _NEWEST = 14 * 86_400, 2 * 3_600


def check_data(data: Sequence[dict[str, Any]]) -> None:
    """Raises InvalidParameterValue or MissingParameter if one of *data* cannot be taken."""
    if not data:
        raise AwsError("MissingParameter", "The parameter MetricData is required.")
    if len(data) > MAX_DATA:
        raise InvalidParameterValue(f"The collection MetricData must not have a size greater than {MAX_DATA}.")
    for number, datum in enumerate(data, 1):
        _check(datum, f"MetricData.member.{number}")


def check_moments(data: Sequence[dict[str, Any]], now: float) -> None:
    """Raises InvalidParameterValue, which names each of *data* that is too old or too new at *now* (seconds)."""
    faults = [said for number, datum in enumerate(data, 1) if (said := _moment_fault(datum, number, now))]
    if faults:
        raise InvalidParameterValue("\n".join(faults))


def _check(datum: dict[str, Any], place: str) -> None:
    if not {"Value", "Values", "StatisticValues"} & datum.keys():
        raise AwsError("MissingParameter", "At least one of the parameters must be specified.")
    for name in ("Values", "Counts"):
        if len(datum.get(name) or ()) > MAX_VALUES:
            raise InvalidParameterValue(
                f"The collection {place}.{name} must not have a size greater than {MAX_VALUES}."
            )
    if datum.get("Counts") and len(datum["Counts"]) != len(datum.get("Values") or ()):
        raise InvalidParameterValue(f"The parameters {place}.Values and {place}.Counts must be of the same size.")
    summed = datum.get("StatisticValues") or {}
    named = [("Value", datum.get("Value", 0)), *((f"StatisticValues.{name}", summed[name]) for name in summed)]
    named += [(name, value) for name in ("Values", "Counts") for value in datum.get(name) or ()]
    for name, value in named:
        if not math.isfinite(value) or (name == "Counts" and value < 0):
            shown = "NaN" if math.isnan(value) else str(value).replace("inf", "Infinity")
            raise InvalidParameterValue(f"The value {shown} for parameter {place}.{name} is invalid.")


def _moment_fault(datum: dict[str, Any], number: int, now: float) -> str | None:
    moment = datum.get("Timestamp")
    age = now - moment.timestamp() if moment else 0
    if -_NEWEST <= age <= _OLDEST:
        return None
    wanted = "within the past two weeks" if age > 0 else "no more than two hours in the future"
    return f"The parameter MetricData.member.{number}.Timestamp must specify a time {wanted}."


def counted(datum: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """*datum*, or one for each of its values with how often it was met: moto keeps a value as often as that."""
    if not datum.get("Counts"):
        yield datum
        return
    rest = {name: value for name, value in datum.items() if name not in ("Values", "Counts")}
    for value, count in zip(datum["Values"], datum["Counts"], strict=True):
        summed = {"Sum": value * count, "Minimum": value, "Maximum": value, "SampleCount": count}
        if count:
            yield {**rest, "StatisticValues": summed}
