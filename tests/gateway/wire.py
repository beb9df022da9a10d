"""Requests as bytes: signed by the letter of the documentation, and sent as they are.

boto3 would put right what these tests want wrong. The signer follows the IAM user guide, "Create a signed AWS API
request", and shares no code with the server.
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlsplit

import pytest

from tests.conftest import RunningLab, eventually


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def code(self) -> str:
        """The AWS error code, wherever the protocol puts it."""
        found = re.search(rb'<Code>(.*?)</Code>|"__type": ?"(?:[^"]*#)?([^"]*)"', self.body)
        return (found.group(1) or found.group(2)).decode() if found else ""


def send(lab: RunningLab, method: str, target: str, headers: dict[str, str] | None = None, body: bytes = b"") -> Answer:
    """One request on a connection of its own; a Host and a Content-Length are added unless *headers* has its own."""
    connection = http.client.HTTPConnection("127.0.0.1", lab.facts["port"], timeout=30)
    connection.putrequest(method, "/", skip_host=True, skip_accept_encoding=True)
    connection._buffer[0] = f"{method} {target} HTTP/1.1".encode()  # type: ignore[attr-defined] # unquoted, unchecked
    lines = {"Host": host(lab), **(headers or {})}
    if not {"content-length", "transfer-encoding"} & {name.lower() for name in lines}:
        lines["Content-Length"] = str(len(body))
    for name, value in lines.items():
        connection.putheader(name, value)
    try:
        connection.endheaders(body)
        answer = connection.getresponse()
        return Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
    finally:
        connection.close()


def raw(lab: RunningLab, data: bytes, timeout: float = 10) -> bytes:
    """Send *data* and return all that comes back until the server closes or falls silent."""
    received = b""
    with socket.create_connection(("127.0.0.1", lab.facts["port"]), timeout=timeout) as connection:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        while block := connection.recv(65536):
            received += block
    return received


def host(lab: RunningLab) -> str:
    return f"127.0.0.1:{lab.facts['port']}"


@dataclass
class Signer:
    """The keys, the scope and the time of signatures."""

    access_key_id: str
    secret_access_key: str
    host: str
    service: str = "s3"
    region: str = "us-east-1"
    session_token: str | None = None
    at: datetime | None = None

    def __post_init__(self) -> None:
        self.timestamp = (self.at or datetime.now(UTC)).strftime("%Y%m%dT%H%M%SZ")
        self.scope = f"{self.timestamp[:8]}/{self.region}/{self.service}/aws4_request"

    def headers(
        self,
        method: str,
        target: str,
        body: bytes = b"",
        headers: dict[str, str] | None = None,
        payload_hash: str | None = None,
    ) -> dict[str, str]:
        """*headers* and those that signing adds; every one of them is signed."""
        payload_hash = payload_hash or hashlib.sha256(body).hexdigest()
        all_headers = {"Host": self.host, "X-Amz-Date": self.timestamp, **(headers or {})}
        if self.service == "s3":
            all_headers["X-Amz-Content-SHA256"] = payload_hash
        if self.session_token:
            all_headers["X-Amz-Security-Token"] = self.session_token
        names = ";".join(sorted(name.lower() for name in all_headers))
        self.seed = self._signature(method, target, all_headers, payload_hash)
        all_headers["Authorization"] = (
            f"AWS4-HMAC-SHA256 Credential={self.access_key_id}/{self.scope}, SignedHeaders={names}, "
            f"Signature={self.seed}"
        )
        return all_headers

    def presigned(self, method: str, target: str, seconds: int = 60, payload: str = "UNSIGNED-PAYLOAD") -> str:
        """*target* with a signature in its query; the host is the only signed header."""
        fields = {
            "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
            "X-Amz-Credential": f"{self.access_key_id}/{self.scope}",
            "X-Amz-Date": self.timestamp,
            "X-Amz-Expires": str(seconds),
            "X-Amz-SignedHeaders": "host",
        }
        if self.session_token:
            fields["X-Amz-Security-Token"] = self.session_token
        query = "&".join(f"{key}={quote(value, safe='-_.~')}" for key, value in fields.items())
        target += ("&" if "?" in target else "?") + query
        return f"{target}&X-Amz-Signature={self._signature(method, target, {'Host': self.host}, payload)}"

    def chunk_signature(self, previous: str, data: bytes) -> str:
        """S3 API reference, "Signature calculations … transferring payload in multiple chunks"."""
        empty = hashlib.sha256(b"").hexdigest()
        return self._of(f"AWS4-HMAC-SHA256-PAYLOAD\n{self.timestamp}\n{self.scope}\n{previous}\n{empty}\n{_hash(data)}")

    def trailer_signature(self, previous: str, trailer: bytes) -> str:
        """S3 API reference, "… including trailing headers": *trailer* is its lines, each ended by a newline."""
        return self._of(f"AWS4-HMAC-SHA256-TRAILER\n{self.timestamp}\n{self.scope}\n{previous}\n{_hash(trailer)}")

    def _signature(self, method: str, target: str, headers: dict[str, str], payload_hash: str) -> str:
        path, _, query = target.partition("?")
        canonical_path = path if self.service == "s3" else quote(path, safe="/~")
        pairs = sorted(part if "=" in part else part + "=" for part in query.split("&") if part)
        lines = sorted((name.lower(), " ".join(value.split())) for name, value in headers.items())
        canonical = "\n".join(
            (
                method,
                canonical_path,
                "&".join(pairs),
                *(f"{name}:{value}" for name, value in lines),
                "",
                ";".join(name for name, _ in lines),
                payload_hash,
            )
        )
        return self._of(f"AWS4-HMAC-SHA256\n{self.timestamp}\n{self.scope}\n{_hash(canonical.encode())}")

    def _of(self, string_to_sign: str) -> str:
        key = f"AWS4{self.secret_access_key}".encode()
        for part in (*self.scope.split("/"), string_to_sign):
            key = hmac.digest(key, part.encode(), "sha256")
        return key.hex()


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def signer(lab: RunningLab, service: str = "s3", **changes: Any) -> Signer:
    """A signer with the lab's own keys."""
    settings = {
        "access_key_id": lab.facts["access_key_id"],
        "secret_access_key": lab.facts["secret_access_key"],
        "host": host(lab),
        "service": service,
    }
    return Signer(**{**settings, **changes})


def own_api(lab: RunningLab, method: str, target: str, document: Any = None) -> Any:
    """Ask the lab's own API; JSON lines come back as a list."""
    body = b"" if document is None else json.dumps(document).encode()
    answer = send(lab, method, target, signer(lab, "localaws").headers(method, target, body), body)
    assert answer.status == 200, answer
    return [json.loads(line) for line in answer.body.splitlines()]


@contextmanager
def localhost_found() -> Iterator[None]:
    """Names under .localhost are found on this machine, as RFC 6761 has it, whatever this machine's own does."""
    asked = socket.getaddrinfo
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            socket, "getaddrinfo", lambda host, *more, **kw: asked("127.0.0.1" if "localhost" in host else host, *more)
        )
        yield


def advance(lab: RunningLab, seconds: float) -> None:
    """Let time pass in a lab of the test's own, and all that was due in it happen."""
    assert not lab.is_shared, "others use this lab, at the machine's time: take one of new_lab"
    (told,) = own_api(lab, "POST", "/_localaws/clock", {"advance": seconds})
    assert told["running"] == []


def recorded(lab: RunningLab, request_id: str) -> dict[str, Any]:
    """The one record of a call; it is written after the last byte is out."""
    found = eventually(lambda: [call for call in lab.calls() if call["request_id"] == request_id])
    assert len(found) == 1
    return dict(found[0])


def path_of(url: str) -> str:
    """What of *url* goes on the request line."""
    parts = urlsplit(url)
    return parts.path + (f"?{parts.query}" if parts.query else "")
