"""Resources that moto makes otherwise than CloudFormation: through their service's own API instead.

Sources: CloudFormation template reference, AWS::SQS::Queue and AWS::SSM::Parameter (Name: "If you don't specify a name,
CloudFormation generates a unique physical ID").
"""

from __future__ import annotations

import json
from typing import Any, ClassVar

from moto.cloudformation.parsing import get_model_map
from moto.cloudformation.utils import random_suffix
from moto.sqs.models import Queue, sqs_backends
from moto.ssm.models import Parameter

from localaws.lab import Lab


def install_creations(lab: Lab) -> None:
    QueueResource.lab = lab
    models: dict[str, Any] = get_model_map()
    models.update({"AWS::SQS::Queue": QueueResource, "AWS::SSM::Parameter": ParameterResource})


class QueueResource(Queue):
    """A queue whose attributes SQS checks: moto passes it every property, QueueName too, as an attribute."""

    lab: ClassVar[Lab]

    @classmethod
    def create_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: dict[str, Any], account_id: str, region_name: str, **_: Any
    ) -> Queue:
        properties = cloudformation_json["Properties"]
        attributes = queue_attributes(properties)
        name = str(properties.get("QueueName") or _queue_name(resource_name, "FifoQueue" in attributes))
        cls.lab.client("sqs", region=region_name).create_queue(
            QueueName=name,
            Attributes=attributes,
            tags={tag["Key"]: str(tag["Value"]) for tag in properties.get("Tags", [])},
        )
        return sqs_backends[account_id][region_name].get_queue(name)


class ParameterResource(Parameter):
    """A parameter of Systems Manager, with a name of CloudFormation's where the template gives none."""

    @classmethod
    def create_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **more: Any
    ) -> Parameter:
        cloudformation_json["Properties"].setdefault("Name", f"CFN-{more.get('LogicalId')}-{random_suffix()}")
        return super().create_from_cloudformation_json(
            resource_name, cloudformation_json, account_id, region_name, **more
        )


def queue_attributes(properties: dict[str, Any]) -> dict[str, str]:
    """A queue's *properties* as SQS's API takes them: all texts."""
    attributes = {name: each for name, each in properties.items() if name not in ("QueueName", "Tags")}
    if str(attributes.get("FifoQueue")).lower() == "false":  # SQS has no such value
        del attributes["FifoQueue"]
    return {name: _text(each) for name, each in attributes.items()}


def _queue_name(generated: str, is_fifo: bool) -> str:
    """At most 80 characters (CreateQueue, API reference, QueueName)."""
    return f"{generated[:75]}.fifo" if is_fifo else generated[:80]


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return json.dumps(value) if isinstance(value, (dict, list)) else str(value)
