"""What it costs that a lab has everything again after a kill: ``make bench``.

A small call is timed while its service holds one resource and while it holds thousands, for a snapshot is of all of
them; a start is timed without any, and with all.
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
    time.sleep(1)
    filled = lab.memory()
    lab.kill()
    lab = ThisLab(lab.directory)
    try:
        full = _answers(lab)
        print(f"{'':44}{'few':>10}{'10,000':>10}{'ratio':>8}{'goal':>7}")
        _row("TagRole, calls/s", few, many, many / few, 0.9)
        _row("start until three services have answered, s", empty, full, full / empty, 1.5)
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


def _answers(lab: ThisLab) -> float:
    """Seconds from the start until the three services have answered."""
    started = time.perf_counter()
    lab.client("iam").get_account_summary()
    lab.client("sns").list_topics()
    lab.client("ssm").describe_parameters()
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
