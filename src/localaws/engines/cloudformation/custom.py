"""Custom resources: whom a template's ServiceToken names makes, changes and deletes them, and answers at a URL.

Source: CloudFormation user guide, "Custom resource request objects" and "Custom resource response objects"; template
reference, AWS::CloudFormation::CustomResource.
"""

from __future__ import annotations

import json
import uuid
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Self

from moto.cloudformation import parsing
from moto.cloudformation.exceptions import CloudFormationError
from moto.cloudformation.parsing import get_model_map
from moto.core.common_models import CloudFormationModel

from localaws.engines.cloudformation.custom_answers import AnswerBox
from localaws.lab import Lab


def install_custom(lab: Lab) -> None:
    CustomResource.lab = lab
    models: dict[str, Any] = get_model_map()
    models["AWS::CloudFormation::CustomResource"] = CustomResource
    parsing.CustomModel = CustomResource  # type: ignore[assignment, attr-defined]


@dataclass
class CustomResource(CloudFormationModel):
    """A resource that only its provider knows; *data* is what Fn::GetAtt gives of it."""

    lab: ClassVar[Lab]
    region: str
    stack_id: str
    kind: str
    logical_resource_id: str
    physical_resource_id: str
    properties: dict[str, Any]
    data: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def create_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **more: Any
    ) -> Self:
        """A provider that fails is told to delete what it may have made, as in a rollback on AWS."""
        properties = _as_sent(dict(cloudformation_json["Properties"]))
        told = more["StackId"], more["ResourceType"], more["LogicalId"]
        resource = cls(region_name, *told, resource_name, properties)
        try:
            resource._ask("Create")
        except CloudFormationError:
            with suppress(CloudFormationError):
                resource.delete(account_id, region_name)
            raise
        return resource

    def update(self, properties: dict[str, Any]) -> Self | None:
        """Have the resource changed; what it was, to be deleted, where its provider has made another in its place."""
        former = replace(self)
        self.properties = _as_sent(properties)
        try:
            self._ask("Update", OldResourceProperties=former.properties)
        except CloudFormationError:
            self.properties, self.physical_resource_id = former.properties, former.physical_resource_id
            raise
        return None if self.physical_resource_id == former.physical_resource_id else former

    def delete(self, account_id: str, region_name: str) -> None:
        self._ask("Delete")

    @classmethod
    def has_cfn_attr(cls, attr: str) -> bool:
        return True

    def get_cfn_attribute(self, attribute_name: str) -> Any:
        if attribute_name not in self.data:
            said = f"CustomResource attribute error: Vendor response doesn't contain {attribute_name} attribute"
            raise CloudFormationError(f"{said} in object {self.stack_id}|{self.logical_resource_id}")
        return self.data[attribute_name]

    def _ask(self, request_type: str, **more: Any) -> None:
        """Have the provider do what *request_type* says, and take over what it answers.

        Raises CloudFormationError, in AWS's words, where it fails or does not answer.
        """
        request_id = str(uuid.uuid4())
        known = {} if request_type == "Create" else {"PhysicalResourceId": self.physical_resource_id}
        with AnswerBox(self.lab, self.region) as box:
            event = {
                "RequestType": request_type,
                "ServiceToken": self.properties["ServiceToken"],
                "ResponseURL": box.url,
                "StackId": self.stack_id,
                "RequestId": request_id,
                "LogicalResourceId": self.logical_resource_id,
                "ResourceType": self.kind,
                "ResourceProperties": self.properties,
                **known,
                **more,
            }
            self._send(event)
            answer = box.answer(request_id, float(self.properties.get("ServiceTimeout", 3600)))
        self.physical_resource_id = answer.get("PhysicalResourceId") or self.physical_resource_id
        if answer.get("Status") != "SUCCESS":
            said = f"Received response status [{answer.get('Status')}] from custom resource. Message returned: "
            raise CloudFormationError(f"{said}{answer.get('Reason')} (RequestId: {request_id})")
        if not answer.get("PhysicalResourceId"):
            raise CloudFormationError("Invalid PhysicalResourceId")
        if request_type != "Delete":
            self.data = answer.get("Data") or {}

    def _send(self, event: dict[str, Any]) -> None:
        """To a function or, where the token is a topic's, to its subscribers.

        The function is waited for: one that fails will not answer, for which AWS would wait an hour.
        """
        token, message = event["ServiceToken"], json.dumps(event)
        if token.split(":")[2:3] == ["sns"]:
            subject = "AWS CloudFormation custom resource request"
            self.lab.client("sns", region=self.region).publish(TopicArn=token, Subject=subject, Message=message)
            return
        answer = self.lab.client("lambda", region=self.region).invoke(FunctionName=token, Payload=message)
        if "FunctionError" in answer:
            error = json.loads(answer["Payload"].read())
            said = f"The function of ServiceToken failed before it answered: {error.get('errorMessage')}"
            raise CloudFormationError(f"{said} (RequestId: {event['RequestId']})")


def _as_sent(value: Any) -> Any:
    """Numbers and booleans reach a provider as texts."""
    if isinstance(value, dict):
        return {name: _as_sent(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_as_sent(each) for each in value]
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, (int, float)) else value
