"""Object Lock: what keeps a version from being deleted, and who may loosen it.

Source: S3 user guide, "Locking objects with Object Lock", "Object Lock considerations"; S3 API reference,
PutObjectRetention, PutObjectLegalHold, PutObject (x-amz-object-lock-…).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from moto.s3.exceptions import InvalidArgumentError
from moto.s3.models import FakeBucket

from localaws.engines.s3.objects import StoredObject
from localaws.gateway.errors import AwsError

MODE, UNTIL, HOLD = (f"x-amz-object-lock-{name}" for name in ("mode", "retain-until-date", "legal-hold"))
GOVERNANCE, COMPLIANCE = "GOVERNANCE", "COMPLIANCE"
_REFUSED = "Access Denied because object protected by object lock."


def lock_asked(
    bucket: FakeBucket, headers: Mapping[str, str], now: datetime
) -> tuple[str | None, str | None, str | None]:
    """Legal hold, mode and end of retention of a new version: as its headers say, else by the bucket's default.

    Raises InvalidArgument for half a retention, for one in the past or of no known mode.
    """
    hold, mode, until = headers.get(HOLD), headers.get(MODE), headers.get(UNTIL)
    if hold is not None and hold not in ("ON", "OFF"):
        raise InvalidArgumentError("Legal Hold must be either of 'ON' or 'OFF'", HOLD, hold)
    if (mode is None) != (until is None):
        named = MODE if until is None else UNTIL
        raise InvalidArgumentError(f"{UNTIL} and {MODE} must both be supplied", named, mode or until or "")
    if mode is not None and until is not None:
        if mode not in (GOVERNANCE, COMPLIANCE):
            raise InvalidArgumentError("Unknown wormMode directive.", MODE, mode)
        check_future(until, now, UNTIL)
    elif bucket.has_default_lock:
        days = (bucket.default_lock_days or 0) + 365 * (bucket.default_lock_years or 0)
        mode, until = bucket.default_lock_mode, (now + timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")
    return hold, mode, until


def check_future(until: str, now: datetime, named: str) -> None:
    """Raises InvalidArgument for an end of retention that is none, or has passed."""
    try:
        end = moment_of(until)
    except ValueError:
        raise InvalidArgumentError("The retain until date must be provided in ISO 8601 format", named, until) from None
    if end <= now:
        raise InvalidArgumentError("The retain until date must be in the future!", named, until)


def check_change(key: StoredObject, mode: str | None, until: str | None, bypass: bool, now: datetime) -> None:
    """Raises AccessDenied for a retention that is loosened: shortened, taken away, or of a weaker mode.

    In governance mode those may do it who *bypass* it, which IAM has allowed them; in compliance mode nobody may.
    """
    if not (key.lock_mode and key.lock_until) or moment_of(key.lock_until) <= now:
        return
    weaker = key.lock_mode == COMPLIANCE and mode != COMPLIANCE
    looser = mode is None or until is None or weaker or moment_of(until) < moment_of(key.lock_until)
    if looser and not (bypass and key.lock_mode == GOVERNANCE):
        raise AwsError("AccessDenied", _REFUSED, 403)


def moment_of(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=moment.tzinfo or UTC)
