"""CloudWatch Logs answers as AWS answered LocalStack's suite (tests/aws/services/logs of localstack/localstack).

Recordings: test_logs_events, _filter_events, _groups, _metric_filters, _resource_policies, _streams and
_subscription_filters. Groups and streams that a call needs are made before it, which is not recorded.
"""

from __future__ import annotations

import json
import time
from typing import Any

from tests.conftest import RunningLab
from tests.recorded.replay import Answer, Json, Replay, assert_agreement, refusal

NO_GROUP = refusal("ResourceNotFoundException", "The specified log group does not exist.")
NO_STREAM = refusal("ResourceNotFoundException", "The specified log stream does not exist.")
TOO_LONG = refusal(
    "InvalidParameterException", "Invalid LogGroup or LogStream, both must have length less than or equal to 512."
)


def invalid(value: Any, name: str, constraint: str) -> Answer:
    said = f"1 validation error detected: Value '{value}' at '{name}' failed to satisfy constraint: {constraint}"
    return refusal("InvalidParameterException", said)


def group_of(replay: Replay) -> tuple[Any, str]:
    logs = replay.client("logs")
    name = replay.unique("group")
    logs.create_log_group(logGroupName=name)
    return logs, name


def log_groups(replay: Replay) -> None:
    logs = replay.client("logs")
    name = replay.unique("group")
    replay.call("create", logs.create_log_group, {"logGroupName": name, "tags": {"env": "testing"}}, {})
    exists = refusal("ResourceAlreadyExistsException", "The specified log group already exists")
    replay.call("again", logs.create_log_group, {"logGroupName": name}, exists)
    arn = f"arn:aws:logs:<region>:<account>:log-group:{name}"
    group = {
        "arn": f"{arn}:*",
        "creationTime": int,
        "deletionProtectionEnabled": False,
        "logGroupArn": arn,
        "logGroupClass": "STANDARD",
        "logGroupName": name,
        "metricFilterCount": 0,
        "storedBytes": 0,
    }
    replay.call("describe", logs.describe_log_groups, {"logGroupNamePrefix": name}, {"logGroups": [group]})
    said = "LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters."
    both = {"logGroupNamePrefix": name, "logGroupNamePattern": name}
    replay.call("both", logs.describe_log_groups, both, refusal("InvalidParameterException", said))
    facts = replay.lab.facts
    own = f"arn:aws:logs:{facts['region']}:{facts['account_id']}:log-group:{name}"
    replay.call("tags", logs.list_tags_for_resource, {"resourceArn": own}, {"tags": {"env": "testing"}})
    replay.call("delete", logs.delete_log_group, {"logGroupName": name}, {})


def log_events(replay: Replay) -> None:
    logs, group = group_of(replay)
    stream = {"logGroupName": group, "logStreamName": "stream"}
    logs.create_log_stream(**stream)
    now = int(time.time() * 1000)
    event = {"timestamp": now, "message": "test"}
    put = {**stream, "logStreamName": "none", "logEvents": [event]}
    replay.call("no stream", logs.put_log_events, put, NO_STREAM)
    said = "Log events in a single PutLogEvents request must be in chronological order."
    backwards = [event, {"timestamp": now - 1000, "message": "before"}]
    answer = refusal("InvalidParameterException", said)
    replay.call("order", logs.put_log_events, {**stream, "logEvents": backwards}, answer)
    day = 24 * 3600 * 1000
    for step, shift, index in (("old", -16 * day, "tooOldLogEventEndIndex"), ("new", day, "tooNewLogEventStartIndex")):
        events = {**stream, "logEvents": [{"timestamp": now + shift, "message": step}]}
        rejected = {"nextSequenceToken": str, "rejectedLogEventsInfo": {index: int}}
        replay.call(step, logs.put_log_events, events, rejected)
    token = refusal("InvalidParameterException", "The specified nextToken is invalid.")
    replay.call("get token", logs.get_log_events, {**stream, "nextToken": "invalid-token"}, token)
    ask = {"logGroupName": group, "nextToken": "invalid-token"}
    replay.call("filter token", logs.filter_log_events, ask, token)
    limit = invalid(10001, "limit", "Member must have value less than or equal to 10000")
    replay.call("get limit", logs.get_log_events, {**stream, "limit": 10001}, limit)
    replay.call("filter limit", logs.filter_log_events, {"logGroupName": group, "limit": 10001}, limit)
    replay.call("get of no group", logs.get_log_events, {**stream, "logGroupName": replay.unique("none")}, NO_GROUP)
    replay.call("get of no stream", logs.get_log_events, {**stream, "logStreamName": "none"}, NO_STREAM)


def group_names(replay: Replay) -> None:
    logs = replay.client("logs")
    replay.call("long", logs.create_log_group, {"logGroupName": "a" * 513}, TOO_LONG)
    prefix = replay.unique("group")
    names = [f"{prefix}-{number}" for number in range(3)]
    for name in names:
        logs.create_log_group(logGroupName=name)
    groups = [
        {
            "arn": f"arn:aws:logs:<region>:<account>:log-group:{name}:*",
            "creationTime": int,
            "deletionProtectionEnabled": False,
            "logGroupArn": f"arn:aws:logs:<region>:<account>:log-group:{name}",
            "logGroupClass": "STANDARD",
            "logGroupName": name,
            "metricFilterCount": 0,
            "storedBytes": 0,
        }
        for name in names
    ]
    replay.call("describe", logs.describe_log_groups, {"logGroupNamePrefix": prefix}, {"logGroups": groups})
    none = {"logGroupNamePattern": "no-such-group"}
    replay.call("list none", logs.list_log_groups, none, {"logGroups": []})


def group_tags(replay: Replay) -> None:
    logs = replay.client("logs")
    name = replay.unique("group")
    logs.create_log_group(logGroupName=name, tags={"env": "testing1"})
    arn = logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"][0]["logGroupArn"]

    def both(step: str, tags: dict[str, str]) -> None:
        replay.call(f"{step}, of group", logs.list_tags_log_group, {"logGroupName": name}, {"tags": tags})
        replay.call(f"{step}, of resource", logs.list_tags_for_resource, {"resourceArn": arn}, {"tags": tags})

    logs.tag_resource(resourceArn=arn, tags={"test1": "val1", "test2": "val2"})
    both("tagged by ARN", {"env": "testing1", "test1": "val1", "test2": "val2"})
    logs.tag_log_group(logGroupName=name, tags={"test3": "val3"})
    both("tagged by name", {"env": "testing1", "test1": "val1", "test2": "val2", "test3": "val3"})
    logs.untag_log_group(logGroupName=name, tags=["test3"])
    logs.untag_resource(resourceArn=arn, tagKeys=["env", "test1"])
    both("untagged", {"test2": "val2"})


def log_streams(replay: Replay) -> None:
    logs, group = group_of(replay)
    stream = {"logGroupName": group, "logStreamName": "stream"}
    logs.create_log_stream(**stream)
    exists = refusal("ResourceAlreadyExistsException", "The specified log stream already exists")
    replay.call("again", logs.create_log_stream, stream, exists)
    arn = f"arn:aws:logs:<region>:<account>:log-group:{group}"
    told = {"arn": f"{arn}:log-stream:stream", "creationTime": int, "logStreamName": "stream", "storedBytes": 0}
    streams = {"logStreams": [told]}
    replay.call("by name", logs.describe_log_streams, {"logGroupName": group}, streams)
    prefix = {"logGroupName": group, "logStreamNamePrefix": "str"}
    replay.call("by prefix", logs.describe_log_streams, prefix, streams)
    replay.call("by identifier", logs.describe_log_streams, {"logGroupIdentifier": group}, streams)
    own = logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"][0]["logGroupArn"]
    replay.call("by ARN", logs.describe_log_streams, {"logGroupIdentifier": own}, streams)
    both = {"logGroupName": group, "logGroupIdentifier": own}
    said = "LogGroup name and LogGroup ARN are mutually exclusive parameters."
    replay.call("both", logs.describe_log_streams, both, refusal("ValidationException", said))


def metric_filters(replay: Replay) -> None:
    logs, group = group_of(replay)
    metric = replay.unique("metric")
    into = {"metricName": metric, "metricNamespace": "namespace", "metricValue": "1"}
    of_group = {"logGroupName": group}

    def told(name: str, pattern: str, **more: Any) -> Answer:
        shown = {"applyOnTransformedLogs": False, "creationTime": int, "filterName": name, "filterPattern": pattern}
        return {**shown, **of_group, "metricTransformations": [{**into, **more}]}

    for name, pattern, more in (
        ("basic", " ", {"defaultValue": 0.0}),
        ("json", '{$.message = "test"}', {"defaultValue": 0.0}),
        ("plain", "pattern", {}),
    ):
        logs.put_metric_filter(
            **of_group, filterName=name, filterPattern=pattern, metricTransformations=[{**into, **more}]
        )
        answer = {"metricFilters": [told(name, pattern, **more)]}
        replay.call(name, logs.describe_metric_filters, {**of_group, "filterNamePrefix": name}, answer)
        logs.delete_metric_filter(**of_group, filterName=name)
    logs.put_metric_filter(**of_group, filterName="f", filterPattern="pattern", metricTransformations=[into])
    by_metric = {"metricName": metric, "metricNamespace": "namespace"}
    answer = {"metricFilters": [told("f", "pattern")]}
    replay.call("by group", logs.describe_metric_filters, of_group, answer)
    replay.call("by metric", logs.describe_metric_filters, by_metric, answer)
    long, longer = "X" * 513, "X" * 1025
    name_limit = invalid(long, "filterName", "Member must have length less than or equal to 512")
    put = {**of_group, "filterName": "f", "filterPattern": "pattern", "metricTransformations": [into]}
    replay.call("long name", logs.put_metric_filter, {**put, "filterName": long}, name_limit)
    limit = invalid(longer, "filterPattern", "Member must have length less than or equal to 1024")
    replay.call("long pattern", logs.put_metric_filter, {**put, "filterPattern": longer}, limit)
    replay.call("delete long name", logs.delete_metric_filter, {**of_group, "filterName": long}, name_limit)
    ask = {"logGroupName": long, "filterName": "valid"}
    replay.call("delete of long group", logs.delete_metric_filter, ask, TOO_LONG)
    limit = invalid(long, "filterNamePrefix", "Member must have length less than or equal to 512")
    replay.call("long prefix", logs.describe_metric_filters, {"filterNamePrefix": long}, limit)
    name = "X" * 256
    limit = invalid(name, "metricName", "Member must have length less than or equal to 255")
    ask = {"metricName": name, "metricNamespace": "namespace"}
    replay.call("long metric", logs.describe_metric_filters, ask, limit)


def subscription_filters(replay: Replay) -> None:
    logs, group = group_of(replay)
    none = replay.unique("none")
    replay.call("none", logs.describe_subscription_filters, {"logGroupName": group}, {"subscriptionFilters": []})
    replay.call("no group", logs.describe_subscription_filters, {"logGroupName": none}, NO_GROUP)
    ask = {"filterName": "test"}
    replay.call("delete of no group", logs.delete_subscription_filter, {"logGroupName": none, **ask}, NO_GROUP)
    said = "The specified subscription filter does not exist."
    answer = refusal("ResourceNotFoundException", said)
    replay.call("delete none", logs.delete_subscription_filter, {"logGroupName": group, **ask}, answer)
    facts = replay.lab.facts
    stream = f"arn:aws:kinesis:{facts['region']}:{facts['account_id']}:stream/unknown"
    put = {"logGroupName": group, **ask, "filterPattern": "test", "destinationArn": stream}
    said = "destinationArn for vendor kinesis cannot be used without roleArn"
    replay.call("no role", logs.put_subscription_filter, put, refusal("InvalidParameterException", said))


def resource_policies(replay: Replay) -> None:
    logs = replay.client("logs")
    name = replay.unique("policy")
    statement = {"Effect": "Allow", "Principal": {"Service": "route53.amazonaws.com"}, "Action": "logs:*"}
    policy = {"Version": "2008-10-17", "Statement": [{**statement, "Resource": "*"}]}
    ask = {"policyName": name, "policyDocument": json.dumps(policy)}
    told = {"lastUpdatedTime": int, "policyDocument": Json(policy), "policyName": name, "policyScope": "ACCOUNT"}
    replay.call("put", logs.put_resource_policy, ask, {"resourcePolicy": told})
    mine = [each for each in logs.describe_resource_policies()["resourcePolicies"] if each["policyName"] == name]
    replay.compare("describe", mine, [told])
    logs.delete_resource_policy(policyName=name)
    answer = refusal("ResourceNotFoundException", "Policy with name [non-existent] does not exist.")
    replay.call("delete none", logs.delete_resource_policy, {"policyName": "non-existent"}, answer)


SCENARIOS = [
    log_groups,
    log_events,
    group_names,
    group_tags,
    log_streams,
    metric_filters,
    subscription_filters,
    resource_policies,
]


def test_logs_answer_as_aws(lab: RunningLab) -> None:
    fields = ("HTTPStatusCode", "logGroups", "Error.Message", "Error.Code")
    known = {
        "the lab lists log groups with DescribeLogGroups alone": [f"group_names.list none: {f}" for f in fields],
        "the lab checks all lengths in one place, in AWS's general words": [
            "group_names.long: Error.Message",
            "metric_filters.delete of long group: Error.Message",
        ],
    }
    assert_agreement(lab, SCENARIOS, known)
