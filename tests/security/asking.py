"""The calls of the table of decisions: what is called, and what the policy simulator is asked of it.

Action, resources and condition keys are from the service authorization reference, by hand: so they do not come from
the code that is tested.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.security.people import ACCOUNT

REGION = "us-east-1"
BUCKET, QUEUE, TOPIC, TABLE, STREAM, SECRET = "lake", "jobs", "news", "flights", "departures", "password"
FUNCTION, DATABASE, PARAMETER, LOG_GROUP, TARGET = "work", "ops", "/lake/level", "/lake/app", "target"
KEY_ID = "11111111-2222-3333-4444-555555555555"


@dataclass(frozen=True)
class Call:
    """A call, and the same as the simulator is asked for it."""

    service: str
    operation: str
    parameters: dict[str, Any]
    action: str
    resources: tuple[str, ...] = ("*",)
    keys: dict[str, str | list[str]] = field(default_factory=dict)
    region: str = REGION


Options = dict[str, str]
_Maker = Callable[[str, Options], Call]


def call(text: str) -> Call:
    """The call of a line: ``put home/x sse=aws:kms`` is of the verb "put", to "home/x", with one option."""
    verb, *words = text.split()
    options = dict(word.split("=", 1) for word in words if "=" in word)
    argument = next((word for word in words if "=" not in word), "")
    region = options.pop("region", REGION)
    made = _VERBS[verb](argument, options)
    assert not options, f"{text}: nobody knows {', '.join(options)}"
    return made if region == REGION else Call(**{**vars(made), "region": region})


def arn(service: str, rest: str) -> str:
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{rest}"


def _plain(service: str, operation: str, action: str, *resources: str, **parameters: Any) -> _Maker:
    """A call that is always the same."""
    return lambda argument, options: Call(service, operation, parameters, action, resources or ("*",))


def _of_object(operation: str, action: str) -> _Maker:
    def make(key: str, options: Options) -> Call:
        parameters: dict[str, Any] = {"Bucket": BUCKET, "Key": key}
        keys: dict[str, str | list[str]] = {}
        for option, (member, name) in _PUT_OPTIONS.items():
            if option in options:
                parameters[member] = keys[name] = options.pop(option)
        if operation == "put_object":
            parameters["Body"] = b"1"
        if operation == "put_object_tagging":
            tags = dict(options)
            options.clear()
            parameters["Tagging"] = {"TagSet": [{"Key": name, "Value": value} for name, value in tags.items()]}
            keys |= {"s3:RequestObjectTagKeys": list(tags)}
            keys |= {f"s3:RequestObjectTag/{name}": value for name, value in tags.items()}
        return Call("s3", operation, parameters, action, (f"arn:aws:s3:::{BUCKET}/{key}",), keys)

    return make


_PUT_OPTIONS = {
    "sse": ("ServerSideEncryption", "s3:x-amz-server-side-encryption"),
    "class": ("StorageClass", "s3:x-amz-storage-class"),
    "acl": ("ACL", "s3:x-amz-acl"),
}


def _list(prefix: str, options: Options) -> Call:
    parameters: dict[str, Any] = {"Bucket": BUCKET}
    keys: dict[str, str | list[str]] = {}
    if prefix:
        parameters["Prefix"] = keys["s3:prefix"] = prefix
    if delimiter := options.pop("delimiter", ""):
        parameters["Delimiter"] = keys["s3:delimiter"] = delimiter
    if most := options.pop("max-keys", ""):
        parameters["MaxKeys"], keys["s3:max-keys"] = int(most), most
    return Call("s3", "list_objects_v2", parameters, "s3:ListBucket", (f"arn:aws:s3:::{BUCKET}",), keys)


def _of_bucket(operation: str, action: str) -> _Maker:
    return _plain("s3", operation, action, f"arn:aws:s3:::{BUCKET}", Bucket=BUCKET)


def _create_queue(name: str, options: Options) -> Call:
    tags = dict(options)
    options.clear()
    keys: dict[str, str | list[str]] = {f"aws:RequestTag/{key}": value for key, value in tags.items()}
    if tags:
        keys["aws:TagKeys"] = list(tags)
    parameters: dict[str, Any] = {"QueueName": name, **({"tags": tags} if tags else {})}
    return Call("sqs", "create_queue", parameters, "sqs:CreateQueue", (arn("sqs", name),), keys)


def _subscribe(protocol: str, options: Options) -> Call:
    endpoint = options.pop("to")
    parameters = {"TopicArn": arn("sns", TOPIC), "Protocol": protocol, "Endpoint": endpoint}
    keys: dict[str, str | list[str]] = {"sns:Protocol": protocol, "sns:Endpoint": endpoint}
    return Call("sns", "subscribe", parameters, "sns:Subscribe", (arn("sns", TOPIC),), keys)


def _of_key(operation: str, action: str, **more: Any) -> _Maker:
    def make(argument: str, options: Options) -> Call:
        keys: dict[str, str | list[str]] = {"kms:CallerAccount": ACCOUNT}
        parameters = {"KeyId": KEY_ID, **more}
        if options:
            parameters["EncryptionContext"] = dict(options)
            keys |= {f"kms:EncryptionContext:{name}": value for name, value in options.items()}
            keys["kms:EncryptionContextKeys"] = list(options)
            options.clear()
        return Call("kms", operation, parameters, action, (arn("kms", f"key/{KEY_ID}"),), keys)

    return make


def _secret(argument: str, options: Options) -> Call:
    parameters, keys = {"SecretId": SECRET}, {"secretsmanager:SecretId": SECRET}
    if stage := options.pop("stage", ""):
        parameters["VersionStage"] = keys["secretsmanager:VersionStage"] = stage
    resource = arn("secretsmanager", f"secret:{SECRET}-??????")
    return Call(
        "secretsmanager", "get_secret_value", parameters, "secretsmanager:GetSecretValue", (resource,), {**keys}
    )


def _table(operation: str, action: str, **more: Any) -> _Maker:
    return _plain("dynamodb", operation, action, arn("dynamodb", f"table/{TABLE}"), TableName=TABLE, **more)


def _parameter(name: str, options: Options) -> Call:
    resource = arn("ssm", f"parameter{name}")
    return Call("ssm", "get_parameter", {"Name": name}, "ssm:GetParameter", (resource,))


def _attach(policy: str, options: Options) -> Call:
    given = f"arn:aws:iam::aws:policy/{policy}"
    parameters = {"UserName": TARGET, "PolicyArn": given}
    resource = f"arn:aws:iam::{ACCOUNT}:user/{TARGET}"
    return Call("iam", "attach_user_policy", parameters, "iam:AttachUserPolicy", (resource,), {"iam:PolicyARN": given})


def _user(name: str, options: Options) -> Call:
    return Call("iam", "get_user", {"UserName": name}, "iam:GetUser", (f"arn:aws:iam::{ACCOUNT}:user/{name}",))


def _pass_role(name: str, options: Options) -> Call:
    role = f"arn:aws:iam::{ACCOUNT}:role/{name}"
    parameters = {"Name": "nightly", "ScheduleExpression": "rate(1 day)", "RoleArn": role}
    return Call(
        "events", "put_rule", parameters, "iam:PassRole", (role,), {"iam:PassedToService": "events.amazonaws.com"}
    )


def _assume(name: str, options: Options) -> Call:
    role = f"arn:aws:iam::{ACCOUNT}:role/{name}"
    parameters: dict[str, Any] = {"RoleArn": role, "RoleSessionName": options.pop("name", "run-1")}
    keys: dict[str, str | list[str]] = {"sts:RoleSessionName": parameters["RoleSessionName"]}
    if external := options.pop("id", ""):
        parameters["ExternalId"] = keys["sts:ExternalId"] = external
    if source := options.pop("source", ""):
        parameters["SourceIdentity"] = keys["sts:SourceIdentity"] = source
    if seconds := options.pop("seconds", ""):
        parameters["DurationSeconds"], keys["sts:DurationSeconds"] = int(seconds), seconds
    return Call("sts", "assume_role", parameters, "sts:AssumeRole", (role,), keys)


def _function(argument: str, options: Options) -> Call:
    return Call(
        "lambda",
        "get_function",
        {"FunctionName": FUNCTION},
        "lambda:GetFunction",
        (arn("lambda", f"function:{FUNCTION}"),),
    )


_CATALOG = (arn("glue", "catalog"), arn("glue", f"database/{DATABASE}"))
_ITEM = {"Key": {"k": {"S": "1"}}}
_BUS = {"Entries": [{"Source": "lake", "DetailType": "d", "Detail": "{}"}]}

_VERBS: dict[str, _Maker] = {
    # S3
    "get": _of_object("get_object", "s3:GetObject"),
    "put": _of_object("put_object", "s3:PutObject"),
    "delete": _of_object("delete_object", "s3:DeleteObject"),
    "tag": _of_object("put_object_tagging", "s3:PutObjectTagging"),
    "list": _list,
    "list-buckets": _plain("s3", "list_buckets", "s3:ListAllMyBuckets"),
    "location": _of_bucket("get_bucket_location", "s3:GetBucketLocation"),
    "versions": _of_bucket("list_object_versions", "s3:ListBucketVersions"),
    "bucket-tags": _of_bucket("get_bucket_tagging", "s3:GetBucketTagging"),
    # SQS, SNS, Kinesis
    "send": _plain("sqs", "send_message", "sqs:SendMessage", arn("sqs", QUEUE), MessageBody="m"),
    "receive": _plain("sqs", "receive_message", "sqs:ReceiveMessage", arn("sqs", QUEUE)),
    "list-queues": _plain("sqs", "list_queues", "sqs:ListQueues"),
    "create-queue": _create_queue,
    "publish": _plain("sns", "publish", "sns:Publish", arn("sns", TOPIC), TopicArn=arn("sns", TOPIC), Message="m"),
    "subscribe": _subscribe,
    "list-topics": _plain("sns", "list_topics", "sns:ListTopics"),
    "put-record": _plain(
        "kinesis", "put_record", "kinesis:PutRecord", arn("kinesis", f"stream/{STREAM}"),
        StreamName=STREAM, Data=b"1", PartitionKey="k",
    ),
    "stream": _plain(
        "kinesis", "describe_stream_summary", "kinesis:DescribeStreamSummary", arn("kinesis", f"stream/{STREAM}"),
        StreamName=STREAM,
    ),
    # DynamoDB
    "item": _table("get_item", "dynamodb:GetItem", **_ITEM),
    "put-item": _table("put_item", "dynamodb:PutItem", Item={"k": {"S": "1"}}),
    "delete-item": _table("delete_item", "dynamodb:DeleteItem", Key={"k": {"S": "none"}}),
    "scan": _table("scan", "dynamodb:Scan"),
    "describe-table": _table("describe_table", "dynamodb:DescribeTable"),
    "list-tables": _plain("dynamodb", "list_tables", "dynamodb:ListTables"),
    "batch-get": _plain(
        "dynamodb", "batch_get_item", "dynamodb:BatchGetItem", arn("dynamodb", f"table/{TABLE}"),
        RequestItems={TABLE: {"Keys": [_ITEM["Key"]]}},
    ),
    "select": _plain(
        "dynamodb", "execute_statement", "dynamodb:PartiQLSelect", arn("dynamodb", f"table/{TABLE}"),
        Statement=f"SELECT * FROM {TABLE} WHERE k = '1'",
    ),
    # KMS and Secrets Manager
    "encrypt": _of_key("encrypt", "kms:Encrypt", Plaintext=b"x"),
    "data-key": _of_key("generate_data_key", "kms:GenerateDataKey", KeySpec="AES_256"),
    "describe-key": _of_key("describe_key", "kms:DescribeKey"),
    "list-keys": _plain("kms", "list_keys", "kms:ListKeys"),
    "secret": _secret,
    # IAM and STS
    "user": _user,
    "list-users": _plain("iam", "list_users", "iam:ListUsers"),
    "attach": _attach,
    "pass-role": _pass_role,
    "assume": _assume,
    # Others
    "function": _function,
    "list-functions": _plain("lambda", "list_functions", "lambda:ListFunctions"),
    "parameter": _parameter,
    "glue-database": _plain("glue", "get_database", "glue:GetDatabase", *_CATALOG, Name=DATABASE),
    "workgroup": _plain(
        "athena", "get_work_group", "athena:GetWorkGroup", arn("athena", "workgroup/primary"), WorkGroup="primary"
    ),
    "put-event": _plain("events", "put_events", "events:PutEvents", arn("events", "event-bus/default"), **_BUS),
    "log-events": _plain(
        "logs", "filter_log_events", "logs:FilterLogEvents", arn("logs", f"log-group:{LOG_GROUP}"),
        logGroupName=LOG_GROUP,
    ),
    "alarms": _plain("cloudwatch", "describe_alarms", "cloudwatch:DescribeAlarms"),
    "vpcs": _plain("ec2", "describe_vpcs", "ec2:DescribeVpcs"),
}  # fmt: skip
