"""AWS's error codes, in the shape that each protocol gives them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from html import escape
from typing import Any

JSON_PROTOCOLS = {"json", "rest-json"}


class AwsError(Exception):
    """An error that the caller is meant to see: AWS's code, a clear message, an HTTP status.

    *fields* are what S3 (texts) and services with JSON say besides, by element name.
    """

    def __init__(self, code: str, message: str, status: int = 400, fields: Mapping[str, Any] | None = None) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status
        self.fields = fields or {}


def render(error: AwsError, protocol: str, request_id: str, resource: str = "") -> tuple[dict[str, str], bytes]:
    """Headers and body of *error* as the *protocol* writes it.

    *protocol* is botocore's name: s3 (rest-xml as S3 alone has it), query, ec2, json, rest-json, rest-xml or
    smithy-rpc-v2-cbor. Sources: the Smithy protocol specifications and S3's "REST error responses".
    """
    headers = {"x-amzn-RequestId": request_id}
    if protocol == "s3":
        headers = {"x-amz-request-id": request_id, "Content-Type": "application/xml"}
        more = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in error.fields.items())
        body = (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            f"<Error><Code>{error.code}</Code><Message>{escape(error.message)}</Message>"
            f"{more}<RequestId>{request_id}</RequestId></Error>"
        )
        return headers, body.encode()
    if protocol == "smithy-rpc-v2-cbor":
        headers |= {"Content-Type": "application/cbor", "smithy-protocol": "rpc-v2-cbor"}
        return headers, _cbor({"__type": error.code, "message": error.message})
    if protocol in JSON_PROTOCOLS:
        kind = "application/x-amz-json-1.1" if protocol == "json" else "application/json"
        headers |= {"Content-Type": kind, "x-amzn-ErrorType": error.code}
        said = {} if "Message" in error.fields else {"message": error.message}
        return headers, json.dumps({"__type": error.code, **said, **error.fields}).encode()
    headers["Content-Type"] = "text/xml"
    fault = "Receiver" if error.status >= 500 else "Sender"
    if protocol == "ec2":
        body = (
            f"<Response><Errors><Error><Code>{error.code}</Code><Message>{escape(error.message)}</Message></Error>"
            f"</Errors><RequestID>{request_id}</RequestID></Response>"
        )
    else:
        body = (
            f"<ErrorResponse><Error><Type>{fault}</Type><Code>{error.code}</Code>"
            f"<Message>{escape(error.message)}</Message></Error><RequestId>{request_id}</RequestId></ErrorResponse>"
        )
    return headers, body.encode()


def _cbor(texts: dict[str, str]) -> bytes:
    """A CBOR map of texts (RFC 8949, major types 5 and 3)."""
    return _cbor_head(5, len(texts)) + b"".join(_cbor_text(part) for item in texts.items() for part in item)


def _cbor_text(text: str) -> bytes:
    raw = text.encode()
    return _cbor_head(3, len(raw)) + raw


def _cbor_head(major: int, size: int) -> bytes:
    if size < 24:
        return bytes([major << 5 | size])
    if size < 256:
        return bytes([major << 5 | 24, size])
    return bytes([major << 5 | 25]) + size.to_bytes(2, "big")
