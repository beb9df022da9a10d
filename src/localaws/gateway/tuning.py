"""Remembers what moto works out anew at each request although it never changes, and forgets what it keeps for nothing.

moto serves tests, where a process lives for seconds; a lab serves thousands of calls. Everything here returns
exactly what moto's own function returns.
"""

from __future__ import annotations

from functools import cache, lru_cache
from typing import Any

import moto.core.responses
import xmltodict
from botocore.model import OperationModel
from moto.core.base_backend import AccountSpecificBackend, BackendDict
from moto.core.common_models import BaseModel
from moto.core.common_types import TYPE_RESPONSE
from moto.core.constants import MISSING
from moto.core.parse import BaseJSONParser
from moto.core.responses import ActionContext, ActionResult, BaseResponse
from moto.core.serialize import AttributePicker, AttributePickerContext, JSONSerializer, ResponseSerializer
from moto.core.utils import camelcase_to_underscores, get_value, method_names_from_class

from localaws.gateway.records import current_call

_pick = AttributePicker.__call__
_get_moto_param = BaseResponse._get_param
_make_backends_of = BackendDict.__getitem__
_execute_result = ActionResult.execute_result
_serialize_all_members = ResponseSerializer._serialize_type_structure


def tune() -> None:
    """Install the remembering versions; once a process is enough."""
    moto.core.responses.method_names_from_class = cache(method_names_from_class)  # type: ignore[attr-defined]
    moto.core.responses.camelcase_to_underscores = lru_cache(maxsize=4096)(camelcase_to_underscores)  # type: ignore[attr-defined]
    moto.core.responses.gen_amzn_requestid_long = _request_id  # type: ignore[attr-defined]
    xmltodict._validate_name = lru_cache(maxsize=4096)(xmltodict._validate_name)
    BaseResponse._get_param = _get_param  # type: ignore[method-assign, assignment]
    BackendDict.__getitem__ = _backends_of  # type: ignore[method-assign]
    BaseJSONParser._parse_structure = _parse_structure  # type: ignore[method-assign]
    ActionResult.execute_result = _answer_with  # type: ignore[method-assign, assignment]
    ResponseSerializer._serialize_type_structure = _serialize_structure  # type: ignore[method-assign, assignment]
    AttributePicker.__call__ = _pick_value  # type: ignore[method-assign, assignment]
    # Who may do what is decided in the gateway (`Lab.authorize`): moto would count each call for a decision of its own.
    BaseResponse._authenticate_and_authorize_action = lambda *_: None  # type: ignore[method-assign]
    # moto lists all that is ever made, every message and log event, for a dashboard that a lab has not
    BaseModel.__new__ = lambda cls, *_, **__: object.__new__(cls)  # type: ignore[method-assign]


def _request_id(headerdict: dict[str, Any] | None = None) -> str:
    """The call's own request id, so that bodies, headers, records and the log agree."""
    request_id = current_call.get().request_id
    if headerdict is not None:
        headerdict["x-amzn-requestid"] = request_id
    return request_id


def _backends_of(backends: BackendDict[Any], account_id: str) -> AccountSpecificBackend[Any]:
    """An account's backends; moto would lock, and look through all its services, whether or not there are any."""
    return backends.get(account_id) or _make_backends_of(backends, account_id)


def _get_param(response: BaseResponse, param_name: str, if_none: Any = None) -> Any:
    """A parameter by its name: moto would ask each time whether the name is a path, and the parameters a dict."""
    if not response.automated_parameter_parsing or "." in param_name:
        return _get_moto_param(response, param_name, if_none)
    if param_name in response.params:
        return response.params[param_name]
    return response.uri_match.get(param_name, if_none)


def _pick_value(picker: AttributePicker, context: AttributePickerContext) -> Any:
    """Find a member's value under the names that moto would try, kept with the shape after the first time."""
    cls = type(context.obj)
    if hasattr(cls, "Meta"):  # aliases of the object's own: these may differ
        return _pick(picker, context)
    remembered: dict[Any, tuple[str, ...]] = context.shape.__dict__.setdefault("_possible_keys", {})
    names = remembered.get((type(picker), cls))
    if names is None:
        names = remembered[type(picker), cls] = tuple(dict.fromkeys(picker.get_possible_keys(context)))
    for name in names:
        value = get_value(context.obj, name, MISSING)
        if value is not MISSING:
            break
    else:
        value = None
    if picker.response_transformers:
        path = f"{context.key_path}.{context.key}"
        for ending, transform in picker.response_transformers.items():
            if path.endswith(ending):
                return transform(value)
    return value


def _parse_structure(parser: BaseJSONParser, shape: Any, value: dict[str, Any] | None) -> Any:
    """Convert what a request has, rather than look for each member that it might have."""
    if value is None or shape.is_document_type:
        return value
    members = shape.__dict__.get("_members_by_json_name")
    if members is None:
        members = {member.serialization.get("name", name): (name, member) for name, member in shape.members.items()}
        shape.__dict__["_members_by_json_name"] = members
    parsed = parser.MAP_TYPE()
    for json_name, raw in value.items():
        if raw is not None and json_name in members:
            name, member = members[json_name]
            parsed[name] = raw if member.type_name == "string" else parser._parse_shape(member, raw)
    return parsed


def _answer_with(result: ActionResult, context: ActionContext) -> TYPE_RESPONSE:
    """Status, headers and body; nothing is the same in JSON each time, and all that most writes return."""
    serializer = context.serializer_class
    if result.result != {} or serializer is not JSONSerializer or context.operation_model.has_event_stream_output:
        return _execute_result(result, context)
    status, headers, body = _nothing(context.operation_model)
    return status, headers.copy(), body


@cache
def _nothing(operation: OperationModel) -> tuple[int, dict[str, str], str | bytes]:
    told = JSONSerializer(operation_model=operation).serialize({})
    return told["status_code"], dict(told["headers"]), told["body"]


def _serialize_structure(serializer: ResponseSerializer, serialized: Any, value: Any, shape: Any, key: str) -> None:
    """Write what an answer has; a dict whose keys are the members' own names needs no search for other spellings."""
    picker: Any = serializer._value_picker
    transformers = getattr(picker, "response_transformers", None)  # events of a stream have another picker
    plain = type(serializer)._serialize_structure_member is ResponseSerializer._serialize_structure_member
    if not plain or type(value) is not dict or transformers or not value.keys() <= shape.members.keys():
        _serialize_all_members(serializer, serialized, value, shape, key)
        return
    wrapper = serializer.MAP_TYPE() if key else serialized
    for name, member in shape.members.items():
        if name in value and value[name] is not None:
            member.parent = shape
            serializer._serialize(wrapper, value[name], member, name)
    if key:
        serializer._default_serialize(serialized, wrapper, shape, key)
