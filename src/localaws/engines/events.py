"""EventBridge: rules invoke functions through the front door; a disabled rule does nothing.

Sources: EventBridge user guide, "Event bus targets" and "Amazon EventBridge input transformation".
"""

from __future__ import annotations

import copy
import json
import logging
from datetime import UTC, datetime
from typing import Any, ClassVar

import moto.events.models
from botocore.exceptions import ClientError
from jsonpath_ng.ext.parser import parse
from moto.events.models import Rule
from moto.events.utils import EventMessageType, EventTemplateParser

from localaws.lab import Lab

log = logging.getLogger(__name__)


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
                Rule.send_to_targets(alone, original_event, transform_input)

    def _invoke(self, target: dict[str, Any], original_event: EventMessageType) -> None:
        client = self.lab.client("lambda", region=target["Arn"].split(":")[3])
        try:
            client.invoke(FunctionName=target["Arn"], InvocationType="Event", Payload=_input_of(target, original_event))
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


def install(lab: Lab) -> None:
    RuleEngine.lab = lab
    moto.events.models.Rule = RuleEngine  # type: ignore[misc]
