"""Items are deleted when the time in their table's TTL attribute has passed; the lab looks once a day.

Source: DynamoDB developer guide, "Using time to live (TTL) in DynamoDB": "within a few days of their expiration time";
the attribute must be a Number, seconds since the epoch and not more than five years ago; a stream tells who deleted.
"""

from __future__ import annotations

from contextvars import ContextVar
from functools import partial
from typing import TYPE_CHECKING

from moto.dynamodb.models.dynamo_type import Item

from localaws.lab import Lab

if TYPE_CHECKING:
    from localaws.engines.dynamodb.backend import DynamoDBEngine

#: Seconds from one look to the next.
PERIOD = 24 * 3600
_OLDEST = 5 * 365 * 24 * 3600

#: Whether a deletion is this module's. The record of it says so in ``userIdentity``.
expiring: ContextVar[bool] = ContextVar("expiring", default=False)


def await_expiry(lab: Lab, backend: DynamoDBEngine) -> None:
    """Have a *backend* looked through that has tables with TTL, and again as long as it has."""
    if any(_attribute_of(table.ttl) for table in backend.tables.values()):
        name = f"expiry of DynamoDB items in {backend.region_name}"
        lab.timer.at(lab.clock.time() + PERIOD, name, partial(_look, lab, backend))
        backend.awaits_expiry = True
    else:
        backend.awaits_expiry = False


def _look(lab: Lab, backend: DynamoDBEngine) -> None:
    token = expiring.set(True)
    try:
        with backend.writing():
            now = lab.clock.time()
            for name in list(backend.tables):
                table = backend.table(name)
                attribute = _attribute_of(table.ttl)
                for item in table.each_item() if attribute else ():
                    if _is_expired(item, attribute, now):
                        table.delete_item(item.hash_key, item.range_key)
    finally:
        expiring.reset(token)
        await_expiry(lab, backend)


def _attribute_of(ttl: dict[str, str]) -> str:
    return ttl["AttributeName"] if ttl["TimeToLiveStatus"] == "ENABLED" else ""


def _is_expired(item: Item, attribute: str, now: float) -> bool:
    value = item.attrs.get(attribute)
    return value is not None and value.type == "N" and now - _OLDEST < float(value.value) <= now
