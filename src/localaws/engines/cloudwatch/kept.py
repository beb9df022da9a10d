"""Data points over a kill of the lab: each is a plain record in a log of the account and region."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from moto.cloudwatch.models import MetricAggregatedDatum, MetricDatum, MetricDatumBase

from localaws.state.data_file import DataFile

Datum = MetricDatum | MetricAggregatedDatum


class KeptData:
    """The log in the file *path*."""

    def __init__(self, path: Path) -> None:
        self._file = DataFile(path, lambda: None)

    def keep(self, data: Sequence[MetricDatumBase]) -> None:
        """Write *data* down. Raises OSError; then none is."""
        self._file.write([_written(datum) for datum in data])

    def tidy(self, data: Sequence[MetricDatumBase]) -> None:
        """Hold *data* alone, if most of what was kept is not among them."""
        self._file.tidy(lambda: len(data), lambda: map(_written, data))

    def read(self) -> list[Datum]:
        """What there is; once, before anything is kept."""
        found: list[Datum] = []
        self._file.replay(lambda *record: found.append(_read(record)))
        return found


def _written(datum: Any) -> tuple[Any, ...]:
    dimensions = [(each.name, each.value) for each in datum.dimensions]
    summed = isinstance(datum, MetricAggregatedDatum)
    numbers = (datum.min, datum.max, datum.sample_count, datum.sum) if summed else (datum.value,)
    return datum.namespace, datum.name, dimensions, datum.timestamp, datum.unit, numbers


def _read(record: tuple[Any, ...]) -> Datum:
    namespace, name, written, timestamp, unit, numbers = record
    dimensions = [{"Name": each, "Value": value} for each, value in written]
    if len(numbers) == 1:
        return MetricDatum(namespace, name, numbers[0], dimensions, timestamp, unit)
    least, most, count, total = numbers
    return MetricAggregatedDatum(namespace, name, least, most, count, total, dimensions, timestamp, unit)
