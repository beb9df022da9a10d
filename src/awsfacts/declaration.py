"""The words in which a service is described."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

GB, TB = 2**30, 2**40

#: Waits until a check is true of something by that name; raises if it never is.
Settle = Callable[[Callable[[], bool], str], None]


@dataclass(frozen=True)
class Listing:
    """The operation that lists all resources of a type.

    Attributes:
        operation: botocore's name, such as "ListStreams".
        items: where the answer has them: a list of names, "StreamNames", or a member of each, "Buckets.Name".
        more: further members of the request.
        each: where they are listed within one resource of another type alone: how these are listed, and the member of
            the request that names one. They are known as "that one/name".
        unless: (a member of each, "Status.Code", and the values with which one is listed although it is gone).
    """

    operation: str
    items: str
    more: Mapping[str, Any] = field(default_factory=dict)
    each: tuple[Listing, str] | None = None
    unless: tuple[str, frozenset[str]] = ("", frozenset())

    def __call__(self, aws: Any) -> Iterator[str]:
        """The names of all that *aws*, a boto3 client of the service, knows."""
        if self.each is None:
            yield from self._listed(aws)
            return
        parents, member = self.each
        for parent in parents(aws):
            for name in self._listed(aws, **{member: parent}):
                yield f"{parent}/{name}"

    def _listed(self, aws: Any, **parent: str) -> Iterator[str]:
        for page in pages(aws, self.operation, **self.more, **parent):
            yield from self._standing(page, self.items.split("."))

    def _standing(self, value: Any, path: Sequence[str]) -> Iterator[str]:
        """The texts at the end of *path*, through all lists on the way."""
        if isinstance(value, list):
            for each in value:
                yield from self._standing(each, path)
        elif path and value is not None:
            member, gone = self.unless
            if len(path) > 1 or not gone or _at(value, member) not in gone:
                yield from self._standing(value.get(path[0]), path[1:])
        elif value is not None:
            yield str(value)


@dataclass(frozen=True)
class Deletion:
    """The operation that deletes one resource, where one call does.

    Attributes:
        operation: botocore's name, such as "DeleteStream".
        member: the member of the request that takes its name; more than one, "/"-joined, for what is within another.
        many: whether that member is a list of names.
        more: further members of the request.
    """

    operation: str
    member: str
    many: bool = False
    more: Mapping[str, Any] = field(default_factory=dict)

    def __call__(self, aws: Any, name: str, settle: Settle) -> None:
        """Delete the one called *name* with *aws*, a boto3 client of the service."""
        names = zip(self.member.split("/"), name.rsplit("/", self.member.count("/")), strict=True)
        given = {member: [value] if self.many else value for member, value in names}
        method_of(aws, self.operation)(**given, **self.more)


#: Lists the names of all resources of a type, with a boto3 client of their service.
List = Callable[[Any], Iterable[str]]


def is_refused(call: Callable[[], Any], error: type[Exception]) -> bool:
    """Whether *call* raises *error*: whoever describes what is gone is refused."""
    try:
        call()
    except error:
        return True
    return False


#: Deletes one resource: with a boto3 client of its service, its name and a way to wait.
Delete = Callable[[Any, str, Settle], None]


def method_of(aws: Any, operation: str) -> Callable[..., Any]:
    """The method of a boto3 client that is botocore's *operation*."""
    name = next(key for key, value in aws.meta.method_to_api_mapping.items() if value == operation)
    found: Callable[..., Any] = getattr(aws, name)
    return found


def pages(aws: Any, operation: str, **given: Any) -> Iterator[Mapping[str, Any]]:
    """All pages of a listing, also where botocore has no paginator for it."""
    method = method_of(aws, operation)
    if aws.can_paginate(method.__name__):
        yield from aws.get_paginator(method.__name__).paginate(**given)
        return
    while True:
        page = method(**given)
        yield page
        if not page.get("NextToken"):
            return
        given["NextToken"] = page["NextToken"]


def _at(value: Any, path: str) -> Any:
    """The member at the end of a dotted *path*."""
    for member in path.split("."):
        value = value.get(member) or {}
    return value


@dataclass(frozen=True, kw_only=True)
class Resource:
    """One type of resource, in the words of its service's API.

    Attributes:
        type: the service authorization reference's word for it: "stream".
        title: what to call one in a sentence: "Kinesis stream".
        create: the operations that make one.
        name: the member of their request or answer that holds its name; of what is named only within another, all,
            "/"-joined: "DatabaseName/Name".
        list: how to list them.
        delete: how to delete one; None where that is left to the reader.
        uses: what one may work with, as "service:type": it is deleted before these.
        part_of: the type of resource that it goes with.
        named_by: members of further requests that name one, if not as in `name`.
        logs: how the name of the log group begins that one writes unasked.
        addressed: whether it is listed by an address (URL or ARN) that its name ends, and deleted by that.
        by_id: whether its name is an id that AWS gives, and it is listed as "id" or as "id/what people call it".
        is_global: whether it is the same in every region.
    """

    type: str
    title: str
    create: tuple[str, ...]
    name: str
    list: List | None = None
    delete: Delete | None = None
    uses: tuple[str, ...] = ()
    part_of: str = ""
    named_by: tuple[str, ...] = ()
    logs: str = ""
    addressed: bool = False
    by_id: bool = False
    is_global: bool = False

    @property
    def is_deletable(self) -> bool:
        """Whether all of them can be found and deleted one by one."""
        return self.list is not None and self.delete is not None


@dataclass(frozen=True)
class Meter:
    """What a service counts of its use, and what it costs.

    Attributes:
        unit: the unit that the lab leaves in a call's record: "kinesis:put_units".
        price: a key of the table of prices.
        size: how many units, or unit-hours where it is standing, make one of the price's.
        standing: whether it says how many of something stand from that call on, and are billed by the hour.
        changing: whether it says by how many what stands grows, or shrinks if that is negative; by the hour, too.
    """

    unit: str
    price: str
    size: float = 1
    standing: bool = False
    changing: bool = False


@dataclass(frozen=True)
class Claim:
    """A sentence about this lab, and the test that proves it: "engines/test_sqs.py::test_sequence_numbers_increase"."""

    sentence: str
    test: str


@dataclass(frozen=True, kw_only=True)
class Service:
    """One service of AWS.

    Attributes:
        name: botocore's.
        title: as AWS writes it.
        in_arns: how ARNs name it, if not as botocore does.
        real: what this lab does as AWS does it; nothing where it only keeps and tells what was created.
        differs: how it differs from AWS in that.
        resources: what can be created in it.
        leaves_nothing: operations whose names begin as if they made something that has to be deleted: each with what it
            does instead.
        unsupported: (regular expression that a whole operation's name matches, sentence for a reader who has called one
            that this lab does not do): the first that matches counts.
        pretended: of those the ones that moto answers as if it did them.
        meters: what is counted.
        request_prices: (regular expression that a whole operation's name matches, key of the table of prices or None
            for what is free), the first that matches counts.
        unpriced: what to call it in a bill that lacks it: it bills by the hour, which no meter counts.
        actions: IAM's actions of operations, where they are not named as the operation; some by what the request has.
        reads: operations that CloudTrail calls read-only though IAM's access level is "Write".
        data_events: operations on data: CloudTrail records them only if a trail asks for them, without what they carry.
    """

    name: str
    title: str
    in_arns: str = ""
    real: tuple[Claim, ...] = ()
    differs: tuple[Claim, ...] = ()
    resources: tuple[Resource, ...] = ()
    leaves_nothing: Mapping[str, str] = field(default_factory=dict)
    unsupported: tuple[tuple[str, str], ...] = ()
    pretended: frozenset[str] = frozenset()
    meters: tuple[Meter, ...] = ()
    request_prices: tuple[tuple[str, str | None], ...] = ()
    unpriced: str = ""
    actions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    reads: frozenset[str] = frozenset()
    data_events: frozenset[str] = frozenset()
