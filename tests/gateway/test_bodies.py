"""Bodies are proved to be what was signed, in every way S3 lets a client sign them.

S3 API reference, "Signature calculations: transferring payload in a single chunk / in multiple chunks / including
trailing headers" and "Error responses".
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import zlib
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.conftest import RunningLab
from tests.gateway.wire import Answer, Signer, send, signer

SIGNED = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
SIGNED_TRAILER = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"
UNSIGNED_TRAILER = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
CHUNKS = [b"a" * 65536, b"b" * 65536, b"the end"]
CONTENT = b"".join(CHUNKS)
CRC32 = base64.b64encode(zlib.crc32(CONTENT).to_bytes(4, "big")).decode()
TRAILER = f"x-amz-checksum-crc32:{CRC32}\n".encode()


@pytest.fixture(scope="module")
def s3(lab: RunningLab) -> Any:
    client = lab.client("s3")
    client.create_bucket(Bucket="bodies")
    return client


def framed(signing: Signer | None, trailer: bytes = b"", spoil: Callable[[list[bytes]], None] | None = None) -> bytes:
    """CONTENT in aws-chunked framing, signed chunk by chunk if *signing*; *spoil* may change the pieces."""
    pieces, previous = [], signing.seed if signing else ""
    for chunk in [*CHUNKS, b""]:
        line = b"%x" % len(chunk)
        if signing:
            previous = signing.chunk_signature(previous, chunk)
            line += f";chunk-signature={previous}".encode()
        pieces += [line, b"\r\n", chunk, b"\r\n" if chunk else b""]
    if trailer:
        pieces.append(trailer.replace(b"\n", b"\r\n"))
        if signing:
            pieces.append(f"x-amz-trailer-signature:{signing.trailer_signature(previous, trailer)}\r\n".encode())
    pieces.append(b"\r\n")
    if spoil:
        spoil(pieces)
    return b"".join(pieces)


def upload(
    lab: RunningLab,
    key: str,
    kind: str = SIGNED,
    trailer: bytes = b"",
    spoil: Callable[[list[bytes]], None] | None = None,
    announced: str = "x-amz-checksum-crc32",
    length: int = len(CONTENT),
    more: dict[str, str] | None = None,
) -> Answer:
    """Put CONTENT under *key* with a streaming signature, and *more* headers."""
    signing, target = signer(lab), f"/bodies/{key}"
    headers = {"x-amz-decoded-content-length": str(length), "Content-Encoding": "aws-chunked", **(more or {})}
    if trailer:
        headers["x-amz-trailer"] = announced
    headers = signing.headers("PUT", target, headers=headers, payload_hash=kind)
    body = framed(None if kind == UNSIGNED_TRAILER else signing, trailer, spoil)
    return send(lab, "PUT", target, headers, body)


@pytest.mark.parametrize(
    ("kind", "trailer"),
    [(SIGNED, b""), (SIGNED_TRAILER, TRAILER), (UNSIGNED_TRAILER, TRAILER), (UNSIGNED_TRAILER, b"")],
)
def test_streamed_bodies_arrive_without_their_framing(lab: RunningLab, s3: Any, kind: str, trailer: bytes) -> None:
    answer = upload(lab, "streamed", kind, trailer)
    assert answer.status == 200, answer
    stored = s3.get_object(Bucket="bodies", Key="streamed")
    assert stored["Body"].read() == CONTENT
    assert "aws-chunked" not in stored.get("ContentEncoding", "")


def test_transfer_encoding_around_aws_chunked(lab: RunningLab, s3: Any) -> None:
    """SDKs that do not know the length of the framing send it with Transfer-Encoding: chunked."""
    headers = {"x-amz-decoded-content-length": str(len(CONTENT)), "x-amz-trailer": "x-amz-checksum-crc32"}
    signed = signer(lab).headers("PUT", "/bodies/te", headers=headers, payload_hash=UNSIGNED_TRAILER)
    body = framed(None, TRAILER)
    wrapped = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
    assert send(lab, "PUT", "/bodies/te", {**signed, "Transfer-Encoding": "chunked"}, wrapped).status == 200
    assert s3.get_object(Bucket="bodies", Key="te")["Body"].read() == CONTENT


def replace(index: int, data: bytes) -> Callable[[list[bytes]], None]:
    def spoil(pieces: list[bytes]) -> None:
        pieces[index] = data

    return spoil


def cut(pieces: list[bytes]) -> None:
    del pieces[7:]


def drop_the_end(pieces: list[bytes]) -> None:
    del pieces[12:]


FORGED = {
    "another chunk": (replace(2, b"x" * 65536), "SignatureDoesNotMatch"),
    "another chunk signature": (replace(0, b"10000;chunk-signature=" + b"0" * 64), "SignatureDoesNotMatch"),
    "no chunk signature": (replace(0, b"10000"), "SignatureDoesNotMatch"),
    "a signature beyond ASCII": (replace(0, b"10000;chunk-signature=\xff\xfe"), "SignatureDoesNotMatch"),
    "a last chunk that was not signed": (replace(12, b"0;chunk-signature=" + b"0" * 64), "SignatureDoesNotMatch"),
    "cut short in a chunk": (cut, "IncompleteBody"),
    "without its last chunk": (drop_the_end, "IncompleteBody"),
    "a chunk longer than its size": (replace(2, b"a" * 65537), "InvalidRequest"),
    "a chunk shorter than its size": (replace(2, b"a" * 65535), "SignatureDoesNotMatch"),
    "a negative size": (replace(0, b"-1;chunk-signature=" + b"0" * 64), "InvalidRequest"),
    "a size that is no number": (replace(0, b"zz"), "InvalidRequest"),
    "an absurd size": (replace(0, b"f" * 16 + b";chunk-signature=" + b"0" * 64), "InvalidRequest"),
    "a size line without end": (replace(0, b"1" * 10_000), "InvalidRequest"),
}


@pytest.mark.parametrize("name", FORGED)
def test_a_forged_stream_stores_nothing(lab: RunningLab, s3: Any, name: str) -> None:
    spoil, code = FORGED[name]
    answer = upload(lab, "forged", spoil=spoil)
    assert (answer.code, answer.status // 100) == (code, 4)
    with pytest.raises(ClientError, match="404"):
        s3.head_object(Bucket="bodies", Key="forged")


@pytest.mark.parametrize("length", [len(CONTENT) - 1, len(CONTENT) + 1, 0])
def test_the_decoded_length_must_be_true(lab: RunningLab, s3: Any, length: int) -> None:
    assert upload(lab, "length", length=length).code in ("IncompleteBody", "InvalidRequest")
    with pytest.raises(ClientError, match="404"):
        s3.head_object(Bucket="bodies", Key="length")


def test_a_stream_must_say_its_decoded_length(lab: RunningLab) -> None:
    headers = signer(lab).headers("PUT", "/bodies/x", payload_hash=SIGNED)
    answer = send(lab, "PUT", "/bodies/x", headers, framed(None))
    assert (answer.status, answer.code) == (411, "MissingContentLength")


WRONG_TRAILERS: dict[str, tuple[dict[str, Any], str]] = {
    "one that was not announced": ({"announced": "x-amz-checksum-sha256"}, "MalformedTrailerError"),
    "one that is no checksum": ({"announced": "x-amz-meta-role"}, "InvalidRequest"),
    "one that was changed": (
        {"spoil": lambda pieces: pieces.__setitem__(16, b"x-amz-checksum-crc32:AAAAAA==\r\n")},
        "SignatureDoesNotMatch",
    ),
    "one without signature": ({"spoil": lambda pieces: pieces.pop(17)}, "SignatureDoesNotMatch"),
    "one twice": ({"spoil": lambda pieces: pieces.insert(16, TRAILER)}, "MalformedTrailerError"),
    "none though announced": ({"spoil": lambda pieces: pieces.__delitem__(slice(16, 18))}, "MalformedTrailerError"),
}


@pytest.mark.parametrize("name", WRONG_TRAILERS)
def test_a_wrong_trailer_stores_nothing(lab: RunningLab, s3: Any, name: str) -> None:
    changes, code = WRONG_TRAILERS[name]
    assert upload(lab, "trailer", SIGNED_TRAILER, TRAILER, **changes).code == code
    with pytest.raises(ClientError, match="404"):
        s3.head_object(Bucket="bodies", Key="trailer")


def test_a_trailing_checksum_is_checked(lab: RunningLab, s3: Any) -> None:
    """S3 user guide, "Checking object integrity": BadDigest for a checksum that does not match."""
    assert upload(lab, "checksum", UNSIGNED_TRAILER, b"x-amz-checksum-crc32:AAAAAA==\n").code == "BadDigest"
    assert upload(lab, "checksum", UNSIGNED_TRAILER, b"x-amz-checksum-crc32:AAAA\n").code == "InvalidRequest"


@pytest.mark.parametrize("header", ["x-amz-checksum-crc32c", "x-amz-checksum-sha256", "x-amz-checksum-crc32"])
def test_one_checksum_a_request(lab: RunningLab, s3: Any, header: str) -> None:
    """S3 API reference, PutObject: one checksum of a kind at a time, so that none is stored without being compared."""
    answer = upload(lab, "two", UNSIGNED_TRAILER, TRAILER, more={header: "AAAAAA=="})
    assert (answer.status, answer.code) == (400, "InvalidRequest")
    trailers = TRAILER + b"x-amz-checksum-crc32c:AAAAAA==\n"
    two = upload(lab, "two", UNSIGNED_TRAILER, trailers, announced="x-amz-checksum-crc32,x-amz-checksum-crc32c")
    assert (two.status, two.code) == (400, "InvalidRequest")
    with pytest.raises(ClientError, match="404"):
        s3.head_object(Bucket="bodies", Key="two")


def test_an_unsigned_payload_may_be_anything(lab: RunningLab, s3: Any) -> None:
    headers = signer(lab).headers("PUT", "/bodies/unsigned", payload_hash="UNSIGNED-PAYLOAD")
    for body in (b"one", b"two"):
        assert send(lab, "PUT", "/bodies/unsigned", headers, body).status == 200
    assert s3.get_object(Bucket="bodies", Key="unsigned")["Body"].read() == b"two"


def test_s3_wants_to_know_the_length(lab: RunningLab, s3: Any) -> None:
    """S3 "Error responses": MissingContentLength (411) for a chunked transfer that is not aws-chunked."""
    headers = signer(lab).headers("PUT", "/bodies/unsigned", payload_hash="UNSIGNED-PAYLOAD")
    chunked = {**headers, "Transfer-Encoding": "chunked"}
    answer = send(lab, "PUT", "/bodies/unsigned", chunked, b"3\r\nabc\r\n0\r\n\r\n")
    assert (answer.status, answer.code) == (411, "MissingContentLength")


def test_other_services_take_chunked_transfers(lab: RunningLab) -> None:
    headers = {"X-Amz-Target": "Kinesis_20131202.ListStreams", "Content-Type": "application/x-amz-json-1.1"}
    signed = signer(lab, "kinesis").headers("POST", "/", b'{"Limit": 1}', headers)
    chunked = {**signed, "Transfer-Encoding": "chunked"}
    body = b'5;x=y\r\n{"Lim\r\n7\r\nit": 1}\r\n0\r\nTrailing: field\r\n\r\n'
    assert send(lab, "POST", "/", chunked, body).status == 200
    for bad in (b"-5\r\n{", b"zz\r\n", b"5\r\n{}xxxyy\r\n"):
        assert send(lab, "POST", "/", chunked, bad).code == "InvalidRequest"


@pytest.mark.parametrize("size", [5, 3 << 20])
def test_a_wrong_content_hash_stores_nothing(lab: RunningLab, s3: Any, size: int) -> None:
    """XAmzContentSHA256Mismatch, for bodies that are proved before and for those proved while they stream."""
    declared = hashlib.sha256(b"another body").hexdigest()
    headers = signer(lab).headers("PUT", "/bodies/hash", payload_hash=declared)
    assert send(lab, "PUT", "/bodies/hash", headers, b"x" * size).code == "XAmzContentSHA256Mismatch"
    with pytest.raises(ClientError, match="404"):
        s3.head_object(Bucket="bodies", Key="hash")


@pytest.mark.parametrize("value", ["none", "STREAMING-SOMETHING", "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD"])
def test_a_content_hash_is_a_hash_or_a_known_word(lab: RunningLab, value: str) -> None:
    answer = send(lab, "PUT", "/bodies/x", signer(lab).headers("PUT", "/bodies/x", payload_hash=value), b"x")
    assert (answer.status, answer.code) == (400, "InvalidArgument")


def test_a_packed_body_may_have_several_members(lab: RunningLab) -> None:
    """RFC 1952, 2.2: they stand one after the other ("requestCompression" in the models of the SDKs)."""
    glue = lab.fresh_client("glue")  # the handler stays with it

    def pack(params: dict[str, Any], **_: Any) -> None:
        body = params["body"]
        params["body"] = b"".join(gzip.compress(part) for part in (body[:9], b"", body[9:])) + spoilt
        params["headers"]["Content-Encoding"] = "gzip"

    glue.meta.events.register("before-call.glue.CreateDatabase", pack)
    spoilt = b""
    glue.create_database(DatabaseInput={"Name": "packed_body", "Description": "d" * 100})
    assert glue.get_database(Name="packed_body")["Database"]["Description"] == "d" * 100
    for spoilt in (b"no member", gzip.compress(b"x")[:-3], gzip.compress(b"") * 1000):  # noqa: B007 # `pack` reads it
        with pytest.raises(ClientError, match="SerializationException"):
            glue.create_database(DatabaseInput={"Name": "packed_body", "Description": "d"})
