"""How stacks change buckets, tables, streams and log groups.

Source: CloudFormation template reference, AWS::S3::Bucket, AWS::DynamoDB::Table, AWS::Kinesis::Stream and
AWS::Logs::LogGroup.
"""

from __future__ import annotations

from typing import Any

from localaws.engines.cloudformation.changes_buckets import BUCKETS
from localaws.engines.cloudformation.updates import Changes, Target, setting, tag_list, tagging, tags_of


def _versioning(bucket: Target) -> None:
    status = bucket.new.get("VersioningConfiguration", {}).get("Status", "Suspended")
    bucket.api("PutBucketVersioning", Bucket=bucket.id, VersioningConfiguration={"Status": status})


def _bucket_tags(bucket: Target) -> None:
    tags = tag_list(tags_of(bucket.new))
    if tags:
        bucket.api("PutBucketTagging", Bucket=bucket.id, Tagging={"TagSet": tags})
    else:
        bucket.api("DeleteBucketTagging", Bucket=bucket.id)


def _encryption(bucket: Target) -> None:
    wanted = bucket.new.get("BucketEncryption")
    if not wanted:
        bucket.api("DeleteBucketEncryption", Bucket=bucket.id)
        return
    rules = []
    for rule in wanted["ServerSideEncryptionConfiguration"]:
        given = {name: rule.get(name) for name in ("BucketKeyEnabled", "BlockedEncryptionTypes")}
        default = rule.get("ServerSideEncryptionByDefault")
        rules.append(_without_none(ApplyServerSideEncryptionByDefault=default, **given))
    bucket.api("PutBucketEncryption", Bucket=bucket.id, ServerSideEncryptionConfiguration={"Rules": rules})


def _lifecycle(bucket: Target) -> None:
    rules = bucket.new.get("LifecycleConfiguration", {}).get("Rules")
    if not rules:
        bucket.api("DeleteBucketLifecycle", Bucket=bucket.id)
        return
    configuration = {"Rules": [_lifecycle_rule(rule) for rule in rules]}
    bucket.api("PutBucketLifecycleConfiguration", Bucket=bucket.id, LifecycleConfiguration=configuration)


def _lifecycle_rule(rule: dict[str, Any]) -> dict[str, Any]:
    """A rule in the words of S3's API, which are others than the template's."""
    parts = [{"Tag": tag} for tag in rule.get("TagFilters", [])]
    if "Prefix" in rule:
        parts.insert(0, {"Prefix": rule["Prefix"]})
    both = {"Tags": rule.get("TagFilters", []), **({"Prefix": rule["Prefix"]} if "Prefix" in rule else {})}
    expiration = _without_none(
        Days=rule.get("ExpirationInDays"),
        Date=rule.get("ExpirationDate"),
        ExpiredObjectDeleteMarker=rule.get("ExpiredObjectDeleteMarker"),
    )
    old = rule.get("NoncurrentVersionExpirationInDays")
    transitions = [
        _without_none(
            Days=each.get("TransitionInDays"), Date=each.get("TransitionDate"), StorageClass=each["StorageClass"]
        )
        for each in [*rule.get("Transitions", []), *([rule["Transition"]] if "Transition" in rule else [])]
    ]
    of_old = [
        _without_none(
            NoncurrentDays=each.get("TransitionInDays"),
            NewerNoncurrentVersions=each.get("NewerNoncurrentVersions"),
            StorageClass=each["StorageClass"],
        )
        for each in rule.get("NoncurrentVersionTransitions", [])
    ]
    return _without_none(
        ID=rule.get("Id"),
        Status=rule["Status"],
        Filter={"And": both} if len(parts) > 1 else parts[0] if parts else {"Prefix": ""},
        Expiration=expiration or None,
        Transitions=transitions or None,
        NoncurrentVersionExpiration={"NoncurrentDays": old} if old else rule.get("NoncurrentVersionExpiration"),
        NoncurrentVersionTransitions=of_old or None,
        AbortIncompleteMultipartUpload=rule.get("AbortIncompleteMultipartUpload"),
    )


def _notifications(bucket: Target) -> None:
    wanted = bucket.new.get("NotificationConfiguration", {})
    kinds = (
        ("QueueConfigurations", "QueueConfigurations", "Queue", "QueueArn"),
        ("TopicConfigurations", "TopicConfigurations", "Topic", "TopicArn"),
        ("LambdaConfigurations", "LambdaFunctionConfigurations", "Function", "LambdaFunctionArn"),
    )
    configuration: dict[str, Any] = {}
    for section, of_api, name, arn in kinds:
        configuration[of_api] = [
            _without_none(
                **{arn: each[name]},
                Events=[each["Event"]],
                Filter={"Key": {"FilterRules": each["Filter"]["S3Key"]["Rules"]}} if "Filter" in each else None,
            )
            for each in wanted.get(section, [])
        ]
    if str(wanted.get("EventBridgeConfiguration", {}).get("EventBridgeEnabled", "true")).lower() == "true":
        configuration |= {"EventBridgeConfiguration": {}} if "EventBridgeConfiguration" in wanted else {}
    bucket.api("PutBucketNotificationConfiguration", Bucket=bucket.id, NotificationConfiguration=configuration)


def _stream_of_table(table: Target) -> None:
    """A stream of another view is another stream."""
    if table.former.get("StreamSpecification"):
        table.api("UpdateTable", TableName=table.id, StreamSpecification={"StreamEnabled": False})
    wanted = table.new.get("StreamSpecification")
    if wanted:
        stream = {"StreamEnabled": True, "StreamViewType": wanted["StreamViewType"]}
        table.api("UpdateTable", TableName=table.id, StreamSpecification=stream)


def _throughput(table: Target) -> None:
    mode = table.new.get("BillingMode", "PROVISIONED")
    throughput = table.new.get("ProvisionedThroughput") if mode == "PROVISIONED" else None
    table.api("UpdateTable", TableName=table.id, BillingMode=mode, ProvisionedThroughput=throughput)


def _time_to_live(table: Target) -> None:
    former, new = (each.get("TimeToLiveSpecification") for each in (table.former, table.new))
    if former and str(former.get("Enabled")).lower() == "true":
        off = {"AttributeName": former["AttributeName"], "Enabled": False}
        table.api("UpdateTimeToLive", TableName=table.id, TimeToLiveSpecification=off)
    if new and str(new.get("Enabled")).lower() == "true":
        table.api("UpdateTimeToLive", TableName=table.id, TimeToLiveSpecification=new)


def _recovery(table: Target) -> None:
    wanted = table.new.get("PointInTimeRecoverySpecification", {})
    enabled = {"PointInTimeRecoveryEnabled": wanted.get("PointInTimeRecoveryEnabled", False)}
    table.api("UpdateContinuousBackups", TableName=table.id, PointInTimeRecoverySpecification=enabled)


def _protection(table: Target) -> None:
    protected = table.new.get("DeletionProtectionEnabled", False)
    table.api("UpdateTable", TableName=table.id, DeletionProtectionEnabled=protected)


def _table_arn(table: Target) -> str:
    arn: str = table.api("DescribeTable", TableName=table.id)["Table"]["TableArn"]
    return arn


def _settle(stream: Target) -> None:
    """A stream takes one change at a time, and none while it is being made."""
    stream.api.wait("stream_exists", StreamName=stream.id)


def _shards(stream: Target) -> None:
    count = stream.new.get("ShardCount")
    if count is not None:
        _settle(stream)
        stream.api("UpdateShardCount", StreamName=stream.id, TargetShardCount=count, ScalingType="UNIFORM_SCALING")
        _settle(stream)


def _mode(stream: Target) -> None:
    _settle(stream)
    arn = stream.api("DescribeStreamSummary", StreamName=stream.id)["StreamDescriptionSummary"]["StreamARN"]
    mode = stream.new.get("StreamModeDetails", {"StreamMode": "PROVISIONED"})
    stream.api("UpdateStreamMode", StreamARN=arn, StreamModeDetails=mode)
    _settle(stream)


def _retention_of_stream(stream: Target) -> None:
    former, new = (int(each.get("RetentionPeriodHours", 24)) for each in (stream.former, stream.new))
    operation = "IncreaseStreamRetentionPeriod" if new > former else "DecreaseStreamRetentionPeriod"
    if new != former:
        _settle(stream)
        stream.api(operation, StreamName=stream.id, RetentionPeriodHours=new)


def _stream_encryption(stream: Target) -> None:
    for operation, wanted in (
        ("StopStreamEncryption", stream.former.get("StreamEncryption")),
        ("StartStreamEncryption", stream.new.get("StreamEncryption")),
    ):
        if wanted:
            _settle(stream)
            stream.api(operation, StreamName=stream.id, **wanted)


def _retention_of_logs(group: Target) -> None:
    days = group.new.get("RetentionInDays")
    if days is None:
        group.api("DeleteRetentionPolicy", logGroupName=group.id)
    else:
        group.api("PutRetentionPolicy", logGroupName=group.id, retentionInDays=days)


def _without_none(**members: Any) -> dict[str, Any]:
    return {name: each for name, each in members.items() if each is not None}


_log_tags = tagging("TagLogGroup", "UntagLogGroup", "logGroupName", "tags", "tags", listed=False)
STORAGE = {
    "AWS::S3::Bucket": Changes(
        "s3",
        [
            (["VersioningConfiguration"], _versioning),
            (["Tags"], _bucket_tags),
            (["BucketEncryption"], _encryption),
            (
                ["PublicAccessBlockConfiguration"],
                setting("PublicAccessBlockConfiguration", "PutPublicAccessBlock", "DeletePublicAccessBlock", "Bucket"),
            ),
            (["LifecycleConfiguration"], _lifecycle),
            (["NotificationConfiguration"], _notifications),
            *BUCKETS,
        ],
        replaced=frozenset({"BucketName"}),
    ),
    "AWS::DynamoDB::Table": Changes(
        "dynamodb",
        [
            (["BillingMode", "ProvisionedThroughput"], _throughput),
            (["StreamSpecification"], _stream_of_table),
            (["TimeToLiveSpecification"], _time_to_live),
            (["PointInTimeRecoverySpecification"], _recovery),
            (["DeletionProtectionEnabled"], _protection),
            (["Tags"], tagging("TagResource", "UntagResource", "ResourceArn", of=_table_arn)),
        ],
        replaced=frozenset({"TableName", "KeySchema"}),
    ),
    "AWS::Kinesis::Stream": Changes(
        "kinesis",
        [
            (["StreamModeDetails"], _mode),
            (["ShardCount"], _shards),
            (["RetentionPeriodHours"], _retention_of_stream),
            (["StreamEncryption"], _stream_encryption),
            (["Tags"], tagging("AddTagsToStream", "RemoveTagsFromStream", "StreamName", listed=False)),
        ],
        replaced=frozenset({"Name"}),
    ),
    "AWS::Logs::LogGroup": Changes(
        "logs",
        [(["RetentionInDays"], _retention_of_logs), (["Tags"], _log_tags)],
        replaced=frozenset({"LogGroupName"}),
    ),
}
