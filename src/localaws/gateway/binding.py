"""Has moto act on the operation and the region that were signed, identified and recorded, and on no other.

moto looks for both again by itself, and believes much: an ``Action`` in the URL, or even in the text of a JSON body
(``"a message &Action=DeleteQueue& …"``), and a region in the URL or the User-Agent. Whoever can write one of these
would be served something else than what was authorised. Nor does it read body and form again: what was held against
the model is what is served, and reading it once takes half the time.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any
from urllib.parse import urlparse

from moto.core.parse import PROTOCOL_PARSERS
from moto.core.responses import BaseResponse
from moto.core.serialize import SerializationContext
from moto.iam.models import mark_account_as_visited
from moto.utilities.utils import get_partition

from localaws.gateway.records import current_call
from localaws.gateway.validation import ModelledRequest

_ENVIRON_KEY = "localaws.identified"
#: Protocols of which `ModelledRequest` reads the whole request. What the others have in URL and headers moto reads.
_READ = {"json", "query", "ec2"}
_parsed = lru_cache(maxsize=64)(urlparse)  # JSON and forms go to a few addresses
_moto_get_action = BaseResponse._get_action
_moto_setup_class = BaseResponse.setup_class
_moto_parse_parameters = BaseResponse.parse_parameters
_moto_determine_response_protocol = BaseResponse.determine_response_protocol


def identified_as(environ: dict[str, Any], parsed: ModelledRequest) -> None:
    """Say what the request in *environ* is; moto's response classes will take it from here."""
    environ[_ENVIRON_KEY] = parsed


def bind() -> None:
    """Teach moto's response classes to ask the gateway; once a process is enough."""
    BaseResponse._get_action = _get_action  # type: ignore[method-assign, assignment]
    BaseResponse.setup_class = _setup_class  # type: ignore[method-assign, assignment]
    BaseResponse.parse_parameters = _parse_parameters  # type: ignore[method-assign, assignment]
    BaseResponse.determine_response_protocol = _protocol  # type: ignore[method-assign, assignment]
    SerializationContext.__init__ = _take_request_id  # type: ignore[method-assign, assignment]


def _get_action(response: BaseResponse) -> str:
    parsed: ModelledRequest | None = response.normalized_request.environ.get(_ENVIRON_KEY)
    if parsed is None or not parsed.operation.name:
        return _moto_get_action(response)
    operation = parsed.operation
    if operation.service == "s3":  # moto's S3 names its actions itself, on the way
        return _moto_get_action(response)
    if operation.protocol.startswith("rest"):
        response.uri_match = operation.parameters
    return str(operation.name)


def _setup_class(
    response: BaseResponse,
    request: Any,
    full_url: str | None = None,
    headers: Any = None,
    use_raw_body: bool | None = None,
) -> None:
    parsed: ModelledRequest | None = request.environ.get(_ENVIRON_KEY)
    if parsed is None:
        _moto_setup_class(response, request, full_url, headers, use_raw_body)
        return
    call = current_call.get()
    if parsed.operation.protocol not in _READ:
        _moto_setup_class(response, request, full_url, headers, use_raw_body)
        response.region, response.partition = call.region, get_partition(call.region)
        return
    response.is_werkzeug_request = request.from_wsgi_server
    response.normalized_request = request
    response.method = request.method
    response.headers = request.headers
    response.response_headers = {"server": "amazon.com"}
    response.uri = request.raw_url if full_url is None else full_url
    response.parsed_url = _parsed(response.uri)
    response.path, response.raw_path = response.parsed_url.path, request.raw_path
    response.uri_match = {}
    # In a JSON request nothing but its body is a parameter, in a query's form nothing but its fields.
    response.querystring = response.data = {name: values[:1] for name, values in parsed.operation.parameters.items()}
    response.raw_body = parsed.body if parsed.operation.protocol == "json" else b""
    raw = response.use_raw_body if use_raw_body is None else use_raw_body
    response.body = response.raw_body if raw else response.raw_body.decode()
    response.region, response.partition = call.region, get_partition(call.region)
    response.access_key, response.current_account = call.access_key_id, call.account_id
    if response.automated_parameter_parsing:
        response.parse_parameters(request)
    _visit(call.account_id, call.access_key_id, response.service_name or "", call.region, call.time[:-10])


@lru_cache(maxsize=64)
def _visit(account_id: str, access_key_id: str, service: str, region: str, second: str) -> None:
    """Note the last use of a key once a *second*: GetAccessKeyLastUsed tells no finer."""
    mark_account_as_visited(account_id, access_key_id, service, region)


def _parse_parameters(response: BaseResponse, request: Any) -> None:
    parsed: ModelledRequest | None = request.environ.get(_ENVIRON_KEY)
    if parsed is None or parsed.model is None or parsed.operation.protocol not in _READ:
        _moto_parse_parameters(response, request)
        return
    parser = PROTOCOL_PARSERS[_protocol_of(parsed)](parsed.model, map_type=response.PROTOCOL_PARSER_MAP_TYPE)
    shape = parsed.model.input_shape
    if shape is None:
        response.params = {}
    elif parsed.operation.protocol == "json":
        response.params = parser._parse_shape(shape, parsed.parameters)
    else:
        values = {name: values[0] for name, values in parsed.operation.parameters.items()}
        response.params = parser._do_parse({"values": values}, shape)


def _protocol(response: BaseResponse, service_model: Any) -> str:
    """The protocol of the answer; moto would go by the request's Content-Type."""
    parsed: ModelledRequest | None = response.normalized_request.environ.get(_ENVIRON_KEY)
    if parsed is None or parsed.model is None or parsed.operation.protocol not in _READ:
        return _moto_determine_response_protocol(response, service_model)
    protocol = _protocol_of(parsed)
    return "query-json" if protocol == "query" and response.request_json else protocol


def _protocol_of(parsed: ModelledRequest) -> str:
    """The protocol that the request speaks. Raises NotImplementedError if its service does not."""
    assert parsed.model is not None
    metadata = parsed.model.service_model.metadata
    protocol = parsed.operation.protocol
    if protocol not in metadata.get("protocols", [metadata["protocol"]]):
        raise NotImplementedError(f"{parsed.operation.service} does not speak {protocol}")
    return protocol


def _take_request_id(context: SerializationContext, request_id: str | None = None) -> None:
    """Answers carry the call's own id, where moto would write the words "request-id"."""
    context.request_id = request_id or current_call.get().request_id
