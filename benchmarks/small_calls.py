"""Small calls to the lab and to ministack, in turns: ``make bench``.

What counts is the ratio. Through boto3 both rates hold its own time too, about a millisecond a call; the processor time
is the servers' alone. The lab checks each signature, asks who may do what, keeps a record of each call, and writes what
it acknowledges to disk; ministack does none of it.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

from bench import ROUNDS, Task, dynamodb_get, dynamodb_table, kinesis_put, s3_get, s3_put, sqs_send
from peers import MiniStack, Peer, ThisLab


def dynamodb_put(peer: Peer) -> Callable[[int], object]:
    client = dynamodb_table(peer)
    return lambda i: client.put_item(TableName="bench", Item={"id": {"S": str(i % 1000)}, "text": {"S": "x" * 100}})


def sns_publish(peer: Peer) -> Callable[[int], object]:
    client = peer.client("sns")
    topic = client.create_topic(Name="bench")["TopicArn"]
    return lambda i: client.publish(TopicArn=topic, Message="x" * 100)


TASKS = [
    Task("S3 put 1 KB", "calls", 1.0, s3_put),
    Task("S3 get 1 KB", "calls", 1.0, s3_get),
    Task("DynamoDB GetItem", "calls", 1.0, dynamodb_get),
    Task("DynamoDB PutItem", "calls", 1.0, dynamodb_put),
    Task("SQS SendMessage", "calls", 1.0, sqs_send),
    Task("SNS Publish", "calls", 1.0, sns_publish),
    Task("Kinesis PutRecords, 500 of 100 bytes", "calls", 1.0, kinesis_put, calls=10),
]


def main() -> None:
    lab, mini = ThisLab(), MiniStack()
    try:
        print(f"\n{'':40}{'lab':>10}{'ministack':>11}{'ratio':>8}{'goal':>6}   processor time a call, µs (ratio)")
        for task in TASKS:
            rates, costs = take_turns(task, lab, mini)
            print(
                f"{task.name + ', calls/s':40}{rates[0]:10,.0f}{rates[1]:11,.0f}{rates[0] / rates[1]:8.2f}"
                f"{task.goal:>6}   {costs[0]:,.0f} / {costs[1]:,.0f} ({costs[1] / costs[0]:.2f})"
            )
    finally:
        lab.stop()
        mini.stop()


def take_turns(task: Task, *peers: Peer) -> tuple[list[float], list[float]]:
    """The median of calls a second, and the mean of processor microseconds a call, for each peer."""
    calls = [task.prepare(peer) for peer in peers]
    seconds: list[list[float]] = [[] for _ in peers]
    used: list[float] = [0.0 for _ in peers]
    for turn in range(ROUNDS + 1):
        for place, (peer, call) in enumerate(zip(peers, calls, strict=True)):
            before, started = peer.cpu(), time.perf_counter()
            for i in range(task.calls):
                call(turn * task.calls + i)
            if turn:  # the first round is a warm-up
                seconds[place].append(time.perf_counter() - started)
                used[place] += peer.cpu() - before
    rates = [task.calls / statistics.median(each) for each in seconds]
    return rates, [each / (ROUNDS * task.calls) * 1e6 for each in used]


if __name__ == "__main__":
    main()
