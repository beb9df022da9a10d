"""CloudFormation on the wire: templates come from S3 as its user would read them; what to do with a failure."""

from __future__ import annotations

import re
from typing import Any, ClassVar
from urllib.parse import unquote, urlsplit

from botocore.exceptions import ClientError
from moto.cloudformation.responses import CloudFormationResponse
from moto.core.responses import ActionResult, EmptyResult

from localaws.client import on_behalf_of
from localaws.engines.cloudformation.backend import CloudFormationEngine
from localaws.engines.cloudformation.custom_answers import SERVICE
from localaws.engines.cloudformation.parameters import resolved
from localaws.engines.cloudformation.stacks import Wanted, wanting
from localaws.engines.cloudformation.templates import read_template
from localaws.gateway.errors import AwsError
from localaws.gateway.records import current_call
from localaws.lab import Lab

# "CloudFormation quotas" (user guide): of a template in the request, and of one in S3.
MAX_BODY_BYTES = 51_200
MAX_TEMPLATE_BYTES = 1_000_000
_HELP = "For more information check http://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html"


class CloudFormationEngineResponse(CloudFormationResponse):
    """Where templates come from, and what OnFailure asks for."""

    lab: ClassVar[Lab]

    def call_action(self) -> Any:
        """Resources are made by whoever called, with that one's permissions ("CloudFormation service role")."""
        with on_behalf_of(current_call.get().credential, SERVICE):
            return super().call_action()

    def _get_param(self, param_name: str, if_none: Any = None) -> Any:
        """A parameter's value. Raises ValidationError for a template that is too large to come with the request."""
        if param_name == "ChangeSetType":  # "By default, … UPDATE" (CreateChangeSet, API reference)
            if_none = "UPDATE"
        value = super()._get_param(param_name, if_none)
        if param_name == "TemplateBody" and value and len(value.encode()) > MAX_BODY_BYTES:
            broken = f"failed to satisfy constraint: Member must have length less than or equal to {MAX_BODY_BYTES}"
            message = f"1 validation error detected: Value '{value}' at 'templateBody' {broken}"
            raise AwsError("ValidationError", message)
        return value

    def create_stack(self) -> ActionResult:
        self._resolved({})
        with wanting(Wanted(self._on_failure(), self._get_param("Capabilities", []))):
            return super().create_stack()

    def update_stack(self) -> ActionResult:
        with wanting(Wanted(capabilities=self._get_param("Capabilities", []))):
            return super().update_stack()

    def delete_stack(self) -> ActionResult:
        """RetainResources: what a stack in DELETE_FAILED leaves behind (DeleteStack, API reference)."""
        with wanting(Wanted(retained=frozenset(self._get_param("RetainResources", [])))):
            return super().delete_stack()

    def create_change_set(self) -> ActionResult:
        previous: dict[str, Any] = {}
        if self._get_param("ChangeSetType") == "UPDATE":
            name = self._get_param("StackName")
            if not any(name in (each.name, each.stack_id) for each in self._backend.stacks.values()):
                raise AwsError("ValidationError", f"Stack [{name}] does not exist")
            previous = self._backend.get_stack(name).stack_parameters
        self._resolved(previous)
        with wanting(Wanted(capabilities=self._get_param("Capabilities", []))):
            return super().create_change_set()

    def describe_change_set(self) -> ActionResult:
        return ActionResult(self._backend.describe_change_set(*self._change_set()))

    def delete_change_set(self) -> ActionResult:
        self._backend.delete_change_set(*self._change_set())
        return EmptyResult()

    def execute_change_set(self) -> ActionResult:
        with wanting(Wanted(self._on_failure())):
            return super().execute_change_set()

    def create_stack_set(self) -> ActionResult:
        self._resolved({})
        with wanting(Wanted(capabilities=self._get_param("Capabilities", []))):
            return super().create_stack_set()

    def describe_stacks(self) -> ActionResult:
        token = self._get_param("NextToken")
        if token and token not in self._backend.stacks:
            raise AwsError("ValidationError", "The specified NextToken is invalid.")
        return super().describe_stacks()

    def list_change_sets(self) -> ActionResult:
        stack = self._backend.get_stack(self._get_param("StackName"))
        return ActionResult({"Summaries": [each for each in self._backend.list_change_sets() if each.stack is stack]})

    def validate_template(self) -> ActionResult:
        """What the template asks of its user (ValidateTemplate, API reference); reading it has checked the rest."""
        url = self._get_param("TemplateURL")
        template = read_template(self._get_stack_from_s3_url(url) if url else self._get_param("TemplateBody"))
        answer: dict[str, Any] = {
            "Parameters": [
                {
                    "ParameterKey": name,
                    "DefaultValue": parameter.get("Default"),
                    "NoEcho": str(parameter.get("NoEcho", False)).lower() == "true",
                    "Description": parameter.get("Description"),
                }
                for name, parameter in template.get("Parameters", {}).items()
            ],
            "Description": template.get("Description"),
        }
        return ActionResult(answer)

    def describe_stack_resource(self) -> ActionResult:
        stack, resource = self._backend.describe_stack_resource(
            self._get_param("StackName"), self._get_param("LogicalResourceId")
        )
        told = _told(stack, resource, "LastUpdatedTimestamp")
        return ActionResult({"StackResourceDetail": told})

    def describe_stack_resources(self) -> ActionResult:
        stack, resources = self._backend.describe_stack_resources(
            self._get_param("StackName"), self._get_param("LogicalResourceId")
        )
        return ActionResult(
            {"StackResources": [_told(stack, each, "Timestamp") for each in resources if each is not None]}
        )

    def list_stack_resources(self) -> ActionResult:
        stack, resources = self._backend.list_stack_resources(self._get_param("StackName"))
        told = [_told(stack, each, "LastUpdatedTimestamp") for each in resources if each is not None]
        return ActionResult({"StackResourceSummaries": told})

    @property
    def _backend(self) -> CloudFormationEngine:
        backend = self.cloudformation_backend
        assert isinstance(backend, CloudFormationEngine)
        return backend

    def _change_set(self) -> tuple[str, str | None]:
        """The name or ARN of the change set, and its stack where that was told."""
        return self._get_param("ChangeSetName"), self._get_param("StackName")

    def _resolved(self, previous: dict[str, Any]) -> dict[str, Any]:
        return resolved(self._get_param("Parameters", []), previous)

    def _validate_different_update(self, incoming_params: Any, stack_body: str, old_stack: Any) -> None:
        """Raises ValidationError for an update of nothing; a change set of nothing is made, and says so itself."""
        if self._get_action() == "CreateChangeSet" or self._get_param("Tags"):
            return
        given = resolved(incoming_params or [], old_stack.stack_parameters)
        if old_stack.has_parameters(given) and old_stack.has_template(stack_body):
            raise AwsError("ValidationError", "No updates are to be performed.")

    def _on_failure(self) -> str:
        """``ROLLBACK``, ``DELETE`` or ``DO_NOTHING``. Raises ValidationError for both parameters at once."""
        choice, disabled = self._get_param("OnFailure"), self._get_param("DisableRollback")
        if choice and disabled is not None:
            raise AwsError("ValidationError", "Only one of the parameters DisableRollback and OnFailure can be given.")
        return choice or ("DO_NOTHING" if str(disabled).lower() == "true" else "ROLLBACK")

    def _get_stack_from_s3_url(self, template_url: str) -> str:
        """The template's text; raises ValidationError for a URL that is not of S3, or that S3 has nothing for."""
        bucket, key = self._place(template_url)
        try:
            stored = self.lab.client("s3").get_object(Bucket=bucket, Key=key)
        except ClientError as error:
            # AWS does not tell a caller whether there is such a bucket
            denied = error.response["Error"]["Code"] == "NoSuchBucket"
            said = "Access Denied" if denied else error.response["Error"]["Message"]
            raise AwsError("ValidationError", f"S3 error: {said}\n{_HELP}") from None
        if stored["ContentLength"] > MAX_TEMPLATE_BYTES:
            raise AwsError("ValidationError", f"Template may not exceed {MAX_TEMPLATE_BYTES} bytes in size.")
        body: bytes = stored["Body"].read()
        return body.decode(errors="replace")

    def _place(self, template_url: str) -> tuple[str, str]:
        """Bucket and key of a URL in virtual-hosted or path style, at AWS's host or the lab's."""
        url = urlsplit(template_url)
        path = unquote(url.path.lstrip("/"))
        hosted = re.fullmatch(r"(.+)\.(?:s3[.-][\w.-]*amazonaws\.com|s3\.localhost|localhost)(?::\d+)?", url.netloc)
        if hosted and path:
            return hosted.group(1), path
        bucket, _, key = path.partition("/")
        ours = url.netloc == urlsplit(self.lab.endpoint).netloc or re.fullmatch(r"s3[\w.-]*amazonaws\.com", url.netloc)
        if not (ours and bucket and key):
            raise AwsError("ValidationError", "TemplateURL must be a supported URL.")
        return bucket, key


def _told(stack: Any, resource: Any, when: str) -> dict[str, Any]:
    """A resource as its last event has it (StackResource, API reference); *when* names the member with the time."""
    last = next(each for each in reversed(stack.events) if each.logical_resource_id == resource.logical_resource_id)
    return {
        "StackId": stack.stack_id,
        "StackName": stack.name,
        "LogicalResourceId": last.logical_resource_id,
        "PhysicalResourceId": last.physical_resource_id,
        "ResourceType": last.resource_type,
        "ResourceStatus": last.resource_status,
        "ResourceStatusReason": last.resource_status_reason,
        when: last.timestamp,
    }
