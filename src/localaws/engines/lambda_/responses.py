"""Invoke on the wire: headers in, headers out (Invoke, API reference)."""

from __future__ import annotations

import base64
import json
from typing import Any

from moto.awslambda.exceptions import UnknownFunctionException

from localaws.engines.lambda_.alias_responses import AliasResponses
from localaws.engines.lambda_.backend import (
    LARGEST_ASYNCHRONOUS_EVENT,
    LARGEST_EVENT,
    Target,
    check_event,
)
from localaws.engines.lambda_.event_invoke import EventInvokeResponses
from localaws.engines.lambda_.function_responses import FunctionResponses
from localaws.engines.lambda_.layer_responses import LayerResponses
from localaws.engines.lambda_.mapping_responses import MappingResponses
from localaws.engines.lambda_.wire import Answer, missing
from localaws.gateway.errors import AwsError
from localaws.gateway.records import current_call


class LambdaEngineResponse(FunctionResponses, AliasResponses, LayerResponses, MappingResponses, EventInvokeResponses):
    """The operations whose answers tell of a real execution."""

    def invoke(self) -> Answer:
        """Run the function now (RequestResponse), soon (Event), or not at all (DryRun)."""
        try:
            target = self.engine.resolve(self.function_name, self._get_param("Qualifier"))
        except UnknownFunctionException as error:
            qualified = error.message.count(":") > 7  # "Function not found: arn:…:function:name" has seven
            raise missing(error.message if qualified else f"{error.message}:$LATEST") from None
        kind = self.headers.get("X-Amz-Invocation-Type") or "RequestResponse"
        if kind == "DryRun":
            return 204, {"status": "204"}, b""
        if kind == "Event":
            return self._accept(target)
        if kind != "RequestResponse":
            message = f"InvocationType must be RequestResponse, Event or DryRun, not {kind}."
            raise AwsError("InvalidParameterValueException", message)
        event = self._event(LARGEST_EVENT)
        call = current_call.get()
        result = self.engine.execute(target, event, call.request_id, self._client_context())
        call.units |= result.units
        headers = {"Content-Type": "application/json", "X-Amz-Executed-Version": result.version}
        if result.error:
            headers["X-Amz-Function-Error"] = "Unhandled"
        if self.headers.get("X-Amz-Log-Type") == "Tail":
            headers["X-Amz-Log-Result"] = base64.b64encode(result.tail).decode()
        return 200, headers, result.payload

    def invoke_async(self) -> Answer:
        """The deprecated way to send an event."""
        return self._accept(self.engine.resolve(self.function_name))

    def _accept(self, target: Target) -> Answer:
        event = self._event(LARGEST_ASYNCHRONOUS_EVENT)
        self.engine.accept(target.arn, event, current_call.get().request_id, self._client_context())
        return 202, {"status": "202"}, b""

    def _event(self, largest: int) -> bytes:
        body = self.body if isinstance(self.body, bytes) else (self.body or "").encode()
        event = body or b"{}"
        check_event(event, largest)
        return event

    def _client_context(self) -> Any:
        encoded = self.headers.get("X-Amz-Client-Context")
        if not encoded:
            return None
        try:
            return json.loads(base64.b64decode(encoded))
        except ValueError as error:
            message = f"Client context must be a valid Base64-encoded JSON object: {error}"
            raise AwsError("InvalidRequestContentException", message) from None
