"""The document of a bucket's life cycle: its rules, and what S3 refuses in them.

Source: S3 user guide, "Lifecycle configuration elements"; S3 API reference, PutBucketLifecycleConfiguration.
"""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from xml.etree.ElementTree import Element

from defusedxml import ElementTree
from moto.s3.exceptions import MalformedXML, S3ClientError

from localaws.engines.s3.rules import child, children, text
from localaws.engines.s3.storage_classes import ALL_ALIKE

#: The header with `Lifecycle.minimum`.
MINIMUM_HEADER = "x-amz-transition-default-minimum-object-size"
_MOST_RULES = 1000
#: The least days after which objects are moved to these, and between this move and the next.
_INFREQUENT, _INFREQUENT_DAYS = ("STANDARD_IA", "ONEZONE_IA"), 30


@dataclass(frozen=True)
class When:
    """When a rule acts on a version: some days after it was made or superseded, or from a day on.

    ``newer`` is NewerNoncurrentVersions: how many superseded versions are left alone.
    """

    days: int | None = None
    day: datetime | None = None
    newer: int = 0

    def due(self, since: datetime) -> datetime:
        """The moment for what is so old: "rounding the resulting time up to the next day at midnight UTC"."""
        return self.day if self.day is not None else next_midnight(since + timedelta(days=self.days or 0))


@dataclass(frozen=True)
class Move:
    """A transition to another storage class."""

    when: When
    storage_class: str


@dataclass(frozen=True)
class Filter:
    """Which objects a rule is for; sizes are in bytes."""

    prefix: str = ""
    tags: tuple[tuple[str, str], ...] = ()
    larger_than: int | None = None
    smaller_than: int | None = None

    @property
    def by_size(self) -> bool:
        return self.larger_than is not None or self.smaller_than is not None

    def covers(self, name: str, size: int, tags: dict[str, str]) -> bool:
        return (
            name.startswith(self.prefix)
            and all(tags.get(key) == value for key, value in self.tags)
            and (self.larger_than is None or size > self.larger_than)
            and (self.smaller_than is None or size < self.smaller_than)
        )


@dataclass(frozen=True)
class Rule:
    """One rule of a life cycle; ``clean_markers`` is ExpiredObjectDeleteMarker."""

    id: str
    enabled: bool
    filter: Filter
    moves: tuple[Move, ...] = ()
    expiration: When | None = None
    clean_markers: bool = False
    noncurrent_moves: tuple[Move, ...] = ()
    noncurrent_expiration: When | None = None
    abort_days: int | None = None


@dataclass(frozen=True)
class Lifecycle:
    """The rules that are enabled; ``minimum`` is TransitionDefaultMinimumObjectSize."""

    rules: tuple[Rule, ...] = ()
    minimum: str = ALL_ALIKE


NONE = Lifecycle()


def next_midnight(moment: datetime) -> datetime:
    """Midnight UTC after *moment*, or *moment* where it is midnight; naive, as moto keeps times."""
    midnight = datetime.combine(moment.date(), time())
    return midnight if midnight == moment else midnight + timedelta(days=1)


@lru_cache(1000)
def lifecycle_of(document: str, minimum: str) -> Lifecycle:
    """The life cycle of a document that has been checked."""
    root = ElementTree.fromstring(document)
    rules = (read_rule(element) for element in children(root, "Rule"))
    return Lifecycle(tuple(rule for rule in rules if rule.enabled), minimum)


def read_rule(element: Element) -> Rule:
    """Raises InvalidArgument for what is no number of days and no date."""
    expiration, noncurrent = child(element, "Expiration"), child(element, "NoncurrentVersionExpiration")
    marker = text(expiration, "ExpiredObjectDeleteMarker").lower() == "true"
    timed = child(expiration, "Days") is not None or child(expiration, "Date") is not None
    abort = child(element, "AbortIncompleteMultipartUpload")
    return Rule(
        id=text(element, "ID"),
        enabled=text(element, "Status") == "Enabled",
        filter=filter_of(element),
        moves=_moves(element, "Transition", "Days"),
        expiration=_when(expiration, "Days") if timed and expiration is not None else None,
        clean_markers=marker,
        noncurrent_moves=_moves(element, "NoncurrentVersionTransition", "NoncurrentDays"),
        noncurrent_expiration=None if noncurrent is None else _when(noncurrent, "NoncurrentDays"),
        abort_days=None if abort is None else _number(abort, "DaysAfterInitiation"),
    )


def filter_of(element: Element) -> Filter:
    """The filter of a rule, or its prefix as older documents have it."""
    given = child(element, "Filter")
    if given is None:
        return Filter(text(element, "Prefix"))
    both = child(given, "And")
    given = given if both is None else both
    larger, smaller = (
        None if child(given, name) is None else _number(given, name)
        for name in ("ObjectSizeGreaterThan", "ObjectSizeLessThan")
    )
    tags = tuple((text(each, "Key"), text(each, "Value")) for each in children(given, "Tag"))
    return Filter(text(given, "Prefix"), tags, larger, smaller)


def _moves(element: Element, name: str, days: str) -> tuple[Move, ...]:
    return tuple(Move(_when(each, days), text(each, "StorageClass")) for each in children(element, name))


def _when(element: Element, days: str) -> When:
    newer = 0 if child(element, "NewerNoncurrentVersions") is None else _number(element, "NewerNoncurrentVersions")
    if child(element, days) is not None:
        return When(days=_number(element, days), newer=newer)
    if child(element, "Date") is None:
        raise MalformedXML()
    return When(day=_day(text(element, "Date")), newer=newer)


def _number(element: Element, name: str) -> int:
    try:
        return int(text(element, name))
    except ValueError:
        raise MalformedXML() from None


def _day(value: str) -> datetime:
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise MalformedXML() from None
    if isinstance(moment, datetime) and moment.tzinfo is not None:
        moment = moment.astimezone(UTC).replace(tzinfo=None)
    if moment.time() != time():
        raise _invalid("'Date' must be at midnight GMT")
    return moment


# What S3 refuses


def check_lifecycle(root: Element) -> None:
    """Raises MalformedXML, InvalidArgument or InvalidRequest for rules that S3 does not take."""
    elements = children(root, "Rule")
    if not 0 < len(elements) <= _MOST_RULES:
        raise MalformedXML()
    ids = Counter(text(each, "ID") for each in elements if text(each, "ID"))
    if any(count > 1 for count in ids.values()):
        raise _invalid("Rule ID must be unique. Found same ID for more than one rule")
    if any(len(name) > 255 for name in ids):
        raise _invalid("ID length should not exceed allowed limit of 255")
    for element in elements:
        _check_shape(element)
        _check_rule(read_rule(element))


def _check_shape(element: Element) -> None:
    """Raises MalformedXML for elements that go not together."""
    limits, expiration = child(element, "Filter"), child(element, "Expiration")
    if (limits is None) == (child(element, "Prefix") is None):
        raise MalformedXML()
    if limits is not None and len(limits) > 1:
        raise MalformedXML()
    if expiration is not None and len(expiration) != 1:
        raise MalformedXML()
    for move in children(element, "Transition"):
        if len(move) != 2 or not text(move, "StorageClass"):
            raise MalformedXML()
    for name in ("NoncurrentVersionExpiration", "NoncurrentVersionTransition"):
        if any(child(each, "NoncurrentDays") is None for each in children(element, name)):
            raise MalformedXML()


def _check_rule(rule: Rule) -> None:
    keys = [key for key, _ in rule.filter.tags]
    if len(keys) != len(set(keys)):
        raise _refused("Duplicate Tag Keys are not allowed.")
    larger, smaller = rule.filter.larger_than, rule.filter.smaller_than
    if larger is not None and smaller is not None and larger >= smaller:
        raise _refused("'ObjectSizeLessThan' has to be a value greater than 'ObjectSizeGreaterThan'.")
    if keys and rule.clean_markers:
        raise _refused("ExpiredObjectDeleteMarker cannot be specified with Tags.")
    if keys and rule.abort_days is not None:
        raise _refused("AbortIncompleteMultipartUpload cannot be specified with Tags.")
    actions = rule.expiration, rule.noncurrent_expiration, rule.abort_days, *rule.moves, *rule.noncurrent_moves
    if not rule.clean_markers and all(action is None for action in actions):
        raise _refused("At least one action needs to be specified in a rule")
    for name, days in (
        ("'Days' for Expiration action", _days_of(rule.expiration)),
        ("'NoncurrentDays' for NoncurrentVersionExpiration action", _days_of(rule.noncurrent_expiration)),
        ("'DaysAfterInitiation' for AbortIncompleteMultipartUpload action", rule.abort_days),
    ):
        if days is not None and days < 1:
            raise _invalid(f"{name} must be a positive integer")
    kept = [each.when.newer for each in rule.noncurrent_moves]
    kept += [rule.noncurrent_expiration.newer] if rule.noncurrent_expiration else []
    if any(not 0 <= newer <= 100 for newer in kept):
        raise _invalid("'NewerNoncurrentVersions' must be an integer between 1 and 100")
    _check_moves(rule, "Transition", "Days", rule.moves, rule.expiration)
    _check_moves(
        rule, "NoncurrentVersionTransition", "NoncurrentDays", rule.noncurrent_moves, rule.noncurrent_expiration
    )


def _check_moves(rule: Rule, action: str, days: str, moves: tuple[Move, ...], end: When | None) -> None:
    """Each class once, at least 30 days in one for infrequent access, and the end after the last move."""
    prefix = f"prefix '{rule.filter.prefix}'"
    if len({move.storage_class for move in moves}) != len(moves):
        raise _refused(f"'StorageClass' must be different for '{action}' actions in same 'Rule' with {prefix}")
    whens = [move.when for move in moves] + ([end] if end else [])
    if len({when.day is None for when in whens}) > 1:
        raise _refused(f"Found mixed 'Date' and 'Days' based Expiration and Transition actions in rule for {prefix}")
    ordered = sorted(moves, key=lambda move: _place(move.when))
    for move in ordered:
        if move.when.days is not None and move.when.days < 0:
            raise _invalid(f"'{days}' in {action} action must be nonnegative")
        if move.storage_class in _INFREQUENT and move.when.days is not None and move.when.days < _INFREQUENT_DAYS:
            raise _invalid(
                f"'{days}' in {action} action must be greater than or equal to {_INFREQUENT_DAYS} for storageClass "
                f"'{move.storage_class}'"
            )
    for first, then in itertools.pairwise(ordered):
        if first.storage_class in _INFREQUENT and _place(then.when) - _place(first.when) < _INFREQUENT_DAYS:
            raise _invalid(
                f"'{days}' in the '{action}' action for StorageClass '{then.storage_class}' for {prefix} must be "
                f"{_INFREQUENT_DAYS} days more than '{days}' in the '{action}' action for StorageClass "
                f"'{first.storage_class}'"
            )
    if end and ordered and _place(end) <= _place(ordered[-1].when):
        what = days if end.day is None else "Date"
        raise _invalid(f"'{what}' in the Expiration action for {prefix} must be greater than '{what}' in the {action}")


def _days_of(when: When | None) -> int | None:
    return when.days if when else None


def _place(when: When) -> int:
    """Days, from one fixed day on for a date, so that two of a kind can be compared."""
    return (when.day.date() - date.min).days if when.day is not None else when.days or 0


def _invalid(message: str) -> S3ClientError:
    return S3ClientError("InvalidArgument", message)


def _refused(message: str) -> S3ClientError:
    return S3ClientError("InvalidRequest", message)
