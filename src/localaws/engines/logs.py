"""CloudWatch Logs on the lab's clock: otherwise events are refused as too new once a lesson has moved time forward."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import moto.logs.models
from moto.logs.responses import LogsResponse

from localaws.engines import replace_responses
from localaws.gateway.errors import AwsError
from localaws.lab import Lab

#: The three ways to name the log groups of a query, of which a request takes one.
_GROUPS = ("logGroupName", "logGroupNames", "logGroupIdentifiers")


class LogsEngineResponse(LogsResponse):
    """Queries log groups that are named by ARN too."""

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
    def utcnow() -> datetime:
        return lab.clock.now().replace(tzinfo=None)

    moto.logs.models.utcnow = utcnow  # type: ignore[attr-defined]
    replace_responses(LogsResponse, LogsEngineResponse)
