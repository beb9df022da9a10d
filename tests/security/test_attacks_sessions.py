"""Sessions that have ended, that were revoked and that are somebody else's.

Sources: IAM user guide, "Revoking IAM role temporary security credentials", "Managing access keys for IAM users";
STS API reference, AssumeRole; S3 API reference, "Error responses" (ExpiredToken, InvalidToken).
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.conftest import RunningLab
from tests.engines.lambda_tools import invoke, source
from tests.gateway.wire import Signer, host, own_api, path_of, send
from tests.security.people import Person, allow, deny, document, refusal, role, session, trust, unique, user

V4 = Config(signature_version="s3v4")


def code_of(call: Callable[..., Any], **parameters: Any) -> str:
    try:
        call(**parameters)
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return ""


def test_a_session_dies_at_its_time(new_lab: Callable[..., RunningLab]) -> None:
    """For headers, for presigned URLs, and for what another role was taken with."""
    lab = new_lab()
    s3 = lab.client("s3")
    s3.create_bucket(Bucket="expiring")
    s3.put_object(Bucket="expiring", Key="k", Body=b"secret")
    ana = user(lab, allow("sts:AssumeRole"))
    short = role(lab, trust(AWS=ana.arn), allow(["s3:GetObject", "sts:AssumeRole"]))
    held = session(ana.client("sts"), short, lab, DurationSeconds=900)
    client = held.client("s3", config=V4)
    url = path_of(client.generate_presigned_url("get_object", {"Bucket": "expiring", "Key": "k"}, ExpiresIn=86400))
    assert client.get_object(Bucket="expiring", Key="k")["Body"].read() == b"secret"
    assert send(lab, "GET", url).status == 200
    own_api(lab, "POST", "/_localaws/clock", {"advance": 901})
    assert code_of(client.get_object, Bucket="expiring", Key="k") == "ExpiredToken"
    assert send(lab, "GET", url).body.find(b"secret") < 0
    assert code_of(held.client("sts").get_caller_identity) == "ExpiredToken"
    assert code_of(held.client("sqs").list_queues) in ("ExpiredToken", "ExpiredTokenException")


def test_older_sessions_are_revoked(lab: RunningLab) -> None:
    """AWSRevokeOlderSessions: all is denied to sessions that were taken before a moment."""
    iam, ana = lab.client("iam"), user(lab, allow("sts:AssumeRole"))
    arn = role(lab, trust(AWS=ana.arn), allow("*"))
    older = session(ana.client("sts"), arn, lab)
    assert not refusal(older.client("s3").list_buckets)
    moment = (datetime.now(UTC) + timedelta(seconds=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    revoking = deny("*", Condition={"DateLessThan": {"aws:TokenIssueTime": moment}})
    iam.put_role_policy(
        RoleName=arn.rpartition("/")[2], PolicyName="AWSRevokeOlderSessions", PolicyDocument=document(revoking)
    )
    assert refusal(older.client("s3").list_buckets).endswith("with an explicit deny in an identity-based policy")
    time.sleep(1.1)  # a token's time has whole seconds
    newer = session(ana.client("sts"), arn, lab)
    assert not refusal(newer.client("s3").list_buckets)


@pytest.mark.parametrize("of_user", [True, False])
def test_what_is_deleted_takes_its_sessions_along(lab: RunningLab, of_user: bool) -> None:
    """A user's or a role's session can do no more than he; one of the same name who comes later is another."""
    iam = lab.client("iam")
    ana = user(lab, allow(["sts:*", "s3:ListAllMyBuckets"]))
    arn = role(lab, trust(AWS=ana.arn), allow("s3:ListAllMyBuckets"))
    if of_user:
        given = ana.client("sts").get_session_token()["Credentials"]
        held = Person(
            lab,
            "x",
            "",
            {
                "aws_access_key_id": given["AccessKeyId"],
                "aws_secret_access_key": given["SecretAccessKey"],
                "aws_session_token": given["SessionToken"],
            },
        )
        assert not refusal(held.client("s3").list_buckets)
        iam.delete_access_key(UserName=ana.name, AccessKeyId=ana.keys["aws_access_key_id"])
        iam.delete_user_policy(UserName=ana.name, PolicyName="own")
        iam.delete_user(UserName=ana.name)
        assert refusal(held.client("s3").list_buckets)
        user(lab, allow("*"), name=ana.name)
    else:
        held, name = session(ana.client("sts"), arn, lab), arn.rpartition("/")[2]
        assert not refusal(held.client("s3").list_buckets)
        iam.delete_role_policy(RoleName=name, PolicyName="own")
        iam.delete_role(RoleName=name)
        assert refusal(held.client("s3").list_buckets)
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust(AWS=ana.arn))
        iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=document(allow("*")))
    assert refusal(held.client("s3").list_buckets)


def test_keys_that_are_taken_away_open_nothing(lab: RunningLab) -> None:
    iam, ana = lab.client("iam"), user(lab, allow("*"))
    key = {"UserName": ana.name, "AccessKeyId": ana.keys["aws_access_key_id"]}
    client = ana.client("s3", config=V4)
    url = path_of(client.generate_presigned_url("list_buckets"))
    assert send(lab, "GET", url).status == 200
    iam.update_access_key(**key, Status="Inactive")
    assert code_of(client.list_buckets) == "InvalidAccessKeyId"
    assert send(lab, "GET", url).status == 403
    iam.update_access_key(**key, Status="Active")
    assert not code_of(client.list_buckets)
    iam.delete_access_key(**key)
    assert code_of(client.list_buckets) == "InvalidAccessKeyId"


def test_a_token_belongs_to_its_keys(lab: RunningLab) -> None:
    """Another session's token, none, and one for long-term keys are refused."""
    ana = user(lab, allow("sts:AssumeRole"))
    strong = role(lab, trust(AWS=ana.arn), allow("*"))
    weak = role(lab, trust(AWS=ana.arn))
    mighty, poor = (session(ana.client("sts"), arn, lab) for arn in (strong, weak))
    mixed = [
        {**poor.keys, "aws_session_token": mighty.keys["aws_session_token"]},
        {**mighty.keys, "aws_session_token": poor.keys["aws_session_token"]},
        {**mighty.keys, "aws_session_token": mighty.keys["aws_session_token"][:-1] + "x"},
        {name: value for name, value in mighty.keys.items() if name != "aws_session_token"},
        {**mighty.keys, "aws_secret_access_key": poor.keys["aws_secret_access_key"]},
        {**ana.keys, "aws_session_token": mighty.keys["aws_session_token"]},
    ]
    for keys in mixed:
        assert code_of(lab.fresh_client("s3", **keys).list_buckets)
        assert code_of(lab.fresh_client("sqs", **keys).list_queues)


def test_a_function_s_keys_are_its_role_s(lab: RunningLab) -> None:
    """Lambda developer guide, "Defined runtime environment variables": who reads them has what the role has, no more;
    a session policy or the caller's rights add nothing."""
    arn = role(lab, trust(Service="lambda.amazonaws.com"), allow("s3:ListAllMyBuckets"))
    name = unique("borrowed")
    code = """
        import os
        def handler(event, context):
            names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
            return {name.lower(): os.environ[name] for name in names}
    """
    lab.client("lambda").create_function(
        FunctionName=name, Role=arn, Runtime="python3.12", Handler="app.handler", Code={"ZipFile": source(code)}
    )
    keys, _ = invoke(lab, name)
    borrowed = Person(lab, "borrowed", "", keys)
    assert f"assumed-role/{arn.rpartition('/')[2]}/{name}" in borrowed.client("sts").get_caller_identity()["Arn"]
    assert not refusal(borrowed.client("s3").list_buckets)
    assert refusal(borrowed.client("s3").create_bucket, Bucket=unique("borrowed"))
    assert refusal(borrowed.client("lambda").invoke, FunctionName=name)
    lab.client("iam").delete_role_policy(RoleName=arn.rpartition("/")[2], PolicyName="own")
    assert refusal(borrowed.client("s3").list_buckets)


def test_a_session_has_no_more_than_its_policies(lab: RunningLab) -> None:
    """STS API reference, AssumeRole, Policy: "the intersection of the role's … and the session policies"."""
    ana = user(lab, allow("sts:AssumeRole"))
    arn = role(lab, trust(AWS=ana.arn), allow(["s3:ListAllMyBuckets", "sts:AssumeRole"]))
    narrow = session(ana.client("sts"), arn, lab, Policy=document(allow("sqs:ListQueues")))
    assert refusal(narrow.client("s3").list_buckets)
    assert refusal(narrow.client("sqs").list_queues)
    wide = session(ana.client("sts"), arn, lab, Policy=document(allow("*")))
    assert not refusal(wide.client("s3").list_buckets)
    assert refusal(wide.client("sqs").list_queues)
    assert refusal(narrow.client("sts").assume_role, RoleArn=arn, RoleSessionName="wider")


def test_rights_that_are_taken_count_for_what_was_signed_before(lab: RunningLab) -> None:
    """A presigned URL has the rights of who signed it when it is used (S3 user guide, "Download and upload objects
    with presigned URLs"); so has the policy of a form."""
    iam, s3, bucket = lab.client("iam"), lab.client("s3"), unique("signed-before")
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="k", Body=b"secret")
    ana = user(lab, allow("s3:*"))
    client = ana.client("s3", config=V4)
    get = path_of(client.generate_presigned_url("get_object", {"Bucket": bucket, "Key": "k"}))
    put = path_of(client.generate_presigned_url("put_object", {"Bucket": bucket, "Key": "new"}))
    form = client.generate_presigned_post(bucket, "form")["fields"]
    upload = client.create_multipart_upload(Bucket=bucket, Key="parts")
    part = {"Bucket": bucket, "Key": "parts", "UploadId": upload["UploadId"]}
    etag = client.upload_part(**part, PartNumber=1, Body=b"x")["ETag"]
    lines = [f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}' for name, value in form.items()]
    lines.append('--x\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\nhello\r\n--x--\r\n')
    posted = "\r\n".join(lines).encode()
    typed = {"Content-Type": "multipart/form-data; boundary=x"}
    assert send(lab, "GET", get).body == b"secret"
    iam.delete_user_policy(UserName=ana.name, PolicyName="own")
    assert (send(lab, "GET", get).code, send(lab, "PUT", put, body=b"x").code) == ("AccessDenied", "AccessDenied")
    assert send(lab, "POST", f"/{bucket}", typed, posted).code == "AccessDenied"
    assert refusal(client.upload_part, **part, PartNumber=2, Body=b"x")
    assert refusal(
        client.complete_multipart_upload, **part, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": etag}]}
    )
    assert refusal(client.abort_multipart_upload, **part)
    assert [each["Key"] for each in s3.list_objects_v2(Bucket=bucket)["Contents"]] == ["k"]


def test_a_signature_is_for_one_service(lab: RunningLab) -> None:
    """A scope that names another service is no way round what policies say of this one."""
    bucket = unique("scope")
    lab.client("s3").create_bucket(Bucket=bucket)
    lab.client("s3").put_object(Bucket=bucket, Key="k", Body=b"secret")
    ana = user(lab, allow("sts:*"), allow("sqs:*"))
    for service in ("s3", "sts", "sqs", "iam", "s3control", "execute-api", "nothing"):
        client = ana.client("s3", config=V4)
        url = client.generate_presigned_url("get_object", {"Bucket": bucket, "Key": "k"})
        answer = send(lab, "GET", path_of(url).replace("%2Fs3%2F", f"%2F{service}%2F"))
        assert answer.status >= 400 and b"secret" not in answer.body, service
    for service in ("sqs", "sts", "kinesis"):
        signer = Signer(ana.keys["aws_access_key_id"], ana.keys["aws_secret_access_key"], host(lab), service)
        answer = send(lab, "GET", f"/{bucket}/k", signer.headers("GET", f"/{bucket}/k"))
        assert answer.status >= 400 and b"secret" not in answer.body, service
        target = {"X-Amz-Target": "Kinesis_20131202.CreateStream", "Content-Type": "application/x-amz-json-1.1"}
        name = unique("scope")
        body = json.dumps({"StreamName": name, "ShardCount": 1}).encode()
        answer = send(lab, "POST", "/", signer.headers("POST", "/", body, target), body)
        assert answer.status >= 400
        assert name not in lab.client("kinesis").list_streams()["StreamNames"]
