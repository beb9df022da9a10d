"""Settings of asynchronous invocation, for each version and alias of a function by itself.

Source: PutFunctionEventInvokeConfig, API reference; answers as LocalStack's suite recorded them (test_lambda_api).
"""

from __future__ import annotations

from typing import Any

from moto.awslambda.exceptions import UnknownFunctionException

from localaws.engines.lambda_.wire import Answer, LambdaWire, invalid, missing

_DESTINATIONS = ("sqs", "sns", "lambda", "events", "s3")


class EventInvokeResponses(LambdaWire):
    """moto has one setting for all versions; these are kept by the function's name and the qualifier."""

    def put_function_event_invoke_config(self) -> Answer:
        return self._put({})

    def update_function_event_invoke_config(self) -> Answer:
        former = self._kept.get(self._key, None)
        if former is None:
            raise self._none()
        return self._put({name: former[name] for name in former.keys() - {"FunctionArn", "LastModified"}})

    def get_function_event_invoke_config(self) -> Answer:
        if self._key not in self._kept:
            raise self._none()
        return self.answer(self._kept[self._key])

    def delete_function_event_invoke_config(self) -> Answer:
        if self._kept.pop(self._key, None) is None:
            raise self._none()
        return self.nothing()

    def list_function_event_invoke_configs(self) -> Answer:
        name = self._existing().function_name
        configs = [config for (function, _), config in sorted(self._kept.items()) if function == name]
        return self.answer({"FunctionEventInvokeConfigs": configs})

    def _put(self, former: dict[str, Any]) -> Answer:
        asked = {name: value for name, value in self.json_body.items() if value is not None}
        self._existing()
        if not former and not asked.keys() & {"DestinationConfig", "MaximumEventAgeInSeconds", "MaximumRetryAttempts"}:
            raise invalid("You must specify at least one of error handling or destination setting.")
        destinations = asked.get("DestinationConfig") or former.get("DestinationConfig") or {}
        self._check_destinations(destinations)
        filled = {each: destinations.get(each) or {} for each in ("OnSuccess", "OnFailure")}
        kept = {
            **former,
            **asked,
            "DestinationConfig": filled,
            "FunctionArn": self._arn,
            "LastModified": self.engine.lab.clock.time(),
        }
        self._kept[self._key] = kept
        return self.answer(kept)

    def _check_destinations(self, destinations: dict[str, Any]) -> None:
        for which, other in (("OnSuccess", "OnFailure"), ("OnFailure", "OnSuccess")):
            arn = (destinations.get(which) or {}).get("Destination")
            if not arn:
                continue
            service = arn.split(":")[2] if arn.count(":") >= 5 else ""
            if service not in _DESTINATIONS:
                said = {which: f"{which}(destination={arn})", other: "null"}
                config = f"DestinationConfig(onSuccess={said['OnSuccess']}, onFailure={said['OnFailure']})"
                raise invalid(f"The provided destination config {config} is invalid.")
            if service == "lambda":
                self._check_function(arn)

    def _check_function(self, arn: str) -> None:
        if ":".join(arn.split(":")[:7]) == ":".join(self._arn.split(":")[:7]):
            raise invalid("You can't specify the function as a destination for itself.")
        try:
            self.engine.get_function(arn)
        except UnknownFunctionException:
            raise invalid(f"The destination ARN {arn} is invalid.") from None

    @property
    def _kept(self) -> dict[tuple[str, str], dict[str, Any]]:
        return self.engine.event_invoke_configs

    @property
    def _key(self) -> tuple[str, str]:
        name, _, qualifier = self.function_name.partition(":")
        return name, qualifier or self._get_param("Qualifier") or "$LATEST"

    @property
    def _arn(self) -> str:
        return f"arn:aws:lambda:{self.region}:{self.current_account}:function:{':'.join(self._key)}"

    def _existing(self) -> Any:
        try:
            return self.engine.get_function(*self._key)
        except UnknownFunctionException:
            raise missing("The function doesn't exist.") from None

    def _none(self) -> Exception:
        return missing(f"The function {self._arn} doesn't have an EventInvokeConfig")
