"""Functions of one account and region: moto's, and invocations that run."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

from moto.awslambda.exceptions import InvalidParameterValueException, UnknownFunctionException
from moto.awslambda.models import EventSourceMapping, LambdaAlias, LambdaBackend, LambdaFunction, LayerVersion
from moto.awslambda.policy import Policy

from localaws.engines.lambda_.archives import Archived
from localaws.engines.lambda_.asynchronous import AsynchronousInvoker, Event
from localaws.engines.lambda_.execution import Executor, Invocation, Result
from localaws.engines.lambda_.function import FunctionEngine, zip_code
from localaws.engines.lambda_.mappings import Source, check_new, go_on, start_source
from localaws.engines.lambda_.network import placed
from localaws.engines.lambda_.sources.checkpoints import Checkpoints
from localaws.engines.lambda_.sources.mapping import MappingEngine
from localaws.gateway.errors import AwsError
from localaws.gateway.records import Call
from localaws.lab import Lab
from localaws.large_json import kind_of

#: The principal of executions that Lambda itself starts.
SERVICE = "lambda.amazonaws.com"
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
    asynchronous: ClassVar[AsynchronousInvoker]
    checkpoints: ClassVar[Checkpoints]

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.sources: dict[str, Source] = {}
        #: By the function's name and the qualifier.
        self.event_invoke_configs: dict[tuple[str, str], dict[str, Any]] = {}

    def __getstate__(self) -> dict[str, Any]:
        """The settings; moto's indices by ARN, which no snapshot holds, are made again."""
        kept = {name: value for name, value in vars(self).items() if name not in ("sources", "_lambdas", "_layers")}
        aliases = {arn: dict(found) for arn, found in self._lambdas._aliases.items()}
        return {**kept, "functions": self._lambdas._functions, "aliases": aliases, "layers": self._layers._layers}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self._lambdas._functions.update(state.pop("functions"))
        self._lambdas._aliases.update(state.pop("aliases"))
        self._layers._layers.update(state.pop("layers"))
        self.__dict__.update(state)
        for function in self._all_functions():
            self._lambdas._arns[function.function_arn] = function

    def _all_functions(self) -> list[FunctionEngine]:
        groups = list(self._lambdas._functions.values())
        return [function for group in groups for function in (group["latest"], *group["versions"]) if function]

    @property
    def places(self) -> set[Path]:
        """Where all archives lie, and the code and the layers of all functions and their versions."""
        functions = self._all_functions()
        layers = [version for layer in list(self._layers._layers.values()) for version in layer.layer_versions.values()]
        archives = {each.archive for each in (*functions, *layers) if isinstance(each, Archived)}
        return archives.union(place for function in functions for place in function.places)

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

    def execute_unattended(self, target: Target, event: bytes, request_id: str, client_context: Any = None) -> Result:
        """Run *target* when no caller waits for it: the execution leaves a call record of its own, for the meter."""
        call = Call.done_by(SERVICE, self.lab.clock, "lambda", "Invoke", self.region_name)
        call.request_id, call.account_id = request_id, self.account_id
        call.resources, call.bytes_in = [target.arn], len(event)
        started = time.monotonic()
        try:
            result = self.execute(target, event, request_id, client_context)
            call.units, call.bytes_out = result.units, len(result.payload)
            return result
        except AwsError as error:
            call.refuse(error)
            raise
        finally:
            call.ms = round((time.monotonic() - started) * 1000, 3)
            self.lab.record(call)

    def accept(self, arn: str, event: bytes, request_id: str, client_context: Any = None) -> None:
        """Take *event* for the function *arn*, to be run asynchronously."""
        self.lab.state.settle("awslambda")  # an event without its function could not be run
        self.asynchronous.submit(Event(self, arn, event, request_id, self.lab.clock.time(), client_context))

    # Event source mappings

    def create_event_source_mapping(self, spec: dict[str, Any]) -> MappingEngine:
        """Check the mapping and begin to poll its source."""
        if not spec.get("EventSourceArn"):
            raise InvalidParameterValueException("Unrecognized event source.")
        try:
            target = self.resolve(spec.get("FunctionName") or "")
        except UnknownFunctionException:
            raise InvalidParameterValueException("Function does not exist") from None
        spec = {
            **spec,
            "FunctionName": target.function.function_name,
            "FunctionArn": target.arn,
            "RegionName": self.region_name,
            "AccountId": self.account_id,
        }
        mapping = MappingEngine(self.lab, spec)  # type: ignore[abstract]
        check_new(self._mappings(), mapping)
        self.sources[mapping.uuid] = start_source(self, mapping, target.function)
        self._event_source_mappings[mapping.uuid] = mapping
        mapping.transition("Creating" if mapping.enabled else "")
        return mapping

    def go_on(self) -> None:
        """Have the mappings poll again after a start."""
        for mapping in self._mappings():
            self.lab.spawn(f"lambda go on {mapping.uuid}", partial(go_on, self, mapping), followed=True)

    def get_event_source_mapping(self, uuid: str) -> MappingEngine | None:
        return next((mapping for mapping in self._mappings() if mapping.uuid == uuid), None)

    def update_event_source_mapping(self, uuid: str, spec: dict[str, Any]) -> MappingEngine | None:
        """Change a mapping; its source goes on from where it is."""
        mapping = self.get_event_source_mapping(uuid)
        if mapping is None:
            return None
        state = mapping.update(spec)
        super().update_event_source_mapping(uuid, spec)
        if "FunctionName" in spec:
            mapping.function_arn = self.resolve(spec["FunctionName"]).arn
        mapping.transition(state)
        return mapping

    def delete_event_source_mapping(self, uuid: str) -> MappingEngine | None:
        """End a mapping: it stays to be seen for a moment, while AWS deletes it."""
        if source := self.sources.pop(uuid, None):
            source.end()
        mapping = self.get_event_source_mapping(uuid)
        if mapping is not None:
            mapping.transition("Deleting")
        return mapping

    def list_event_source_mappings(self, event_source_arn: str, function_name: str) -> list[EventSourceMapping]:
        """Mappings of a source, of a function (by name or ARN), or all."""
        try:
            arn = self.resolve(function_name).arn if function_name else None
        except UnknownFunctionException:
            return []
        return [
            mapping
            for mapping in self._mappings()
            if event_source_arn in (None, mapping.event_source_arn) and arn in (None, mapping.function_arn)
        ]

    def _mappings(self) -> list[MappingEngine]:
        """All that are not gone."""
        found = [each for each in self._event_source_mappings.values() if isinstance(each, MappingEngine)]
        for mapping in found:
            if mapping.gone:
                self._event_source_mappings.pop(mapping.uuid, None)
        return [mapping for mapping in found if not mapping.gone]

    def event_invoke_settings(self, arn: str) -> dict[str, Any]:
        """What PutFunctionEventInvokeConfig asked for of *arn*'s version or alias; empty if nobody did."""
        name, _, qualifier = arn.split(":function:")[-1].partition(":")
        return self.event_invoke_configs.get((name, qualifier or "$LATEST"), {})

    def publish_layer_version(self, spec: dict[str, Any]) -> LayerVersion:
        """Check the archive of a new layer version, and keep it."""
        if spec.get("Content"):
            spec = {**spec, "Content": zip_code(self.lab, spec["Content"], self.region_name)}
        return super().publish_layer_version(spec)

    def layers_versions_by_arn(self, layer_version_arn: str) -> LayerVersion | None:
        """None also for what is no ARN of a layer's version, and for another account's and another region's."""
        parts = layer_version_arn.split(":")
        if len(parts) != 8 or parts[2:6] != ["lambda", self.region_name, self.account_id, "layer"]:
            return None
        return super().layers_versions_by_arn(layer_version_arn)

    # What changes a function ends its environments

    def publish_version(self, function_name: str, description: str = "") -> FunctionEngine | None:
        """A version has a revision and a policy of its own."""
        before = len(list(self.list_versions_by_function(self.get_function(function_name).function_name)))
        version = super().publish_version(function_name, description)
        assert isinstance(version, FunctionEngine)
        if len(list(self.list_versions_by_function(version.function_name))) > before:
            version.renew()
            version.policy = Policy(version)
        return version

    def create_function(self, spec: dict[str, Any]) -> LambdaFunction:
        if spec.get("VpcConfig"):
            spec = {**spec, "VpcConfig": placed(self.lab, self.region_name, spec["VpcConfig"])}
        return super().create_function(spec)

    def update_function_code(self, function_name: str, qualifier: str, body: dict[str, Any]) -> dict[str, Any] | None:
        configuration: dict[str, Any] | None = super().update_function_code(function_name, qualifier, body)
        self._retire(function_name)
        return configuration

    def update_function_configuration(
        self, function_name: str, qualifier: str, body: dict[str, Any]
    ) -> dict[str, Any] | None:
        if body.get("VpcConfig"):
            body = {**body, "VpcConfig": placed(self.lab, self.region_name, body["VpcConfig"])}
        configuration: dict[str, Any] | None = super().update_function_configuration(function_name, qualifier, body)
        self._retire(function_name)
        return configuration

    def _retire(self, function_name: str) -> None:
        self.executor.pool.retire(self.region_name, self.get_function(function_name).function_name, "$LATEST")

    def delete_function(self, function_name: str, qualifier: str | None = None) -> None:
        """Delete a function, or one version, and end what runs of it: its callers get Runtime.ExitError."""
        name = self.get_function(function_name, qualifier).function_name
        super().delete_function(function_name, qualifier)
        for key in [key for key in self.event_invoke_configs if key[0] == name and qualifier in (None, key[1])]:
            del self.event_invoke_configs[key]
        self.executor.pool.remove(self.region_name, name, qualifier)


def check_event(event: bytes, largest: int) -> None:
    """Raises RequestTooLargeException, or InvalidRequestContentException for what is not JSON."""
    if len(event) > largest:
        raise AwsError(
            "RequestTooLargeException",
            f"Request must be smaller than {largest} bytes for the InvokeFunction operation",
            413,
        )
    try:
        kind_of(event)
    except ValueError as error:
        said = f"Could not parse request body into json: Could not parse payload into json: {error}"
        raise AwsError("InvalidRequestContentException", said) from None


def _choose_version(alias: LambdaAlias) -> str:
    """One of the alias's versions, by their weights (Lambda developer guide, "Weighted aliases")."""
    routing: Any = alias.routing_config or {}
    chance = random.random()
    for version, weight in routing.get("AdditionalVersionWeights", {}).items():
        if chance < weight:
            return str(version)
        chance -= weight
    return alias.function_version
