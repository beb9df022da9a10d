"""Invoke on the wire: headers in, headers out (Invoke, API reference)."""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import unquote

from moto.awslambda.responses import LambdaResponse

from localaws.engines.lambda_.backend import (
    LARGEST_ASYNCHRONOUS_EVENT,
    LARGEST_EVENT,
    LambdaEngine,
    Target,
    check_event,
)
from localaws.gateway.errors import AwsError
from localaws.gateway.records import current_call

#: Status, headers (moto reads the status from them too), body.
_Answer = tuple[int, dict[str, str], bytes]


class LambdaEngineResponse(LambdaResponse):
    """The operations whose answers tell of a real execution."""

    @property
    def engine(self) -> LambdaEngine:
        engine = self.backend
        assert isinstance(engine, LambdaEngine)
        return engine

    def invoke(self) -> _Answer:
        """Run the function now (RequestResponse), soon (Event), or not at all (DryRun)."""
        target = self.engine.resolve(unquote(self.path.rsplit("/", 2)[-2]), self._get_param("Qualifier"))
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

    def invoke_async(self) -> _Answer:
        """The deprecated way to send an event."""
        return self._accept(self.engine.resolve(unquote(self.path.rstrip("/").rsplit("/", 2)[-2])))

    def create_event_source_mapping(self) -> _Answer:
        """AWS accepts a mapping and says that it is being created, though polls may have begun."""
        mapping = self.engine.create_event_source_mapping(self.json_body)
        configuration = {**mapping.get_configuration(), "State": "Creating"}
        return 202, {"status": "202"}, json.dumps(configuration).encode()

    def _accept(self, target: Target) -> _Answer:
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
