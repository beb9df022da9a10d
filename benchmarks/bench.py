"""The lab beside plain moto server and the machine's own limit, in one run: ``make bench``.

Single times mean little on a shared machine, so every figure is the median over rounds in which both servers take
turns, and what counts is the ratio. The lab does more in each call: it checks the signature and writes a record.
"""

from __future__ import annotations

import hashlib
import socket
import statistics
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from peers import Peer, PlainMoto, ThisLab

MEGABYTE = 1 << 20
BIG = 64 * MEGABYTE
ROUNDS = 7


@dataclass(frozen=True)
class Task:
    """Something both servers do: ``prepare`` makes what it needs and returns the call; ``count`` is units a call."""

    name: str
    unit: str
    goal: float
    prepare: Callable[[Peer], Callable[[int], object]]
    calls: int = 100
    count: int = 1


def s3_put(peer: Peer) -> Callable[[int], object]:
    client = _bucket(peer)
    return lambda i: client.put_object(Bucket="bench", Key=f"key-{i % 1000}", Body=b"x" * 1024)


def s3_get(peer: Peer) -> Callable[[int], object]:
    client = _bucket(peer)
    client.put_object(Bucket="bench", Key="one", Body=b"x" * 1024)
    return lambda i: client.get_object(Bucket="bench", Key="one")["Body"].read()


def kinesis_put(peer: Peer) -> Callable[[int], object]:
    client = peer.client("kinesis")
    if "bench" not in client.list_streams()["StreamNames"]:
        client.create_stream(StreamName="bench", StreamModeDetails={"StreamMode": "ON_DEMAND"})
    client.get_waiter("stream_exists").wait(StreamName="bench", WaiterConfig={"Delay": 1})
    records = [{"Data": b"x" * 100, "PartitionKey": f"key-{n}"} for n in range(500)]

    def call(i: int) -> None:
        failed = client.put_records(StreamName="bench", Records=records)["FailedRecordCount"]
        if failed:
            raise RuntimeError(f"{failed} records were throttled: give the stream more shards")

    return call


def dynamodb_get(peer: Peer) -> Callable[[int], object]:
    client = dynamodb_table(peer)
    client.put_item(TableName="bench", Item={"id": {"S": "1"}, "text": {"S": "x" * 100}})
    return lambda i: client.get_item(TableName="bench", Key={"id": {"S": "1"}})["Item"]


def dynamodb_batch(peer: Peer) -> Callable[[int], object]:
    client = dynamodb_table(peer)

    def call(i: int) -> object:
        puts = [{"PutRequest": {"Item": {"id": {"S": f"{i}-{n}"}, "text": {"S": "x" * 100}}}} for n in range(25)]
        return client.batch_write_item(RequestItems={"bench": puts})

    return call


def sqs_send(peer: Peer) -> Callable[[int], object]:
    client = peer.client("sqs")
    url = client.create_queue(QueueName="bench")["QueueUrl"]
    return lambda i: client.send_message(QueueUrl=url, MessageBody="x" * 100)


TASKS = [
    Task("S3 put 1 KB", "calls/s", 1.5, s3_put),
    Task("S3 get 1 KB", "calls/s", 1.5, s3_get),
    Task("Kinesis PutRecords, 500 of 100 bytes", "records/s", 2.5, kinesis_put, calls=10, count=500),
    Task("DynamoDB GetItem", "calls/s", 1.5, dynamodb_get),
    Task("DynamoDB BatchWriteItem of 25", "calls/s", 1.5, dynamodb_batch, calls=50),
    Task("SQS SendMessage", "calls/s", 1.5, sqs_send),
]


def main() -> None:
    lab, moto = ThisLab(), PlainMoto()
    try:
        print(f"{'':40}{'lab':>12}{'plain moto':>12}{'ratio':>8}{'goal':>7}   memory after, MB")
        _row("first answer after start", "s", lab.first_answer, moto.first_answer, None, lab, moto)
        for task in TASKS:
            rates = _take_turns(task, lab, moto)
            _row(task.name, task.unit, *map(statistics.median, rates), task.goal, lab, moto)
        _big_objects(lab, moto)
        _encrypted_objects(lab)
    finally:
        lab.stop()
        moto.stop()


def _take_turns(task: Task, *peers: Peer) -> list[list[float]]:
    """Units a second of each peer in each round."""
    calls = [task.prepare(peer) for peer in peers]
    rates: list[list[float]] = [[] for _ in peers]
    for turn in range(ROUNDS + 1):
        for place, call in enumerate(calls):
            started = time.perf_counter()
            for i in range(task.calls):
                call(turn * task.calls + i)
            if turn:  # the first round is a warm-up
                rates[place].append(task.calls * task.count / (time.perf_counter() - started))
    return rates


def _big_objects(lab: Peer, moto: Peer) -> None:
    """64 MB in and out, beside the same bytes through a bare loopback socket."""
    block = bytes(BIG)
    limit = statistics.median(_loopback(block) for _ in range(ROUNDS))
    digest = statistics.median(_rate(lambda: hashlib.md5(block)) for _ in range(ROUNDS))
    print(f"\n64 MB through a bare loopback socket: {limit:,.0f} MB/s")
    print(f"MD5 of the same bytes, which the ETag of an upload needs: {digest:,.0f} MB/s")
    print(f"{'':40}{'lab':>12}{'plain moto':>12}{'of limit':>10}{'goal':>7}   memory after, MB")
    put: list[list[float]] = [[], []]
    got: list[list[float]] = [[], []]
    for _ in range(ROUNDS):
        for place, peer in enumerate((lab, moto)):
            client = _bucket(peer)
            # A presigned URL leaves the client nothing to do but send: no digest of its own.
            put[place].append(_rate(lambda c=client: _presigned(c, "put_object", block)))  # type: ignore[misc]
            got[place].append(_rate(lambda c=client: _presigned(c, "get_object", None)))  # type: ignore[misc]
    for name, rates in (("S3 put 64 MB", put), ("S3 get 64 MB", got)):
        ours, theirs = map(statistics.median, rates)
        print(
            f"{name + ', MB/s':40}{ours:12,.0f}{theirs:12,.0f}{ours / limit:10.2f}{0.5:7.1f}"
            f"   {lab.memory():.0f} / {moto.memory():.0f}"
        )


def _encrypted_objects(lab: Peer) -> None:
    """The same bytes under SSE-KMS beside them plain, in turns: how many times as long it takes."""
    block = bytes(BIG)
    client = _bucket(lab)
    client.create_bucket(Bucket="bench-kms")
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}
    client.put_bucket_encryption(Bucket="bench-kms", ServerSideEncryptionConfiguration={"Rules": [rule]})
    print(f"\n{'':40}{'plain':>12}{'encrypted':>12}{'times':>10}{'at most':>9}   memory after, MB")
    for name, operation, body in (("S3 put 64 MB", "put_object", block), ("S3 get 64 MB", "get_object", None)):
        rates: dict[str, list[float]] = {"bench": [], "bench-kms": []}
        for _ in range(ROUNDS):
            for bucket, found in rates.items():
                found.append(_rate(partial(_presigned, client, operation, body, bucket)))
        plain, encrypted = (statistics.median(found) for found in rates.values())
        print(
            f"{name + ' under SSE-KMS, MB/s':40}{plain:12,.0f}{encrypted:12,.0f}{plain / encrypted:10.2f}{1.5:9.1f}"
            f"   {lab.memory():.0f}"
        )


def _presigned(client: Any, operation: str, body: bytes | None, bucket: str = "bench") -> None:
    url = client.generate_presigned_url(operation, Params={"Bucket": bucket, "Key": "big"}, ExpiresIn=60)
    host, _, path = url.removeprefix("http://").partition("/")
    address, _, port = host.partition(":")
    method = "PUT" if body is not None else "GET"
    head = f"{method} /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n"
    if body is not None:
        head += f"Content-Length: {len(body)}\r\n"
    with socket.create_connection((address, int(port))) as connection:
        connection.sendall(head.encode() + b"\r\n")
        if body is not None:
            connection.sendall(body)
        answer = connection.recv(4096)
        if not answer.startswith((b"HTTP/1.1 200", b"HTTP/1.0 200")):
            raise RuntimeError(answer.decode("latin-1"))
        _read_all(connection)


def _read_all(connection: socket.socket) -> None:
    buffer = bytearray(MEGABYTE)
    while connection.recv_into(buffer):
        pass


def _loopback(block: bytes) -> float:
    """MB/s of *block* from one thread to another through 127.0.0.1."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def send() -> None:
            with socket.create_connection(server.getsockname()) as out:
                out.sendall(block)

        sender = threading.Thread(target=send)
        started = time.perf_counter()
        sender.start()
        connection, _ = server.accept()
        with connection:
            _read_all(connection)
        sender.join()
        return BIG / MEGABYTE / (time.perf_counter() - started)


def _rate(action: Callable[[], object]) -> float:
    started = time.perf_counter()
    action()
    return BIG / MEGABYTE / (time.perf_counter() - started)


def _bucket(peer: Peer) -> Any:
    client = peer.client("s3")
    client.create_bucket(Bucket="bench")  # in us-east-1, making one's own bucket again is no error
    return client


def dynamodb_table(peer: Peer) -> Any:
    client = peer.client("dynamodb")
    if "bench" not in client.list_tables()["TableNames"]:
        client.create_table(
            TableName="bench",
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
    return client


def _row(name: str, unit: str, ours: float, theirs: float, goal: float | None, lab: Peer, moto: Peer) -> None:
    digits = 2 if unit == "s" else 0
    print(
        f"{name + ', ' + unit:40}{ours:12,.{digits}f}{theirs:12,.{digits}f}{ours / theirs:8.2f}"
        f"{goal or '':>7}   {lab.memory():.0f} / {moto.memory():.0f}"
    )


if __name__ == "__main__":
    main()
