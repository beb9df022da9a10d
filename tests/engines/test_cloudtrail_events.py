"""Events have AWS's format: names, forms of identities, what is shown and what is hidden.

Sources: CloudTrail user guide, "CloudTrail record contents for management, data, and network activity events" and
"CloudTrail userIdentity element"; the examples in the services' guides, and published logs of real accounts, of which
the names and the forms of values are quoted.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.conftest import RunningLab, eventually
from tests.engines.lambda_tools import create
from tests.engines.trail_tools import ACCOUNT, event_of
from tests.gateway.wire import send
from tests.roles import role
from tests.security.people import user

HIDDEN = "HIDDEN_DUE_TO_SECURITY_REASONS"
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}],
    }
)


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningLab]:
    """One whose records are few, for these tests read all of them again and again."""
    yield from RunningLab.in_turn(tmp_path_factory.mktemp("records"))


def keys_of(credentials: dict[str, Any]) -> dict[str, str]:
    return {
        "aws_access_key_id": credentials["AccessKeyId"],
        "aws_secret_access_key": credentials["SecretAccessKey"],
        "aws_session_token": credentials["SessionToken"],
    }


def refused(
    lab: RunningLab, service: str, operation: str, keys: dict[str, str] | None = None, **given: Any
) -> dict[str, Any]:
    """The event of a call that fails, made with *keys* or the lab's own."""
    with pytest.raises(ClientError) as error:
        getattr(lab.client(service, **(keys or {})), operation)(**given)
    return event_of(lab, error.value.response)


def test_an_event_has_the_fields_of_version_1_11(lab: RunningLab) -> None:
    """ "CloudTrail record contents": StopLogging and its like have these members and no others."""
    answer = lab.client("kinesis").create_stream(StreamName="events", ShardCount=1)
    event = event_of(lab, answer)
    assert list(event) == [
        "eventVersion", "userIdentity", "eventTime", "eventSource", "eventName", "awsRegion", "sourceIPAddress",
        "userAgent", "requestParameters", "responseElements", "requestID", "eventID", "readOnly", "eventType",
        "managementEvent", "recipientAccountId", "eventCategory",
    ]  # fmt: skip
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", event["eventTime"])
    told = [event[name] for name in ("eventVersion", "eventSource", "eventName", "awsRegion", "sourceIPAddress")]
    assert told == ["1.11", "kinesis.amazonaws.com", "CreateStream", "us-east-1", "127.0.0.1"]
    assert (event["requestParameters"], event["responseElements"]) == ({"streamName": "events", "shardCount": 1}, None)
    told = [event[name] for name in ("eventType", "eventCategory", "managementEvent", "readOnly", "recipientAccountId")]
    assert told == ["AwsApiCall", "Management", True, False, ACCOUNT]


@pytest.mark.parametrize(
    ("service", "operation", "given", "source", "name"),
    [
        ("lambda", "list_functions", {}, "lambda", "ListFunctions20150331"),
        ("lambda", "get_account_settings", {}, "lambda", "GetAccountSettings20160819"),
        ("lambda", "list_layers", {}, "lambda", "ListLayers20181031"),
        ("lambda", "list_event_source_mappings", {}, "lambda", "ListEventSourceMappings20150331"),
        ("cloudwatch", "describe_alarms", {}, "monitoring", "DescribeAlarms"),
        ("stepfunctions", "list_state_machines", {}, "states", "ListStateMachines"),
        ("emr", "list_clusters", {}, "elasticmapreduce", "ListClusters"),
        ("resourcegroupstaggingapi", "get_resources", {}, "tagging", "GetResources"),
        ("s3", "list_buckets", {}, "s3", "ListBuckets"),
        ("dynamodbstreams", "list_streams", {}, "dynamodb", "ListStreams"),
    ],
)
def test_services_and_operations_are_called_as_in_aws_logs(
    lab: RunningLab, service: str, operation: str, given: dict[str, Any], source: str, name: str
) -> None:
    """ "In the CloudTrail log file, the eventName might include date and version information" (Lambda guide)."""
    event = event_of(lab, getattr(lab.client(service), operation)(**given))
    assert (event["eventSource"], event["eventName"]) == (f"{source}.amazonaws.com", name)
    assert (event["readOnly"], event["responseElements"]) == (True, None)


def test_a_functions_events_have_versions_and_no_environment(lab: RunningLab) -> None:
    """Published logs: "UpdateFunctionConfiguration20150331v2", with ``"environment": {}``."""
    create(lab, "events", "def handler(event, context): pass")
    functions = lab.client("lambda")
    answer = functions.update_function_configuration(
        FunctionName="events", Environment={"Variables": {"PASSWORD": "correct-horse"}}
    )
    event = event_of(lab, answer)
    assert event["eventName"] == "UpdateFunctionConfiguration20150331v2"
    assert event["requestParameters"] == {"functionName": "events", "environment": {}}
    assert event["responseElements"]["environment"] == {}
    assert event["responseElements"]["functionArn"].endswith(":function:events")


def test_iam_leaves_secrets_out_and_prints_dates_as_java_does(lab: RunningLab) -> None:
    """Published log of CreateAccessKey: accessKeyId, createDate "Aug 1, 2024 …", status, userName."""
    iam = lab.client("iam")
    made = event_of(lab, iam.create_user(UserName="events", Tags=[{"Key": "Team", "Value": "data"}]))
    assert made["requestParameters"] == {"userName": "events", "tags": [{"key": "Team", "value": "data"}]}
    assert re.fullmatch(r"[A-Z][a-z]{2} \d+, \d{4} \d+:\d\d:\d\d [AP]M", made["responseElements"]["user"]["createDate"])
    key = event_of(lab, iam.create_access_key(UserName="events"))["responseElements"]["accessKey"]
    assert sorted(key) == ["accessKeyId", "createDate", "status", "userName"]
    profile = event_of(lab, iam.create_login_profile(UserName="events", Password="correct-Horse-7"))
    assert profile["requestParameters"] == {"userName": "events"}


def test_names_begin_small_however_many_capitals_follow(lab: RunningLab) -> None:
    """Examples of AWS KMS log entries: ``aWSAccountId``, resources with ARN, accountId and type."""
    event = event_of(lab, lab.client("kms").create_key(Description="events"))
    metadata = event["responseElements"]["keyMetadata"]
    assert metadata["aWSAccountId"] == ACCOUNT
    assert event["resources"] == [{"accountId": ACCOUNT, "type": "AWS::KMS::Key", "ARN": metadata["arn"]}]


def test_s3s_parameters_are_called_as_in_the_request(lab: RunningLab) -> None:
    """Amazon S3 CloudTrail events: bucketName and Host; what the URL asks for, ``policy``, stands there empty."""
    s3 = lab.client("s3")
    event = event_of(lab, s3.create_bucket(Bucket="events-names"))
    assert event["requestParameters"] == {"bucketName": "events-names", "Host": "events-names.s3.amazonaws.com"}
    assert event["resources"] == [{"accountId": ACCOUNT, "type": "AWS::S3::Bucket", "ARN": "arn:aws:s3:::events-names"}]
    rules = [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]
    settings = {"ServerSideEncryptionConfiguration": {"Rules": rules}}
    asked = event_of(lab, s3.put_bucket_encryption(Bucket="events-names", **settings))["requestParameters"]
    assert (asked["encryption"], asked["ServerSideEncryptionConfiguration"]["Rules"]) == ("", rules)
    lifecycle = {"Rules": [{"ID": "a", "Status": "Enabled", "Filter": {}, "Expiration": {"Days": 1}}]}
    put = s3.put_bucket_lifecycle_configuration(Bucket="events-names", LifecycleConfiguration=lifecycle)
    assert event_of(lab, put)["eventName"] == "PutBucketLifecycle"
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
        "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::events-names/*",
    }
    policy = {"Version": "2012-10-17", "Statement": [statement]}  # as in the published log of a backdoor in a policy
    put = s3.put_bucket_policy(Bucket="events-names", Policy=json.dumps(policy))
    asked = event_of(lab, put)["requestParameters"]
    assert (asked["bucketPolicy"], asked["policy"]) == (policy, "")


def test_events_have_the_members_of_published_logs(lab: RunningLab) -> None:
    """As real accounts have recorded them: the logs of Stratus Red Team's detonations (DataDog, 2024)."""
    sts, ec2, ssm = lab.client("sts"), lab.client("ec2"), lab.client("ssm")
    federated = event_of(lab, sts.get_federation_token(Name="published", DurationSeconds=900))
    assert federated["requestParameters"] == {"name": "published", "durationSeconds": 900}
    assert federated["responseElements"]["federatedUser"] == {
        "arn": f"arn:aws:sts::{ACCOUNT}:federated-user/published",
        "federatedUserId": f"{ACCOUNT}:published",
    }
    date = federated["responseElements"]["credentials"]["expiration"]
    assert re.fullmatch(r"[A-Z][a-z]{2} \d+, \d{4}, \d+:\d\d:\d\d [AP]M", date)
    (instance,) = ec2.run_instances(ImageId="ami-12c6146b", MinCount=1, MaxCount=1)["Instances"]
    identity = {"instanceId": instance["InstanceId"]}
    stopped = event_of(lab, ec2.stop_instances(InstanceIds=[instance["InstanceId"]], Force=True))
    assert stopped["requestParameters"] == {"force": True, "instancesSet": {"items": [identity]}}
    (item,) = stopped["responseElements"]["instancesSet"]["items"]
    assert (sorted(item), item["previousState"]) == (
        ["currentState", "instanceId", "previousState"],
        {"code": 16, "name": "running"},
    )
    assert stopped["responseElements"]["requestId"] == stopped["requestID"]
    ec2.terminate_instances(InstanceIds=[instance["InstanceId"]])
    got = event_of(lab, ssm.get_parameters(Names=["/published/a"], WithDecryption=True))
    assert (got["requestParameters"], got["responseElements"]) == (
        {"names": ["/published/a"], "withDecryption": True},
        None,
    )
    secret = lab.client("secretsmanager").create_secret(Name="published", SecretString="correct-horse")
    assert "secretString" not in event_of(lab, secret)["requestParameters"]
    read = event_of(lab, lab.client("secretsmanager").get_secret_value(SecretId="published"))
    assert (read["requestParameters"], read["responseElements"], read["readOnly"]) == (
        {"secretId": "published"},
        None,
        True,
    )
    attached = lab.client("iam").create_role(RoleName="published", AssumeRolePolicyDocument=TRUST)
    role = event_of(lab, attached)
    assert role["requestParameters"] == {"roleName": "published", "assumeRolePolicyDocument": TRUST}
    assert {"arn", "createDate", "path", "roleId", "roleName"} <= role["responseElements"]["role"].keys()


def test_a_refusal_has_code_and_message(lab: RunningLab) -> None:
    event = refused(lab, "iam", "get_role", RoleName="nobody-at-all")
    assert event["errorCode"] == "NoSuchEntity"
    assert "nobody-at-all" in event["errorMessage"]
    event = refused(lab, "ec2", "describe_vpcs", VpcIds=["vpc-1"])
    assert event["errorCode"] == "Client.InvalidVpcID.NotFound"  # published logs: "Client.UnauthorizedOperation"


def test_s3_tells_what_was_refused(lab: RunningLab) -> None:
    """Published logs: a refusal of IAM has no requestParameters, one of S3 has them."""
    ana = user(lab)
    lab.client("s3").create_bucket(Bucket="events-refused")
    event = refused(lab, "s3", "get_bucket_policy", ana.keys, Bucket="events-refused")
    host = "events-refused.s3.amazonaws.com"
    assert event["requestParameters"] == {"bucketName": "events-refused", "Host": host, "policy": ""}
    event = refused(lab, "iam", "get_role", ana.keys, RoleName="events-refused")
    assert (event["errorCode"], event["requestParameters"]) == ("AccessDenied", None)


def test_who_did_it_is_told_in_every_form(lab: RunningLab) -> None:
    """ "CloudTrail userIdentity element": IAMUser, AssumedRole with its issuer, FederatedUser, Root's likes."""
    iam, sts = lab.client("iam"), lab.client("sts")
    role = iam.create_role(RoleName="events-role", Path="/teams/", AssumeRolePolicyDocument=TRUST)["Role"]
    assumed = sts.assume_role(RoleArn=role["Arn"], RoleSessionName="night-shift")
    taken = event_of(lab, assumed)
    assert taken["userIdentity"] == {
        "type": "IAMUser",
        "principalId": sts.get_caller_identity()["UserId"],
        "arn": f"arn:aws:iam::{ACCOUNT}:user/lab-admin",
        "accountId": ACCOUNT,
        "accessKeyId": lab.facts["access_key_id"],
        "userName": "lab-admin",
    }
    assert taken["requestParameters"] == {"roleArn": role["Arn"], "roleSessionName": "night-shift"}
    assert taken["resources"] == [{"accountId": ACCOUNT, "type": "AWS::IAM::Role", "ARN": role["Arn"]}]
    assert taken["responseElements"]["credentials"]["sessionToken"] == HIDDEN
    session = lab.fresh_client("sts", **keys_of(assumed["Credentials"]))
    identity = event_of(lab, session.get_caller_identity())["userIdentity"]
    context = identity.pop("sessionContext")
    assert identity == {
        "type": "AssumedRole",
        "principalId": assumed["AssumedRoleUser"]["AssumedRoleId"],
        "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/events-role/night-shift",
        "accountId": ACCOUNT,
        "accessKeyId": assumed["Credentials"]["AccessKeyId"],
    }
    created = context["attributes"].pop("creationDate")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", created)
    assert context == {
        "sessionIssuer": {
            "type": "Role",
            "principalId": role["RoleId"],
            "arn": role["Arn"],
            "accountId": ACCOUNT,
            "userName": "events-role",
        },
        "attributes": {"mfaAuthenticated": "false"},
    }
    federated = sts.get_federation_token(Name="guest")
    guest = lab.fresh_client("sts", **keys_of(federated["Credentials"]))
    identity = event_of(lab, guest.get_caller_identity())["userIdentity"]
    assert (identity["type"], identity["principalId"]) == ("FederatedUser", f"{ACCOUNT}:guest")
    assert identity["arn"] == f"arn:aws:sts::{ACCOUNT}:federated-user/guest"


def test_a_service_is_told_by_its_name(lab: RunningLab) -> None:
    """userIdentity: a service by itself is AWSService; for somebody it is that one, with ``invokedBy``."""
    lab.client("s3").create_bucket(Bucket="events-athena")
    athena = lab.client("athena")
    output = {"OutputLocation": "s3://events-athena/results/"}
    query = athena.start_query_execution(QueryString="CREATE DATABASE events", ResultConfiguration=output)
    finished = ("SUCCEEDED", "FAILED")

    def state() -> str:
        told = athena.get_query_execution(QueryExecutionId=query["QueryExecutionId"])
        return str(told["QueryExecution"]["Status"]["State"])

    eventually(lambda: state() in finished)
    attribute = [{"AttributeKey": "EventName", "AttributeValue": "CreateDatabase"}]
    found = lab.client("cloudtrail").lookup_events(LookupAttributes=attribute)["Events"]
    events, service = [json.loads(each["CloudTrailEvent"]) for each in found], "athena.amazonaws.com"
    (event,) = (each for each in events if each["requestParameters"]["databaseInput"]["name"] == "events")
    assert (event["userIdentity"]["type"], event["userIdentity"]["userName"]) == ("IAMUser", "lab-admin")
    assert event["userIdentity"]["invokedBy"] == event["sourceIPAddress"] == event["userAgent"] == service


def test_a_service_that_takes_a_role_is_told_with_the_session(lab: RunningLab) -> None:
    """AssumeRole by a service ("Logging IAM and AWS STS API calls with AWS CloudTrail", its example of a service)."""
    create(lab, "takes-a-role", "def handler(event, context):\n    return 1")
    lab.client("lambda").invoke(FunctionName="takes-a-role")
    attribute = [{"AttributeKey": "EventName", "AttributeValue": "AssumeRole"}]
    found = lab.client("cloudtrail").lookup_events(LookupAttributes=attribute)["Events"]
    events = [json.loads(each["CloudTrailEvent"]) for each in found]
    asked = {"roleArn": role(lab), "roleSessionName": "takes-a-role"}
    (event,) = (each for each in events if each["requestParameters"] == asked)
    assert event["userIdentity"] == {"type": "AWSService", "invokedBy": "lambda.amazonaws.com"}
    assert event["sourceIPAddress"] == event["userAgent"] == "lambda.amazonaws.com"
    assert [each["ARN"] for each in event["resources"]] == [role(lab)]


def test_another_accounts_caller_is_told_to_both(new_lab: Callable[..., RunningLab]) -> None:
    """Cross account: ``sharedEventID`` is the same in both, and the owner sees an AWSAccount."""
    lab = new_lab()
    organizations = lab.client("organizations")
    organizations.create_organization(FeatureSet="ALL")
    asked = organizations.create_account(Email="data@example.com", AccountName="data")["CreateAccountStatus"]
    status = organizations.describe_create_account_status(CreateAccountRequestId=asked["Id"])["CreateAccountStatus"]
    other = status["AccountId"]
    role = f"arn:aws:iam::{other}:role/OrganizationAccountAccessRole"
    answer = lab.client("sts").assume_role(RoleArn=role, RoleSessionName="visitor")
    visitor = event_of(lab, answer)
    there = lab.fresh_client("cloudtrail", **keys_of(answer["Credentials"]))
    (told,) = there.lookup_events()["Events"]
    owner = json.loads(told["CloudTrailEvent"])
    assert owner["userIdentity"] == {
        "type": "AWSAccount",
        "principalId": visitor["userIdentity"]["principalId"],
        "accountId": ACCOUNT,
    }
    assert visitor["userIdentity"]["type"] == "IAMUser"
    assert visitor["sharedEventID"] == owner["sharedEventID"]
    assert visitor["eventID"] != owner["eventID"]
    assert (visitor["recipientAccountId"], owner["recipientAccountId"]) == (ACCOUNT, other)


def test_what_nobody_has_signed_rightly_is_no_event(lab: RunningLab) -> None:
    """ "CloudTrail does not deliver logs for requests that fail authentication" (S3 user guide)."""
    with pytest.raises(ClientError) as error:
        lab.client("kinesis", aws_secret_access_key="wrong").list_streams()
    assert send(lab, "GET", "/nobodys-bucket/key").status == 403
    marker = event_of(lab, lab.client("sts").get_caller_identity())  # noted after both
    assert marker["eventName"] == "GetCallerIdentity"
    with pytest.raises(AssertionError, match="no event"):
        event_of(lab, error.value.response)
