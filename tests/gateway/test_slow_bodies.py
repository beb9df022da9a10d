"""Clients that send a head and let the lab wait for the body, or do not read what they asked for.

Nobody waits for a body before its sender has proved who he is. Whoever has proved it is waited for as S3 waits
(RequestTimeout), and gives way where others need the thread.
"""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from typing import Any

import psutil
import pytest

from localaws.connections import MOST_THREADS
from tests.conftest import RunningLab, eventually
from tests.gateway.wire import host, send, signer

SOON = 20.0  # seconds: generous for a loaded machine, and far below the minute that it took
BUCKET = "slow-bodies"
DYNAMODB = {"X-Amz-Target": "DynamoDB_20120810.ListTables", "Content-Type": "application/x-amz-json-1.0"}
Send = Callable[[RunningLab, bytes], None]


def head(lab: RunningLab, method: str, target: str, headers: dict[str, str], *more: str) -> bytes:
    lines = [f"{name}: {value}" for name, value in {"Host": host(lab), **headers}.items()]
    return "\r\n".join((f"{method} {target} HTTP/1.1", *lines, *more, "", "")).encode()


def form(lab: RunningLab, *lines: str) -> bytes:
    return head(lab, "POST", f"/{BUCKET}", {}, *lines)


def claimed(lab: RunningLab, *more: str) -> bytes:
    """Whoever has seen a presigned URL knows the access key ID; the signature is made up."""
    headers = signer(lab, "dynamodb", secret_access_key="unknown").headers("POST", "/", b"{}", DYNAMODB)
    return head(lab, "POST", "/", headers, *more)


def put(lab: RunningLab, length: int, body: bytes = b"", payload: str = "UNSIGNED-PAYLOAD", **more: str) -> bytes:
    target = f"/{BUCKET}/never"
    more = {name.replace("_", "-"): value for name, value in more.items()}
    headers = signer(lab).headers("PUT", target, headers=more, payload_hash=payload)
    return head(lab, "PUT", target, headers, f"Content-Length: {length}") + body


def posted(lab: RunningLab) -> bytes:
    """A form whose policy is right, and a file that does not come."""
    fields = lab.client("s3").generate_presigned_post(BUCKET, "never")["fields"]
    parts = [
        f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in fields.items()
    ]
    parts.append('--x\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\nhello')
    return form(lab, TYPED, "Content-Length: 10000000") + "".join(parts).encode()


TYPED = "Content-Type: multipart/form-data; boundary=x"
ATTACKS: dict[str, Callable[[RunningLab], bytes]] = {
    "a form": lambda lab: form(lab, TYPED, "Content-Length: 100000"),
    "a form that begins": lambda lab: form(lab, TYPED, "Content-Length: 100000") + b"--x\r\nContent-Disposition: form",
    "a chunked form": lambda lab: form(lab, TYPED, "Content-Length: 100000", "Transfer-Encoding: chunked"),
    "a form with a folded header": lambda lab: form(lab, TYPED.replace(" ", "\r\n ", 1), "Content-Length: 100000"),
    "a form with a blank before a colon": lambda lab: form(lab, TYPED, "Content-Length : 100000"),
    "a known key": lambda lab: claimed(lab, "Content-Length: 100000"),
    "a known key and half a body": lambda lab: claimed(lab, "Content-Length: 100000") + b"x" * 50_000,
    "a known key and chunks": lambda lab: claimed(lab, "Transfer-Encoding: chunked") + b"5\r\nxxx",
    "a signed call": lambda lab: head(
        lab, "POST", "/", signer(lab, "dynamodb").headers("POST", "/", b"{}", DYNAMODB), "Content-Length: 2"
    ),
    "a signed upload": lambda lab: put(lab, 1000),
    "a signed large upload": lambda lab: put(lab, 10_000_000, b"x" * 3_000_000),
    "a presigned upload": lambda lab: head(
        lab, "PUT", signer(lab).presigned("PUT", f"/{BUCKET}/never"), {}, "Content-Length: 10000000"
    ),
    "an upload in signed chunks": lambda lab: put(
        lab, 10_000_000, b"100", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", x_amz_decoded_content_length="9999"
    ),
    "a form with a policy": posted,
    "an answer that nobody reads": lambda lab: head(
        lab, "GET", f"/{BUCKET}/large", signer(lab).headers("GET", f"/{BUCKET}/large")
    ),
}


@pytest.fixture(scope="module", autouse=True)
def _bucket(lab: RunningLab) -> None:
    lab.client("s3").create_bucket(Bucket=BUCKET)
    lab.client("s3").put_object(Bucket=BUCKET, Key="large", Body=bytes(30 << 20))


@pytest.fixture
def many(lab: RunningLab) -> Iterator[Callable[[bytes, int], list[socket.socket]]]:
    with ExitStack() as stack:

        def connect(data: bytes, number: int) -> list[socket.socket]:
            made = [
                stack.enter_context(socket.create_connection(("127.0.0.1", lab.facts["port"]))) for _ in range(number)
            ]
            for one in made:
                one.settimeout(30)
                one.sendall(data)
            return made

        yield connect


@pytest.mark.parametrize("attack", ATTACKS)
def test_fifty_of_them_hold_up_nobody(lab: RunningLab, many: Any, attack: str) -> None:
    many(ATTACKS[attack](lab), 50)
    time.sleep(0.3)
    started = time.monotonic()
    for service, ask in (("sts", "get_caller_identity"), ("s3", "list_buckets"), ("dynamodb", "list_tables")):
        getattr(lab.fresh_client(service), ask)()
    lab.fresh_client("s3").put_object(Bucket=BUCKET, Key="other", Body=bytes(2 << 20))
    assert time.monotonic() - started < SOON
    stored = [one["Key"] for one in lab.client("s3").list_objects_v2(Bucket=BUCKET)["Contents"]]
    assert stored == ["large", "other"]


def test_who_gives_way_is_told_to_try_again(lab: RunningLab, many: Any) -> None:
    """S3 "Error responses": RequestTimeout, 400, which SDKs answer with another attempt."""
    slow = many(put(lab, 10_000_000, b"x" * 1_100_000), MOST_THREADS + 10)
    lab.fresh_client("s3").list_buckets()
    answered = eventually(lambda: select.select(slow, [], [], 0)[0])
    told = [one.recv(65536) for one in answered]
    assert all(b"<Code>RequestTimeout</Code>" in answer for answer in told)


PAUSES = {
    "a small object": ("s3", "PUT", f"/{BUCKET}/patient", {}, b"x" * 1000),
    "a large object": ("s3", "PUT", f"/{BUCKET}/patient", {}, b"x" * 2_000_000),
    "a call": ("dynamodb", "POST", "/", DYNAMODB, b'{"Limit": 1}'),
    "a large call": ("sqs", "POST", "/", {"X-Amz-Target": "AmazonSQS.ListQueues"}, b"{%s}" % (b" " * 3_000_000)),
}


@pytest.mark.parametrize(
    ("what", "transfer"),
    [*((what, "length") for what in PAUSES), ("a call", "chunks"), ("a large call", "chunks")],  # S3 wants a length
)
def test_a_slow_client_is_served_while_nobody_else_waits(lab: RunningLab, many: Any, what: str, transfer: str) -> None:
    service, method, target, more, body = PAUSES[what]
    headers = signer(lab, service).headers(method, target, body, more)
    framing = f"Content-Length: {len(body)}"
    if transfer == "chunks":
        framing, body = "Transfer-Encoding: chunked", b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
    for _ in range(2):  # the connection stays open
        data = head(lab, method, target, headers, framing) + body
        connection = many(b"", 1)[0]
        for n in range(5):
            connection.sendall(data[len(data) * n // 5 : len(data) * (n + 1) // 5])
            time.sleep(0.15)
        assert connection.recv(65536).startswith(b"HTTP/1.1 200")


def test_a_request_that_was_put_aside_is_followed_by_others(lab: RunningLab, many: Any) -> None:
    """Nothing of it is lost, and nothing is read twice."""
    [connection] = many(b"", 1)
    answers = b""
    for body in (b'{"Limit": 1}', b'{"Limit": 2}' + b" " * 100_000, b"{}"):
        data = head(
            lab,
            "POST",
            "/",
            signer(lab, "dynamodb").headers("POST", "/", body, DYNAMODB),
            f"Content-Length: {len(body)}",
        )
        connection.sendall(data + body[:5])
        time.sleep(0.2)
        connection.sendall(body[5:])
    while answers.count(b"HTTP/1.1 200") < 3:
        received = connection.recv(65536)
        assert received, answers
        answers += received
    assert b"HTTP/1.1 4" not in answers


def test_what_is_put_aside_takes_bounded_memory(lab: RunningLab, many: Any) -> None:
    """A known key and bodies that stop before their end: 60 times 10 MB, of which the lab keeps 160."""
    server = psutil.Process(lab.pid)
    before = server.memory_info().rss
    body = bytes(10 << 20)
    attackers = many(claimed(lab, f"Content-Length: {len(body) + 1}"), 60)
    ports = {one.getsockname()[1] for one in attackers}
    for one in attackers:
        with suppress(OSError):  # it had to give way
            one.sendall(body)
    time.sleep(1)
    kept = [one for one in server.net_connections("tcp") if one.raddr and one.raddr.port in ports]
    assert len(kept) <= 16
    assert server.memory_info().rss - before < 1 << 30  # the allocator gives back late
    assert lab.fresh_client("sts").get_caller_identity()["Account"]


def test_a_body_in_many_small_chunks_costs_what_its_bytes_cost(lab: RunningLab, many: Any) -> None:
    """Its sender has proved nothing: each chunk took a copy of all that had come (CWE-407)."""
    server = psutil.Process(lab.pid)

    def cost(chunks: int) -> float:
        before = sum(server.cpu_times()[:2])
        body = b"1\r\nx\r\n" * chunks + b"0\r\n\r\n"
        [connection] = many(claimed(lab, "Transfer-Encoding: chunked") + body, 1)
        assert b"InvalidSignatureException" in connection.recv(65536)
        return sum(server.cpu_times()[:2]) - before

    # eight times as much, or twice that where one of them has to be read again; the square would be 64 times as much
    assert cost(240_000) < 30 * cost(30_000)


def test_a_refused_body_is_not_waited_for_on_a_connection_that_was_proved(lab: RunningLab, many: Any) -> None:
    connections = many(head(lab, "GET", "/", signer(lab).headers("GET", "/")), 50)
    for one in connections:
        assert one.recv(65536).startswith(b"HTTP/1.1 200")
        one.sendall(head(lab, "PUT", f"/{BUCKET}/never", {}, "Content-Length: 1000000"))
    started = time.monotonic()
    assert send(lab, "GET", "/", signer(lab).headers("GET", "/")).status == 200
    assert time.monotonic() - started < SOON
