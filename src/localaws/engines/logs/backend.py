"""CloudWatch Logs: groups with their class and protection, filters told whole, and AWS's refusals."""

from __future__ import annotations

import json
from typing import Any, ClassVar
from uuid import uuid4

from moto.core.utils import unix_time_millis
from moto.logs.metric_filters import MetricFilters
from moto.logs.models import ExportTask, LogGroup, LogResourcePolicy, LogsBackend
from moto.logs.responses import LogsResponse

from localaws.engines.logs.encryption import arn_of, check_key, check_readable
from localaws.engines.logs.events import sift
from localaws.engines.logs.exports import export
from localaws.engines.logs.groups import GroupEngine
from localaws.engines.logs.patterns import parse_pattern
from localaws.engines.logs.queries import check_query
from localaws.engines.logs.subscriptions import check_destination
from localaws.gateway.errors import AwsError
from localaws.lab import Lab

#: The three ways to name the log groups of a query, of which a request takes one.
_GROUPS = ("logGroupName", "logGroupNames", "logGroupIdentifiers")

_DEFAULTS: dict[str, Any] = {"logGroupClass": "STANDARD", "deletionProtectionEnabled": False}


class MetricFiltersEngine(MetricFilters):
    """Keeps one filter of a name in a group (API reference, PutMetricFilter), and when it was made."""

    def add_filter(
        self, filter_name: str, filter_pattern: str, log_group_name: str, metric_transformations: str
    ) -> None:
        self.delete_filter(filter_name, log_group_name)
        super().add_filter(filter_name, filter_pattern, log_group_name, metric_transformations)
        self.metric_filters[-1] |= {"creationTime": int(unix_time_millis()), "applyOnTransformedLogs": False}


class ResourcePolicyEngine(LogResourcePolicy):
    """A policy that tells its scope, which here is always the account."""

    def describe(self) -> dict[str, Any]:
        return super().describe() | {"policyScope": "ACCOUNT"}


class LogsEngine(LogsBackend):
    """Takes of a batch of events what AWS takes."""

    def put_log_events(
        self, log_group_name: str, log_stream_name: str, log_events: list[dict[str, Any]]
    ) -> tuple[str, dict[str, Any]]:
        """Raises ResourceNotFoundException and InvalidParameterException; see `sift`."""
        group = self.groups.get(log_group_name)
        if group is None:
            raise AwsError("ResourceNotFoundException", "The specified log group does not exist.")
        if log_stream_name not in group.streams:
            raise AwsError("ResourceNotFoundException", "The specified log stream does not exist.")
        days = group.retention_in_days
        taken, rejected = sift(log_events, int(unix_time_millis()), int(days) if days else None)
        if not taken:
            return f"{group.streams[log_stream_name].upload_sequence_token:056d}", rejected
        return group.put_log_events(log_stream_name, taken), rejected

    def delete_log_group(self, log_group_name: str) -> None:
        group = self.groups.get(log_group_name)
        super().delete_log_group(log_group_name)
        if isinstance(group, GroupEngine):
            group.remove()


class LogsEngineResponse(LogsResponse):
    """Queries log groups that are named by ARN too, and refuses in AWS's words."""

    lab: ClassVar[Lab]

    def describe_log_groups(self) -> str:
        """Raises InvalidParameterException for a prefix together with a pattern (API reference, DescribeLogGroups)."""
        if self._get_param("logGroupNamePrefix") and self._get_param("logGroupNamePattern"):
            said = "LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters."
            raise AwsError("InvalidParameterException", said)
        answer = json.loads(super().describe_log_groups())
        for group in answer["logGroups"]:
            group |= self._settings(group["logGroupName"])
        return json.dumps(answer)

    def create_log_group(self) -> str:
        """Keeps the class and the protection against deletion, which moto forgets.

        Raises AccessDeniedException or InvalidParameterException for a key that cannot be used (see `check_key`).
        """
        if key := self._get_param("kmsKeyId"):
            check_key(self.lab, arn_of(self.current_account, self.region, self._get_param("logGroupName")), key)
        answer = super().create_log_group()
        given = {name: self._get_param(name) for name in _DEFAULTS}
        group: Any = self.logs_backend.groups[self._get_param("logGroupName")]
        group.settings = {name: value for name, value in given.items() if value is not None}
        return answer

    def associate_kms_key(self) -> str:
        """Raises as `create_log_group`, and ResourceNotFoundException for a group that there is not."""
        group = self._group_to_encrypt()
        key = self._get_param("kmsKeyId")
        check_key(self.lab, arn_of(self.current_account, self.region, group.name), key)
        group.kms_key_id = key
        return "{}"

    def disassociate_kms_key(self) -> str:
        self._group_to_encrypt().kms_key_id = None
        return "{}"

    def _group_to_encrypt(self) -> LogGroup:
        """Raises NotImplementedError where the results of queries are meant, which no group has."""
        identifier = self._get_param("resourceIdentifier") or ""
        if ":query-result:" in identifier:
            raise NotImplementedError("encryption of the results of queries")
        group = self.logs_backend.groups.get(self._get_param("logGroupName") or _name_of(identifier))
        if group is None:
            raise AwsError("ResourceNotFoundException", "The specified log group does not exist.")
        return group

    def put_log_group_deletion_protection(self) -> str:
        """Raises ResourceNotFoundException for a group that there is not."""
        name = _name_of(self._get_param("logGroupIdentifier"))
        group: Any = self.logs_backend.groups.get(name)
        if group is None:
            raise AwsError("ResourceNotFoundException", "The specified log group does not exist.")
        protected = {"deletionProtectionEnabled": self._get_param("deletionProtectionEnabled")}
        group.settings = getattr(group, "settings", {}) | protected
        return "{}"

    def delete_log_group(self) -> str:
        """Raises ValidationException for a group that is protected (API reference, DeleteLogGroup)."""
        name = self._get_param("logGroupName")
        if self._settings(name)["deletionProtectionEnabled"]:
            raise AwsError(
                "ValidationException", f"Log group {name} cannot be deleted: deletion protection is enabled."
            )
        return super().delete_log_group()

    def _settings(self, group_name: str) -> dict[str, Any]:
        return _DEFAULTS | getattr(self.logs_backend.groups.get(group_name), "settings", {})

    def put_delivery_destination(self) -> str:
        """Raises ValidationException for an ARN of none of the services that logs are delivered to."""
        arn = self._get_param("deliveryDestinationConfiguration").get("destinationResourceArn", "")
        service = arn.split(":")[2] if arn.count(":") >= 5 else ""
        if service == "xray":
            raise NotImplementedError("delivery to X-Ray")
        if service not in ("s3", "logs", "firehose"):
            said = f"destinationResourceArn must name a log group, a bucket or a Firehose stream, not {arn[:200]}"
            raise AwsError("ValidationException", said)
        return super().put_delivery_destination()

    def create_log_stream(self) -> str:
        """Raises ResourceAlreadyExistsException, which names the kind that there is already."""
        group = self._group()
        if group and self._get_param("logStreamName") in group.streams:
            raise AwsError("ResourceAlreadyExistsException", "The specified log stream already exists")
        return super().create_log_stream()

    def delete_log_stream(self) -> str:
        self._check_stream()
        return super().delete_log_stream()

    def get_log_events(self) -> str:
        self._check_stream()
        check_readable(self.lab, self._group())
        return super().get_log_events()

    def filter_log_events(self) -> str:
        """Raises InvalidParameterException for a token that no page gave: moto's are ``group@stream@event``."""
        parse_pattern(self._get_param("filterPattern"))  # before there is an event to hold against it
        token = self._get_param("nextToken")
        if token and token.count("@") != 2:
            raise AwsError("InvalidParameterException", "The specified nextToken is invalid.")
        check_readable(self.lab, self._group())
        return super().filter_log_events()

    def describe_log_streams(self) -> str:
        if self._get_param("logGroupName") and self._get_param("logGroupIdentifier"):
            said = "LogGroup name and LogGroup ARN are mutually exclusive parameters."
            raise AwsError("ValidationException", said)
        return super().describe_log_streams()

    def put_subscription_filter(self) -> str:
        """Raises InvalidParameterException for a destination that may not be sent to (see `check_destination`)."""
        parse_pattern(self._get_param("filterPattern"))
        group_arn = f"arn:aws:logs:{self.region}:{self.current_account}:log-group:{self._get_param('logGroupName')}"
        check_destination(self.lab, group_arn, self._get_param("destinationArn"), self._get_param("roleArn"))
        return super().put_subscription_filter()

    def create_export_task(self) -> str:
        """Raises ResourceNotFoundException and InvalidParameterException (API reference, CreateExportTask)."""
        group, prefix = self._group(), self._get_param("destinationPrefix", "exportedlogs")
        if not isinstance(group, GroupEngine):
            raise AwsError("ResourceNotFoundException", "The specified log group does not exist.")
        start, end = self._get_param("from"), self._get_param("to")
        if start > end:
            raise AwsError("InvalidParameterException", f"The time 'from', {start}, is after the time 'to', {end}.")
        name, bucket = self._get_param("taskName"), self._get_param("destination")
        task = ExportTask(str(uuid4()), name, group.name, bucket, prefix, start, end)
        export(self.lab, group, task, self._get_param("logStreamNamePrefix", ""))
        self.logs_backend.export_tasks[task.task_id] = task
        return json.dumps({"taskId": task.task_id})

    def delete_resource_policy(self) -> str:
        name = self._get_param("policyName")
        if name not in self.logs_backend.resource_policies:
            raise AwsError("ResourceNotFoundException", f"Policy with name [{name}] does not exist.")
        return super().delete_resource_policy()

    def _group(self) -> LogGroup | None:
        name = self._get_param("logGroupName") or _name_of(self._get_param("logGroupIdentifier") or "")
        return self.logs_backend.groups.get(name)

    def _check_stream(self) -> None:
        """Raises ResourceNotFoundException for a stream that there is not, in a group that there is."""
        group = self._group()
        if group and self._get_param("logStreamName") not in group.streams:
            raise AwsError("ResourceNotFoundException", "The specified log stream does not exist.")

    def start_query(self) -> str:
        """Raises InvalidParameterException unless just one parameter names groups (API reference, StartQuery).

        Also MalformedQueryException, for what is no query.
        """
        given = [name for name in _GROUPS if super(LogsEngineResponse, self)._get_param(name)]
        if len(given) != 1:
            raise AwsError("InvalidParameterException", "Give exactly one of " + ", ".join(_GROUPS) + ".")
        if self._get_param("queryLanguage", "CWLI") != "CWLI":
            raise AwsError("NotImplemented", "This lab does queries in CWLI alone.", 501)
        check_query(self._get_param("queryString"))
        for name in self._get_param("logGroupNames") or [self._get_param("logGroupName")]:
            check_readable(self.lab, self.logs_backend.groups.get(name))
        return super().start_query()

    def _get_param(self, param_name: str, if_none: Any = None) -> Any:
        value = super()._get_param(param_name, if_none)
        identifiers = super()._get_param("logGroupIdentifiers") if param_name == "logGroupNames" else None
        return [_name_of(each) for each in identifiers] if identifiers else value


def _name_of(identifier: str) -> str:
    """A log group's name, of its name or ARN."""
    return identifier.split(":log-group:", 1)[-1].removesuffix(":*")
