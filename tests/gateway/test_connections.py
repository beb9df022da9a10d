"""Silent, slow and lying clients take no thread, and whoever waits for an answer leaves threads for the others.

Before, one silent socket took one of a fixed number of threads for a minute (CWE-400, "slow HTTP").
"""

from __future__ import annotations

import json
import resource
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from typing import Any

import psutil
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.conftest import RunningLab, eventually
from tests.engines import lambda_tools
from tests.gateway.wire import host, own_api, send, signer

SOON = 20.0  # seconds: generous for a loaded machine, and far below the minute that it took


def unsigned_put(lab: RunningLab) -> bytes:
    return f"PUT /b/k HTTP/1.1\r\nHost: {host(lab)}\r\nContent-Length: 1000\r\n\r\n".encode()


def claimed(lab: RunningLab, key: str) -> bytes:
    """A request whose signature nobody can judge before its body is there, and it never comes."""
    claims = signer(lab, "kinesis", access_key_id=key).headers("POST", "/", headers={"X-Amz-Target": "Kinesis.X"})
    lines = "".join(f"{name}: {value}\r\n" for name, value in claims.items())
    return f"POST / HTTP/1.1\r\n{lines}Content-Length: 1000\r\n\r\n".encode()


ATTACKS: dict[str, Callable[[RunningLab], bytes]] = {
    "silent": lambda lab: b"",
    "slow headers": lambda lab: b"GET / HTTP/1.1\r\nX-Slow: ",
    "an unsigned PUT without its body": unsigned_put,
    "an unsigned chunked PUT": lambda lab: unsigned_put(lab).replace(
        b"Content-Length: 1000", b"Transfer-Encoding: chunked"
    ),
    "somebody unknown without a body": lambda lab: claimed(lab, "AKIAUNKNOWNUNKNOWN12"),
    "slow headers after a request": lambda lab: f"GET / HTTP/1.1\r\nHost: {host(lab)}\r\n\r\nGET / HT".encode(),
    "a thousand requests, no answer read": lambda lab: f"GET / HTTP/1.1\r\nHost: {host(lab)}\r\n\r\n".encode() * 1000,
}


@pytest.fixture
def many() -> Iterator[Callable[[RunningLab, bytes, int], list[socket.socket]]]:
    with ExitStack() as stack:

        def connect(lab: RunningLab, data: bytes, number: int) -> list[socket.socket]:
            made = []
            for _ in range(number):
                made.append(stack.enter_context(socket.create_connection(("127.0.0.1", lab.facts["port"]))))
                if data:
                    made[-1].sendall(data)
            return made

        yield connect


@pytest.mark.parametrize("attack", ATTACKS)
def test_sixty_of_them_hold_up_nobody(lab: RunningLab, many: Any, attack: str) -> None:
    many(lab, ATTACKS[attack](lab), 60)
    started = time.monotonic()
    for _ in range(3):
        lab.fresh_client("sts").get_caller_identity()
    assert time.monotonic() - started < SOON


def test_more_connections_than_there_may_be_do_not_lock_anybody_out(lab: RunningLab, many: Any) -> None:
    """The one that has proved nothing for longest goes first; a signed client's stays."""
    files, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, most), most))
    try:
        sts = lab.client("sts")
        sts.get_caller_identity()
        many(lab, b"", 700)
        started = time.monotonic()
        sts.get_caller_identity()
        lab.fresh_client("sts").get_caller_identity()
        assert time.monotonic() - started < SOON
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (files, most))


def test_who_never_ends_his_headers_is_cut_off(new_lab: Callable[..., RunningLab], many: Any) -> None:
    lab = new_lab()
    silent, slow = many(lab, b"", 1)[0], many(lab, b"GET / HTTP/1.1\r\n", 1)[0]
    for one in (silent, slow):
        one.settimeout(30)
        assert one.recv(100) == b""


def test_a_signed_client_keeps_its_connection_and_an_unsigned_one_does_not(lab: RunningLab, many: Any) -> None:
    def ask(connection: socket.socket, headers: dict[str, str]) -> bytes:
        lines = "".join(f"{name}: {value}\r\n" for name, value in {"Host": host(lab), **headers}.items())
        connection.sendall(f"HEAD /kept HTTP/1.1\r\n{lines}\r\n".encode())
        return connection.recv(65536)

    lab.client("s3").create_bucket(Bucket="kept")
    known, unknown = many(lab, b"", 2)
    for pause in (0, 0.1, 0.5):  # on the thread that answered, and handed back
        time.sleep(pause)
        answer = ask(known, signer(lab).headers("HEAD", "/kept"))
        assert b" 200 " in answer.splitlines()[0]
        assert b"connection: close" not in answer.lower()
    assert b"connection: close" in ask(unknown, {}).lower()


def test_a_head_may_come_in_pieces(lab: RunningLab, many: Any) -> None:
    lab.client("s3").create_bucket(Bucket="in-pieces")
    [connection] = many(lab, b"", 1)
    lines = "".join(f"{name}: {value}\r\n" for name, value in signer(lab).headers("HEAD", "/in-pieces").items())
    for _ in range(2):
        for piece in ("HEAD /in-pi", "eces HTTP/1.1\r\n", lines[:20], lines[20:-1], "\n", "\r", "\n"):
            connection.sendall(piece.encode())
            time.sleep(0.03)
        assert b" 200 " in connection.recv(65536).splitlines()[0]


def test_a_refused_upload_is_told_why(lab: RunningLab) -> None:
    """The client sends it all before it reads the answer; a reset connection would hide the reason."""
    body = b"x" * (20 << 20)
    headers = signer(lab, secret_access_key="wrong").headers("PUT", "/b/k", payload_hash="UNSIGNED-PAYLOAD")
    assert send(lab, "PUT", "/b/k", headers, body).code == "SignatureDoesNotMatch"
    with pytest.raises(ClientError, match="InvalidAccessKeyId"):
        lab.client("s3", aws_access_key_id="AKIAUNKNOWNUNKNOWN12").put_object(Bucket="b", Key="k", Body=body)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_soon_whatever_is_asked_of_it(new_lab: Callable[..., RunningLab], many: Any, number: int) -> None:
    """Long polls, silent sockets and half-sent requests: none is waited for (two seconds; here with room)."""
    lab = new_lab()
    url = lab.client("sqs").create_queue(QueueName="empty")["QueueUrl"]

    def poll() -> None:
        with suppress(Exception):  # an answer without messages, or a connection that ends
            lab.fresh_client("sqs").receive_message(QueueUrl=url, WaitTimeSeconds=20)

    pollers = [threading.Thread(target=poll, daemon=True) for _ in range(5)]
    for poller in pollers:
        poller.start()
    many(lab, b"", 50)
    many(lab, unsigned_put(lab), 20)
    many(lab, claimed(lab, lab.facts["access_key_id"]), 5)
    time.sleep(0.5)
    started = time.monotonic()
    lab.process.send_signal(number)
    assert lab.process.wait(timeout=20) == 0
    assert time.monotonic() - started < 6
    assert not (lab.directory / "lab.json").exists()
    assert lab.log().rstrip().endswith("stopped")


def test_it_ends_soon_while_it_works(new_lab: Callable[..., RunningLab]) -> None:
    """A function that sleeps, a query that computes, an answer that nobody reads; no child outlives the lab."""
    lab = new_lab()
    code = "import time\ndef handler(event, context):\n    open('/tmp/running', 'w').close()\n    time.sleep(100)\n"
    lambda_tools.create(lab, "sleeper", code, Timeout=120)
    s3, athena = lab.client("s3"), lab.client("athena")
    s3.create_bucket(Bucket="busy")
    s3.put_object(Bucket="busy", Key="large", Body=b"x" * (30 << 20))
    unread = s3.get_object(Bucket="busy", Key="large")["Body"]
    unread.read(1)

    def invoke() -> None:
        with suppress(Exception):  # an answer that tells of the function's end, or a connection that ends
            lambda_tools.invoke(lab, "sleeper")

    threading.Thread(target=invoke, daemon=True).start()
    athena.start_query_execution(
        QueryString="SELECT count(*) FROM UNNEST(sequence(1, 10000)) a(x) CROSS JOIN UNNEST(sequence(1, 10000)) b(y) "
        "CROSS JOIN UNNEST(sequence(1, 10000)) c(z) WHERE x * y + z = 3",
        ResultConfiguration={"OutputLocation": "s3://busy/results/"},
    )
    time.sleep(2)
    family = psutil.Process(lab.pid).children(recursive=True)
    started = time.monotonic()
    lab.process.send_signal(signal.SIGTERM)
    assert lab.process.wait(timeout=20) == 0
    assert time.monotonic() - started < 6
    assert family
    eventually(lambda: not any(process.is_running() for process in family), 10)
    unread.close()


@pytest.mark.parametrize(
    "advance", ["1e308", "1e400", "-1", "NaN", "Infinity", "-Infinity", "1" + "0" * 400, '"1"', "true"]
)
def test_the_clock_cannot_be_advanced_out_of_the_calendar(lab: RunningLab, advance: str) -> None:
    """A hundred years in all, so that dates which services add to it are dates too; the lab lives on."""
    body = f'{{"advance": {advance}}}'.encode()
    target = "/_localaws/clock"
    answer = send(lab, "POST", target, signer(lab, "localaws").headers("POST", target, body), body)
    assert (answer.status, answer.code) == (400, "ValidationException")
    assert lab.client("sts").get_caller_identity()["Account"]


def test_a_hundred_years_in_all(new_lab: Callable[..., RunningLab]) -> None:
    lab = new_lab()
    own_api(lab, "POST", "/_localaws/clock", {"advance": 99.9 * 365.25 * 86400})
    body = json.dumps({"advance": 86400 * 365}).encode()
    headers = signer(lab, "localaws").headers("POST", "/_localaws/clock", body)
    answer = send(lab, "POST", "/_localaws/clock", headers, body)
    assert (answer.code, b"100 years" in answer.body) == ("ValidationException", True)
    lab.client("s3").create_bucket(Bucket="far")
    lab.client("sts").get_session_token()


def test_who_waits_for_messages_leaves_threads_for_the_others(new_lab: Callable[..., RunningLab]) -> None:
    """A classroom's long polls: each takes up to 20 seconds (API reference, ReceiveMessage, WaitTimeSeconds)."""
    lab = new_lab()
    sqs = lab.client("sqs", config=Config(max_pool_connections=90, retries={"max_attempts": 1}))
    queue = sqs.create_queue(QueueName="empty")["QueueUrl"]
    lab.client("s3").list_buckets()
    with ThreadPoolExecutor(90) as consumers:
        polls = [
            consumers.submit(sqs.receive_message, QueueUrl=queue, WaitTimeSeconds=20, MaxNumberOfMessages=1)
            for _ in range(90)
        ]
        eventually(lambda: len(psutil.Process(lab.pid).net_connections("tcp")) > 90)
        started = time.monotonic()
        lab.fresh_client("s3").list_buckets()
        assert time.monotonic() - started < SOON
        for number in range(90):
            sqs.send_message(QueueUrl=queue, MessageBody=str(number))
        got = {poll.result()["Messages"][0]["Body"] for poll in polls}
    assert len(got) == 90, "each has had a message of its own before its time was over"
