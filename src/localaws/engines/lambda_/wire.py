"""What all of Lambda's operations share on the wire: names of functions, errors, and lists in pages.

Sources: Lambda's service model in botocore (members of its errors); API reference, "FunctionName" of every operation
and "Marker", "MaxItems" of the lists; AWS's answers that LocalStack's suite recorded (test_lambda_api).
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from functools import cache
from typing import Any
from urllib.parse import quote, unquote

import botocore.session
import moto.awslambda.urls
from botocore.model import ServiceModel
from moto.awslambda.responses import LambdaResponse

from localaws.engines.lambda_.backend import LambdaEngine
from localaws.gateway.errors import AwsError

#: Status, headers (moto reads the status from them too), body; moto declares now this and now only the body.
Answer = Any
#: What each list calls its items.
_LISTS = {
    "ListAliases": "Aliases",
    "ListEventSourceMappings": "EventSourceMappings",
    "ListFunctionEventInvokeConfigs": "FunctionEventInvokeConfigs",
    "ListFunctions": "Functions",
    "ListLayers": "Layers",
    "ListLayerVersions": "LayerVersions",
    "ListVersionsByFunction": "Versions",
}
#: "Note that ListFunctions returns a maximum of 50 items in each response, even if you set the number higher."
LARGEST_PAGE = 50
_FUNCTION_IN_PATH = re.compile(r"/[^/]+/functions/([^/]+)")
_NAME = re.compile(
    r"(?:arn:[^:]+:lambda:(?P<region>[^:]*):)?(?:\d{12}:)?(?:function:)?(?P<name>[^:]+)(?::(?P<qualifier>.+))?"
)


def add_routes() -> None:
    """Have moto's router know names with a ``$`` in them, and the operations that it has no path for."""
    paths = moto.awslambda.urls.url_paths
    for path in list(paths):
        paths[path.replace(r"[\w_:%-]+", "[^/]+")] = paths.pop(path)
    paths[r"{0}/(?P<api_version>[^/]+)/account-settings/?$"] = LambdaResponse.dispatch


def invalid(message: str) -> AwsError:
    return AwsError("InvalidParameterValueException", message)


def missing(message: str = "The resource you requested does not exist.") -> AwsError:
    return AwsError("ResourceNotFoundException", message, 404)


class LambdaWire(LambdaResponse):
    """moto's response class, saying errors as AWS does."""

    @property
    def engine(self) -> LambdaEngine:
        engine = self.backend
        assert isinstance(engine, LambdaEngine)
        return engine

    @property
    def function_name(self) -> str:
        """The function that the path names, with its qualifier if it has one, without the rest of an ARN."""
        found = _FUNCTION_IN_PATH.match(self.path)
        assert found is not None
        return unquote(found[1])

    def answer(self, body: Any, status: int = 200) -> Answer:
        return status, {"status": str(status)}, json.dumps(body)

    def nothing(self) -> Answer:
        return 204, {"status": "204"}, b""

    def setup_class(self, *arguments: Any, **options: Any) -> None:
        """Raises InvalidRequestContentException for a payload that is no text: all other bodies have been read."""
        try:
            super().setup_class(*arguments, **options)
        except UnicodeDecodeError as error:
            said = f"Could not parse request body into json: Could not parse payload into json: {error}"
            raise _told(AwsError("InvalidRequestContentException", said)) from None

    def _get_param(self, param_name: str, if_none: Any = None) -> Any:
        """A qualifier stands in the address alone: moto would look for it in an event too, however large that is."""
        if param_name == "Qualifier":
            return self.querystring.get(param_name, [if_none])[0]
        return super()._get_param(param_name, if_none)

    def call_action(self) -> Any:
        try:
            self._normalize_name()
            status, headers, body = super().call_action()
        except AwsError as error:
            raise _told(error) from None
        if status >= 400:
            said = json.loads(body)
            code = headers.get("x-amzn-errortype") or headers.get("X-Amzn-ErrorType") or said.get("__type", "")
            raise _told(AwsError(code, said.get("message") or said.get("Message") or "", status))
        if self._get_action() in _LISTS:
            body = self._page(json.loads(body), _LISTS[self._get_action()])
        return status, headers, body

    def _normalize_name(self) -> None:
        """Have the path name a function in the one way that moto always reads: ``name`` or ``name:qualifier``."""
        found = _FUNCTION_IN_PATH.match(self.path)
        name = _NAME.fullmatch(unquote(found[1])) if found else None
        if found is None or name is None:
            return
        if name["region"] not in (None, self.region):
            raise missing(f"Functions from '{name['region']}' are not reachable in this region ('{self.region}')")
        asked = self._get_param("Qualifier")
        if asked and name["qualifier"] and asked != name["qualifier"]:
            raise invalid("The derived qualifier from the function name does not match the specified qualifier.")
        plain = ":".join(part for part in (name["name"], name["qualifier"]) if part)
        self.path = self.path[: found.start(1)] + quote(plain, safe=":$") + self.path[found.end(1) :]

    def _page(self, answer: dict[str, Any], name: str) -> str:
        items = answer[name]
        start, count = _place(self._get_param("Marker")), int(self._get_param("MaxItems") or LARGEST_PAGE)
        end = start + min(count, LARGEST_PAGE)
        answer[name] = items[start:end]
        if end < len(items):
            answer["NextMarker"] = base64.b64encode(str(end).encode()).decode()
        return json.dumps(answer)


def _place(marker: str | None) -> int:
    try:
        return int(base64.b64decode(marker or "MA==", validate=True))
    except (binascii.Error, ValueError):
        raise invalid("The provided Marker is invalid.") from None


def _told(error: AwsError) -> AwsError:
    """*error* with the members that its shape has: who is to blame, and ``Message`` or ``message``."""
    shape = _model().shape_for_error_code(error.code)
    if shape is None:
        return error
    told = {"Type": "User" if error.status < 500 else "Service"} if "Type" in shape.members else {}
    if "Message" in shape.members:
        told["Message"] = error.message
    return AwsError(error.code, error.message, error.status, told)


@cache
def _model() -> ServiceModel:
    return botocore.session.get_session().get_service_model("lambda")
