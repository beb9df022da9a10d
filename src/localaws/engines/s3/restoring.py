"""Archived objects are restored: after hours on the lab's clock, and for some days.

Sources: S3 API reference, RestoreObject; S3 user guide, "Understanding archive retrieval options", "Restoring an
archived object".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from xml.etree.ElementTree import Element

from moto.s3.exceptions import MalformedXML, S3ClientError
from moto.s3.models import FakeBucket
from moto.s3.notifications import S3NotificationEvent as Event

from localaws.engines.s3 import usage
from localaws.engines.s3.backend import S3Engine
from localaws.engines.s3.lifecycle_rules import next_midnight
from localaws.engines.s3.objects import Restoration, StoredObject
from localaws.engines.s3.rules import child, text
from localaws.engines.s3.storage_classes import ARCHIVES
from localaws.gateway.errors import AwsError

#: Hours that a retrieval takes at most, by class and tier.
HOURS = {
    "GLACIER": {"Expedited": 5 / 60, "Standard": 5.0, "Bulk": 12.0},
    "DEEP_ARCHIVE": {"Standard": 12.0, "Bulk": 48.0},
}


@dataclass(frozen=True)
class Wish:
    """What RestoreObject asks for: a copy for so many *days*."""

    days: int
    tier: str = "Standard"


def wish_of(document: Element) -> Wish:
    """Raises NotImplementedError for a query of an archive, MalformedXML without days."""
    if text(document, "Type") or child(document, "SelectParameters") is not None:
        raise NotImplementedError("S3 RestoreObject with a SELECT")
    tier = text(child(document, "GlacierJobParameters"), "Tier") or text(document, "Tier") or "Standard"
    if child(document, "Days") is None:
        raise MalformedXML()
    days = int(text(document, "Days"))
    if days < 1:
        raise S3ClientError("InvalidArgument", "restoration days should be at least 1")
    return Wish(days, tier)


def restore(engine: S3Engine, key: StoredObject, wish: Wish) -> bool:
    """Begin to restore an object, or let its copy stay longer. Returns whether there is a copy already.

    A faster tier speeds up what is under way. Raises InvalidObjectState for what is no archive, InvalidArgument for a
    tier that its class has not, RestoreAlreadyInProgress.
    """
    storage_class = key.storage_class or ""
    if storage_class not in ARCHIVES:
        message = "Restore is not allowed for the object's current storage class"
        raise AwsError("InvalidObjectState", message, 403, {"StorageClass": storage_class})
    if wish.tier not in HOURS[storage_class]:
        raise S3ClientError("InvalidArgument", f"Retrieval option {wish.tier} is not supported by this storage class")
    now = engine.lab.clock.now()
    ready = now + timedelta(hours=HOURS[storage_class][wish.tier])
    under_way = key.restoration
    if under_way and under_way.expiry is not None:  # it is here: only the days are counted anew
        key.restoration = Restoration(wish.days, under_way.tier, under_way.ready, _expiry(now, wish.days))
        engine.update(key)
        wait(engine, key)
        return True
    if under_way and ready.timestamp() >= under_way.ready:
        raise AwsError("RestoreAlreadyInProgress", "Object restore is already in progress", 409)
    key.restoration = Restoration(under_way.days if under_way else wish.days, wish.tier, ready.timestamp())
    usage.restored(key, wish.tier)
    engine.update(key)
    engine.notifier.publish(engine.get_bucket(str(key.bucket_name)), Event.OBJECT_RESTORE_POST_EVENT, key)
    wait(engine, key)
    return False


def wait(engine: S3Engine, key: StoredObject) -> None:
    """Have the copy come, or go, when it is time."""
    restoration = key.restoration
    if restoration is None:
        return
    moment, what = (restoration.ready, _come) if restoration.expiry is None else (restoration.expiry, _go)
    engine.lab.timer.at(moment, f"the restored copy of {key.name}", partial(_if_still, engine, key, restoration, what))


def _if_still(
    engine: S3Engine,
    key: StoredObject,
    restoration: Restoration,
    what: Callable[[S3Engine, FakeBucket, StoredObject, Restoration], None],
) -> None:
    """Do *what* unless the object is gone, or something else has been asked for since."""
    with engine.lock:
        bucket = engine.buckets.get(str(key.bucket_name))
        if bucket is not None and not key.disposed and key.restoration == restoration:
            what(engine, bucket, key, restoration)


def _come(engine: S3Engine, bucket: FakeBucket, key: StoredObject, restoration: Restoration) -> None:
    ready = datetime.fromtimestamp(restoration.ready, UTC)
    key.restoration = Restoration(
        restoration.days, restoration.tier, restoration.ready, _expiry(ready, restoration.days)
    )
    engine.update(key)
    engine.notifier.publish(bucket, Event.OBJECT_RESTORE_COMPLETED_EVENT, key)
    wait(engine, key)


def _go(engine: S3Engine, bucket: FakeBucket, key: StoredObject, restoration: Restoration) -> None:
    key.restoration = None
    engine.update(key)
    engine.notifier.publish(bucket, Event.OBJECT_RESTORE_DELETE_EVENT, key)


def _expiry(now: datetime, days: int) -> float:
    """ "…rounding the resulting time to the next day midnight UTC" (RestoreObject, the header x-amz-restore)."""
    midnight = next_midnight(now.replace(tzinfo=None) + timedelta(days=days))
    return midnight.replace(tzinfo=UTC).timestamp()
