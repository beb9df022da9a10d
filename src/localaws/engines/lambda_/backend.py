"""Functions of one account and region: moto's, and invocations that run."""

from __future__ import annotations

import json
import random
import uuid
from dataclasses import dataclass
from typing import Any, ClassVar

from moto.awslambda.models import LambdaAlias, LambdaBackend

from localaws.engines.lambda_.execution import Executor, Invocation, Result
from localaws.engines.lambda_.function import FunctionEngine
from localaws.gateway.errors import AwsError
from localaws.lab import Lab

#: Bytes of an event (Lambda quotas, "Invocation payload").
LARGEST_EVENT = 6_291_456
LARGEST_ASYNCHRONOUS_EVENT = 1_048_576


@dataclass(frozen=True)
class Target:
    """What a name, ARN and qualifier stand for: the function's version to run, and the ARN that was meant."""

    function: FunctionEngine
    arn: str


class LambdaEngine(LambdaBackend):
    """moto's backend, with an executor."""

    lab: ClassVar[Lab]
    executor: ClassVar[Executor]

    def resolve(self, name: str, qualifier: str | None = None) -> Target:
        """Find what to run; an alias with weights chooses one of its versions. ResourceNotFoundException if none."""
        function = self.get_function(name, qualifier)
        assert isinstance(function, FunctionEngine)
        _, _, qualifier_in_name = self._lambdas.split_function_arn(
            name if ":function:" in name else f":function:{name}"
        )
        qualifier = qualifier_in_name or qualifier
        arn = (
            f"arn:{function.partition}:lambda:{function.region}:{function.account_id}:function:{function.function_name}"
        )
        if qualifier is None:
            return Target(function, arn)
        aliases: dict[str, LambdaAlias] = self._lambdas._aliases[arn]
        if qualifier in aliases:
            version = _choose_version(aliases[qualifier])
            chosen = self.get_function(function.function_name, version)
            assert isinstance(chosen, FunctionEngine)
            function = chosen
        return Target(function, f"{arn}:{qualifier}")

    def execute(self, target: Target, event: bytes, request_id: str, client_context: Any = None) -> Result:
        """Run *target* once. Raises TooManyRequestsException if its concurrency is used up."""
        latest = self.get_function(target.function.function_name)
        reserved = latest.reserved_concurrency
        invocation = Invocation(
            target.function.sandbox(),
            target.arn,
            request_id,
            event,
            None if reserved is None else int(reserved),
            client_context,
        )
        return self.executor.run(invocation)

    # What changes a function ends its idle environments

    def update_function_code(self, function_name: str, qualifier: str, body: dict[str, Any]) -> dict[str, Any] | None:
        configuration: dict[str, Any] | None = super().update_function_code(function_name, qualifier, body)
        self._retire(function_name)
        return configuration

    def update_function_configuration(
        self, function_name: str, qualifier: str, body: dict[str, Any]
    ) -> dict[str, Any] | None:
        configuration: dict[str, Any] | None = super().update_function_configuration(function_name, qualifier, body)
        self._retire(function_name)
        return configuration

    def delete_function(self, function_name: str, qualifier: str | None = None) -> None:
        self._retire(function_name)
        super().delete_function(function_name, qualifier)

    def _retire(self, function_name: str) -> None:
        self.executor.pool.retire(self.region_name, self.get_function(function_name).function_name)


def check_event(event: bytes, largest: int) -> None:
    """Raises RequestTooLargeException, or InvalidRequestContentException for what is not JSON."""
    if len(event) > largest:
        raise AwsError(
            "RequestTooLargeException",
            f"Request must be smaller than {largest} bytes for the InvokeFunction operation",
            413,
        )
    try:
        json.loads(event)
    except (ValueError, RecursionError) as error:
        raise AwsError("InvalidRequestContentException", f"Could not parse request body into json: {error}") from None


def new_request_id() -> str:
    return str(uuid.uuid4())


def _choose_version(alias: LambdaAlias) -> str:
    """One of the alias's versions, by their weights (Lambda developer guide, "Weighted aliases")."""
    routing: Any = alias.routing_config or {}
    chance = random.random()
    for version, weight in routing.get("AdditionalVersionWeights", {}).items():
        if chance < weight:
            return str(version)
        chance -= weight
    return alias.function_version
