"""Log events over a kill of the lab: what was acknowledged is there, as it was told before.

AWS keeps log events "indefinitely" unless a group has a retention (user guide, "Working with log groups and log
streams").
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from botocore.exceptions import BotoCoreError

from tests.conftest import RunningLab
from tests.gateway.disks import errors_of, small_files

Labs = Callable[..., RunningLab]


def put(logs: Any, group: str, stream: str, *messages: str) -> None:
    now = int(time.time() * 1000)
    events = [{"timestamp": now, "message": message} for message in messages]
    logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)


def told(lab: RunningLab, group: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for page in lab.client("logs").get_paginator("filter_log_events").paginate(logGroupName=group):
        found += page["events"]
    return found


def make(lab: RunningLab, group: str, *streams: str) -> Any:
    logs = lab.client("logs")
    logs.create_log_group(logGroupName=group, tags={"team": "ops"})
    for stream in streams:
        logs.create_log_stream(logGroupName=group, logStreamName=stream)
    return logs


def test_a_kill_amid_many_writers(new_lab: Labs) -> None:
    lab = new_lab()
    make(lab, "/busy", "s-0", "s-1")
    acknowledged, pending = list[str](), dict[int, str]()
    enough = threading.Event()

    def write(writer: int) -> None:
        logs = lab.fresh_client("logs")
        for number in range(10_000):
            pending[writer] = f"{writer}-{number}"
            put(logs, "/busy", f"s-{writer % 2}", pending[writer])
            acknowledged.append(pending.pop(writer))
            if len(acknowledged) > 200:
                enough.set()

    with ThreadPoolExecutor(4) as pool:
        running = [pool.submit(write, writer) for writer in range(4)]
        assert enough.wait(60)
        lab.kill()
    assert all(isinstance(each.exception(), BotoCoreError) for each in running)
    lab.start()
    events = told(lab, "/busy")
    found = [event["message"] for event in events]
    assert len(found) == len(set(found))
    assert set(acknowledged) <= set(found) <= {*acknowledged, *pending.values()}
    numbers = [event["eventId"] for event in events]
    lab.kill()
    lab.start()
    assert [event["eventId"] for event in told(lab, "/busy")] == numbers
    put(lab.client("logs"), "/busy", "s-0", "last")
    [last] = [event for event in told(lab, "/busy") if event["message"] == "last"]
    assert last["eventId"] not in numbers


def test_groups_and_streams_as_they_were(new_lab: Labs) -> None:
    lab = new_lab()
    logs = make(lab, "/kept", "a", "b", "silent")
    make(lab, "/gone", "a")
    logs.put_retention_policy(logGroupName="/kept", retentionInDays=7)
    logs.put_metric_filter(
        logGroupName="/kept",
        filterName="errors",
        filterPattern="ERROR",
        metricTransformations=[{"metricName": "errors", "metricNamespace": "n", "metricValue": "1"}],
    )
    for stream in ("a", "b"):
        put(logs, "/kept", stream, "one", "zwei €")
    put(logs, "/gone", "a", "m")
    time.sleep(1)  # until the settings are kept
    logs.delete_log_stream(logGroupName="/kept", logStreamName="a")
    logs.create_log_stream(logGroupName="/kept", logStreamName="a")
    put(logs, "/kept", "a", "anew")
    logs.delete_log_group(logGroupName="/gone")
    make(lab, "/gone", "a")
    make(lab, "/young", "a")
    put(logs, "/young", "a", "m")

    def look() -> Any:
        logs = lab.client("logs")
        return [
            (
                group,
                logs.describe_log_streams(logGroupName=group["logGroupName"])["logStreams"],
                told(lab, group["logGroupName"]),
            )
            for group in logs.describe_log_groups()["logGroups"]
            if group["logGroupName"] != "/gone"  # a setting that is younger than a second
        ]

    before = look()
    lab.kill()
    lab.start()
    assert look() == before
    assert told(lab, "/gone") == []
    logs = lab.client("logs")
    assert [each["filterName"] for each in logs.describe_metric_filters()["metricFilters"]] == ["errors"]
    assert logs.list_tags_log_group(logGroupName="/kept")["tags"] == {"team": "ops"}


def test_a_disk_that_takes_nothing(new_lab: Labs) -> None:
    """InternalFailure, 500 ("Common errors" of the API reference); what is refused leaves no trace."""
    lab = new_lab()
    logs = make(lab, "/full", "a")
    put(logs, "/full", "a", "one")
    before = told(lab, "/full")
    with small_files(lab):
        errors_of(
            {
                "PutLogEvents": lambda: put(logs, "/full", "a", "two"),
                "DeleteLogStream": lambda: logs.delete_log_stream(logGroupName="/full", logStreamName="a"),
            }
        )
        assert told(lab, "/full") == before
    lab.kill()
    lab.start()
    assert told(lab, "/full") == before
    lab.client("logs").delete_log_group(logGroupName="/full")
    assert not list((lab.directory / "log-groups").iterdir())
