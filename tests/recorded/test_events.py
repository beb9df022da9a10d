"""EventBridge answers as AWS answered LocalStack's suite (tests/aws/services/events of localstack/localstack).

Recordings: test_events, test_events_tags, test_archive_and_replay. Buses, rules and targets that a call needs are
made before it; where their own answers are recorded too, they are compared once.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.conftest import RunningLab
from tests.recorded.replay import Answer, AnyOrder, Json, Replay, assert_agreement, refusal

PATTERN = {
    "source": ["core.update-account-command"],
    "detail-type": ["core.update-account-command"],
    "detail": {"command": ["update-account"]},
}
TAGS = [{"Key": "tag1", "Value": "value1"}, {"Key": "tag2", "Value": "value2"}]
DONE: Answer = {"FailedEntries": [], "FailedEntryCount": 0}


def missing(what: str) -> Answer:
    return refusal("ResourceNotFoundException", f"{what} does not exist.")


def own_arn(replay: Replay, resource: str, service: str = "events") -> str:
    return f"arn:aws:{service}:{replay.lab.facts['region']}:{replay.lab.facts['account_id']}:{resource}"


def bus_of(replay: Replay) -> tuple[Any, str]:
    events = replay.client("events")
    name = replay.unique("bus")
    events.create_event_bus(Name=name)
    return events, name


def rule_of(replay: Replay) -> tuple[Any, dict[str, str]]:
    """A client, and the arguments that name a rule on a bus of its own."""
    events, bus = bus_of(replay)
    events.put_rule(Name="rule", EventBusName=bus, EventPattern=json.dumps(PATTERN))
    return events, {"Rule": "rule", "EventBusName": bus}


def entries(replay: Replay) -> None:
    events = replay.client("events")
    whole = {"Source": "s", "DetailType": "t", "Detail": '{"a": 1}'}
    answer: Answer = {"Entries": [{"EventId": "<id>"}], "FailedEntryCount": 0}
    replay.call("put", events.put_events, {"Entries": [whole]}, answer)
    for name in whole:
        entry = {key: value for key, value in whole.items() if key != name}
        said = f"Parameter {name} is not valid. Reason: {name} is a required argument."
        failed = {"Entries": [{"ErrorCode": "InvalidArgument", "ErrorMessage": said}], "FailedEntryCount": 1}
        replay.call(f"without {name}", events.put_events, {"Entries": [entry]}, failed)
    big = {**whole, "Detail": json.dumps({"payload": ["p" * (256 * 1024 - 17)]})}
    too_big = refusal("ValidationException", "Total size of the entries in the request is over the limit.")
    replay.call("too big", events.put_events, {"Entries": [big]}, too_big)


def buses(replay: Replay) -> None:
    events = replay.client("events")
    name = replay.unique("bus")
    arn = f"arn:aws:events:<region>:<account>:event-bus/{name}"
    ask = {"Name": name, "Description": "test bus"}
    created = {"Description": "test bus", "EventBusArn": arn}
    replay.call("create", events.create_event_bus, ask, created)
    times = {"CreationTime": datetime, "LastModifiedTime": datetime}
    told = {"Arn": arn, "Description": "test bus", "Name": name, **times}
    replay.call("list", events.list_event_buses, {"NamePrefix": name}, {"EventBuses": [told]})
    replay.call("describe", events.describe_event_bus, {"Name": name}, told)
    exists = refusal("ResourceAlreadyExistsException", f"Event bus {name} already exists.")
    replay.call("again", events.create_event_bus, {"Name": name}, exists)
    replay.call("delete", events.delete_event_bus, {"Name": name}, {})
    replay.call("list none", events.list_event_buses, {"NamePrefix": name}, {"EventBuses": []})
    replay.call("describe none", events.describe_event_bus, {"Name": name}, missing(f"Event bus {name}"))
    plain = {"EventBusArn": arn}
    replay.call("create plain", events.create_event_bus, {"Name": name}, plain)
    replay.call("describe plain", events.describe_event_bus, {"Name": name}, {"Arn": arn, "Name": name, **times})
    default = refusal("ValidationException", "Cannot delete event bus default.")
    replay.call("delete default", events.delete_event_bus, {"Name": "default"}, default)


def permissions(replay: Replay) -> None:
    events, bus = bus_of(replay)
    arn = f"arn:aws:events:<region>:<account>:event-bus/{bus}"
    account = "123456789013"
    told = {"Arn": arn, "CreationTime": datetime, "LastModifiedTime": datetime, "Name": bus}
    allow = {"EventBusName": bus, "StatementId": "one", "Action": "events:PutEvents", "Principal": account}
    replay.call("put", events.put_permission, allow, {})
    statement = {
        "Sid": "one",
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
        "Action": "events:PutEvents",
        "Resource": own_arn(replay, f"event-bus/{bus}"),
    }
    policy = {"Policy": Json({"Version": "2012-10-17", "Statement": [statement]})}
    replay.call("describe", events.describe_event_bus, {"Name": bus}, {**told, **policy})
    unknown = refusal("ResourceNotFoundException", "Statement with the provided id does not exist.")
    ask = {"EventBusName": bus, "StatementId": "two"}
    replay.call("remove none", events.remove_permission, ask, unknown)
    replay.call("remove", events.remove_permission, {**ask, "StatementId": "one"}, {})
    replay.call("describe bare", events.describe_event_bus, {"Name": bus}, told)


def rules(replay: Replay) -> None:
    events, bus = bus_of(replay)
    name = replay.unique("rule")
    arn = f"arn:aws:events:<region>:<account>:rule/{bus}/{name}"
    rule = {"Name": name, "EventBusName": bus}
    put = {**rule, "EventPattern": json.dumps(PATTERN)}
    for step in ("put", "put again"):
        replay.call(step, events.put_rule, put, {"RuleArn": arn})
    told = {"Arn": arn, **rule, "EventPattern": Json(PATTERN), "State": "ENABLED"}
    listing = {"NamePrefix": name, "EventBusName": bus}
    replay.call("list", events.list_rules, listing, {"Rules": [told]})
    told["CreatedBy"] = replay.lab.facts["account_id"]
    replay.call("describe", events.describe_rule, rule, told)
    replay.call("disable", events.disable_rule, rule, {})
    replay.call("describe disabled", events.describe_rule, rule, {**told, "State": "DISABLED"})
    replay.call("enable", events.enable_rule, rule, {})
    replay.call("describe enabled", events.describe_rule, rule, told)
    replay.call("delete", events.delete_rule, rule, {})
    replay.call("list none", events.list_rules, listing, {"Rules": []})
    none = refusal("ResourceNotFoundException", f"Rule {name} does not exist on EventBus default.")
    replay.call("describe none", events.describe_rule, {"Name": name}, none)


def targets(replay: Replay) -> None:
    events, rule = rule_of(replay)
    arn = own_arn(replay, "queue", "sqs")
    target = {"Id": "target", "Arn": arn}
    replay.call("put", events.put_targets, {**rule, "Targets": [target]}, DONE)
    replay.call("list", events.list_targets_by_rule, rule, {"Targets": [target]})
    held = refusal("ValidationException", "Rule can't be deleted since it has targets.")
    replay.call("delete rule", events.delete_rule, {"Name": "rule", "EventBusName": rule["EventBusName"]}, held)
    replaced = {**target, "InputPath": "$.notexisting"}
    replay.call("put again", events.put_targets, {**rule, "Targets": [replaced]}, DONE)
    replay.call("list again", events.list_targets_by_rule, rule, {"Targets": [replaced]})
    names = {"TargetArn": arn, "EventBusName": rule["EventBusName"]}
    replay.call("rules", events.list_rule_names_by_target, names, {"RuleNames": ["rule"]})
    other = {**names, "TargetArn": f"{arn}-none"}
    replay.call("no rules", events.list_rule_names_by_target, other, {"RuleNames": []})
    replay.call("remove", events.remove_targets, {**rule, "Ids": ["target"]}, DONE)
    replay.call("list none", events.list_targets_by_rule, rule, {"Targets": []})
    many = {**rule, "Targets": [{"Id": f"t{number}", "Arn": arn} for number in range(7)]}
    limit = refusal("LimitExceededException", "The requested resource exceeds the maximum number allowed.")
    replay.call("seven", events.put_targets, many, limit)
    constraint = "1 validation error detected: Value '{}' at 'targets.1.member.id' failed to satisfy constraint: "
    for step, name, rest in (
        ("odd id", "!@#$@!#$", r"Member must satisfy regular expression pattern: [\.\-_A-Za-z0-9]+"),
        ("long id", "x" * 79, "Member must have length less than or equal to 64"),
    ):
        ask = {**rule, "Targets": [{"Id": name, "Arn": arn, "InputPath": "$.detail"}]}
        replay.call(step, events.put_targets, ask, refusal("ValidationException", constraint.format(name) + rest))


def tags(replay: Replay) -> None:
    events, rule = rule_of(replay)
    bus = rule["EventBusName"]
    for kind, arn in (("bus", own_arn(replay, f"event-bus/{bus}")), ("rule", own_arn(replay, f"rule/{bus}/rule"))):
        named = {"ResourceARN": arn}
        replay.call(f"tag {kind}", events.tag_resource, {**named, "Tags": TAGS}, {})
        replay.call(f"list of {kind}", events.list_tags_for_resource, named, {"Tags": AnyOrder(TAGS)})
        replay.call(f"untag {kind}", events.untag_resource, {**named, "TagKeys": ["tag2"]}, {})
        replay.call(f"rest of {kind}", events.list_tags_for_resource, named, {"Tags": TAGS[:1]})
        replay.call(f"untag {kind} again", events.untag_resource, {**named, "TagKeys": ["none"]}, {})
    name = replay.unique("none")
    for kind, resource, said in (
        ("bus", f"event-bus/{name}", f"Event bus {name} does not exist."),
        ("rule", f"rule/{name}", f"Rule {name} does not exist on EventBus default."),
    ):
        named = {"ResourceARN": own_arn(replay, resource)}
        answer = refusal("ResourceNotFoundException", said)
        replay.call(f"tag no {kind}", events.tag_resource, {**named, "Tags": TAGS}, answer)
        replay.call(f"list of no {kind}", events.list_tags_for_resource, named, answer)
        replay.call(f"untag no {kind}", events.untag_resource, {**named, "TagKeys": ["tag1"]}, answer)


def archives(replay: Replay) -> None:
    events, bus = bus_of(replay)
    name = replay.unique("archive")
    source = own_arn(replay, f"event-bus/{bus}")
    ask = {"ArchiveName": name, "EventSourceArn": source, "RetentionDays": 1}
    more = {"Description": "description of the archive", "EventPattern": json.dumps(PATTERN)}
    arn = f"arn:aws:events:<region>:<account>:archive/{name}"
    made = {"ArchiveArn": arn, "CreationTime": datetime, "State": "ENABLED"}
    replay.call("create", events.create_archive, {**ask, **more}, made)
    told = {**ask, "CreationTime": datetime, "EventCount": 0, "SizeBytes": 0, "State": "ENABLED"}
    for step, by in (("prefix", {"NamePrefix": name}), ("source", {"EventSourceArn": source})):
        replay.call(f"list by {step}", events.list_archives, by, {"Archives": [told]})
    described = {**told, **more, "ArchiveArn": arn, "EventPattern": Json(PATTERN)}
    replay.call("describe", events.describe_archive, {"ArchiveName": name}, described)
    exists = refusal("ResourceAlreadyExistsException", f"Archive {name} already exists.")
    replay.call("again", events.create_archive, ask, exists)
    replay.call("update", events.update_archive, {"ArchiveName": name, "Description": "new"}, made)
    replay.call("delete", events.delete_archive, {"ArchiveName": name}, {})
    replay.call("delete again", events.delete_archive, {"ArchiveName": name}, missing(f"Archive {name}"))
    replay.call("describe none", events.describe_archive, {"ArchiveName": name}, missing(f"Archive {name}"))
    replay.call("list none", events.list_archives, {"NamePrefix": name}, {"Archives": []})
    none = replay.unique("none")
    ask = {"ArchiveName": name, "EventSourceArn": own_arn(replay, f"event-bus/{none}")}
    replay.call("create of no bus", events.create_archive, ask, missing(f"Event bus {none}"))
    empty = "At least one of EventPattern, RetentionDays or Description must be provided."
    replay.call("update none", events.update_archive, {"ArchiveName": name}, refusal("ValidationException", empty))


def replays(replay: Replay) -> None:
    events = replay.client("events")
    name = replay.unique("replay")
    replay.call("describe none", events.describe_replay, {"ReplayName": name}, missing(f"Replay {name}"))
    now = datetime.now(UTC)
    archive = replay.unique("none")
    ask = {
        "ReplayName": name,
        "EventSourceArn": own_arn(replay, f"archive/{archive}"),
        "EventStartTime": now - timedelta(minutes=1),
        "EventEndTime": now,
        "Destination": {"Arn": own_arn(replay, "event-bus/default")},
    }
    said = f"Parameter EventSourceArn is not valid. Reason: Archive {archive} does not exist."
    replay.call("of no archive", events.start_replay, ask, refusal("ValidationException", said))


SCENARIOS = [entries, buses, permissions, rules, targets, tags, archives, replays]


def test_events_answer_as_aws(lab: RunningLab) -> None:
    assert_agreement(lab, SCENARIOS, {})
