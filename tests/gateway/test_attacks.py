"""What breaks servers: the lab refuses it, and goes on serving everybody else.

RFC 9112 (HTTP/1.1), sections 2.2, 3, 5, 6.1, 6.3 and 9.3.2.
"""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from botocore.exceptions import ClientError

from tests.conftest import RunningLab
from tests.gateway.wire import host, raw, send, signer


@pytest.fixture(autouse=True)
def still_serving(lab: RunningLab) -> Iterator[None]:
    """After every attack the lab must answer, by the same process."""
    yield
    assert lab.process.poll() is None
    lab.fresh_client("sts").get_caller_identity()


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1]) if answer else 0


def get(lab: RunningLab, *lines: str, target: str = "/") -> bytes:
    return "\r\n".join((f"GET {target} HTTP/1.1", f"Host: {host(lab)}", *lines, "", "")).encode("latin-1")


def test_huge_headers(lab: RunningLab) -> None:
    assert status(raw(lab, get(lab, "X-Large: " + "x" * 70_000))) in (413, 431)
    assert status(raw(lab, get(lab, *(f"X-{n}: x" for n in range(20_000))))) in (413, 431)


def test_a_huge_request_line(lab: RunningLab) -> None:
    assert status(raw(lab, get(lab, target="/" + "x" * 70_000))) == 414


@pytest.mark.parametrize(
    "lines",
    [
        ["Content-Length: 5", "Transfer-Encoding: chunked"],
        ["Transfer-Encoding: chunked", "Content-Length: 5"],
        ["Content-Length: -5"],
        ["Content-Length: +5"],
        ["Content-Length: 0x10"],
        ["Content-Length: 1_0"],
        ["Content-Length: five"],
        ["Content-Length: 5, 5"],
        ["Content-Length: 5", "Content-Length: 6"],
    ],
)
def test_a_length_that_can_be_read_in_two_ways(lab: RunningLab, lines: list[str]) -> None:
    """Request smuggling: the connection is closed, so what follows is never taken for a request."""
    answer = raw(lab, get(lab, *lines) + b"0\r\n\r\n" + get(lab))
    assert (status(answer), answer.count(b"HTTP/1.1")) == (400, 1)


@pytest.mark.parametrize(
    "line",
    [
        "Content-Length : 5",
        "Content-Length\t: 5",
        "Content-Type:\r\n multipart/form-data; boundary=x",
        "X-Folded: a\r\n\tb",
        " X-Folded-At-Once: a",
        "X-Bare: a\nContent-Length: 5",
        "X-Bare: a\rContent-Length: 5",
        "X-Nul: a\0b",
        "X-Vertical: \x0bchunked",
        "No colon",
        ": no name",
        "Content-Length: 5\r\nContent-Length: 5",
        "Content-Length: 5\r\ncontent-length: 0",
        "Host: 127.0.0.1",
        "Content-Type: text/plain\r\nContent-Type: multipart/form-data; boundary=x",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
    ],
)
def test_a_header_that_can_be_read_in_two_ways(lab: RunningLab, line: str) -> None:
    """Sections 2.2, 5.1 and 5.2: no blank before the colon, no folded lines, no bare CR, no second length or host."""
    answer = raw(lab, get(lab, line) + b"0\r\n\r\n" + get(lab))
    assert re.findall(rb"HTTP/1\.1 (\d+)", answer) == [b"400"]


@pytest.mark.parametrize(
    "line",
    [
        "GET  / HTTP/1.1",
        "GET\t/ HTTP/1.1",
        "GET /a\tb HTTP/1.1",
        "GET /a\x0bb HTTP/1.1",
        "GET / HTTP/1.1 ",
        "GET / HTTP/1.10",
        "get / HTTP/1.1",
        "GET //[x HTTP/1.1\n",
        "GET /a#b HTTP/1.1",
        "GET http://evil.example/ HTTP/1.1",
        "GET a HTTP/1.1",
        " GET / HTTP/1.1",
    ],
)
def test_a_first_line_that_can_be_read_in_two_ways(lab: RunningLab, line: str) -> None:
    assert status(raw(lab, f"{line}\r\nHost: {host(lab)}\r\n\r\n".encode())) == 400


def test_a_chunked_body_needs_a_version_that_knows_it(lab: RunningLab) -> None:
    """Section 6.1: HTTP/1.0 has no Transfer-Encoding, so the body would be taken for the next request."""
    head = get(lab, "Transfer-Encoding: chunked", "Connection: Keep-Alive").replace(b"HTTP/1.1", b"HTTP/1.0", 1)
    assert re.findall(rb"HTTP/1\.1 (\d+)", raw(lab, head + get(lab))) == [b"400"]


@pytest.mark.parametrize("coding", ["gzip, chunked", "chunked, gzip", "identity", "x"])
def test_unknown_transfer_codings(lab: RunningLab, coding: str) -> None:
    answer = raw(lab, get(lab, f"Transfer-Encoding: {coding}") + b"0\r\n\r\n" + get(lab))
    assert (status(answer), answer.count(b"HTTP/1.1")) == (501, 1)


@pytest.mark.parametrize("length", [10**12, 10**40])
def test_an_absurd_length_takes_no_memory(lab: RunningLab, length: int) -> None:
    """The body is awaited in small pieces; the client's end of stream ends the wait."""
    assert status(raw(lab, get(lab, f"Content-Length: {length}") + b"x")) == 403


def test_an_absurd_chunk_takes_no_memory(lab: RunningLab) -> None:
    assert status(raw(lab, get(lab, "Transfer-Encoding: chunked") + b"fffffffffff\r\nx")) == 403


def test_a_broken_chunk_closes_the_connection(lab: RunningLab) -> None:
    answer = raw(lab, get(lab, "Transfer-Encoding: chunked") + b"zz\r\n" + get(lab))
    assert (status(answer), answer.count(b"HTTP/1.1")) == (403, 1)


def test_pipelined_requests_are_answered_in_order(lab: RunningLab) -> None:
    """Each is authenticated by itself: what follows an authorised request is not authorised with it."""
    signed = [f"{name}: {value}" for name, value in signer(lab).headers("GET", "/").items() if name != "Host"]
    answer = raw(lab, get(lab, *signed) + get(lab) + get(lab, *signed))
    statuses = [part.split(b" ", 1)[0] for part in answer.split(b"HTTP/1.1 ")[1:]]
    assert statuses == [b"200", b"403", b"200"]


def test_nothing_of_a_body_is_taken_for_a_request(lab: RunningLab) -> None:
    inner = get(lab)
    outer = get(lab, f"Content-Length: {len(inner)}") + inner
    assert raw(lab, outer).count(b"HTTP/1.1 ") == 1


def test_nul_and_control_bytes_in_a_path(lab: RunningLab) -> None:
    lab.client("s3").create_bucket(Bucket="control")
    for target in ("/control/a%00b", "/control/%00", "/control/a%0D%0AX-Injected%3A%201"):
        answer = send(lab, "PUT", target, signer(lab).headers("PUT", target, b"x"), b"x")
        assert answer.status in (200, 400), answer
        assert "x-injected" not in answer.headers
    assert status(raw(lab, get(lab, target="/control/\x00"))) in (400, 403)


def test_garbage_is_not_a_request(lab: RunningLab) -> None:
    hello = b"\x16\x03\x01\x02\x00\x01\x00"  # a TLS handshake
    for garbage in (hello, b"GET\r\n\r\n", b"\r\n" * 100, b"GET / HTTP/9.9\r\n\r\n", b"\xff" * 999):
        assert status(raw(lab, garbage)) in (0, 400, 505)


@pytest.mark.parametrize(
    ("line", "headers"),
    [
        ("PRI * HTTP/2.0", []),  # HTTP/2's preface (RFC 9113, 3.4)
        ("GET / HTTP/1.0", []),
        ("GET http://example.com/raw HTTP/1.1", []),
        ("CONNECT example.com:443 HTTP/1.1", []),
        ("OPTIONS * HTTP/1.1", []),
        ("TRACE / HTTP/1.1", []),
        ("GET / HTTP/1.1", ["Host: other"]),
        ("GET / HTTP/1.1", ["X-Nul: a\0b"]),
        ("GET / HTTP/1.1", ["Transfer-Encoding: chunked", "Transfer-Encoding: chunked"]),
        ("GET / HTTP/1.1", ["Expect: a-miracle"]),
        ("GET /raw/%zz HTTP/1.1", []),
        ("GET /raw/% HTTP/1.1", []),
        ("GET /raw/%c0%af HTTP/1.1", []),
        ("GET /../../etc/passwd HTTP/1.1", []),
    ],
)
def test_a_request_that_only_an_attacker_sends(lab: RunningLab, line: str, headers: list[str]) -> None:
    """One answer, and the connection is closed: nothing after it is taken for a request."""
    data = "\r\n".join((line, f"Host: {host(lab)}", *headers, "", "")).encode("latin-1")
    answer = raw(lab, data + get(lab))
    assert 400 <= status(answer) < 500 or status(answer) in (501, 505)
    assert answer.count(b"HTTP/1.1 ") == 1
    assert b"<html" not in answer.lower()


@pytest.mark.parametrize(
    "path", ["/odd/%zz", "/odd/%", "/odd/%c0%af", "/odd/../keys.json", "/odd/%2e%2e/%2e%2e/keys.json"]
)
def test_a_path_that_is_no_key_is_refused_to_who_signs_it_too(lab: RunningLab, path: str) -> None:
    """No object can be named so, and no file of the lab: its folder has no new one."""
    s3 = lab.client("s3")
    s3.create_bucket(Bucket="odd")
    answer = send(lab, "PUT", path, signer(lab).headers("PUT", path, b"x"), b"x")
    assert answer.status in (400, 403), answer
    assert "Contents" not in s3.list_objects_v2(Bucket="odd")


def test_slow_clients_hold_up_nobody(lab: RunningLab) -> None:
    """Connections that never finish their headers or their body, and some that say nothing at all."""
    with ExitStack() as stack:
        for n in range(24):
            slow = stack.enter_context(socket.create_connection(("127.0.0.1", lab.facts["port"])))
            slow.sendall((b"", b"GET / HTTP/1.1\r\nX-Slow: ", get(lab, "Content-Length: 100") + b"x")[n % 3])
        for _ in range(5):
            lab.fresh_client("sts").get_caller_identity()


def test_a_client_that_leaves_in_mid_answer(lab: RunningLab) -> None:
    s3 = lab.client("s3")
    s3.create_bucket(Bucket="leaving")
    s3.put_object(Bucket="leaving", Key="large", Body=b"x" * (8 << 20))
    for _ in range(5):
        s3.get_object(Bucket="leaving", Key="large")["Body"].close()
    assert s3.get_object(Bucket="leaving", Key="large")["ContentLength"] == 8 << 20


def files_of(lab: RunningLab) -> set[str]:
    """Everything in the lab's directory but its logs and records, by path."""
    own = {"calls.jsonl", "localaws.log", "lab.json", "keys.json"}
    return {str(path) for path in lab.directory.rglob("*") if path.is_file() and path.name not in own}


def test_killed_in_mid_upload(new_lab: Callable[..., RunningLab]) -> None:
    """S3 user guide, "Uploading objects": Amazon S3 never adds partial objects. What was stored before stays."""
    lab = new_lab()
    s3 = lab.client("s3")
    s3.create_bucket(Bucket="crash")
    s3.put_object(Bucket="crash", Key="before", Body=b"safe" * 500_000)
    before = files_of(lab)
    size = 40 << 20
    headers = signer(lab).headers("PUT", "/crash/partial", payload_hash="UNSIGNED-PAYLOAD")
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    with socket.create_connection(("127.0.0.1", lab.facts["port"])) as connection:
        connection.sendall(f"PUT /crash/partial HTTP/1.1\r\n{lines}Content-Length: {size}\r\n\r\n".encode())
        connection.sendall(b"x" * (size // 2))
        threading.Timer(0.1, lab.kill).start()
        with pytest.raises(OSError):
            while True:
                connection.sendall(b"x")
    lab.process.wait()
    lab.start()
    s3 = lab.client("s3")
    assert s3.get_object(Bucket="crash", Key="before")["Body"].read() == b"safe" * 500_000
    with pytest.raises(ClientError, match="404"):
        s3.head_object(Bucket="crash", Key="partial")
    assert files_of(lab) == before
    assert sum(path.stat().st_size for path in lab.directory.rglob("*") if path.is_file()) < 3 << 20
