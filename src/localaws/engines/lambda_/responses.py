"""Invoke on the wire: headers in, headers out (Invoke, API reference)."""

from __future__ import annotations

import base64
import json
from typing import Any, ClassVar
from urllib.parse import unquote

from moto.awslambda.responses import LambdaResponse

from localaws.engines.lambda_.backend import (
    LARGEST_EVENT,
    LambdaEngine,
    check_event,
)
from localaws.gateway.errors import AwsError
from localaws.gateway.records import current_call
from localaws.lab import Lab


class LambdaEngineResponse(LambdaResponse):
    """The operations whose answers tell of a real execution."""

    lab: ClassVar[Lab]

    def invoke(self) -> tuple[int, dict[str, str], str | bytes]:
        """Run the function now (RequestResponse), soon (Event), or not at all (DryRun)."""
        engine = self.backend
        assert isinstance(engine, LambdaEngine)
        target = engine.resolve(unquote(self.path.rsplit("/", 2)[-2]), self._get_param("Qualifier"))
        kind = self.headers.get("X-Amz-Invocation-Type") or "RequestResponse"
        event = self.body if isinstance(self.body, bytes) else (self.body or "").encode()
        if kind == "DryRun":
            return 204, {}, b""
        if kind != "RequestResponse":
            raise AwsError(
                "InvalidParameterValueException",
                f"InvocationType must be RequestResponse, Event or DryRun, not {kind}.",
            )
        check_event(event or b"{}", LARGEST_EVENT)
        call = current_call.get()
        result = engine.execute(target, event or b"{}", call.request_id, self._client_context())
        call.units |= result.units
        headers = {"Content-Type": "application/json", "X-Amz-Executed-Version": result.version}
        if result.error:
            headers["X-Amz-Function-Error"] = "Unhandled"
        if self.headers.get("X-Amz-Log-Type") == "Tail":
            headers["X-Amz-Log-Result"] = base64.b64encode(result.tail).decode()
        return 200, headers, result.payload

    def _client_context(self) -> Any:
        encoded = self.headers.get("X-Amz-Client-Context")
        if not encoded:
            return None
        try:
            return json.loads(base64.b64decode(encoded))
        except ValueError as error:
            raise AwsError(
                "InvalidRequestContentException", f"Client context must be a valid Base64-encoded JSON object: {error}"
            ) from None
