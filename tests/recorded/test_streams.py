"""Kinesis and Firehose answer as AWS answered LocalStack's suite (test_kinesis, test_firehose).

Streams are made, and waited for, before the calls that need them; that is not recorded.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from tests.conftest import RunningLab
from tests.recorded.replay import Json, Replay, assert_agreement, refusal


def stream_of(replay: Replay, **more: Any) -> tuple[Any, str, str]:
    """A client, and a stream's name and ARN."""
    kinesis = replay.client("kinesis")
    name = replay.unique("stream")
    kinesis.create_stream(StreamName=name, **more)
    kinesis.get_waiter("stream_exists").wait(StreamName=name, WaiterConfig={"Delay": 1})
    return kinesis, name, kinesis.describe_stream(StreamName=name)["StreamDescription"]["StreamARN"]


def shards(replay: Replay) -> None:
    """A stream made without a number of shards has four (the recording tells no other call)."""
    kinesis, name, _ = stream_of(replay)
    shard = {
        "ShardId": str,
        "HashKeyRange": {"StartingHashKey": str, "EndingHashKey": str},
        "SequenceNumberRange": {"StartingSequenceNumber": str},
    }
    told = kinesis.describe_stream(StreamName=name)["StreamDescription"]["Shards"]
    replay.compare("four", told, [shard] * 4)


def records(replay: Replay) -> None:
    kinesis, name, _ = stream_of(replay, ShardCount=1)
    data = [b"", b"a" * 1000, b"test", "ünicödé 统一码 💣💻🔥".encode()]
    for each in data:
        kinesis.put_record(StreamName=name, Data=each, PartitionKey="1")
    shard = kinesis.list_shards(StreamName=name)["Shards"][0]["ShardId"]
    start = kinesis.get_shard_iterator(StreamName=name, ShardId=shard, ShardIteratorType="TRIM_HORIZON")
    found = kinesis.get_records(ShardIterator=start["ShardIterator"])["Records"]
    told = {"SequenceNumber": str, "ApproximateArrivalTimestamp": datetime, "PartitionKey": "1"}
    replay.compare("records", found, [{**told, "Data": each} for each in data])


def stream_tags(replay: Replay) -> None:
    kinesis, name, _ = stream_of(replay, ShardCount=1)
    kinesis.add_tags_to_stream(StreamName=name, Tags={"foo": "bar"})
    replay.compare("tags", kinesis.list_tags_for_stream(StreamName=name)["Tags"], [{"Key": "foo", "Value": "bar"}])


def missing_streams(replay: Replay) -> None:
    """The recording is of the wire's CBOR: it tells the type and the message of the error."""
    kinesis = replay.client("kinesis")
    account = replay.lab.facts["account_id"]
    said = f"Stream wrong-stream-name under account {account} not found."
    answer = refusal("ResourceNotFoundException", said, message=said)
    replay.call("describe", kinesis.describe_stream, {"StreamName": "wrong-stream-name"}, answer)


def consumers(replay: Replay) -> None:
    """The registration is not compared; both lists are of the consumer when it is ACTIVE."""
    kinesis, _, arn = stream_of(replay, ShardCount=1)
    own = kinesis.register_stream_consumer(StreamARN=arn, ConsumerName="consumer")["Consumer"]["ConsumerARN"]
    asked = {"StreamARN": arn, "ConsumerName": "consumer"}
    for _ in range(100):
        if kinesis.describe_stream_consumer(**asked)["ConsumerDescription"]["ConsumerStatus"] == "ACTIVE":
            break
    told = {
        "ConsumerName": "consumer",
        "ConsumerARN": own,
        "ConsumerStatus": "ACTIVE",
        "ConsumerCreationTimestamp": datetime,
    }
    replay.call("list", kinesis.list_stream_consumers, {"StreamARN": arn}, {"Consumers": [told]})
    described = {"ConsumerDescription": {**told, "StreamARN": arn}}
    replay.call("describe", kinesis.describe_stream_consumer, {"ConsumerARN": own}, described)


def subscriptions(replay: Replay) -> None:
    """The recording is of the first event that has records."""
    kinesis, name, arn = stream_of(replay, ShardCount=1)
    own = kinesis.register_stream_consumer(StreamARN=arn, ConsumerName="c1")["Consumer"]["ConsumerARN"]
    sent = [f"Hello world_{number}".encode() for number in range(5)]
    entries = [{"Data": each, "PartitionKey": "1"} for each in sent]
    kinesis.put_records(StreamName=name, Records=entries)
    shard = kinesis.list_shards(StreamName=name)["Shards"][0]["ShardId"]
    for _ in range(100):
        asked = {"StreamARN": arn, "ConsumerName": "c1"}
        if kinesis.describe_stream_consumer(**asked)["ConsumerDescription"]["ConsumerStatus"] == "ACTIVE":
            break
    start = {"Type": "TRIM_HORIZON"}
    stream = kinesis.subscribe_to_shard(ConsumerARN=own, ShardId=shard, StartingPosition=start)["EventStream"]
    told = {"SequenceNumber": str, "ApproximateArrivalTimestamp": datetime, "PartitionKey": "1"}
    for event in stream:
        if event["SubscribeToShardEvent"]["Records"]:
            answer = {
                "Records": [{**told, "Data": each} for each in sent],
                "ContinuationSequenceNumber": str,
                "MillisBehindLatest": 0,
            }
            replay.compare("event", event["SubscribeToShardEvent"], answer)
            break
    stream.close()


def stream_policies(replay: Replay) -> None:
    kinesis, _, arn = stream_of(replay, ShardCount=1)
    named = {"ResourceARN": arn}
    replay.call("none", kinesis.get_resource_policy, named, {"Policy": Json({})})
    account = {"AWS": f"arn:aws:iam::{replay.lab.facts['account_id']}:root"}
    statement = {"Effect": "Allow", "Principal": account, "Resource": arn}
    for step, actions in (("write", "kinesis:PutRecord"), ("read", ["kinesis:PutRecord", "kinesis:GetRecords"])):
        policy = {"Version": "2012-10-17", "Statement": [{"Sid": step, **statement, "Action": actions}]}
        replay.call(f"put {step}", kinesis.put_resource_policy, {**named, "Policy": json.dumps(policy)}, {})
        replay.call(f"get {step}", kinesis.get_resource_policy, named, {"Policy": Json(policy)})
    replay.call("delete", kinesis.delete_resource_policy, named, {})
    replay.call("deleted", kinesis.get_resource_policy, named, {"Policy": Json({})})


def delivery_stream_tags(replay: Replay) -> None:
    """The delivery stream is made with the first tag."""
    firehose, s3, iam = replay.client("firehose"), replay.client("s3"), replay.client("iam")
    name = replay.unique("delivery")
    s3.create_bucket(Bucket=name)
    trust = {"Effect": "Allow", "Principal": {"Service": "firehose.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)["Role"]["Arn"]
    target = {"RoleARN": role, "BucketARN": f"arn:aws:s3:::{name}"}
    first = [{"Key": "subject", "Value": "taboo"}]
    firehose.create_delivery_stream(DeliveryStreamName=name, ExtendedS3DestinationConfiguration=target, Tags=first)
    ask = {"DeliveryStreamName": name}
    listed = {"HasMoreTags": False}
    replay.call("created", firehose.list_tags_for_delivery_stream, ask, {**listed, "Tags": first})
    replay.call("untag", firehose.untag_delivery_stream, {**ask, "TagKeys": ["subject"]}, {})
    replay.call("none", firehose.list_tags_for_delivery_stream, ask, {**listed, "Tags": []})
    other = [{"Key": "feeling", "Value": "uncomfortable"}]
    replay.call("tag", firehose.tag_delivery_stream, {**ask, "Tags": other}, {})
    replay.call("tagged", firehose.list_tags_for_delivery_stream, ask, {**listed, "Tags": other})
    firehose.delete_delivery_stream(**ask)


KINESIS = [shards, records, stream_tags, missing_streams, consumers, subscriptions, stream_policies]


def test_kinesis_answers_as_aws(lab: RunningLab) -> None:
    assert_agreement(lab, KINESIS, {})


def test_firehose_answers_as_aws(lab: RunningLab) -> None:
    assert_agreement(lab, [delivery_stream_tags], {})
