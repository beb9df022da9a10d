"""If-Match and If-None-Match of writes."""

from __future__ import annotations

from dataclasses import dataclass

from moto.s3.exceptions import MissingKey, PreconditionFailed

from localaws.engines.s3.objects import StoredObject
from localaws.gateway.errors import AwsError


@dataclass(frozen=True)
class Condition:
    """If-Match and If-None-Match of a write: only one of two racing writers gets through.

    Source: S3 user guide, "How to prevent object overwrites with conditional writes".
    """

    if_match: str | None = None
    if_none_match: str | None = None

    def check(self, current: StoredObject | None, key_name: str) -> None:
        """Raises NoSuchKey, PreconditionFailed or NotImplemented."""
        if self.if_match is not None:
            if current is None:
                raise MissingKey(key=key_name)
            if self.if_match != "*" and self.if_match.strip('"') != current.etag.strip('"'):
                raise PreconditionFailed("If-Match")
        if self.if_none_match is not None:
            if self.if_none_match != "*":
                told = "We don't accept the provided value of If-None-Match header for this API"
                raise AwsError(
                    "NotImplemented",
                    "A header you provided implies functionality that is not implemented",
                    501,
                    {"Header": "If-None-Match", "additionalMessage": told},
                )
            if current is not None:
                raise PreconditionFailed("If-None-Match")


ALWAYS = Condition()
