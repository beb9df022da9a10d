"""CloudWatch Logs: log groups with their class and protection, and queries of groups named by ARN."""

from __future__ import annotations

import json
from typing import Any

from moto.logs.responses import LogsResponse

from localaws.engines import replace_responses
from localaws.gateway.errors import AwsError
from localaws.lab import Lab

#: The three ways to name the log groups of a query, of which a request takes one.
_GROUPS = ("logGroupName", "logGroupNames", "logGroupIdentifiers")

_DEFAULTS: dict[str, Any] = {"logGroupClass": "STANDARD", "deletionProtectionEnabled": False}


class LogsEngineResponse(LogsResponse):
    """Queries log groups that are named by ARN too."""

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
        """Keeps the class and the protection against deletion, which moto forgets."""
        answer = super().create_log_group()
        given = {name: self._get_param(name) for name in _DEFAULTS}
        group: Any = self.logs_backend.groups[self._get_param("logGroupName")]
        group.settings = {name: value for name, value in given.items() if value is not None}
        return answer

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

    def start_query(self) -> str:
        """Raises InvalidParameterException unless just one parameter names groups (API reference, StartQuery)."""
        given = [name for name in _GROUPS if super(LogsEngineResponse, self)._get_param(name)]
        if len(given) != 1:
            raise AwsError("InvalidParameterException", "Give exactly one of " + ", ".join(_GROUPS) + ".")
        return super().start_query()

    def _get_param(self, param_name: str, if_none: Any = None) -> Any:
        value = super()._get_param(param_name, if_none)
        identifiers = super()._get_param("logGroupIdentifiers") if param_name == "logGroupNames" else None
        return [_name_of(each) for each in identifiers] if identifiers else value


def _name_of(identifier: str) -> str:
    """A log group's name, of its name or ARN."""
    return identifier.split(":log-group:", 1)[-1].removesuffix(":*")


def install(lab: Lab) -> None:
    replace_responses(LogsResponse, LogsEngineResponse)
