"""What S3 bills of the bytes that lie in it, left in the record of the call that changed them.

Each class has a unit of bytes that stand, ``s3:STANDARD_IA``, which a call raises or lowers; one of byte-hours that are
paid though nothing lies there any more, ``s3:early:STANDARD_IA``; of bytes read, ``s3:read:STANDARD_IA``; and of
objects moved to it, ``s3:moved:STANDARD_IA``.

Source: Amazon S3 pricing; S3 user guide, "Understanding and managing Amazon S3 storage classes", "Pricing
considerations" of "Transitioning objects using Amazon S3 Lifecycle".
"""

from __future__ import annotations

from localaws.engines.s3.objects import StoredObject
from localaws.engines.s3.storage_classes import ARCHIVES, CLASSES, MINIMUM_SIZE, STANDARD
from localaws.gateway.records import current_call

#: Classes in which an object is paid as if it had 128 KB at least.
_AT_LEAST = ("STANDARD_IA", "ONEZONE_IA", "GLACIER_IR")
#: Of each archived object: its index in the archive, and its name and metadata in S3 Standard; in bytes.
_INDEX, _NAME = 32 * 1024, 8 * 1024


def added(key: StoredObject) -> None:
    """A version has come to lie in its class."""
    _count(key, 1)


def removed(key: StoredObject) -> None:
    """A version has gone, or has gone to another class; what it has not stayed long enough is paid too."""
    _count(key, -1)


def left(key: StoredObject, hours_stayed: float) -> None:
    """The version is about to leave its class, after so many hours."""
    storage_class = key.storage_class or STANDARD
    owed = CLASSES[storage_class].least_days * 24 - hours_stayed if storage_class in CLASSES else 0
    if owed > 0:
        _note(f"early:{storage_class}", billed_size(key) * owed)


def moved(key: StoredObject) -> None:
    """A life cycle has moved the version to its class."""
    _note(f"moved:{key.storage_class}", 1)


def read(key: StoredObject, size: int) -> None:
    """So many bytes of a version have been read, or restored."""
    if key.storage_class not in (STANDARD, *ARCHIVES):
        _note(f"read:{key.storage_class}", size)


def restored(key: StoredObject, tier: str) -> None:
    """A version is restored at the price of *tier*."""
    _note(f"restored:{key.storage_class}:{tier}", key.size)


def billed_size(key: StoredObject) -> int:
    """The bytes that are paid for in the class."""
    if key.storage_class in _AT_LEAST:
        return max(key.size, MINIMUM_SIZE)
    return key.size + _INDEX if key.storage_class in ARCHIVES else key.size


def _count(key: StoredObject, sign: int) -> None:
    _note(str(key.storage_class), sign * billed_size(key))
    if key.storage_class in ARCHIVES:
        _note(STANDARD, sign * _NAME)


def _note(unit: str, amount: float) -> None:
    call = current_call.get(None)
    if call is not None and amount:
        call.units[f"s3:{unit}"] = call.units.get(f"s3:{unit}", 0.0) + amount
