"""Records to Parquet or ORC by a Glue table, where it can be ended: see `columnar`, which does it in a child."""

from __future__ import annotations

import threading
from collections.abc import Hashable
from functools import cache
from typing import Any

from localaws.children import Children
from localaws.engines.firehose.processing import Failure, Record

#: Bytes of address space: for a buffer of 128 MB, its file, and what a part of it is as Python's objects.
_MEMORY = 2 << 30
#: Conversions at the same time, of all streams.
_AT_ONCE = 2
#: Seconds of a processor for any batch, and for each of its megabytes: a few times what plain records take.
_LEAST = 1.0
_A_MEGABYTE = 1.0
_children = Children("localaws.engines.firehose.columnar", _MEMORY)
#: To be held by who converts.
turn = threading.Semaphore(_AT_ONCE)


@cache
def prepare() -> None:
    """Have a child ready: a lab that is about to end has no time to start one."""
    _children.prepare()


def convert(
    records: list[Record],
    conversion: dict[str, Any],
    table: dict[str, Any],
    owner: Hashable,
) -> tuple[bytes | None, list[Record], list[Failure]]:
    """The file of those *records* that fit (None if none does), they themselves, and the others with the reason.

    *conversion* is DataFormatConversionConfiguration, *table* Glue's Table; the columns that it is partitioned by are
    not in its files. Raises ValueError for a type that Firehose does not convert, Overrun for records that take more
    than their share of time or memory, and Cancelled after `give_up`.
    """
    columns = table.get("StorageDescriptor", {}).get("Columns") or []
    if not columns:
        raise ValueError(f"the table {table['Name']} has no columns")
    types = [(column["Name"].lower(), column.get("Type", "string")) for column in columns]
    data = [record.data for record in records]
    seconds = _LEAST + _A_MEGABYTE * sum(map(len, data)) / (1 << 20)
    file, failed = _children.call("convert", data, conversion, types, owner=owner, seconds=seconds)
    failures = [Failure(records[number], code, reason) for number, code, reason in failed]
    left_out = {number for number, _, _ in failed}
    return file, [record for number, record in enumerate(records) if number not in left_out], failures


def give_up(owner: Hashable = None) -> None:
    """End what runs for *owner*, or for all."""
    if owner is None:
        _children.close()
    else:
        _children.cancel(owner)
