"""What happens to a record before it is buffered: it is split, its partition is found, a delimiter is added."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import repeat
from threading import Event
from typing import Any, NamedTuple

from localaws.engines.firehose.destination import Destination
from localaws.engines.firehose.extraction import first_results
from localaws.engines.firehose.prefix import partition_keys

#: "Record deaggregation by JSON or by delimiter is capped at 500 per record" (dynamic partitioning of aggregated data).
MOST_SUB_RECORDS = 500


@dataclass(frozen=True, slots=True)
class Record:
    """A record as it came, or a part of it.

    ``arrival`` is in seconds since the epoch, and so is ``accepted``, when this stream took it; ``sequence_number`` is
    the Kinesis source's, ``number`` the backlog's.
    """

    data: bytes
    arrival: float
    sequence_number: str | None = None
    number: int = -1
    accepted: float = 0.0


class Failure(NamedTuple):
    """A record that could not be processed, with AWS's error code."""

    record: Record
    code: str
    message: str


#: The values of a partitioned prefix's keys, by name; empty where a stream is not partitioned.
Partition = tuple[tuple[str, str], ...]


def process(
    records: list[Record], destination: Destination, stopping: Event
) -> Iterator[tuple[Partition, Record] | Failure]:
    """What *records* become, in AWS's order: de-aggregation, partitioning keys, delimiter.

    A jq program that takes too long is given up once *stopping* is set.
    """
    parts = [part for record in records for part in _split(record, destination)]
    for part, partition in zip(parts, _partitions(parts, destination, stopping), strict=True):
        if isinstance(partition, str):
            yield Failure(part, "DynamicPartitioning.MetadataExtractionFailed", partition)
        elif destination.append_delimiter:
            yield partition, replace(part, data=part.data + destination.append_delimiter)
        else:
            yield partition, part


def _split(record: Record, destination: Destination) -> list[Record]:
    """The records inside an aggregated one; the record itself if it does not come apart."""
    parts: list[bytes] = []
    if destination.deaggregation == "DELIMITED":
        parts = [part for part in record.data.split(destination.deaggregation_delimiter) if part]
    elif destination.deaggregation == "JSON":
        parts = _json_objects(record.data)
    if not 0 < len(parts) <= MOST_SUB_RECORDS:
        return [record]
    return [replace(record, data=part) for part in parts]


def _json_objects(data: bytes) -> list[bytes]:
    """Objects written one behind the other, with or without white space between; none if there is anything else."""
    try:
        text = data.decode().strip()
        decode, position, parts = json.JSONDecoder().raw_decode, 0, []
        while position < len(text):
            value, end = decode(text, position)
            if not isinstance(value, dict):
                return []
            parts.append(text[position:end].encode())
            position = end
            while position < len(text) and text[position].isspace():
                position += 1
    except (ValueError, RecursionError):
        return []
    return parts


def _partitions(records: list[Record], destination: Destination, stopping: Event) -> Iterator[Partition | str]:
    """Each record's values of the keys that the prefix names, or why it has none."""
    if destination.partition_query is None:
        yield from repeat((), len(records))
        return
    texts = [record.data for record in records]
    for found, problem in first_results(destination.partition_query, texts, stopping):
        try:
            yield problem or _partition(found, partition_keys(destination.prefix))
        except ValueError as error:
            yield str(error)


def _partition(found: Any, keys: list[str]) -> Partition:
    """What the query *found*, as a partition. Raises ValueError if one of the *keys* has no value."""
    if not isinstance(found, dict):
        raise ValueError("MetadataExtractionQuery did not return an object with the partition keys")
    texts = {key: value if isinstance(value, str) else json.dumps(value) for key, value in found.items()}
    if any(value in (None, "") for value in found.values()):
        raise ValueError("partitionKeys values must not be null or empty")
    missing = [key for key in keys if key not in texts]
    if missing:
        raise ValueError(f"MetadataExtractionQuery did not return the partition keys {missing}")
    return tuple((key, texts[key]) for key in keys)
