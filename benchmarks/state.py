"""What it costs that a lab has everything again after a kill: ``make bench``.

A small call is timed while its service holds one resource and while it holds thousands, for a snapshot is of all of
them; records are put into an empty stream and behind a million others; a start is timed without any, and with all.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path

from peers import ThisLab

ROUNDS = 7
CALLS = 200
ROLES, TOPICS, PARAMETERS = 3000, 4000, 3000
SHARDS = 200  # each takes 1,000 records a second
RECORDS = 1_000_000
BATCH = 500
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"Service": "glue.amazonaws.com"}, "Action": "sts:AssumeRole"}],
    }
)


def main() -> None:
    lab = ThisLab()
    empty = _answers(lab)
    few = _tag_rate(lab)
    memory = lab.memory()
    _fill(lab)
    many = _tag_rate(lab)
    first, last = _put_records(lab)
    time.sleep(1)
    filled = lab.memory()
    lab.kill()
    lab = ThisLab(lab.directory)
    try:
        full = _answers(lab)
        print(f"{'':44}{'few':>10}{'many':>10}{'ratio':>8}{'goal':>7}")
        _row("TagRole, calls/s, 10,000 resources", few, many, many / few, 0.9)
        _row("PutRecords of 500, calls/s, 1,000,000 records", first, last, last / first, 0.9)
        print(f"{'start until four services have answered, s':44}{empty:10,.2f}{full:10,.2f}{'goal':>8}{3:7.1f}")
        print(f"memory: {memory:.0f} MB, {filled:.0f} MB with all, {lab.memory():.0f} MB after the kill")
        print(f"snapshots: {_megabytes(lab.directory):.1f} MB on disk")
    finally:
        lab.stop()


def _fill(lab: ThisLab) -> None:
    iam, sns, ssm = (lab.client(service) for service in ("iam", "sns", "ssm"))
    makers: list[tuple[int, Callable[[int], object]]] = [
        (ROLES, lambda i: iam.create_role(RoleName=f"role-{i}", AssumeRolePolicyDocument=TRUST)),
        (TOPICS, lambda i: sns.create_topic(Name=f"topic-{i}")),
        (PARAMETERS, lambda i: ssm.put_parameter(Name=f"/parameter/{i}", Value="1", Type="String")),
    ]
    for count, make in makers:
        for i in range(count):
            make(i)


def _put_records(lab: ThisLab) -> tuple[float, float]:
    """Fill a stream; the calls a second at its beginning and at its end."""
    kinesis = lab.client("kinesis")
    kinesis.create_stream(StreamName="full", ShardCount=SHARDS)
    kinesis.get_waiter("stream_exists").wait(StreamName="full", WaiterConfig={"Delay": 1})
    records = [{"Data": b"x" * 100, "PartitionKey": f"key-{n}"} for n in range(BATCH)]
    rates = []
    for _ in range(RECORDS // BATCH // CALLS):
        started = time.perf_counter()
        for _ in range(CALLS):
            if kinesis.put_records(StreamName="full", Records=records)["FailedRecordCount"]:
                raise RuntimeError("records were throttled: give the stream more shards")
        rates.append(CALLS / (time.perf_counter() - started))
    return statistics.median(rates[:3]), statistics.median(rates[-3:])


def _answers(lab: ThisLab) -> float:
    """Seconds from the start until the four services have answered."""
    started = time.perf_counter()
    lab.client("iam").get_account_summary()
    lab.client("sns").list_topics()
    lab.client("ssm").describe_parameters()
    lab.client("kinesis").list_streams()
    return lab.first_answer + time.perf_counter() - started


def _tag_rate(lab: ThisLab) -> float:
    """Calls a second of one that changes a service, so that there is something to keep all the while."""
    iam = lab.client("iam")
    if not iam.list_roles(PathPrefix="/a/")["Roles"]:
        iam.create_role(RoleName="tagged", AssumeRolePolicyDocument=TRUST, Path="/a/")
    rates = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        for i in range(CALLS):
            iam.tag_role(RoleName="tagged", Tags=[{"Key": "n", "Value": str(i)}])
        rates.append(CALLS / (time.perf_counter() - started))
    return statistics.median(rates)


def _row(name: str, few: float, many: float, ratio: float, goal: float) -> None:
    print(f"{name:44}{few:10,.2f}{many:10,.2f}{ratio:8.2f}{goal:7.1f}")


def _megabytes(directory: Path) -> float:
    return sum(each.stat().st_size for each in directory.glob("state.sqlite*")) / 1e6


if __name__ == "__main__":
    main()
