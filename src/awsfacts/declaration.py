"""The words in which a service is described."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

#: Waits until a check is true of something by that name; raises if it never is.
Settle = Callable[[Callable[[], bool], str], None]


@dataclass(frozen=True)
class Listing:
    """The operation that lists all resources of a type.

    Attributes:
        operation: botocore's name, such as "ListStreams".
        items: where the answer has them: a list of names, "StreamNames", or a member of each, "Buckets.Name".
        more: further members of the request.
        each: where they are listed for each resource of another type alone: (that type, the member that names one).
    """

    operation: str
    items: str
    more: Mapping[str, Any] = field(default_factory=dict)
    each: tuple[str, str] | None = None


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
        names = dict(zip(self.member.split("/"), name.split("/", self.member.count("/")), strict=True))
        given = {member: [value] if self.many else value for member, value in names.items()}
        method = next(key for key, value in aws.meta.method_to_api_mapping.items() if value == self.operation)
        getattr(aws, method)(**given, **self.more)


#: Deletes one resource: with a boto3 client of its service, its name and a way to wait.
Delete = Callable[[Any, str, Settle], None]


@dataclass(frozen=True, kw_only=True)
class Resource:
    """One type of resource, in the words of its service's API.

    Attributes:
        type: the service authorization reference's word for it: "stream".
        title: what to call one in a sentence: "Kinesis stream".
        create: the operations that make one.
        name: the member of their request or answer that holds its name; of what is named only within another, all,
            "/"-joined: "DatabaseName/Name".
        list: how to list them; a function, given a client and the parent that ``each`` would name, where it takes more.
        delete: how to delete one.
        uses: what one may work with, as "service:type": it is deleted before these.
        part_of: the type of resource that it goes with, and is not deleted apart from.
        named_by: members of further requests that name one, if not as in `name`.
        logs: how the name of the log group begins that one writes unasked.
        addressed: whether it is listed by an address (URL or ARN) that its name ends, and deleted by that.
        is_global: whether it is the same in every region.
    """

    type: str
    title: str
    create: tuple[str, ...]
    name: str
    list: Listing | Callable[[Any], Iterable[str]] | None = None
    delete: Delete | None = None
    uses: tuple[str, ...] = ()
    part_of: str = ""
    named_by: tuple[str, ...] = ()
    logs: str = ""
    addressed: bool = False
    is_global: bool = False


@dataclass(frozen=True)
class Meter:
    """What a service counts of its use, and what it costs.

    Attributes:
        unit: the unit that the lab leaves in a call's record: "kinesis:put_units".
        price: a key of the table of prices.
        size: how many units make one of the price's.
        standing: whether it says how many of something stand from that call on, and are billed by the hour.
    """

    unit: str
    price: str
    size: float = 1
    standing: bool = False


@dataclass(frozen=True, kw_only=True)
class Service:
    """One service of AWS.

    Attributes:
        name: botocore's.
        title: as AWS writes it.
        resources: what can be created in it.
        leaves_nothing: operations whose names begin as if they made something that has to be deleted: each with what it
            does instead.
        meters: what is counted.
        request_prices: (regular expression that a whole operation's name matches, key of the table of prices or None
            for what is free), the first that matches counts.
        unpriced: whether it bills by the hour at prices that are not in the table.
    """

    name: str
    title: str
    resources: tuple[Resource, ...] = ()
    leaves_nothing: Mapping[str, str] = field(default_factory=dict)
    meters: tuple[Meter, ...] = ()
    request_prices: tuple[tuple[str, str | None], ...] = ()
    unpriced: bool = False
