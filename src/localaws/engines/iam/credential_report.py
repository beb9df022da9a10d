"""The credential report: one line for each user, and what is to be known of his keys.

Source: IAM user guide, "Generate credential reports for your AWS account", for the columns and what stands in them.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from moto.iam.models import AccessKey, IAMBackend, User

from localaws.engines.iam.usage import Usage
from localaws.engines.iam.users import UserEngine

#: How long a report is good, and the one that is told of again.
GOOD = timedelta(hours=4)
_KEY = ("active", "last_rotated", "last_used_date", "last_used_region", "last_used_service")
_COLUMNS = (
    *("user", "arn", "user_creation_time", "password_enabled", "password_last_used", "password_last_changed"),
    *("password_next_rotation", "mfa_active"),
    *(f"access_key_{number}_{name}" for number in (1, 2) for name in _KEY),
    *("cert_1_active", "cert_1_last_rotated", "cert_2_active", "cert_2_last_rotated", "additional_credentials_info"),
)
_NOTHING = "N/A"


@dataclass(frozen=True)
class CredentialReport:
    """The text of a report, and when it was made."""

    text: str
    made: datetime

    def is_good(self, now: datetime) -> bool:
        return now - self.made < GOOD


def credential_report(iam: IAMBackend, usage: Usage, now: datetime) -> CredentialReport:
    """The report on the users of the account, its root user first."""
    file = io.StringIO()
    lines = csv.writer(file, lineterminator="\n")
    lines.writerow(_COLUMNS)
    lines.writerow(_root(iam))
    rotation = iam.account_password_policy.max_password_age if iam.account_password_policy else None
    for user in sorted(iam.users.values(), key=lambda user: user.name.lower()):
        lines.writerow(_line(user, usage, rotation))
    return CredentialReport(file.getvalue().rstrip("\n"), now)


def _root(iam: IAMBackend) -> list[str]:
    """Nobody can sign in as the root user of a lab."""
    arn = f"arn:{iam.partition}:iam::{iam.account_id}:root"
    created = min((user.create_date for user in iam.users.values()), default=None)
    about = ["<root_account>", arn, _date(created), "false", "no_information", _NOTHING, "not_supported", "false"]
    key = ["false", *[_NOTHING] * (len(_KEY) - 1)]
    return [*about, *key, *key, "false", _NOTHING, "false", _NOTHING, _NOTHING]


def _line(user: User, usage: Usage, rotation: int | None) -> list[str]:
    has_password = bool(user.password)
    changed = user.password_last_changed if has_password and isinstance(user, UserEngine) else None
    certificates = list(user.signing_certificates.values())
    more = max(0, len(user.access_keys) - 2)
    return [
        user.name,
        user.arn,
        _date(user.create_date),
        _said(has_password),
        "no_information" if has_password else _NOTHING,
        _date(changed),
        _date(changed + timedelta(days=rotation) if changed and rotation else None),
        _said(bool(user.mfa_devices)),
        *_of_key(user.access_keys[0] if user.access_keys else None, usage),
        *_of_key(user.access_keys[1] if len(user.access_keys) > 1 else None, usage),
        *_of_certificate(certificates[:1]),
        *_of_certificate(certificates[1:2]),
        f"{more} more access keys: ListAccessKeys" if more else _NOTHING,
    ]


def _of_key(key: AccessKey | None, usage: Usage) -> Iterator[str]:
    use = usage.of_key(key.access_key_id) if key else None
    yield _said(key is not None and key.status == "Active")
    yield _date(key.create_date if key else None)
    yield _date(use.time if use else None)
    yield use.region if use and use.service != "s3" else _NOTHING  # S3 is of no region here
    yield use.service if use else _NOTHING


def _of_certificate(certificates: list[Any]) -> tuple[str, str]:
    if not certificates:
        return "false", _NOTHING
    [certificate] = certificates
    return _said(certificate.status == "Active"), _date(certificate.upload_date)


def _said(value: bool) -> str:
    return str(value).lower()


def _date(moment: datetime | None) -> str:
    if moment is None:
        return _NOTHING
    zoned = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return zoned.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
