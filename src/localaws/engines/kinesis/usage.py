"""What a call adds to the bill, left in the units of its record.

Source: "Amazon Kinesis Data Streams pricing", provisioned mode and on-demand mode.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from localaws.gateway.records import current_call

if TYPE_CHECKING:
    from localaws.engines.kinesis.stream import Stream

PAYLOAD_UNIT = 25 * 1024  # bytes
ON_DEMAND_STEP = 1024  # bytes


def use_capacity(stream: Stream, deleted: bool = False) -> None:
    """What the stream costs by the hour from now on: its open shards, or itself where it is on-demand."""
    shards = 0 if deleted or stream.is_on_demand else len(stream.open_shards)
    _use({"kinesis:shards": shards, "kinesis:on_demand_streams": int(stream.is_on_demand and not deleted)})


def use_put(stream: Stream, sizes: Iterable[int]) -> None:
    """Records that were stored, each of so many bytes and rounded up by itself."""
    step = ON_DEMAND_STEP if stream.is_on_demand else PAYLOAD_UNIT
    steps = sum(-(-size // step) for size in sizes)
    _use({"kinesis:on_demand_bytes_in": steps * step} if stream.is_on_demand else {"kinesis:put_units": steps})


def use_get(stream: Stream, records: int, size: int) -> None:
    """What was read. In provisioned mode it is free, but Firehose bills what it reads."""
    _use({"kinesis:records_out": records, "kinesis:bytes_out": size})
    if stream.is_on_demand:
        _use({"kinesis:on_demand_bytes_out": size})


def _use(units: dict[str, float]) -> None:
    call = current_call.get(None)
    if call is not None:
        call.units.update(units)
