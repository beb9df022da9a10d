"""EventBridge: rules invoke functions through the front door, a disabled rule does nothing, limits are AWS's.

Sources: EventBridge user guide, "Event bus targets" and "Amazon EventBridge input transformation".
"""

from __future__ import annotations

import copy
import json
import logging
import re
import uuid
from datetime import UTC, datetime
from typing import Any, ClassVar

from botocore.exceptions import ClientError
from jsonpath_ng.ext.parser import parse
from moto.events.models import EventBus, EventsBackend, Rule, events_backends
from moto.events.responses import EventsHandler
from moto.events.utils import EventMessageType, EventTemplateParser

from localaws.authorization import keys_of_source
from localaws.client import working_for
from localaws.gateway.errors import AwsError
from localaws.lab import Lab
from localaws.strict_json import no_constant

log = logging.getLogger(__name__)

#: Entries of one PutEvents stay below this many bytes (user guide, "Calculating PutEvents event entry size").
MAX_ENTRIES_BYTES = 256 * 1024
#: How moto's rules send to a target of a service.
_SENDING = {"sqs": "SendMessage", "logs": "PutLogEvents", "events": "PutEvents"}
#: Targets of one rule (user guide, "Amazon EventBridge quotas").
MAX_TARGETS = 5


class RuleEngine(Rule):
    """A rule that knows targets of the kind ``lambda`` besides moto's."""

    lab: ClassVar[Lab]

    def send_to_targets(self, original_event: EventMessageType, transform_input: bool = True) -> None:
        if self.state == "DISABLED" or not self.event_pattern.matches_event(original_event):
            return
        for target in list(self.targets):
            if target["Arn"].split(":")[2] == "lambda":
                self._invoke(target, original_event)
            else:
                alone = copy.copy(self)
                alone.targets = [target]
                try:
                    self._act(target["Arn"])
                    Rule.send_to_targets(alone, original_event, transform_input)
                except Exception as error:  # of whatever service: it is not the sender's, nor the other targets'
                    log.warning("rule %s could not send to %s: %s", self.name, target["Arn"], error)

    def _act(self, arn: str) -> None:
        """Raises AwsError if EventBridge may not send to *arn*."""
        service, operation = arn.split(":")[2], _SENDING.get(arn.split(":")[2])
        if operation:
            self.lab.act("events", service, operation, arn, keys_of_source(self.arn))

    def _invoke(self, target: dict[str, Any], original_event: EventMessageType) -> None:
        client = self.lab.client("lambda", region=target["Arn"].split(":")[3], by="events")
        try:
            with working_for(self.arn):
                client.invoke(
                    FunctionName=target["Arn"], InvocationType="Event", Payload=_input_of(target, original_event)
                )
        except ClientError as error:
            log.warning("rule %s could not invoke %s: %s", self.name, target["Arn"], error)


def _input_of(target: dict[str, Any], original_event: EventMessageType) -> str:
    """The event as *target* wants it: whole, a part of it, a constant, or put into a template."""
    event: Any = dict(original_event)
    event["time"] = datetime.fromtimestamp(float(event["time"]), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if "Input" in target:
        return str(target["Input"])
    if "InputPath" in target:
        found = parse(target["InputPath"]).find(event)
        event = found[0].value if found else None
    elif transformer := target.get("InputTransformer"):
        event = EventTemplateParser.parse(transformer["InputTemplate"], transformer.get("InputPathsMap", {}), event)
    return json.dumps(event)


class EventsEngine(EventsBackend):
    """Holds to the limits, and names what is missing."""

    def describe_rule(self, name: str, event_bus_arn: str | None) -> Rule:
        bus = self._get_event_bus(self._normalize_event_bus_arn(event_bus_arn))
        if name not in bus.rules:
            raise AwsError("ResourceNotFoundException", f"Rule {name} does not exist on EventBus {bus.name}.")
        return super().describe_rule(name, event_bus_arn)

    def list_rules(  # type: ignore[override]
        self, prefix: str | None = None, event_bus_arn: str | None = None, **page: Any
    ) -> tuple[list[Rule], str | None]:
        """The *prefix* is a text; moto takes it for a regular expression."""
        return super().list_rules(prefix=prefix and re.escape(prefix), event_bus_arn=event_bus_arn, **page)

    def put_targets(self, name: str, event_bus_arn: str | None, targets: list[dict[str, Any]]) -> None:
        """Raises LimitExceededException for more targets than a rule may have, ValidationException for wrong inputs."""
        for target in targets:
            _check_input(target)
        rule = self._get_event_bus(self._normalize_event_bus_arn(event_bus_arn)).rules.get(name)
        held = {target["Id"] for target in rule.targets} if rule else set()
        if len(held | {target["Id"] for target in targets}) > MAX_TARGETS:
            raise AwsError("LimitExceededException", "The requested resource exceeds the maximum number allowed.")
        super().put_targets(name, event_bus_arn, targets)

    def put_events(self, events: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Each entry has its answer, in the order of the request (API reference, PutEvents).

        An event for a bus that there is not is taken, and goes nowhere, as LocalStack's suite recorded
        (test_put_events_nonexistent_event_bus); one whose detail is no object is malformed.
        Raises ValidationException for entries that are too large together.
        """
        if sum(_size(entry) for entry in events) >= MAX_ENTRIES_BYTES:
            raise AwsError("ValidationException", "Total size of the entries in the request is over the limit.")
        return [self._put_event(event) for event in events]

    def _put_event(self, event: dict[str, Any]) -> dict[str, Any]:
        if fault := _fault_of(event):
            return fault
        bus = str(event.get("EventBusName") or "default")
        if bus.startswith("arn:") and bus.split(":")[3:5] != [self.region_name, self.account_id]:
            _, _, _, region, account, _ = bus.split(":", 5)
            there = copy.copy(events_backends[account][region])
            there.account_id = self.account_id  # an event tells whose it is, not whose the bus is
            assert isinstance(there, EventsEngine)
            return there._put_event({**event, "EventBusName": self._normalize_event_bus_arn(bus)})
        if self._normalize_event_bus_arn(bus) not in self.event_buses:
            return {"EventId": str(uuid.uuid4())}
        [answer] = super().put_events([event])
        return answer

    def delete_connection(self, name: str) -> dict[str, Any]:
        """A connection stays whose secret may not be deleted."""
        connection = self.connections.get(name)
        try:
            return super().delete_connection(name)
        except AwsError:
            if connection:
                self.connections[name] = connection
            raise

    def list_tags_for_resource(self, arn: str) -> dict[str, list[dict[str, str]]]:
        self._check_bus(arn)
        return super().list_tags_for_resource(arn)

    def tag_resource(self, arn: str, tags: dict[str, str]) -> None:
        self._check_bus(arn)
        super().tag_resource(arn, tags)

    def untag_resource(self, arn: str, tag_keys: list[str]) -> None:
        self._check_bus(arn)
        super().untag_resource(arn, tag_keys)

    def _check_bus(self, arn: str) -> None:
        """Raises ResourceNotFoundException for the ARN of an event bus that there is not."""
        kind, _, name = arn.split(":", 5)[-1].partition("/")
        if kind == "event-bus":
            self._get_event_bus(name)


class EventsEngineResponse(EventsHandler):
    """Tells of event buses what AWS tells."""

    def create_event_bus(self) -> tuple[str, dict[str, Any]]:
        text, headers = super().create_event_bus()
        described = {"Description": self._get_param("Description")} if self._get_param("Description") else {}
        return json.dumps(json.loads(text) | described), headers

    def put_partner_events(self) -> str:
        """Each entry has an answer of its own (API reference, PutPartnerEvents, PutPartnerEventsResultEntry)."""
        answers: list[dict[str, str]] = []
        for entry in self._get_param("Entries"):
            if entry.get("Source") in self.events_backend.partner_event_sources:
                self.events_backend.put_partner_events([entry])
                answers.append({"EventId": str(uuid.uuid4())})
            else:
                said = f"Parameter Source is not valid. Reason: There is no event source {entry.get('Source')}."
                answers.append({"ErrorCode": "InvalidArgument", "ErrorMessage": said})
        failed = sum("ErrorCode" in answer for answer in answers)
        return json.dumps({"FailedEntryCount": failed, "Entries": answers})

    def list_event_buses(self) -> tuple[str, dict[str, Any]]:
        text, headers = super().list_event_buses()
        answer = json.loads(text)
        for told in answer["EventBuses"]:
            bus: EventBus = self.events_backend.event_buses[told["Name"]]
            told |= {"CreationTime": bus.creation_time, "LastModifiedTime": bus.last_modified_time}
            told |= {"Description": bus.description} if bus.description else {}
        return json.dumps(answer), headers

    def update_archive(self) -> tuple[str, dict[str, Any]]:
        if not any(self._get_param(name) for name in ("EventPattern", "RetentionDays", "Description")):
            said = "At least one of EventPattern, RetentionDays or Description must be provided."
            raise AwsError("ValidationException", said)
        return super().update_archive()


def _check_input(target: dict[str, Any]) -> None:
    """Raises ValidationException for two inputs of one target, or one that is not JSON (API reference, Target)."""
    if sum(name in target for name in ("Input", "InputPath", "InputTransformer")) > 1:
        said = f"Only one of Input, InputPath, or InputTransformer must be provided for target {target['Id']}."
        raise AwsError("ValidationException", said)
    try:
        json.loads(target.get("Input", "{}"), parse_constant=no_constant)
    except (ValueError, RecursionError):
        raise AwsError("ValidationException", f"JSON syntax error in input for target {target['Id']}.") from None


def _fault_of(event: dict[str, Any]) -> dict[str, str] | None:
    """The answer for an event that is none (API reference, PutEventsResultEntry; the texts are recorded)."""
    for name in ("Source", "DetailType", "Detail"):
        if not event.get(name):
            said = f"Parameter {name} is not valid. Reason: {name} is a required argument."
            return {"ErrorCode": "InvalidArgument", "ErrorMessage": said}
    try:
        well_formed = isinstance(json.loads(event["Detail"], parse_constant=no_constant), dict)
    except (ValueError, RecursionError):
        well_formed = False
    return None if well_formed else {"ErrorCode": "MalformedDetail", "ErrorMessage": "Detail is malformed."}


def _size(entry: dict[str, Any]) -> int:
    """Bytes of an entry as PutEvents counts them: its texts in UTF-8, and 14 for a time."""
    texts = [entry.get(name) or "" for name in ("Source", "DetailType", "Detail")] + (entry.get("Resources") or [])
    return sum(len(text.encode()) for text in texts) + (14 if entry.get("Time") else 0)
