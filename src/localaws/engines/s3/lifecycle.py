"""What a life cycle has in mind for the versions of a key: which step comes next for each, and when.

Sources: S3 user guide, "Understanding object expiration", "Lifecycle and other bucket configurations", "Conflicts in
S3 Lifecycle configurations".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum
from urllib.parse import quote

from moto.s3.models import FakeBucket

from localaws.engines.s3.lifecycle_rules import Lifecycle, Rule, next_midnight
from localaws.engines.s3.objects import DeleteMarker, StoredObject, StoredUpload
from localaws.engines.s3.storage_classes import ORDER, STANDARD, can_follow, takes

Version = StoredObject | DeleteMarker
Tags = Callable[[StoredObject], dict[str, str]]


class Kind(IntEnum):
    """What happens to a version. Of several that are due the first is done."""

    DELETE = 0
    MOVE = 1
    MARK = 2


@dataclass(frozen=True)
class Step:
    """What the rule called *rule* does to a version at a *moment* (UTC, naive)."""

    moment: datetime
    kind: Kind
    rule: str
    storage_class: str = ""

    @property
    def rank(self) -> tuple[int, int]:
        """Permanent deletion before a move, a move down further before others, before a new delete marker."""
        return self.kind, -ORDER.get(self.storage_class, 0)


def steps(
    lifecycle: Lifecycle, bucket: FakeBucket, versions: Sequence[Version], tags_of: Tags, now: datetime
) -> Iterator[tuple[Version, Step]]:
    """The next step for each of a key's *versions*, oldest first, that has one: what is due, else what will be."""
    for place, version in enumerate(versions):
        newer = versions[place + 1 :]
        found = [
            step
            for rule in lifecycle.rules
            if _covers(rule, version, tags_of)
            for step in _of_rule(rule, lifecycle.minimum, bucket, version, newer, alone=len(versions) == 1)
        ]
        due = [step for step in found if step.moment <= now]
        if due:
            yield version, min(due, key=lambda step: step.rank)
        elif found:
            yield version, min(found, key=lambda step: step.moment)


def _covers(rule: Rule, version: Version, tags_of: Tags) -> bool:
    if isinstance(version, StoredObject):
        return rule.filter.covers(version.name, version.size, tags_of(version) if rule.filter.tags else {})
    return rule.filter.covers(version.name, 0, {})


def _of_rule(
    rule: Rule, minimum: str, bucket: FakeBucket, version: Version, newer: Sequence[Version], alone: bool
) -> Iterator[Step]:
    if newer:
        since, end, moves = newer[0].last_modified, rule.noncurrent_expiration, rule.noncurrent_moves
    else:
        since, end, moves = version.last_modified, rule.expiration, rule.moves
    spared = len(newer) - 1  # superseded versions that are newer than this one
    if isinstance(version, DeleteMarker) and not newer:
        if alone and (rule.clean_markers or end):
            yield Step(end.due(since) if end else next_midnight(since), Kind.DELETE, rule.id)
        return
    if end and (not newer or spared >= end.newer):
        marks = not newer and bucket.versioning_status is not None
        yield Step(end.due(since), Kind.MARK if marks else Kind.DELETE, rule.id)
    if isinstance(version, DeleteMarker):
        return
    for move in moves:
        fits = rule.filter.by_size or takes(move.storage_class, version.size, minimum)
        if (
            fits
            and (not newer or spared >= move.when.newer)
            and can_follow(version.storage_class or STANDARD, move.storage_class)
        ):
            yield Step(move.when.due(since), Kind.MOVE, rule.id, move.storage_class)


def end_of(lifecycle: Lifecycle, key: StoredObject, tags_of: Tags) -> dict[str, str]:
    """The header x-amz-expiration of a current version: when it expires, and by which rule. Empty if it does not.

    Source: S3 API reference, GetObject, "x-amz-expiration".
    """
    ends = [
        (rule.expiration.due(key.last_modified), rule.id)
        for rule in lifecycle.rules
        if rule.expiration and _covers(rule, key, tags_of)
    ]
    if not ends:
        return {}
    moment, rule = min(ends)
    return {"x-amz-expiration": f'expiry-date="{http_date(moment)}", rule-id="{quote(rule)}"'}


def abortion(lifecycle: Lifecycle, upload: StoredUpload) -> tuple[datetime, str] | None:
    """When an unfinished upload is given up, and by which rule; None if it is not."""
    ends = [
        (next_midnight(upload.initiated + timedelta(days=rule.abort_days)), rule.id)
        for rule in lifecycle.rules
        if rule.abort_days is not None and upload.key_name.startswith(rule.filter.prefix) and not rule.filter.by_size
    ]
    return min(ends, default=None)


def http_date(moment: datetime) -> str:
    """As HTTP writes dates (RFC 9110)."""
    return moment.strftime("%a, %d %b %Y %H:%M:%S GMT")
