"""Condition keys whose values are more than a parameter of the request: factors, chains, items, signatures.

Sources: IAM user guide, "AWS global condition context keys", "Passing session tags in AWS STS", "Secure API access with
MFA"; service authorization reference, the condition keys of each service.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import struct
import time
from typing import Any

import pytest
from botocore.config import Config

from tests.conftest import RunningLab, eventually
from tests.gateway.wire import path_of, send
from tests.security.people import (
    ACCOUNT,
    Person,
    allow,
    deny,
    document,
    refusal,
    role,
    said,
    session,
    trust,
    unique,
    user,
)

TABLE = unique("scores")


def code_now(seed: bytes, drift: int = 0) -> str:
    """What an authenticator shows (RFC 6238)."""
    step = struct.pack(">Q", int(time.time()) // 30 + drift)
    digest = hmac.new(base64.b32decode(seed), step, hashlib.sha1).digest()
    start = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[start : start + 4])[0] & 0x7FFFFFFF) % 10**6:06}"


@pytest.fixture(scope="module")
def factor(lab: RunningLab) -> tuple[Person, str, bytes]:
    """A user who may list buckets with a second factor, his device, and its seed."""
    iam = lab.client("iam")
    proved = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
    recent = {"NumericLessThan": {"aws:MultiFactorAuthAge": "3600"}}
    ana = user(
        lab,
        allow("s3:ListAllMyBuckets", Condition=proved),
        allow("sqs:ListQueues", Condition={"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}),
        allow("kinesis:ListStreams", Condition=recent),
        allow("sts:AssumeRole"),
    )
    device = iam.create_virtual_mfa_device(VirtualMFADeviceName=ana.name)["VirtualMFADevice"]
    serial, seed = device["SerialNumber"], device["Base32StringSeed"]
    codes = {"AuthenticationCode1": code_now(seed), "AuthenticationCode2": code_now(seed, 1)}
    iam.enable_mfa_device(UserName=ana.name, SerialNumber=serial, **codes)
    return ana, serial, seed


def with_session(lab: RunningLab, given: dict[str, Any]) -> Person:
    keys = {
        "aws_access_key_id": given["AccessKeyId"],
        "aws_secret_access_key": given["SecretAccessKey"],
        "aws_session_token": given["SessionToken"],
    }
    return Person(lab, "session", "", keys)


def test_a_second_factor_is_absent_false_or_true(lab: RunningLab, factor: tuple[Person, str, bytes]) -> None:
    """ "The key … is not present when the user uses long-term credentials"."""
    ana, serial, seed = factor
    assert refusal(ana.client("s3").list_buckets)
    assert not refusal(ana.client("sqs").list_queues)
    sts = ana.client("sts")
    without = with_session(lab, sts.get_session_token()["Credentials"])
    assert refusal(without.client("s3").list_buckets)
    assert not refusal(without.client("sqs").list_queues)
    assert refusal(without.client("kinesis").list_streams)
    proved = with_session(lab, sts.get_session_token(SerialNumber=serial, TokenCode=code_now(seed))["Credentials"])
    assert not refusal(proved.client("s3").list_buckets)
    assert refusal(proved.client("sqs").list_queues)
    assert not refusal(proved.client("kinesis").list_streams)


def test_a_role_may_want_a_second_factor(lab: RunningLab, factor: tuple[Person, str, bytes]) -> None:
    ana, serial, seed = factor
    trusted = json.loads(trust(AWS=ana.arn))
    trusted["Statement"][0]["Condition"] = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
    arn = role(lab, json.dumps(trusted), allow("s3:ListAllMyBuckets"))
    sts, named = ana.client("sts"), {"RoleArn": arn, "RoleSessionName": "run"}
    assert refusal(sts.assume_role, **named)
    proved = with_session(lab, sts.get_session_token(SerialNumber=serial, TokenCode=code_now(seed))["Credentials"])
    assert not refusal(proved.client("sts").assume_role, **named)


@pytest.mark.parametrize(("serial", "code"), [("own", "000000"), ("other", "right"), ("own", "")])
def test_a_wrong_factor_is_none(factor: tuple[Person, str, bytes], serial: str, code: str) -> None:
    ana, own, seed = factor
    shown = code_now(seed) if code == "right" else code
    if shown == code_now(seed) and code != "right":
        shown = "999999"
    asked = {"SerialNumber": own if serial == "own" else own + "x", **({"TokenCode": shown} if shown else {})}
    code, message = said(ana.client("sts").get_session_token, **asked)
    assert (code, message.startswith("MultiFactorAuthentication failed")) == ("AccessDenied", True)


def test_a_device_is_enabled_by_what_it_shows(lab: RunningLab) -> None:
    """IAM API reference, EnableMFADevice: two codes, one after the other; InvalidAuthenticationCode."""
    iam, ana = lab.client("iam"), user(lab)
    device = iam.create_virtual_mfa_device(VirtualMFADeviceName=ana.name)["VirtualMFADevice"]
    seed, whose = device["Base32StringSeed"], {"UserName": ana.name, "SerialNumber": device["SerialNumber"]}
    now, then = code_now(seed), code_now(seed, 1)
    for first, second in ((now, now), (then, now), ("000000", "111111")):
        codes = {"AuthenticationCode1": first, "AuthenticationCode2": second}
        assert said(iam.enable_mfa_device, **whose, **codes)[0] == "InvalidAuthenticationCode"
    assert iam.list_mfa_devices(UserName=ana.name)["MFADevices"] == []


def test_transitive_tags_go_along_a_chain_of_roles(lab: RunningLab) -> None:
    """ "Chaining roles with session tags": the next role has them, and nobody can change them on the way."""
    tagging = ["sts:AssumeRole", "sts:TagSession"]

    def trusting(arn: str) -> str:
        return document({"Effect": "Allow", "Principal": {"AWS": arn}, "Action": tagging})

    ana = user(lab, allow(tagging))
    by_tag = {"StringEquals": {"aws:PrincipalTag/team": "ops"}}
    first = role(lab, trusting(ana.arn), allow(tagging))
    second = role(lab, trusting(first), allow("s3:ListAllMyBuckets", Condition=by_tag))
    tags = [{"Key": "team", "Value": "ops"}, {"Key": "step", "Value": "1"}]

    def chained(**options: Any) -> Person:
        return session(ana.client("sts"), first, lab, Tags=tags, **options)

    passing = chained(TransitiveTagKeys=["team"])
    assert not refusal(session(passing.client("sts"), second, lab).client("s3").list_buckets)
    keeping = chained()
    assert refusal(session(keeping.client("sts"), second, lab).client("s3").list_buckets)
    again = {"RoleArn": second, "RoleSessionName": "run", "Tags": [{"Key": "Team", "Value": "dev"}]}
    assert said(passing.client("sts").assume_role, **again) == (
        "InvalidParameterValue",
        "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the "
        "calling session.",
    )
    none = {"RoleArn": first, "RoleSessionName": "run", "TransitiveTagKeys": ["none"]}
    assert said(ana.client("sts").assume_role, **none)[0] == "InvalidParameterValue"


def test_a_session_s_tags_need_a_permission(lab: RunningLab) -> None:
    """ "Permissions required to add session tags": in the role's trust policy and the user's own, sts:TagSession."""
    ana = user(lab, allow("sts:*"))
    arn = role(lab, trust(AWS=ana.arn))
    named = {"RoleArn": arn, "RoleSessionName": "run"}
    assert not refusal(ana.client("sts").assume_role, **named)
    tagged = refusal(ana.client("sts").assume_role, **named, Tags=[{"Key": "a", "Value": "b"}])
    assert "sts:TagSession" in tagged
    assert "sts:SetSourceIdentity" in refusal(ana.client("sts").assume_role, **named, SourceIdentity="ana")


def test_through_which_services_a_call_comes(lab: RunningLab) -> None:
    """aws:CalledVia, First and Last, and aws:ViaAWSService: "forward access sessions"."""
    queue, stack = unique("via"), unique("via")
    through = {"ForAnyValue:StringEquals": {"aws:CalledVia": ["cloudformation.amazonaws.com"]}}
    first = {"StringEquals": {"aws:CalledViaFirst": "cloudformation.amazonaws.com"}}
    by_service = {"Bool": {"aws:ViaAWSService": "true"}}
    ana = user(
        lab,
        allow("cloudformation:*"),
        allow("sqs:*", Condition=through),
        allow("sns:*", Condition={**first, **by_service}),
    )
    assert refusal(ana.client("sqs").create_queue, QueueName=queue)
    template = {
        "Resources": {
            "Q": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": queue}},
            "T": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": queue}},
        }
    }
    cloudformation = ana.client("cloudformation")
    cloudformation.create_stack(StackName=stack, TemplateBody=json.dumps(template))
    cloudformation.get_waiter("stack_create_complete").wait(StackName=stack, WaiterConfig={"Delay": 1})
    assert lab.client("sqs").get_queue_url(QueueName=queue)
    denied = user(lab, allow("cloudformation:*"), allow("sqs:*"), deny("sqs:*", Condition=by_service))
    assert not refusal(denied.client("sqs").list_queues)


@pytest.fixture(scope="module")
def scores(lab: RunningLab) -> str:
    dynamodb = lab.client("dynamodb")
    dynamodb.create_table(
        TableName=TABLE,
        KeySchema=[{"AttributeName": "who", "KeyType": "HASH"}, {"AttributeName": "game", "KeyType": "RANGE"}],
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("who", "game")],
        BillingMode="PAY_PER_REQUEST",
    )
    for who in ("ana", "bo"):
        dynamodb.put_item(TableName=TABLE, Item={**item(who), "points": {"N": "1"}, "secret": {"S": "x"}})
    return TABLE


def item(who: str) -> dict[str, Any]:
    return {"who": {"S": who}, "game": {"S": "chess"}}


#: Whom a call is about, and the call: "Using IAM policy conditions for fine-grained access control".
BY_ITEM: dict[str, Any] = {
    "GetItem": lambda db, who: db.get_item(TableName=TABLE, Key=item(who)),
    "PutItem": lambda db, who: db.put_item(TableName=TABLE, Item=item(who)),
    "UpdateItem": lambda db, who: db.update_item(
        TableName=TABLE,
        Key=item(who),
        UpdateExpression="SET points = :p",
        ExpressionAttributeValues={":p": {"N": "2"}},
    ),
    "Query": lambda db, who: db.query(
        TableName=TABLE,
        KeyConditionExpression="#w = :w AND begins_with(game, :g)",
        ExpressionAttributeNames={"#w": "who"},
        ExpressionAttributeValues={":w": {"S": who}, ":g": {"S": "c"}},
    ),
    "Query (KeyConditions)": lambda db, who: db.query(
        TableName=TABLE,
        KeyConditions={"who": {"AttributeValueList": [{"S": who}], "ComparisonOperator": "EQ"}},
    ),
    "BatchGetItem": lambda db, who: db.batch_get_item(
        RequestItems={TABLE: {"Keys": [item("ana")] if who == "ana" else [item("ana"), item(who)]}}
    ),
    "BatchWriteItem": lambda db, who: db.batch_write_item(RequestItems={TABLE: [{"PutRequest": {"Item": item(who)}}]}),
    "TransactWriteItems": lambda db, who: db.transact_write_items(
        TransactItems=[{"Put": {"TableName": TABLE, "Item": item(who)}}]
    ),
    "TransactGetItems": lambda db, who: db.transact_get_items(
        TransactItems=[{"Get": {"TableName": TABLE, "Key": item(who)}}]
    ),
    "ExecuteStatement": lambda db, who: db.execute_statement(
        Statement=f"SELECT * FROM \"{TABLE}\" WHERE who = ? AND game = 'chess'", Parameters=[{"S": who}]
    ),
    "ExecuteStatement (update)": lambda db, who: db.execute_statement(
        Statement=f"UPDATE \"{TABLE}\" SET points = 3 WHERE who = '{who}' AND game = 'chess'"
    ),
}


@pytest.fixture(scope="module")
def player(lab: RunningLab, scores: str) -> Any:
    own = {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["ana"]}, "Null": {"dynamodb:LeadingKeys": "false"}}
    return user(lab, allow("dynamodb:*", Condition=own)).client("dynamodb")


@pytest.mark.parametrize("call", BY_ITEM)
def test_items_by_their_partition_key(player: Any, call: str) -> None:
    work = BY_ITEM[call]
    assert not refusal(work, player, "ana")
    assert refusal(work, player, "bo")


def test_what_means_no_key_means_none(player: Any) -> None:
    assert refusal(player.scan, TableName=TABLE)
    assert refusal(player.execute_statement, Statement=f'SELECT * FROM "{TABLE}"')
    assert refusal(player.execute_statement, Statement=f"SELECT * FROM \"{TABLE}\" WHERE who IN ['ana', 'bo']")


def test_a_full_scan_by_a_statement(lab: RunningLab, scores: str) -> None:
    """ "IAM security policies with PartiQL for DynamoDB": dynamodb:FullTableScan."""
    scanning = {"Bool": {"dynamodb:FullTableScan": "true"}}
    db = user(lab, allow("dynamodb:*"), deny("dynamodb:PartiQLSelect", Condition=scanning)).client("dynamodb")
    assert refusal(db.execute_statement, Statement=f'SELECT * FROM "{TABLE}"')
    assert not refusal(db.execute_statement, Statement=f"SELECT * FROM \"{TABLE}\" WHERE who = 'ana'")


ATTRIBUTES: list[tuple[dict[str, Any], bool]] = [
    ({"ProjectionExpression": "who, points"}, True),
    ({"ProjectionExpression": "who, #p", "ExpressionAttributeNames": {"#p": "points"}}, True),
    ({"ProjectionExpression": "who, #p", "ExpressionAttributeNames": {"#p": "secret"}}, False),
    ({"AttributesToGet": ["points"]}, True),
    ({"AttributesToGet": ["points", "secret"]}, False),
]


@pytest.mark.parametrize(("asked", "may"), ATTRIBUTES)
def test_attributes_by_their_names(lab: RunningLab, scores: str, asked: dict[str, Any], may: bool) -> None:
    """dynamodb:Attributes with dynamodb:Select, as that guide's examples have them together."""
    shown = {"ForAllValues:StringEquals": {"dynamodb:Attributes": ["who", "game", "points"]}}
    db = user(lab, allow("dynamodb:GetItem", Condition=shown)).client("dynamodb")
    assert bool(refusal(db.get_item, TableName=TABLE, Key=item("ana"), **asked)) is not may


def test_attributes_of_conditions_count(lab: RunningLab, scores: str) -> None:
    shown = {"ForAllValues:StringEquals": {"dynamodb:Attributes": ["who", "game", "points"]}}
    db = user(lab, allow(["dynamodb:PutItem", "dynamodb:UpdateItem"], Condition=shown)).client("dynamodb")
    hidden = {"ExpressionAttributeValues": {":x": {"S": "x"}}}
    key = {"TableName": TABLE, "Key": item("ana")}
    assert refusal(
        db.update_item, **key, UpdateExpression="SET points = :x", ConditionExpression="secret = :x", **hidden
    )
    assert refusal(db.update_item, **key, UpdateExpression="SET secret = :x", **hidden)
    assert refusal(db.put_item, TableName=TABLE, Item={**item("ana"), "secret": {"S": "y"}})
    assert not refusal(db.update_item, **key, UpdateExpression="SET points = :x", **hidden)


def test_how_a_request_to_s3_is_signed(lab: RunningLab) -> None:
    """ "Amazon S3 Signature Version 4 Authentication Specific Policy Keys" (S3 API reference)."""
    s3, bucket = lab.client("s3"), unique("signed")
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    in_header = {"StringEquals": {"s3:authType": "REST-HEADER", "s3:signatureversion": "AWS4-HMAC-SHA256"}}
    fresh = {"NumericLessThan": {"s3:signatureAge": "600000"}}
    header_only = user(lab, allow("s3:GetObject", Condition=in_header))
    for_minutes = user(lab, allow("s3:GetObject", Condition=fresh))
    wanted = {"Bucket": bucket, "Key": "k"}
    assert not refusal(header_only.client("s3").get_object, **wanted)
    url = header_only.client("s3", config=Config(signature_version="s3v4")).generate_presigned_url("get_object", wanted)
    assert send(lab, "GET", path_of(url)).code == "AccessDenied"
    url = for_minutes.client("s3", config=Config(signature_version="s3v4")).generate_presigned_url("get_object", wanted)
    assert send(lab, "GET", path_of(url)).status == 200
    older = user(lab, allow("s3:GetObject", Condition={"NumericGreaterThan": {"s3:signatureAge": "600000"}}))
    assert refusal(older.client("s3").get_object, **wanted)


def test_listings_by_what_they_ask_for(lab: RunningLab) -> None:
    """s3:prefix, s3:delimiter and s3:max-keys ("Bucket policy examples using condition keys", S3 user guide)."""
    s3, bucket = lab.client("s3"), unique("listings")
    s3.create_bucket(Bucket=bucket)
    narrow = {
        "StringEquals": {"s3:prefix": ["", "home/"], "s3:delimiter": "/"},
        "NumericLessThanEquals": {"s3:max-keys": "10"},
    }
    ana = user(lab, allow("s3:ListBucket", Condition=narrow)).client("s3")
    right = {"Bucket": bucket, "Prefix": "home/", "Delimiter": "/", "MaxKeys": 10}
    for operation in (ana.list_objects_v2, ana.list_objects):
        assert not refusal(operation, **right)
        for wrong in ({"Prefix": "etc/"}, {"Delimiter": "-"}, {"MaxKeys": 11}):
            assert refusal(operation, **{**right, **wrong})
        assert refusal(operation, Bucket=bucket)


def test_a_key_policy_must_let_its_author_change_it(lab: RunningLab) -> None:
    """KMS API reference, CreateKey and PutKeyPolicy: BypassPolicyLockoutSafetyCheck."""
    kms = lab.client("kms")

    def giving(who: str, *actions: str, **elements: Any) -> str:
        statement = {"Effect": "Allow", "Principal": {"AWS": who}, "Action": list(actions), "Resource": "*"}
        return document({**statement, **elements})

    bo = user(lab)
    shut = "The new key policy will not allow you to update the key policy in the future."
    refused = ("MalformedPolicyDocumentException", shut)
    assert said(kms.create_key, Policy=giving(bo.arn, "kms:*")) == refused
    own = f"arn:aws:iam::{ACCOUNT}:user/lab-admin"
    assert said(kms.create_key, Policy=giving(own, "kms:Encrypt", "kms:Get*")) == refused
    key = kms.create_key(Policy=giving(own, "kms:*"))["KeyMetadata"]["KeyId"]
    for policy in (giving(bo.arn, "kms:*"), giving(own, "kms:PutKeyPolicy", Effect="Deny")):
        assert said(kms.put_key_policy, KeyId=key, Policy=policy) == refused
    kms.put_key_policy(KeyId=key, Policy=giving(f"arn:aws:iam::{ACCOUNT}:root", "kms:*"))
    kms.put_key_policy(KeyId=key, Policy=giving(bo.arn, "kms:*"), BypassPolicyLockoutSafetyCheck=True)
    assert refusal(kms.get_key_policy, KeyId=key)


def test_a_bus_lets_in_other_accounts(new_lab: Any) -> None:
    """ "Sending and receiving events between AWS accounts" (EventBridge user guide): PutPermission, and no more."""
    lab = new_lab()
    organizations, events, sqs = lab.client("organizations"), lab.client("events"), lab.client("sqs")
    organizations.create_organization(FeatureSet="ALL")
    made = organizations.create_account(AccountName="sender", Email="sender@example.com")["CreateAccountStatus"]
    role_arn = f"arn:aws:iam::{made['AccountId']}:role/OrganizationAccountAccessRole"
    sender = session(lab.client("sts"), role_arn, lab).client("events")
    bus = events.create_event_bus(Name="shared")["EventBusArn"]
    url = sqs.create_queue(QueueName="arrived")["QueueUrl"]
    queue = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    to_queue = {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sqs:SendMessage"}
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": document({**to_queue, "Resource": queue})})
    pattern = json.dumps({"account": [made["AccountId"]]})
    events.put_rule(Name="all", EventBusName="shared", EventPattern=pattern)
    events.put_targets(Rule="all", EventBusName="shared", Targets=[{"Id": "q", "Arn": queue}])
    entry = {"Source": "app", "DetailType": "done", "Detail": "{}", "EventBusName": bus}
    assert "events:PutEvents" in refusal(sender.put_events, Entries=[entry])
    allowed = {"StatementId": "in", "Action": "events:PutEvents", "Principal": made["AccountId"]}
    events.put_permission(EventBusName="shared", **allowed)
    assert sender.put_events(Entries=[entry])["FailedEntryCount"] == 0
    [message] = eventually(lambda: sqs.receive_message(QueueUrl=url).get("Messages"))
    assert json.loads(message["Body"])["account"] == made["AccountId"], "an event is of who sends it"
    events.remove_permission(EventBusName="shared", StatementId="in")
    assert refusal(sender.put_events, Entries=[entry])
    whom = {"Effect": "Allow", "Principal": "*", "Action": "events:PutEvents", "Resource": bus, "Sid": "named"}
    by_role = {"StringEquals": {"aws:PrincipalArn": role_arn}}
    events.put_permission(EventBusName="shared", Policy=document({**whom, "Condition": by_role}))
    assert not refusal(sender.put_events, Entries=[entry])
