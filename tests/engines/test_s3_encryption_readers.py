"""Services that read and write objects under SSE-KMS: with the key of who they work for, or not at all.

Sources: S3 user guide, "Using server-side encryption with AWS KMS keys (SSE-KMS)", "Permissions"; of each service the
page named below.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.conftest import eventually
from tests.engines.lambda_tools import source
from tests.engines.test_firehose import Streams
from tests.engines.test_s3_bytes import files_of
from tests.engines.test_s3_encryption import SECRET, on_disk, sse
from tests.gateway.deciding import DecidingLab
from tests.roles import role

ROLE = "arn:aws:iam::123456789012:role/worker"
BUCKET = "kept-secret"


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DecidingLab]:
    yield from DecidingLab.in_turn(tmp_path_factory.mktemp("readers"))


@pytest.fixture(scope="module")
def key(lab: DecidingLab) -> str:
    """A bucket's default key."""
    arn: str = lab.client("kms").create_key()["KeyMetadata"]["Arn"]
    lab.client("s3").create_bucket(Bucket=BUCKET)
    default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": arn}
    rules = {"Rules": [{"ApplyServerSideEncryptionByDefault": default}]}
    lab.client("s3").put_bucket_encryption(Bucket=BUCKET, ServerSideEncryptionConfiguration=rules)
    return arn


@pytest.fixture(scope="module")
def worker(lab: DecidingLab) -> Callable[[str], Any]:
    """Clients of somebody who is not the lab's owner."""
    keys = lab.client("sts").assume_role(RoleArn=role(lab), RoleSessionName="me")["Credentials"]
    names = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")
    given = dict(zip(names, (keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"]), strict=True))
    return lambda service: lab.client(service, **given)


def put(lab: DecidingLab, name: str, body: bytes) -> None:
    lab.client("s3").put_object(Bucket=BUCKET, Key=name, Body=body)


def test_a_functions_code(lab: DecidingLab, key: str, worker: Callable[[str], Any]) -> None:
    """Lambda developer guide, "Deploying Lambda functions as .zip file archives": as who creates the function."""
    put(lab, "code.zip", source("def handler(event, context):\n    return 1"))
    code = {"S3Bucket": BUCKET, "S3Key": "code.zip"}
    function = {"FunctionName": "coded", "Runtime": "python3.12", "Handler": "app.handler", "Role": ROLE, "Code": code}
    with lab.refusing("kms:Decrypt"), pytest.raises(ClientError, match=r"not authorized to perform: kms:Decrypt"):
        worker("lambda").create_function(**function)
    lab.client("kms").disable_key(KeyId=key)
    with pytest.raises(ClientError, match=r"Error occurred while GetObject\. S3 Error Code: KMS\.DisabledException"):
        worker("lambda").create_function(**function)
    lab.client("kms").enable_key(KeyId=key)
    worker("lambda").create_function(**function)
    assert lab.client("lambda").invoke(FunctionName="coded")["Payload"].read() == b"1"


def test_a_stacks_template(lab: DecidingLab, key: str, worker: Callable[[str], Any]) -> None:
    """CloudFormation API reference, CreateStack, TemplateURL: as who creates the stack."""
    topic = {"Topic": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "from-a-template"}}}
    put(lab, "template.json", json.dumps({"Resources": topic}).encode())
    stack = {"StackName": "secret", "TemplateURL": f"https://{BUCKET}.s3.amazonaws.com/template.json"}
    with lab.refusing("kms:Decrypt"), pytest.raises(ClientError):
        worker("cloudformation").create_stack(**stack)
    worker("cloudformation").create_stack(**stack)
    eventually(lambda: "from-a-template" in str(lab.client("sns").list_topics()["Topics"]))


def test_an_import_and_an_export(lab: DecidingLab, key: str, worker: Callable[[str], Any]) -> None:
    """DynamoDB developer guide, "DynamoDB data import from Amazon S3" and "… export to": as who asks for them."""
    put(lab, "in/a.json", json.dumps({"Item": {"id": {"S": "1"}, "text": {"S": SECRET.decode()}}}).encode() + b"\n")
    wanted = {
        "S3BucketSource": {"S3Bucket": BUCKET, "S3KeyPrefix": "in/"},
        "InputFormat": "DYNAMODB_JSON",
        "TableCreationParameters": {
            "TableName": "imported",
            "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
            "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
            "BillingMode": "PAY_PER_REQUEST",
        },
    }

    def imported(asked: dict[str, Any]) -> dict[str, Any]:
        dynamodb = worker("dynamodb")
        arn = dynamodb.import_table(**asked)["ImportTableDescription"]["ImportArn"]
        told = lambda: dynamodb.describe_import(ImportArn=arn)["ImportTableDescription"]  # noqa: E731
        done: dict[str, Any] = eventually(lambda: found if (found := told())["ImportStatus"] != "IN_PROGRESS" else None)
        return done

    other = wanted["TableCreationParameters"] | {"TableName": "refused"}  # type: ignore[operator]
    with lab.refusing("kms:Decrypt"):
        refused = imported({**wanted, "TableCreationParameters": other})
    assert refused["ImportStatus"] == "FAILED" and "kms:Decrypt" in refused["FailureMessage"]
    found = imported(wanted)
    assert (found["ImportStatus"], found["ImportedItemCount"]) == ("COMPLETED", 1)
    dynamodb = worker("dynamodb")
    assert dynamodb.scan(TableName="imported")["Items"][0]["text"] == {"S": SECRET.decode()}
    before = files_of(lab)
    dynamodb.update_continuous_backups(
        TableName="imported", PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
    )
    made = dynamodb.export_table_to_point_in_time(TableArn=found["TableArn"], S3Bucket=BUCKET, S3Prefix="out")
    arn = made["ExportDescription"]["ExportArn"]
    status = lambda: dynamodb.describe_export(ExportArn=arn)["ExportDescription"]["ExportStatus"]  # noqa: E731
    eventually(lambda: status() == "COMPLETED")
    assert b"manifest" not in on_disk(lab, before)


def test_a_delivery(lab: DecidingLab, key: str) -> None:
    """Firehose developer guide, "Grant Firehose access to an Amazon S3 destination": the role needs
    kms:GenerateDataKey; what cannot be delivered is tried again."""
    streams = Streams(lab)
    bucket = streams.bucket()
    stream = streams.make(bucket, EncryptionConfiguration={"KMSEncryptionConfig": {"AWSKMSKeyARN": key}})
    before = files_of(lab)
    lab.client("kms").disable_key(KeyId=key)
    streams.put(stream, SECRET)

    def refused() -> list[dict[str, Any]]:
        failed = [call for call in lab.calls() if call["error"] == "KMS.DisabledException"]
        return [call for call in failed if call["operation"] == "PutObject"]

    assert {call["session_issuer"] for call in eventually(refused)} == {"arn:aws:iam::123456789012:role/firehose"}
    assert streams.objects(bucket) == {}
    lab.client("kms").enable_key(KeyId=key)
    assert list(streams.delivered(bucket).values()) == [SECRET]
    assert SECRET not in on_disk(lab, before)


def test_a_form_of_the_browser(lab: DecidingLab, key: str) -> None:
    """S3 API reference, "POST Object": x-amz-server-side-encryption and its kin are fields of the form."""
    import requests

    s3 = lab.client("s3")
    s3.create_bucket(Bucket="form-of-mine")
    fields = {"x-amz-server-side-encryption": "aws:kms", "x-amz-server-side-encryption-aws-kms-key-id": key}
    conditions = [{name: value} for name, value in fields.items()]
    form = s3.generate_presigned_post("form-of-mine", "k", Fields=fields, Conditions=conditions)
    before = files_of(lab)
    answer = requests.post(f"{lab.endpoint}/form-of-mine", data=form["fields"], files={"file": SECRET}, timeout=60)
    assert answer.status_code == 204, answer.text
    found = s3.get_object(Bucket="form-of-mine", Key="k")
    assert (found["Body"].read(), found["SSEKMSKeyId"]) == (SECRET, key)
    assert SECRET not in on_disk(lab, before)


def test_who_may_not_decrypt_cannot_read_or_copy(lab: DecidingLab, key: str, worker: Callable[[str], Any]) -> None:
    """Permissions: kms:Decrypt to read, kms:GenerateDataKey to write; S3 says who lacks it, on which key."""
    s3 = worker("s3")
    put(lab, "k", SECRET)
    lab.client("s3").put_object(Bucket=BUCKET, Key="bucket-key", Body=SECRET, **sse(key, BucketKeyEnabled=True))
    for name in ("k", "bucket-key"):
        assert s3.get_object(Bucket=BUCKET, Key=name)["Body"].read() == SECRET
    said = rf"AccessDenied.*worker/me is not authorized to perform: kms:{{}} on resource: {key}"
    with lab.refusing("kms:Decrypt"):
        for name in ("k", "bucket-key"):
            with pytest.raises(ClientError, match=said.format("Decrypt")):
                s3.get_object(Bucket=BUCKET, Key=name)
            with pytest.raises(ClientError, match=said.format("Decrypt")):
                s3.copy_object(Bucket=BUCKET, Key="copy", CopySource=f"{BUCKET}/{name}")
        assert s3.head_object(Bucket=BUCKET, Key="k")["ContentLength"] == len(SECRET)
    s3.put_object(Bucket=BUCKET, Key="mine", Body=b"x", **sse(key, BucketKeyEnabled=True))
    with lab.refusing("kms:GenerateDataKey"):
        for with_bucket_key in (False, True):
            with pytest.raises(ClientError, match=said.format("GenerateDataKey")):
                s3.put_object(Bucket=BUCKET, Key="new", Body=b"x", **sse(key, BucketKeyEnabled=with_bucket_key))
    asked = [each for each in lab.asked() if each["action"] == "kms:Decrypt" and each["caller"].endswith("worker/me")]
    assert {each["context"]["kms:viaservice"] for each in asked} == {"s3.us-east-1.amazonaws.com"}
