"""A request's body as plain bytes that are proved, while they are read, to be what the client signed.

Source: S3 API reference, "Signature calculations: transferring payload in multiple chunks" and "… including
trailing headers". Nothing may be acted on before the stream has been read to its end.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import Any, BinaryIO

from localaws.credentials import Credential
from localaws.gateway.environ import environ_key
from localaws.gateway.errors import AwsError
from localaws.gateway.sigv4 import Signature, signing_key

EMPTY_SHA256 = hashlib.sha256(b"").hexdigest()
MAX_LINE = 8192
ONE_CHECKSUM = "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed."
_SHA256 = re.compile(r"[0-9a-f]{64}")
_CHUNK_SIZE = re.compile(r"[0-9a-fA-F]{1,16}")
_SIGNED_CHUNKS = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
_SIGNED_CHUNKS_AND_TRAILER = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"
_UNSIGNED_CHUNKS_AND_TRAILER = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"


class PlainBody:
    """Reads a body of *length* bytes (None: to the end of the stream); checks its SHA-256 if one was signed."""

    def __init__(self, stream: BinaryIO, length: int | None, sha256: str | None) -> None:
        self._stream = stream
        self._left = length
        self._sha256 = sha256
        self._hash = hashlib.sha256() if sha256 else None
        self._done = False

    def read(self, size: int = -1) -> bytes:
        """Up to *size* bytes, all that is left if negative; b"" at a proved end.

        Raises XAmzContentSHA256Mismatch or IncompleteBody.
        """
        if size < 0:
            return b"".join(iter(lambda: self.read(1 << 20), b""))
        if self._done or size == 0:
            return b""
        wanted = size if self._left is None else min(size, self._left)
        data = self._stream.read(wanted) if wanted else b""
        if self._hash is not None:
            self._hash.update(data)
        if self._left is not None:
            if not data and self._left:
                raise _incomplete()
            self._left -= len(data)
        if not data or self._left == 0:
            self._finish()
        return data

    def _finish(self) -> None:
        self._done = True
        if self._hash is not None and self._hash.hexdigest() != self._sha256:
            raise AwsError(
                "XAmzContentSHA256Mismatch",
                "The provided 'x-amz-content-sha256' header does not match what was computed.",
                400,
            )


class ChunkedBody:
    """Takes aws-chunked framing apart: ``size;chunk-signature=…``, data, …, ``0``, then trailing headers.

    The trailing headers, which must be those that x-amz-trailer announces in *trailers*, are put into *environ* as
    if they had come first. Where the client signs chunks and trailer (*signing* given), each signature chains to the
    one before.
    """

    def __init__(
        self,
        stream: BinaryIO,
        environ: dict[str, Any],
        decoded_length: int,
        signing: tuple[Signature, Credential] | None,
        trailers: frozenset[str],
    ) -> None:
        self._stream = stream
        self._environ = environ
        self._expected = decoded_length
        self._signing = signing
        self._trailers = trailers
        self._previous = signing[0].value if signing else ""
        self._left = 0
        self._hash = hashlib.sha256()
        self._chunk_signature = ""
        self._done = False
        self._total = 0

    def read(self, size: int = -1) -> bytes:
        """Up to *size* bytes, all that is left if negative; b"" at a proved end.

        Raises SignatureDoesNotMatch, IncompleteBody, MalformedTrailerError or InvalidRequest (bad framing).
        """
        if size < 0:
            return b"".join(iter(lambda: self.read(1 << 20), b""))
        if self._done or size == 0:
            return b""
        if self._left == 0 and not self._next_chunk():
            return b""
        data = self._stream.read(min(size, self._left))
        if not data:
            raise _incomplete()
        self._left -= len(data)
        self._total += len(data)
        if self._signing:
            self._hash.update(data)
        if self._left == 0:
            self._end_chunk()
            if self._total >= self._expected:
                self._next_chunk()  # readers that count bytes stop here: prove the end before they do
        return data

    def _next_chunk(self) -> bool:
        size_text, _, extension = self._line().partition(";")
        if not _CHUNK_SIZE.fullmatch(size_text):
            raise AwsError("InvalidRequest", "The aws-chunked body has a chunk without a valid size.", 400)
        self._left = int(size_text, 16)
        self._chunk_signature = extension.removeprefix("chunk-signature=")
        if self._left:
            if self._total + self._left > self._expected:
                raise AwsError("InvalidRequest", "The body is longer than x-amz-decoded-content-length says.", 400)
            return True
        self._check_chunk()
        self._read_trailers()
        self._done = True
        if self._total != self._expected:
            raise _incomplete()
        if self._stream.read(1):
            raise AwsError("InvalidRequest", "The aws-chunked body goes on after its last chunk.", 400)
        return False

    def _end_chunk(self) -> None:
        self._check_chunk()
        if self._line():
            raise AwsError("InvalidRequest", "A chunk of the aws-chunked body is longer than its size says.", 400)

    def _check_chunk(self) -> None:
        if not self._signing:
            return
        signature, _ = self._signing
        text = f"AWS4-HMAC-SHA256-PAYLOAD\n{signature.timestamp}\n{signature.scope}\n{self._previous}\n"
        self._verify(text + f"{EMPTY_SHA256}\n{self._hash.hexdigest()}", self._chunk_signature)
        self._hash = hashlib.sha256()

    def _read_trailers(self) -> None:
        lines = iter(lambda: self._line(at_end=True), "")
        pairs = [(name.strip().lower(), value.strip()) for name, _, value in (line.partition(":") for line in lines)]
        found = dict(pairs)
        repeated = len(found) < len(pairs)
        given = found.pop("x-amz-trailer-signature", "")
        if set(found) != self._trailers or repeated:
            raise AwsError(
                "MalformedTrailerError",
                "The request contained trailing data that was not well-formed or did not conform to our published "
                "schema: the trailing headers are not those that x-amz-trailer announces.",
                400,
            )
        if self._signing and found:
            signature, _ = self._signing
            signed = "".join(f"{name}:{value}\n" for name, value in found.items())
            text = f"AWS4-HMAC-SHA256-TRAILER\n{signature.timestamp}\n{signature.scope}\n{self._previous}\n"
            self._verify(text + hashlib.sha256(signed.encode()).hexdigest(), given)
        self._environ.update({environ_key(name): value for name, value in found.items()})

    def _verify(self, text: str, given: str) -> None:
        assert self._signing is not None
        signature, credential = self._signing
        key = signing_key(credential.secret_access_key, signature.date, signature.region, signature.service)
        expected = hmac.digest(key, text.encode(), "sha256").hex()
        if not hmac.compare_digest(expected.encode(), given.encode()):
            raise AwsError("SignatureDoesNotMatch", "A chunk of the body does not match its signature.", 403)
        self._previous = given

    def _line(self, at_end: bool = False) -> str:
        line = self._stream.readline(MAX_LINE)
        if len(line) == MAX_LINE:
            raise AwsError("InvalidRequest", "A line of the aws-chunked framing is too long.", 400)
        if not line.endswith(b"\n") and not at_end:
            raise _incomplete()
        return line.decode("latin-1").rstrip("\r\n")


def open_body(environ: dict[str, Any], signature: Signature, credential: Credential, payload_hash: str) -> Any:
    """Put a proved, plain stream in ``environ["wsgi.input"]`` and take aws-chunked out of the headers."""
    stream = environ["wsgi.input"]
    trailers = frozenset[str]()
    if payload_hash in (_SIGNED_CHUNKS_AND_TRAILER, _UNSIGNED_CHUNKS_AND_TRAILER):
        trailers = frozenset(filter(None, re.split(r"[\s,]+", environ.get("HTTP_X_AMZ_TRAILER", "").lower())))
        if not all(name.startswith("x-amz-checksum-") for name in trailers):
            raise AwsError("InvalidRequest", "The value specified in the x-amz-trailer header is not supported", 400)
        if any(environ_key(name) in environ for name in trailers):
            raise AwsError("InvalidRequest", ONE_CHECKSUM, 400)  # the trailer would hide the header
    elif payload_hash != _SIGNED_CHUNKS:
        declared = None if payload_hash == "UNSIGNED-PAYLOAD" else payload_hash
        if declared is not None and not _SHA256.fullmatch(declared):
            raise AwsError(
                "InvalidArgument",
                f"x-amz-content-sha256 must be UNSIGNED-PAYLOAD, {_UNSIGNED_CHUNKS_AND_TRAILER}, {_SIGNED_CHUNKS}, "
                f"{_SIGNED_CHUNKS_AND_TRAILER} or a valid sha256 value.",
                400,
            )
        length = None if environ.get("wsgi.input_terminated") else int(environ.get("CONTENT_LENGTH") or 0)
        environ["wsgi.input"] = PlainBody(stream, length, declared)
        return environ["wsgi.input"]
    length_text = environ.get("HTTP_X_AMZ_DECODED_CONTENT_LENGTH", "")
    if not (length_text.isascii() and length_text.isdigit()):
        raise AwsError(
            "MissingContentLength", "An aws-chunked body needs the x-amz-decoded-content-length header.", 411
        )
    decoded = int(length_text)
    signing = None if payload_hash == _UNSIGNED_CHUNKS_AND_TRAILER else (signature, credential)
    environ["wsgi.input"] = ChunkedBody(stream, environ, decoded, signing, trailers)
    environ["CONTENT_LENGTH"] = str(decoded)
    environ["wsgi.input_terminated"] = False
    encodings = [part.strip() for part in environ.get("HTTP_CONTENT_ENCODING", "").split(",")]
    kept = [part for part in encodings if part and part != "aws-chunked"]
    environ.pop("HTTP_CONTENT_ENCODING", None)
    if kept:
        environ["HTTP_CONTENT_ENCODING"] = ",".join(kept)
    for name in ("HTTP_TRANSFER_ENCODING", "HTTP_X_AMZ_DECODED_CONTENT_LENGTH", "HTTP_X_AMZ_CONTENT_SHA256"):
        environ.pop(name, None)
    return environ["wsgi.input"]


def _incomplete() -> AwsError:
    return AwsError(
        "IncompleteBody", "You did not provide the number of bytes specified by the Content-Length HTTP header.", 400
    )
