"""Every request held against its service's model, once, before anything acts on it.

botocore's models are copies of AWS's own: required members, types, ranges, lengths, patterns and enums. SDKs check a
part of them before they send, other clients nothing. Members that a model does not know are ignored, as AWS does.
"""

from __future__ import annotations

import io
from functools import cache
from typing import Any

from botocore.exceptions import UnknownServiceError
from botocore.model import ListShape, MapShape, OperationModel, OperationNotFoundError, Shape, StructureShape
from moto.core.utils import get_service_model

from localaws.gateway import refusals
from localaws.gateway.constraints import Check, Compiler, Fault, WrongTypeError
from localaws.gateway.needed import check_needed
from localaws.gateway.operations import Operation
from localaws.gateway.parameters import (
    MalformedError,
    MissingBodyError,
    form_parameters,
    inflated,
    json_of,
    rest_parameters,
)


def without_gzip(environ: dict[str, Any], body: bytes, service: str, protocol: str) -> bytes:
    """The body as every reader after this shall see it; SDKs compress large requests of some services."""
    if environ.get("HTTP_CONTENT_ENCODING") != "gzip":
        return body
    try:
        body = inflated(body)
    except MalformedError as error:
        raise refusals.malformed(service, protocol, str(error)) from None
    del environ["HTTP_CONTENT_ENCODING"]
    environ["wsgi.input"], environ["CONTENT_LENGTH"] = io.BytesIO(body), str(len(body))
    return body


class ModelledRequest:
    """An identified request as its model names its parameters; `check` holds them against it.

    ``parameters`` are those of body and URL together, unconverted; reading them raises AwsError for a body that is
    not well-formed.
    """

    def __init__(self, operation: Operation, environ: dict[str, Any], body: bytes) -> None:
        self.operation = operation
        self.model = _model(operation.service, operation.name)
        self.body = body
        self._outside: dict[str, Any] = {}
        self._inside: Any = {}
        try:
            self._read(environ, body)
        except MalformedError as error:
            raise refusals.malformed(operation.service, operation.protocol, str(error)) from None
        except MissingBodyError:
            raise refusals.missing_body(operation.service, operation.protocol) from None

    def _read(self, environ: dict[str, Any], body: bytes) -> None:
        protocol = self.operation.protocol
        if protocol == "json":
            self._inside = json_of(body)
            return
        shape = self.model.input_shape if self.model else None
        if self.model is None or shape is None:
            return
        if protocol in ("query", "ec2"):
            self._inside = form_parameters(self.operation.parameters, shape, protocol == "ec2")
        elif protocol in ("rest-json", "rest-xml", "s3"):
            labels = self.operation.parameters
            self._outside, self._inside = rest_parameters(self.model, environ, labels, body, protocol != "rest-json")

    @property
    def parameters(self) -> dict[str, Any]:
        return {**self._inside, **self._outside} if isinstance(self._inside, dict) else self._outside

    def check(self, whole: bool = False) -> None:
        """Raise the service's own error if the request does not fit the model.

        What engines read themselves (`refusals.READ_BY_ENGINE`) is left to them, unless the *whole* is asked for.
        """
        operation, model = self.operation, self.model
        if model is None or operation.protocol == "smithy-rpc-v2-cbor":
            return
        faults: list[Fault] = []
        outside, inside = _checks(operation.service, operation.name, operation.protocol, whole)
        for name, value in self._outside.items():
            if name in outside:
                wire_name, check = outside[name]
                try:
                    check(value, name[:1].lower() + name[1:], faults)
                except WrongTypeError as error:
                    raise refusals.wrong_argument(operation.service, operation.protocol, wire_name, error) from None
        if operation.service == "s3":  # which tells what is wrong with each header in words of its own
            faults.clear()
        if inside is not None:
            try:
                inside(self._inside, "", faults)
            except (WrongTypeError, RecursionError) as error:
                if isinstance(error, RecursionError):
                    error = WrongTypeError("", "The request is nested too deeply")
                raise refusals.wrong_type(operation.service, operation.protocol, error) from None
        if faults:
            raise refusals.not_met(operation.service, operation.protocol, faults)
        check_needed(operation.service, operation.name, self.parameters)


@cache
def _model(service: str, operation: str) -> OperationModel | None:
    try:
        return get_service_model(service).operation_model(operation)
    except (UnknownServiceError, OperationNotFoundError):
        return None


@cache
def _compiler(service: str, text: bool) -> Compiler:
    return Compiler(
        lambda shape: refusals.is_closed(service, shape),
        refusals.NEVER_NULL,
        text,
        lambda member: refusals.is_only_an_arn(service, member),
    )


@cache
def _checks(
    service: str, operation: str, protocol: str, whole: bool
) -> tuple[dict[str, tuple[str, Check]], Check | None]:
    """The checks of the members outside of the body, each with its name on the wire, and that of the body."""
    model = _model(service, operation)
    shape = model.input_shape if model else None
    if not isinstance(shape, StructureShape):
        return {}, None
    by_engine = set() if whole else refusals.READ_BY_ENGINE.get((service, operation), set())
    texts, values = _compiler(service, True), _compiler(service, protocol not in ("json", "rest-json"))
    outside, inside = {}, {}
    for name, member in shape.members.items():
        location = member.serialization.get("location")
        if location in ("uri", "querystring") or (location == "header" and _is_checked(member)):
            outside[name] = member.serialization.get("name", name), texts.check_of(member)
        elif location is None and name not in by_engine:
            inside[name] = member
    payload = shape.serialization.get("payload")
    if payload is not None and not isinstance(shape.members[payload], StructureShape):
        return outside, None
    required = [name for name in shape.required_members if name in inside]
    return outside, values.structure(inside, required, union=False)


def _is_checked(member: Shape) -> bool:
    """Whether a header is the operation's own and one text: HTTP's headers are lenient, and have their own rules."""
    return member.serialization["name"].lower().startswith("x-amz") and not isinstance(member, (ListShape, MapShape))
