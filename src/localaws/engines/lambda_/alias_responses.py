"""Aliases on the wire (CreateAlias and its like, API reference; answers as LocalStack's suite recorded them)."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

from moto.awslambda.exceptions import ConflictException
from moto.awslambda.models import LambdaAlias

from localaws.engines.lambda_.wire import Answer, LambdaWire, invalid
from localaws.gateway.errors import AwsError


def _told(alias: LambdaAlias) -> dict[str, Any]:
    told = alias.to_json()
    routing: Any = told.pop("RoutingConfig") or {}
    return {**told, **({"RoutingConfig": routing} if routing.get("AdditionalVersionWeights") else {})}


class AliasResponses(LambdaWire):
    """moto's aliases, with AWS's checks of weights, and its statuses."""

    def create_alias(self) -> Answer:
        asked: Any = self.json_body
        self._check_versions(asked.get("FunctionVersion"), asked.get("RoutingConfig"))
        try:
            alias = self.engine.create_alias(
                name=asked["Name"],
                function_name=self.function_name,
                function_version=asked["FunctionVersion"],
                description=asked.get("Description", ""),
                routing_config=asked.get("RoutingConfig"),
            )
        except ConflictException as error:
            raise AwsError("ResourceConflictException", error.message, 409) from None
        return self.answer(_told(alias), 201)

    def update_alias(self) -> Answer:
        asked: Any = self.json_body
        alias = self.engine.get_alias(name=self._alias_name, function_name=self.function_name)
        if asked.get("RevisionId") not in (None, alias.revision_id):
            said = "The Revision Id provided does not match the latest Revision Id. "
            said += "Call the GetFunction/GetAlias API to retrieve the latest Revision Id"
            raise AwsError("PreconditionFailedException", said, 412)
        self._check_versions(asked.get("FunctionVersion") or alias.function_version, asked.get("RoutingConfig"))
        alias = self.engine.update_alias(
            name=self._alias_name,
            function_name=self.function_name,
            function_version=asked.get("FunctionVersion"),
            description=asked.get("Description"),
            routing_config=asked.get("RoutingConfig"),
        )
        return self.answer(_told(alias))

    def get_alias(self) -> Answer:
        return self.answer(_told(self.engine.get_alias(name=self._alias_name, function_name=self.function_name)))

    def delete_alias(self) -> Answer:
        self.engine.delete_alias(name=self._alias_name, function_name=self.function_name)
        return self.nothing()

    def list_aliases(self) -> Answer:
        version = self._get_param("FunctionVersion")
        aliases = [
            each for each in self.engine.list_aliases(self.function_name) if version in (None, each.function_version)
        ]
        return self.answer({"Aliases": [_told(alias) for alias in aliases]})

    @property
    def _alias_name(self) -> str:
        return unquote(self.path.rsplit("/", 1)[-1])

    def _check_versions(self, version: str, routing: dict[str, Any] | None) -> None:
        """Raises what AWS raises for a version, or a version in *routing*, that an alias cannot point to."""
        weights = (routing or {}).get("AdditionalVersionWeights") or {}
        if len(weights) > 1:
            raise invalid("Number of items in AdditionalVersionWeights cannot be greater than 1")
        if version in weights:
            said = f"Function version {version} is already included in routing configuration."
            raise invalid(f"Invalid function version {version}. {said}")
        self.engine.get_function(self.function_name, version)
        if weights and version == "$LATEST":
            raise invalid("$LATEST is not supported for an alias pointing to more than 1 version")
        for each in weights:
            self.engine.get_function(self.function_name, each)
