"""Trails: what they are told to deliver, where, and what hinders them.

Sources: API reference, CreateTrail, UpdateTrail, GetTrailStatus, PutEventSelectors; CloudTrail user guide, "Amazon S3
bucket policy for CloudTrail", "Logging data events", "Get and view your CloudTrail log files".
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.conftest import RunningLab, eventually
from tests.engines.lambda_tools import create, queue
from tests.engines.trail_tools import ACCOUNT, SERVICE, TrailOfTest, bucket_policy
from tests.gateway.deciding import DecidingLab
from tests.gateway.wire import advance
from tests.roles import ADMINISTRATOR

TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": SERVICE, "Action": "sts:AssumeRole"}],
    }
)


@pytest.fixture(scope="module")
def later(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningLab]:
    """A lab whose clock no other test reads."""
    lab = RunningLab(tmp_path_factory.mktemp("later"))
    yield lab
    lab.stop()


def code_of(call: Callable[..., Any], **given: Any) -> str:
    with pytest.raises(ClientError) as error:
        call(**given)
    return str(error.value.response["Error"]["Code"])


def test_files_have_aws_names_and_come_within_seconds(later: RunningLab) -> None:
    """``…/AWSLogs/account/CloudTrail/region/YYYY/MM/DD/account_CloudTrail_region_YYYYMMDDTHHmmZ_<16>.json.gz``."""
    trail = TrailOfTest(later, "named", S3KeyPrefix="audit")
    later.client("iam").create_user(UserName="named")
    trail.deliver()
    key = trail.keys()[0]
    name = rf"{ACCOUNT}_CloudTrail_us-east-1_\d{{8}}T\d{{4}}Z_[A-Za-z0-9]{{16}}\.json\.gz"
    assert re.fullmatch(rf"audit/AWSLogs/{ACCOUNT}/CloudTrail/us-east-1/\d{{4}}/\d\d/\d\d/{name}", key)
    told = later.client("s3").head_object(Bucket="named", Key=key)
    assert (told["ContentType"], told["ContentEncoding"]) == ("application/json", "gzip")
    assert {"StartLogging", "CreateUser"} <= {event["eventName"] for event in trail.events()}
    status = trail.client.get_trail_status(Name="named")
    assert (status["IsLogging"], status["LatestDeliveryTime"] >= status["StartLoggingTime"]) == (True, True)
    trail.delete()
    assert trail.client.list_trails()["Trails"] == []


def test_a_bucket_has_to_let_cloudtrail_in(later: RunningLab) -> None:
    """ "Incorrect S3 bucket policy is detected": another trail's bucket does not do."""
    s3, client = later.client("s3"), later.client("cloudtrail")
    asked = {"Name": "picky", "S3BucketName": "picky"}
    assert code_of(client.create_trail, **asked) == "S3BucketDoesNotExistException"
    s3.create_bucket(Bucket="picky")
    assert code_of(client.create_trail, **asked) == "InsufficientS3BucketPolicyException"
    s3.put_bucket_policy(Bucket="picky", Policy=bucket_policy("picky", "another"))
    assert code_of(client.create_trail, **asked) == "InsufficientS3BucketPolicyException"
    s3.put_bucket_policy(Bucket="picky", Policy=bucket_policy("picky", "picky"))
    assert code_of(client.create_trail, **asked, S3KeyPrefix="elsewhere") == "InsufficientS3BucketPolicyException"
    assert code_of(client.create_trail, **asked, SnsTopicName="none") == "InsufficientSnsTopicPolicyException"
    assert code_of(client.create_trail, **asked, KmsKeyId="alias/none") == "KmsKeyNotFoundException"
    group = "InvalidCloudWatchLogsLogGroupArnException"
    role = later.client("iam").create_role(RoleName="picky", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
    later.client("iam").attach_role_policy(RoleName="picky", PolicyArn=ADMINISTRATOR)
    for arn in ("picky", f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:picky:*"):
        logged = {"CloudWatchLogsLogGroupArn": arn, "CloudWatchLogsRoleArn": role}
        assert code_of(client.create_trail, **asked, **logged) == group
    logged["CloudWatchLogsRoleArn"] += "-none"
    assert code_of(client.create_trail, **asked, **logged) == "InvalidCloudWatchLogsRoleArnException"
    assert client.list_trails()["Trails"] == []
    client.create_trail(**asked)
    assert code_of(client.create_trail, **asked) == "TrailAlreadyExistsException"
    assert code_of(client.update_trail, Name="picky", S3KeyPrefix="x") == "InsufficientS3BucketPolicyException"
    assert "S3KeyPrefix" not in client.get_trail(Name="picky")["Trail"]
    elsewhere = later.client("cloudtrail", region_name="eu-west-1")
    arn = client.get_trail(Name="picky")["Trail"]["TrailARN"]
    assert code_of(elsewhere.stop_logging, Name=arn) == "InvalidHomeRegionException"
    for call in (client.delete_trail, client.get_trail_status, client.start_logging, client.get_trail):
        assert code_of(call, Name="none") == "TrailNotFoundException"
    assert code_of(client.get_insight_selectors, TrailName="picky") == "InsightNotEnabledException"
    client.delete_trail(Name="picky")


def test_what_cannot_be_delivered_is_told_and_comes_later(later: RunningLab) -> None:
    """GetTrailStatus, LatestDeliveryError; delivery is tried again."""
    trail = TrailOfTest(later, "hindered")
    later.client("s3").delete_bucket_policy(Bucket="hindered")
    later.client("s3").delete_bucket(Bucket="hindered")
    later.client("iam").create_user(UserName="hindered")
    trail.deliver()
    assert trail.client.get_trail_status(Name="hindered")["LatestDeliveryError"] == "NoSuchBucket"
    later.client("kinesis", region_name="eu-west-1").list_streams()
    later.client("s3").create_bucket(Bucket="hindered")
    later.client("s3").put_bucket_policy(Bucket="hindered", Policy=bucket_policy("hindered", "hindered"))
    trail.client.update_trail(Name="hindered", IsMultiRegionTrail=True)
    advance(later, 600)
    assert trail.events("ListStreams")
    assert len(trail.events("CreateUser", userName="hindered")) == 1
    assert "LatestDeliveryError" not in trail.client.get_trail_status(Name="hindered")
    trail.delete()


def test_a_trail_of_all_regions_has_a_file_of_each(later: RunningLab) -> None:
    trail = TrailOfTest(later, "everywhere", IsMultiRegionTrail=True)
    alone = TrailOfTest(later, "alone", region="eu-west-1")
    later.client("kinesis", region_name="eu-west-1").list_streams()
    later.client("kinesis", region_name="ap-south-1").list_streams()
    trail.deliver()
    events = trail.events("ListStreams")
    assert sorted(event["awsRegion"] for event in events) == ["ap-south-1", "eu-west-1"]
    assert ["/CloudTrail/ap-south-1/" in key for key in sorted(trail.keys())].count(True) == 1
    assert {event["awsRegion"] for event in alone.events()} == {"eu-west-1"}
    shadows = later.client("cloudtrail", region_name="ap-south-1").describe_trails()["trailList"]
    assert [(each["Name"], each["HomeRegion"]) for each in shadows] == [("everywhere", "us-east-1")]
    trail.delete()
    alone.delete()


def test_data_events_are_delivered_to_who_asks_for_them(later: RunningLab) -> None:
    """Event selectors: S3 objects by prefix, functions and tables by their ARN."""
    trail = TrailOfTest(later, "data-events")
    s3, dynamodb = later.client("s3"), later.client("dynamodb")
    default = trail.client.get_event_selectors(TrailName="data-events")["EventSelectors"]
    assert default == [
        {
            "ReadWriteType": "All",
            "IncludeManagementEvents": True,
            "DataResources": [],
            "ExcludeManagementEventSources": [],
        }
    ]
    s3.create_bucket(Bucket="watched")
    create(later, "watched", "def handler(event, context): pass")
    key = {"AttributeName": "k", "KeyType": "HASH"}
    for table in ("watched", "unwatched"):
        dynamodb.create_table(
            TableName=table,
            KeySchema=[key],
            AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
    prefix = f"us-east-1:{ACCOUNT}"
    resources = [
        {"Type": "AWS::S3::Object", "Values": ["arn:aws:s3:::watched/private/"]},
        {"Type": "AWS::Lambda::Function", "Values": [f"arn:aws:lambda:{prefix}:function:watched"]},
        {"Type": "AWS::DynamoDB::Table", "Values": [f"arn:aws:dynamodb:{prefix}:table/watched"]},
    ]
    selector = {"ReadWriteType": "WriteOnly", "IncludeManagementEvents": False, "DataResources": resources}
    trail.client.put_event_selectors(TrailName="data-events", EventSelectors=[selector])
    assert trail.client.get_trail(Name="data-events")["Trail"]["HasCustomEventSelectors"] is True
    trail.deliver()
    trail.new_events()
    s3.put_object(Bucket="watched", Key="private/a", Body=b"abc")
    s3.put_object(Bucket="watched", Key="public/a", Body=b"abc")
    s3.get_object(Bucket="watched", Key="private/a")["Body"].read()
    later.client("lambda").invoke(FunctionName="watched")
    for table in ("watched", "unwatched"):
        dynamodb.put_item(TableName=table, Item={"k": {"S": "1"}})
    later.client("iam").create_user(UserName="unwatched")
    trail.deliver()
    new = trail.new_events()
    assert sorted(event["eventName"] for event in new) == ["Invoke", "PutItem", "PutObject"]
    assert {(event["managementEvent"], event["eventCategory"]) for event in new} == {(False, "Data")}
    (put,) = (event for event in new if event["eventName"] == "PutObject")
    assert put["requestParameters"] == {
        "bucketName": "watched",
        "Host": "watched.s3.amazonaws.com",
        "key": "private/a",
    }
    assert put["resources"] == [
        {"type": "AWS::S3::Object", "ARN": "arn:aws:s3:::watched/private/a"},
        {"accountId": ACCOUNT, "type": "AWS::S3::Bucket", "ARN": "arn:aws:s3:::watched"},
    ]
    assert put["additionalEventData"]["bytesTransferredIn"] == 3
    trail.delete()


def test_advanced_selectors_choose_by_fields(later: RunningLab) -> None:
    """API reference, AdvancedFieldSelector: all conditions of one selector, any selector."""
    trail = TrailOfTest(later, "advanced")
    s3 = later.client("s3")
    s3.create_bucket(Bucket="chosen")
    chosen: list[dict[str, Any]] = [
        {
            "Name": "deletions of chosen objects",
            "FieldSelectors": [
                {"Field": "eventCategory", "Equals": ["Data"]},
                {"Field": "resources.type", "Equals": ["AWS::S3::Object"]},
                {"Field": "resources.ARN", "StartsWith": ["arn:aws:s3:::chosen/"]},
                {"Field": "eventName", "Equals": ["DeleteObject"]},
            ],
        },
        {
            "FieldSelectors": [
                {"Field": "eventCategory", "Equals": ["Management"]},
                {"Field": "eventSource", "NotEquals": ["kms.amazonaws.com", "cloudtrail.amazonaws.com"]},
                {"Field": "readOnly", "Equals": ["false"]},
            ]
        },
    ]
    put = trail.client.put_event_selectors
    put(TrailName="advanced", AdvancedEventSelectors=chosen)
    got = trail.client.get_event_selectors(TrailName="advanced")
    assert ([each["FieldSelectors"] for each in got["AdvancedEventSelectors"]], got["EventSelectors"]) == (
        [each["FieldSelectors"] for each in chosen],
        [],
    )
    trail.deliver()
    trail.new_events()
    s3.put_object(Bucket="chosen", Key="a", Body=b"")
    s3.delete_object(Bucket="chosen", Key="a")
    later.client("kms").create_key()
    later.client("iam").list_users()
    later.client("iam").create_user(UserName="chosen")
    trail.deliver()
    assert sorted(event["eventName"] for event in trail.new_events()) == ["CreateUser", "DeleteObject"]
    wrong: list[dict[str, Any]] = [
        {"AdvancedEventSelectors": [{"FieldSelectors": [{"Field": "eventName", "Equals": ["x"]}]}]},
        {"AdvancedEventSelectors": [{"FieldSelectors": [{"Field": "eventCategory", "StartsWith": ["Data"]}]}]},
        {"EventSelectors": [{"DataResources": [{"Type": "AWS::S3::Object", "Values": ["arn:aws:lambda"]}]}]},
        {"EventSelectors": [{"DataResources": [{"Type": "AWS::SQS::Queue", "Values": ["arn:aws:sqs"]}]}]},
        {"EventSelectors": [{}] * 6},
    ]
    for given in wrong:
        assert code_of(put, TrailName="advanced", **given) == "InvalidEventSelectorsException"
    trail.delete()


def test_a_topic_and_a_log_group_are_told_too(later: RunningLab) -> None:
    """The message has s3Bucket and s3ObjectKey; the stream is called ``account_CloudTrail_region``."""
    sns, iam, logs = later.client("sns"), later.client("iam"), later.client("logs")
    topic = sns.create_topic(Name="trails")["TopicArn"]
    statement = {"Effect": "Allow", "Principal": SERVICE, "Action": "SNS:Publish", "Resource": topic}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=policy)
    url, arn = queue(later, "trails")
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})
    role = iam.create_role(RoleName="trails", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
    allowed = {"Effect": "Allow", "Action": ["logs:CreateLogStream", "logs:PutLogEvents"], "Resource": "*"}
    iam.put_role_policy(
        RoleName="trails",
        PolicyName="logs",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [allowed]}),
    )
    logs.create_log_group(logGroupName="trails")
    group = f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:trails:*"
    trail = TrailOfTest(
        later, "telling", SnsTopicName="trails", CloudWatchLogsLogGroupArn=group, CloudWatchLogsRoleArn=role
    )
    assert trail.made["SnsTopicARN"] == topic
    later.client("kinesis").list_streams()
    trail.deliver()
    messages = eventually(lambda: later.client("sqs").receive_message(QueueUrl=url).get("Messages"))
    told = json.loads(messages[0]["Body"])
    assert (told.keys(), told["s3Bucket"]) == ({"s3Bucket", "s3ObjectKey"}, "telling")
    assert set(told["s3ObjectKey"]) <= set(trail.keys())
    stream = f"{ACCOUNT}_CloudTrail_us-east-1"
    entries = logs.get_log_events(logGroupName="trails", logStreamName=stream)["events"]
    assert "ListStreams" in [json.loads(entry["message"])["eventName"] for entry in entries]
    status = trail.client.get_trail_status(Name="telling")
    assert {"LatestNotificationTime", "LatestCloudWatchLogsDeliveryTime"} <= set(status)
    trail.delete()
    sns.delete_topic(TopicArn=topic)


def test_files_are_encrypted_with_the_trails_key(later: RunningLab) -> None:
    """KmsKeyId: "the KMS key ID to use to encrypt the logs and digest files delivered by CloudTrail"."""
    kms = later.client("kms")
    key = kms.create_key()["KeyMetadata"]
    trail = TrailOfTest(later, "sealed")
    update = trail.client.update_trail
    assert code_of(update, Name="sealed", KmsKeyId=key["KeyId"]) == "InsufficientEncryptionPolicyException"
    policy = json.loads(kms.get_key_policy(KeyId=key["KeyId"], PolicyName="default")["Policy"])
    policy["Statement"].append(
        {
            "Effect": "Allow",
            "Principal": SERVICE,
            "Action": "kms:GenerateDataKey*",
            "Resource": "*",
            "Condition": {
                "StringEquals": {"aws:SourceArn": trail.arn},
                "StringLike": {"kms:EncryptionContext:aws:cloudtrail:arn": f"arn:aws:cloudtrail:*:{ACCOUNT}:trail/*"},
            },
        }
    )
    kms.put_key_policy(KeyId=key["KeyId"], PolicyName="default", Policy=json.dumps(policy))
    trail.made = update(Name="sealed", KmsKeyId=key["KeyId"])
    assert trail.made["KmsKeyId"] == key["Arn"]
    trail.deliver()
    told = later.client("s3").head_object(Bucket="sealed", Key=trail.keys()[0])
    assert (told["ServerSideEncryption"], told["SSEKMSKeyId"]) == ("aws:kms", key["Arn"])
    assert trail.events("StartLogging")
    kms.disable_key(KeyId=key["KeyId"])
    with pytest.raises(ClientError):
        trail.events("StartLogging")
    trail.delete()


def test_what_cloudtrail_may_not_do_is_not_done(tmp_path: Path) -> None:
    """Deliveries are decided on like calls, as of cloudtrail.amazonaws.com; what is refused comes when it may."""
    lab = DecidingLab(tmp_path / "lab")
    try:
        trail = TrailOfTest(lab, "refused")
        with lab.refusing("s3:PutObject"):
            trail.deliver()
            assert trail.keys() == []
            assert trail.client.get_trail_status(Name="refused")["LatestDeliveryError"] == "AccessDenied"
        advance(lab, 600)
        assert trail.events("StartLogging")
        asked = [each for each in lab.asked() if each["action"] == "s3:PutObject"]
        assert {each["caller"] for each in asked} == {"cloudtrail.amazonaws.com"}
    finally:
        lab.stop()


def test_a_killed_lab_delivers_each_event_once(new_lab: Callable[..., RunningLab]) -> None:
    """Acknowledged calls are in the files, whenever the lab ended; digests go on where they were."""
    lab = new_lab()
    trail = TrailOfTest(lab, "survivor", EnableLogFileValidation=True)
    for number in range(3):
        lab.client("iam").create_user(UserName=f"survivor-{number}")
    eventually(lambda: trail.keys())
    lab.client("iam").create_user(UserName="survivor-3")
    assert lab.calls()[-1]["operation"] == "CreateUser"  # a record is written while its caller reads the answer
    lab.kill()
    lab.start()
    trail.s3, trail.client = lab.client("s3"), lab.client("cloudtrail")
    lab.client("iam").create_user(UserName="survivor-4")
    advance(lab, 3600)
    names = [event["requestParameters"]["userName"] for event in trail.events("CreateUser")]
    assert sorted(names) == [f"survivor-{number}" for number in range(5)]
    (digest,) = trail.keys("/CloudTrail-Digest/")
    assert sorted(file["s3Object"] for file in trail.read(digest)["logFiles"]) == trail.keys()


def test_years_pass_quickly_and_own_deliveries_beget_no_others(later: RunningLab) -> None:
    """A trail of all data events has CloudTrail's own deliveries too (RecursiveLogging); not without end."""
    trail = TrailOfTest(later, "patient", EnableLogFileValidation=True)
    everything = [{"Type": "AWS::S3::Object", "Values": ["arn:aws:s3"]}]
    trail.client.put_event_selectors(TrailName="patient", EventSelectors=[{"DataResources": everything}])
    advance(later, 400 * 24 * 3600)
    assert len(trail.keys()) < 5
    trail.deliver()
    own = trail.events("PutObject")
    assert own[0]["userIdentity"] == {"type": "AWSService", "invokedBy": "cloudtrail.amazonaws.com"}
    trail.client.update_trail(Name="patient", RecursiveLogging=False)
    trail.deliver()
    before = len(trail.events("PutObject"))
    trail.deliver()
    assert len(trail.events("PutObject")) == before
    trail.delete()


def test_what_a_service_does_unasked_is_a_service_event(later: RunningLab) -> None:
    """KMS developer guide, "RotateKey" and "DeleteKey" among the examples of log entries: AWS Internal did it."""
    kms = later.client("kms")
    rotated, deleted = (kms.create_key()["KeyMetadata"] for _ in range(2))
    kms.enable_key_rotation(KeyId=rotated["KeyId"], RotationPeriodInDays=90)
    kms.schedule_key_deletion(KeyId=deleted["KeyId"], PendingWindowInDays=7)
    trail = TrailOfTest(later, "unasked")
    advance(later, 91 * 24 * 3600)
    trail.deliver()
    for name, key in (("RotateKey", rotated), ("DeleteKey", deleted)):
        (event,) = (each for each in trail.events(name) if each["resources"][0]["ARN"] == key["Arn"])
        assert event["userIdentity"] == {"accountId": ACCOUNT, "invokedBy": "AWS Internal"}
        assert (event["eventType"], event["sourceIPAddress"]) == ("AwsServiceEvent", "AWS Internal")
        assert (event["requestParameters"], event["managementEvent"], "requestID" in event) == (None, True, False)
        assert event["resources"] == [{"accountId": ACCOUNT, "type": "AWS::KMS::Key", "ARN": key["Arn"]}]
    trail.delete()


def test_tags_are_of_trails_that_there_are(later: RunningLab) -> None:
    trail = TrailOfTest(later, "tagged", TagsList=[{"Key": "team", "Value": "data"}])
    trail.client.add_tags(ResourceId=trail.arn, TagsList=[{"Key": "cost", "Value": "1"}])
    trail.client.remove_tags(ResourceId=trail.arn, TagsList=[{"Key": "team"}])
    (listed,) = trail.client.list_tags(ResourceIdList=[trail.arn])["ResourceTagList"]
    assert listed["TagsList"] == [{"Key": "cost", "Value": "1"}]
    trail.delete()
    assert code_of(trail.client.list_tags, ResourceIdList=[trail.arn]) == "ResourceNotFoundException"
