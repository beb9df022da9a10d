"""Requests made from botocore's models: for each operation a minimal one, and five that no honest client sends."""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from zlib import crc32

import botocore.session
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import create_request_object, prepare_request_dict
from botocore.credentials import Credentials
from botocore.model import ListShape, MapShape, OperationModel, Shape, StringShape, StructureShape
from botocore.serialize import create_serializer

from tests.conftest import RunningLab

#: The services of the course and what stands around them.
SERVICES = (
    "ec2 kinesis firehose lambda rds-data sqs emr-serverless redshift-data redshift-serverless ce sns dms kms "
    "cloudwatch budgets mwaa s3 s3control s3tables opensearch scheduler pipes rds iam glue dynamodb "
    "dynamodbstreams athena emr logs secretsmanager events cloudtrail stepfunctions lakeformation sts redshift "
    "quicksight kinesisanalyticsv2 ssm organizations resourcegroupstaggingapi support trustedadvisor "
    "bcm-data-exports cur pricing cloudformation"
).split()
KINDS = ("minimal", "empty", "huge", "wrong type", "deep", "not UTF-8")
#: Of a service with more operations than this each is called with one of the kinds, not with all: for time's sake.
MANY_OPERATIONS = 40
SESSION = botocore.session.get_session()
_DEPTH = 3000
_DEEP_JSON = '{"a":' * _DEPTH + "1" + "}" * _DEPTH
_DEEP_SQL = "SELECT " + "(" * _DEPTH
#: Texts that the patterns of most names, ARNs, addresses and dates accept; all name the same thing.
TEXTS = (
    "sweep",
    "arn:aws:iam::123456789012:role/sweep",
    "arn:aws:{}:us-east-1:123456789012:sweep",
    "123456789012",
    "us-east-1",
    "https://sqs.us-east-1.amazonaws.com/123456789012/sweep",
    "s3://sweep/sweep",
    "0b8f3a1e-7a4a-4f0a-9a43-1f2e3d4c5b6a",
    "2026-01-01",
    "sweep.json",
    "j-SWEEP",
    "49590338271490256608559692538361571095921575989136588898",
    "/sweep/",
    "1",
    "a" * 32,
    "sweep@example.com",
)


@dataclass(frozen=True)
class Sent:
    """A request as it goes over the socket."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


class Sweeper:
    """Makes the requests of one service."""

    def __init__(self, lab: RunningLab, service: str) -> None:
        self._endpoint = lab.endpoint
        self._service = service
        self._model = SESSION.get_service_model(service)
        protocols = self._model.metadata["protocols"]
        self._protocol = next(protocol for protocol in protocols if not protocol.startswith("smithy"))
        self._serializer = create_serializer(self._protocol, include_validation=False)
        credentials = Credentials(lab.facts["access_key_id"], lab.facts["secret_access_key"])
        signer = S3SigV4Auth if service in ("s3", "s3control") else SigV4Auth
        self._auth = signer(credentials, self._model.signing_name, "us-east-1")

    def requests(self, everything: bool = False) -> Iterator[tuple[str, Sent]]:
        """A label and a request for each operation and kind, what creates first and what deletes last.

        Without *everything*, a large service is called with a sample.
        """
        names = sorted(self._model.operation_names, key=lambda name: (name.startswith("Delete"), name[:6] != "Create"))
        for name in names:
            operation = self._model.operation_model(name)
            for kind in self._kinds(name, everything):
                yield f"{self._model.service_name} {name}, {kind}", self.signed(operation, kind)

    def _kinds(self, operation: str, everything: bool) -> tuple[str, ...]:
        if everything or len(self._model.operation_names) <= MANY_OPERATIONS:
            return KINDS
        return (KINDS[crc32(operation.encode()) % len(KINDS)],)

    def minimal(self, operation: str) -> Sent:
        """The smallest request that the operation's model allows."""
        return self.signed(self._model.operation_model(operation), "minimal")

    def signed(self, operation: OperationModel, kind: str) -> Sent:
        shape = operation.input_shape
        value = _Values(kind, self._model.signing_name).of(shape, "") if shape else {}
        return self.sent(operation, value, kind)

    def sent(self, operation: OperationModel, value: dict[str, Any], kind: str = "") -> Sent:
        """The request of *operation* for *value*, its body spoilt as *kind* says."""
        serialized = self._serializer.serialize_to_request(value, operation)
        serialized["body"] = self._body(serialized["body"], kind)
        serialized.pop("host_prefix", None)  # the lab is one host
        prepare_request_dict(serialized, self._endpoint)
        request = create_request_object(serialized)
        self._auth.add_auth(request)
        prepared = request.prepare()
        body = prepared.body or b""
        body = body.read() if hasattr(body, "read") else body.encode() if isinstance(body, str) else bytes(body)
        headers = {name: _text(value) for name, value in prepared.headers.items()}
        return Sent(prepared.method, prepared.url.removeprefix(self._endpoint) or "/", headers, body)

    def _body(self, body: Any, kind: str) -> Any:
        """The serialized *body*, spoilt as *kind* says."""
        if not body or hasattr(body, "read"):
            return body
        if isinstance(body, dict):
            return _spoilt_form(body, kind)
        body = body.encode() if isinstance(body, str) else body
        is_xml = self._protocol == "rest-xml"
        match kind:
            case "empty":
                return b"<sweep/>" if is_xml else b"{}"
            case "wrong type" if is_xml:
                return re.sub(rb">[^<]+<", b"><sweep/><", body)
            case "wrong type" if body[:1] == b"{":
                wrong: dict[str, Any] = {
                    k: 1 if isinstance(v, (dict, list)) else [{}] for k, v in json.loads(body).items()
                }
                return json.dumps(wrong).encode()
            case "not UTF-8":
                return re.sub(rb"(sweep|[{<])", rb"\1" + b"\xff", body, count=1)
        return body


def _spoilt_form(form: dict[str, Any], kind: str) -> Any:
    kept = {name: form[name] for name in ("Action", "Version")}
    match kind:
        case "empty":
            return kept
        case "wrong type":
            return {**kept, **{name: "~" for name in form if name not in kept}, "Tags.1.": "", ".": "1"}
        case "deep":
            return {**form, "Tags" + ".member.1" * _DEPTH: "1"}
        case "not UTF-8":
            return {**kept, **{name: b"\xff" for name in form if name not in kept}}
    return form


class _Values:
    """Values of shapes: small valid ones, or as large or as deep as the shapes allow."""

    def __init__(self, kind: str, service: str) -> None:
        self._kind = kind
        self._service = service

    def of(self, shape: Shape, name: str, level: int = 0) -> Any:
        least, most = shape.metadata.get("min"), shape.metadata.get("max")
        if isinstance(shape, StructureShape):
            if shape.is_document_type:
                return {}
            names = list(shape.members) if self._kind in ("huge", "deep") and level < 3 else shape.required_members
            if shape.is_tagged_union:
                names = list(shape.members)[: level < 8]
            members = {each: shape.members[each] for each in names}
            return {
                each: _Values("minimal" if "location" in member.serialization else self._kind, self._service).of(
                    member, each, level + 1
                )
                for each, member in members.items()
            }
        if isinstance(shape, ListShape):
            return [self.of(shape.member, name, level + 1)] * max(1, int(least or 1))
        if isinstance(shape, MapShape):
            return {_Values("minimal", self._service).of(shape.key, name): self.of(shape.value, name, level + 1)}
        if isinstance(shape, StringShape):
            return self._string(shape, name, least, most)
        match shape.type_name:
            case "boolean":
                return True
            case "blob":
                return b"x" * int(least or 1)
            case "timestamp":
                return 1_767_225_600
            case "float" | "double":
                return float(least or 1)
        bits = 31 if shape.type_name == "integer" else 63
        return int(most or 2**bits - 1) if self._kind == "huge" else int(least or 1)

    def _string(self, shape: StringShape, name: str, least: int | None, most: int | None) -> str:
        if shape.enum:
            return str(shape.enum[0])
        pattern = shape.metadata.get("pattern")
        if self._kind == "deep" and (most is None or most > len(_DEEP_JSON)) and fits(pattern, _DEEP_JSON):
            return _DEEP_SQL if re.search("query|sql|statement|expression", name, re.IGNORECASE) else _DEEP_JSON
        if self._kind == "huge" and (most is None or most > 1000) and fits(pattern, "a" * 20):
            return "a" * min(int(most or 20_000), 20_000)
        texts = [text.format(self._service) for text in TEXTS]
        if name.lower().endswith("arn"):
            texts = texts[1:] + texts[:1]
        fitting = (t for t in texts if fits(pattern, t) and (least or 0) <= len(t) <= (most or len(t)))
        return next(fitting, "a" * int(least or 1))


def fits(pattern: str | None, text: str) -> bool:
    if pattern is None or len(text) > 1000:
        return pattern is None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return re.fullmatch(pattern, text) is not None
    except re.error:
        return True


def _text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)
