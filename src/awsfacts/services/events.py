"""EventBridge."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from awsfacts.declaration import Claim, Deletion, Listing, Resource, Service, Settle, pages

_BUSES = Listing("ListEventBuses", "EventBuses.Name")


def _rules(aws: Any) -> Iterator[str]:
    """The ARNs of all rules: "…:rule/NAME" on the default bus, "…:rule/BUS/NAME" on others."""
    for bus in _BUSES(aws):
        for page in pages(aws, "ListRules", EventBusName=bus):
            yield from (rule["Arn"] for rule in page["Rules"])


def _delete_rule(aws: Any, arn: str, settle: Settle) -> None:
    """A rule is deleted once it has no targets (DeleteRule)."""
    *bus, rule = arn.split(":", 5)[5].removeprefix("rule/").split("/")
    on = {"EventBusName": "/".join(bus) or "default"}
    targets = [target["Id"] for page in pages(aws, "ListTargetsByRule", Rule=rule, **on) for target in page["Targets"]]
    if targets:
        aws.remove_targets(Rule=rule, Ids=targets, **on)
    aws.delete_rule(Name=rule, **on)


def _delete_bus(aws: Any, bus: str, settle: Settle) -> None:
    """A bus is deleted once it has no rules (DeleteEventBus)."""
    for page in pages(aws, "ListRules", EventBusName=bus):
        for rule in page["Rules"]:
            _delete_rule(aws, rule["Arn"], settle)
    aws.delete_event_bus(Name=bus)


SERVICE = Service(
    name="events",
    title="Amazon EventBridge",
    real=(
        Claim(
            "Rules invoke functions.",
            "engines/test_lambda_events.py::test_eventbridge_invokes_a_function",
        ),
        Claim(
            "Answers are compared with recorded ones of AWS.",
            "recorded/test_events.py::test_events_answer_as_aws",
        ),
    ),
    resources=(
        Resource(
            type="rule",
            title="rule",
            create=("PutRule",),
            name="Name",
            named_by=("Rule",),
            list=_rules,
            delete=_delete_rule,
            uses=(
                "events:event-bus",
                "events:api-destination",
                "lambda:function",
                "sqs:queue",
                "sns:topic",
                "kinesis:stream",
                "firehose:deliverystream",
                "stepfunctions:statemachine",
                "iam:role",
                "logs:log-group",
            ),
            addressed=True,
        ),
        Resource(
            type="event-bus",
            title="event bus",
            create=("CreateEventBus",),
            name="Name",
            named_by=("EventBusName",),
            list=_BUSES,
            delete=_delete_bus,
        ),
        Resource(
            type="archive",
            title="archive of events",
            create=("CreateArchive",),
            name="ArchiveName",
            list=Listing("ListArchives", "Archives.ArchiveName"),
            delete=Deletion("DeleteArchive", "ArchiveName"),
            uses=("events:event-bus",),
        ),
        Resource(
            type="api-destination",
            title="API destination",
            create=("CreateApiDestination",),
            name="Name",
            list=Listing("ListApiDestinations", "ApiDestinations.Name"),
            delete=Deletion("DeleteApiDestination", "Name"),
            uses=("events:connection",),
        ),
        Resource(
            type="connection",
            title="EventBridge connection",
            create=("CreateConnection",),
            name="Name",
            list=Listing("ListConnections", "Connections.Name"),
            delete=Deletion("DeleteConnection", "Name"),
        ),
        Resource(
            type="event-source",
            title="partner event source",
            create=("CreatePartnerEventSource",),
            name="Account/Name",
            delete=Deletion("DeletePartnerEventSource", "Account/Name"),
        ),
    ),
    unsupported=(("CreateEndpoint", "The lab is one region, so EventBridge has no global endpoints here."),),
)
