"""Every operation of S3's model: done by a handler of its own, or refused with nothing changed.

Source of the operations: botocore's model of S3; of the errors: S3 API reference, "List of error codes".
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.model import ListShape, Shape, StructureShape
from botocore.session import get_session

from localaws.engines.s3.operations import DONE
from tests.conftest import RunningLab

MODEL = get_session().get_service_model("s3")


@pytest.fixture(scope="module")
def s3(lab: RunningLab) -> Any:
    return lab.client("s3")


@pytest.fixture
def bucket(s3: Any) -> str:
    name = f"s3-ops-{uuid.uuid4().hex[:12]}"
    s3.create_bucket(Bucket=name)
    return name


def refused(call: Callable[..., Any], **arguments: Any) -> tuple[int, str, dict[str, Any]]:
    """Status, code and all fields of the error that a call must end in."""
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    response = caught.value.response
    return response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Code"], response["Error"]


def example(shape: Shape) -> Any:
    """A value of *shape* with its required members."""
    if isinstance(shape, StructureShape):
        chosen = shape.required_members or ([next(iter(shape.members))] if shape.is_tagged_union else [])
        return {name: example(shape.members[name]) for name in chosen}
    if isinstance(shape, ListShape):
        return [example(shape.member)]
    if getattr(shape, "enum", None):
        return shape.enum[0]
    if "KeyArn" in shape.name:
        return "arn:aws:kms:us-east-1:123456789012:key/134f2428-cec1-4b25-a1ae-9048164dba47"
    plain: dict[str, Any] = {"string": "x", "integer": 1, "long": 1, "boolean": True, "blob": b"x", "map": {}}
    return plain.get(shape.type_name, datetime(2030, 1, 1, tzinfo=UTC))


#: Signed for other services (s3-object-lambda, s3express), which the gateway knows or refuses.
ELSEWHERE = {"ListDirectoryBuckets", "WriteGetObjectResponse"}


@pytest.mark.parametrize("operation", sorted(set(MODEL.operation_names) - DONE - ELSEWHERE))
def test_what_is_not_done_changes_nothing(lab: RunningLab, s3: Any, bucket: str, operation: str) -> None:
    """RenameObject, UpdateObjectEncryption and the like are no PutObject; DeleteBucketMetadata… is no DeleteBucket."""
    s3.put_object(Bucket=bucket, Key="kept", Body=b"as it was")
    before = s3.head_object(Bucket=bucket, Key="kept")
    shape = MODEL.operation_model(operation).input_shape
    arguments = {**example(shape), "Bucket": bucket, "Key": "kept"} if shape else {}
    arguments = {name: value for name, value in arguments.items() if shape and name in shape.members}
    config = Config(
        parameter_validation=False,
        inject_host_prefix=False,
        retries={"max_attempts": 1},
        s3={"addressing_style": "path"},
    )
    client = lab.client("s3", config=config)
    method = getattr(client, _method(operation))
    status, code, error = refused(method, **arguments)
    assert (status, code) == (501, "NotImplemented"), error
    after = s3.head_object(Bucket=bucket, Key="kept")
    assert (after["ETag"], after["LastModified"]) == (before["ETag"], before["LastModified"])
    assert [each["Key"] for each in s3.list_objects_v2(Bucket=bucket)["Contents"]] == ["kept"]


def _method(operation: str) -> str:
    names: dict[str, str] = boto3.client("s3", region_name="us-east-1").meta.method_to_api_mapping
    return next(python for python, name in names.items() if name == operation)


def test_a_sub_resource_without_its_id_deletes_no_bucket(lab: RunningLab, s3: Any, bucket: str) -> None:
    client = lab.fresh_client("s3")
    for name in ("metrics", "analytics", "inventory", "intelligent-tiering", "metadataTable", "abac"):

        def plain(request: Any, name: str = name, **_: Any) -> None:
            request.url += f"?{name}"

        client.meta.events.register_first("before-sign.s3.DeleteBucket", plain, unique_id="sub-resource")
        assert refused(client.delete_bucket, Bucket=bucket)[0] in (400, 404, 501), name
        client.meta.events.unregister("before-sign.s3.DeleteBucket", unique_id="sub-resource")
    assert s3.head_bucket(Bucket=bucket)["ResponseMetadata"]["HTTPStatusCode"] == 200


CONFIGURATIONS: dict[str, dict[str, Any]] = {
    "metrics": {"Id": "all", "Filter": {"Prefix": "a/"}},
    "analytics": {"Id": "all", "StorageClassAnalysis": {}},
    "inventory": {
        "Id": "all",
        "IsEnabled": True,
        "IncludedObjectVersions": "Current",
        "Schedule": {"Frequency": "Daily"},
        "Destination": {"S3BucketDestination": {"Bucket": "arn:aws:s3:::b", "Format": "CSV"}},
        "OptionalFields": ["Size", "ETag"],
    },
    "intelligent_tiering": {
        "Id": "all",
        "Status": "Enabled",
        "Tierings": [{"Days": 180, "AccessTier": "DEEP_ARCHIVE_ACCESS"}],
    },
}


@pytest.mark.parametrize("kind", CONFIGURATIONS)
def test_configurations_under_an_id(s3: Any, bucket: str, kind: str) -> None:
    """PutBucketMetricsConfiguration and its siblings: kept, replaced, listed by id, NoSuchConfiguration (404)."""
    member = "".join(part.title() for part in kind.split("_")) + "Configuration"

    def call(verb: str, many: str = "", **more: Any) -> dict[str, Any]:
        return getattr(s3, f"{verb}_bucket_{kind}_configuration{many}")(Bucket=bucket, **more)

    own = CONFIGURATIONS[kind]
    assert refused(call, verb="get", Id="all")[:2] == (404, "NoSuchConfiguration")
    assert refused(call, verb="delete", Id="all")[:2] == (404, "NoSuchConfiguration")
    call("put", "", Id="all", **{member: own})
    call("put", "", Id="again", **{member: {**own, "Id": "again"}})
    assert call("get", Id="all")[member] == own
    listed = call("list", "s")
    assert [each["Id"] for each in listed[f"{member}List"]] == ["again", "all"] and listed["IsTruncated"] is False
    assert call("delete", Id="all")["ResponseMetadata"]["HTTPStatusCode"] == 204
    assert [each["Id"] for each in call("list", "s")[f"{member}List"]] == ["again"]
    assert refused(call, verb="put", Id="other", **{member: own})[1] == "InvalidConfigurationId"
    assert s3.head_bucket(Bucket=bucket)


def test_configurations_are_kept_in_pages_and_through_a_crash(new_lab: Callable[..., RunningLab]) -> None:
    """ListBucketMetricsConfigurations: 100 a page; and what was acknowledged survives."""
    lab = new_lab()
    s3 = lab.client("s3")
    s3.create_bucket(Bucket="measured")
    for number in range(101):
        identity = f"m{number:03}"
        s3.put_bucket_metrics_configuration(Bucket="measured", Id=identity, MetricsConfiguration={"Id": identity})
    s3.put_bucket_request_payment(Bucket="measured", RequestPaymentConfiguration={"Payer": "Requester"})
    lab.kill()
    lab.start()
    s3 = lab.client("s3")
    first = s3.list_bucket_metrics_configurations(Bucket="measured")
    assert (len(first["MetricsConfigurationList"]), first["IsTruncated"]) == (100, True)
    rest = s3.list_bucket_metrics_configurations(Bucket="measured", ContinuationToken=first["NextContinuationToken"])
    assert ([each["Id"] for each in rest["MetricsConfigurationList"]], rest["IsTruncated"]) == (["m100"], False)
    assert s3.get_bucket_request_payment(Bucket="measured")["Payer"] == "Requester"


def test_buckets_come_in_pages(new_lab: Callable[..., RunningLab]) -> None:
    """ListBuckets: MaxBuckets, ContinuationToken, Prefix, BucketRegion."""
    s3 = new_lab().client("s3")
    names = [f"page-{letter}" for letter in "abcde"]
    for name in names:
        s3.create_bucket(Bucket=name)
    s3.create_bucket(Bucket="else-far", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    pages = list(s3.get_paginator("list_buckets").paginate(Prefix="page-", PaginationConfig={"PageSize": 2}))
    assert [[each["Name"] for each in page["Buckets"]] for page in pages] == [names[:2], names[2:4], names[4:]]
    assert (pages[0]["Prefix"], "ContinuationToken" in pages[-1]) == ("page-", False)
    far = s3.list_buckets(BucketRegion="eu-west-1")["Buckets"]
    assert [(each["Name"], each["BucketRegion"]) for each in far] == [("else-far", "eu-west-1")]
    assert len(s3.list_buckets()["Buckets"]) == 6
    assert refused(s3.list_buckets, MaxBuckets=20_000)[:2] == (400, "InvalidArgument")
    assert refused(s3.list_buckets, ContinuationToken="§")[:2] == (400, "InvalidArgument")


def test_uploads_come_in_pages_with_common_prefixes(s3: Any, bucket: str) -> None:
    """ListMultipartUploads: Prefix, Delimiter, markers, MaxUploads, Initiated."""
    ids: dict[str, list[str]] = {}
    for key in ("a", "b", "b", "dir/one", "dir/two", "e"):
        ids.setdefault(key, []).append(s3.create_multipart_upload(Bucket=bucket, Key=key)["UploadId"])
    everything = s3.list_multipart_uploads(Bucket=bucket)
    assert [each["Key"] for each in everything["Uploads"]] == ["a", "b", "b", "dir/one", "dir/two", "e"]
    first = everything["Uploads"][0]
    made = next(each["CreationDate"] for each in s3.list_buckets()["Buckets"] if each["Name"] == bucket)
    assert -2 < (first["Initiated"] - made).total_seconds() < 300  # by the lab's clock, which others may have advanced
    assert first["Owner"]["ID"] == s3.list_buckets()["Owner"]["ID"] == first["Initiator"]["ID"]
    pages = list(
        s3.get_paginator("list_multipart_uploads").paginate(
            Bucket=bucket, Delimiter="/", PaginationConfig={"PageSize": 2}
        )
    )
    assert [[each["UploadId"] for each in page.get("Uploads", [])] for page in pages] == [
        [*ids["a"], ids["b"][0]],
        [ids["b"][1]],
        [*ids["e"]],
    ]
    assert [[each["Prefix"] for each in page.get("CommonPrefixes", [])] for page in pages] == [[], ["dir/"], []]
    inside = s3.list_multipart_uploads(Bucket=bucket, Prefix="dir/", KeyMarker="dir/one")
    assert [each["Key"] for each in inside["Uploads"]] == ["dir/two"]


def test_a_part_is_copied_by_a_range_with_both_ends(s3: Any, bucket: str) -> None:
    """UploadPartCopy: CopySourceRange is bytes=first-last, else InvalidArgument."""
    s3.put_object(Bucket=bucket, Key="source", Body=b"0123456789")
    upload = s3.create_multipart_upload(Bucket=bucket, Key="target")["UploadId"]
    part = {"Bucket": bucket, "Key": "target", "UploadId": upload, "PartNumber": 1}
    part["CopySource"] = {"Bucket": bucket, "Key": "source"}
    for wrong in ("0-3", "bytes=0-", "bytes=-3", "bytes=3-1", "bytes=0-10", "bytes=0-1,3-4", "chars=0-3"):
        status, code, error = refused(s3.upload_part_copy, CopySourceRange=wrong, **part)
        assert (status, code, error["ArgumentValue"]) == (400, "InvalidArgument", wrong)
    etag = s3.upload_part_copy(CopySourceRange="bytes=0-3", **part)["CopyPartResult"]["ETag"]
    s3.complete_multipart_upload(
        Bucket=bucket, Key="target", UploadId=upload, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": etag}]}
    )
    assert s3.get_object(Bucket=bucket, Key="target")["Body"].read() == b"0123"


def test_errors_of_conditions_and_ranges_say_which(s3: Any, bucket: str) -> None:
    """S3's 412 carries Condition, its 416 RangeRequested and ActualObjectSize, and neither says so in the message."""
    s3.put_object(Bucket=bucket, Key="k", Body=b"0123456789")
    status, code, error = refused(s3.get_object, Bucket=bucket, Key="k", IfMatch='"other"')
    assert (status, code, error["Condition"]) == (412, "PreconditionFailed", "If-Match")
    assert error["Message"] == "At least one of the pre-conditions you specified did not hold"
    status, code, error = refused(s3.put_object, Bucket=bucket, Key="k", IfNoneMatch="*")
    assert (status, code, error["Condition"]) == (412, "PreconditionFailed", "If-None-Match")
    status, code, error = refused(
        s3.copy_object, Bucket=bucket, Key="k2", CopySource=f"{bucket}/k", CopySourceIfMatch='"other"'
    )
    assert (status, error["Condition"]) == (412, "x-amz-copy-source-If-Match")
    status, code, error = refused(s3.get_object, Bucket=bucket, Key="k", Range="bytes=20-30")
    assert (status, code, error["Message"]) == (416, "InvalidRange", "The requested range is not satisfiable")
    assert (error["RangeRequested"], error["ActualObjectSize"]) == ("bytes=20-30", "10")


def test_answers_name_the_key_that_encrypts(lab: RunningLab, s3: Any, bucket: str) -> None:
    """UsingKMSEncryption: SSEKMSKeyId is the key's ARN in every answer about the object or its parts."""
    kms = lab.client("kms")
    key = kms.create_key()["KeyMetadata"]
    asked = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key["KeyId"], "BucketKeyEnabled": True}

    def shown(answer: dict[str, Any]) -> tuple[Any, ...]:
        return tuple(answer.get(name) for name in ("ServerSideEncryption", "SSEKMSKeyId", "BucketKeyEnabled"))

    wanted = ("aws:kms", key["Arn"], True)
    where = {"Bucket": bucket, "Key": "big"}
    made = s3.create_multipart_upload(**where, **asked)
    assert shown(made) == wanted
    part = s3.upload_part(**where, UploadId=made["UploadId"], PartNumber=1, Body=b"x")
    parts = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
    assert shown(part) == wanted
    done = s3.complete_multipart_upload(**where, UploadId=made["UploadId"], MultipartUpload=parts)
    assert shown(done) == wanted
    assert shown(s3.head_object(**where)) == shown(s3.get_object(**where)) == wanted
    assert shown(s3.put_object(Bucket=bucket, Key="small", Body=b"", **asked)) == wanted
    assert shown(s3.copy_object(Bucket=bucket, Key="copy", CopySource=f"{bucket}/big", **asked)) == wanted
    plain = s3.put_object(Bucket=bucket, Key="managed", Body=b"", ServerSideEncryption="aws:kms")
    assert plain["SSEKMSKeyId"] == kms.describe_key(KeyId="alias/aws/s3")["KeyMetadata"]["Arn"]
    unknown = {**asked, "SSEKMSKeyId": str(uuid.uuid4())}
    assert refused(s3.put_object, Bucket=bucket, Key="no", **unknown)[:2] == (400, "KMS.NotFoundException")
    kms.disable_key(KeyId=key["KeyId"])
    assert refused(s3.put_object, Bucket=bucket, Key="no", **asked)[:2] == (400, "KMS.DisabledException")
    wrong = {"ServerSideEncryption": "AES256", "SSEKMSKeyId": key["KeyId"]}
    assert refused(s3.put_object, Bucket=bucket, Key="no", **wrong)[:2] == (400, "InvalidArgument")


def test_what_is_encrypted_goes_with_its_key(lab: RunningLab, s3: Any, bucket: str) -> None:
    """KMS developer guide, "Deleting AWS KMS keys": nobody is kept from it, and what it encrypted cannot be read.

    Its metadata can (S3 API reference, HeadObject: the key is needed to retrieve the checksum).
    """
    kms = lab.client("kms")
    key = kms.create_key()["KeyMetadata"]
    named = {"KeyId": key["KeyId"]}
    where = {"Bucket": bucket, "Key": "with-its-key"}
    s3.put_object(**where, Body=b"x", ServerSideEncryption="aws:kms", SSEKMSKeyId=key["KeyId"])
    copy = {"Bucket": bucket, "Key": "copy-of-it", "CopySource": f"{bucket}/with-its-key"}
    for unusable, code in (
        (lambda: kms.disable_key(**named), "KMS.DisabledException"),
        (lambda: kms.schedule_key_deletion(**named), "KMS.KMSInvalidStateException"),
    ):
        unusable()
        assert refused(s3.get_object, **where)[:2] == refused(s3.copy_object, **copy)[:2] == (400, code)
        assert refused(s3.head_object, **where, ChecksumMode="ENABLED")[0] == 400
        assert s3.head_object(**where)["ContentLength"] == 1
    kms.cancel_key_deletion(**named)
    kms.enable_key(**named)
    assert s3.get_object(**where)["Body"].read() == b"x"
    s3.delete_object(**where)


BODIES = {
    "put_bucket_versioning": "VersioningConfiguration",
    "put_bucket_lifecycle_configuration": "LifecycleConfiguration",
    "put_bucket_cors": "CORSConfiguration",
    "put_bucket_tagging": "Tagging",
    "put_bucket_encryption": "ServerSideEncryptionConfiguration",
    "put_bucket_website": "WebsiteConfiguration",
    "put_bucket_logging": "BucketLoggingStatus",
    "put_bucket_notification_configuration": "NotificationConfiguration",
    "put_bucket_replication": "ReplicationConfiguration",
    "put_bucket_ownership_controls": "OwnershipControls",
    "put_bucket_accelerate_configuration": "AccelerateConfiguration",
    "put_bucket_request_payment": "RequestPaymentConfiguration",
    "put_public_access_block": "PublicAccessBlockConfiguration",
    "put_object_lock_configuration": "ObjectLockConfiguration",
    "put_object_tagging": "Tagging",
    "put_object_legal_hold": "LegalHold",
    "put_object_retention": "Retention",
    "put_bucket_acl": "AccessControlPolicy",
    "delete_objects": "Delete",
}


@pytest.mark.parametrize("method", BODIES)
def test_documents_that_are_none(lab: RunningLab, bucket: str, method: str) -> None:
    """MalformedXML for what is no XML, another document, or lacks what the schema requires; nothing breaks after."""
    client = lab.fresh_client("s3")
    client.put_object(Bucket=bucket, Key="k", Body=b"kept")
    operation = client.meta.method_to_api_mapping[method]
    code = "MalformedACLError" if method.endswith("_acl") else "MalformedXML"
    shape = MODEL.operation_model(operation).input_shape
    assert shape is not None
    arguments = {**example(shape), "Bucket": bucket}
    arguments |= {"Key": "k"} if "Key" in shape.members else {}
    root = BODIES[method]
    for body in ("not xml", f"<{root}>", "<Other/>", f"<{root}>&undefined;</{root}>", "\x00", "<" * 2000):

        def replace(params: dict[str, Any], body: str = body, **_: Any) -> None:
            params["body"] = body.encode()
            params["headers"].pop("Content-MD5", None)
            for name in [name for name in params["headers"] if name.lower().startswith("x-amz-checksum")]:
                del params["headers"][name]

        client.meta.events.register_last(f"before-call.s3.{operation}", replace, unique_id="body")
        status, told, error = refused(getattr(client, method), **arguments)
        client.meta.events.unregister(f"before-call.s3.{operation}", unique_id="body")
        assert (status, told) == (400, code), (body[:20], error)
    assert client.get_object(Bucket=bucket, Key="k")["Body"].read() == b"kept"
    client.put_object(Bucket=bucket, Key="k", Body=b"and usable")


def test_policies_that_are_none(s3: Any, bucket: str) -> None:
    """PutBucketPolicy: MalformedPolicy, and the bucket stays as it was."""
    for wrong in ("not json", '{"Version"', "{}", '{"Statement": [{"Effect": "Maybe"}]}', '{"Statement": ["x"]}', "[]"):
        assert refused(s3.put_bucket_policy, Bucket=bucket, Policy=wrong)[:2] == (400, "MalformedPolicy"), wrong
    assert refused(s3.get_bucket_policy, Bucket=bucket)[1] == "NoSuchBucketPolicy"
    s3.put_object(Bucket=bucket, Key="k", Body=b"")


def test_what_broke_the_server(s3: Any, bucket: str) -> None:
    """Errors of PutBucketAcl and RestoreObject, in place of a 500."""
    s3.put_object(Bucket=bucket, Key="k", Body=b"a,b")
    status, code, error = refused(s3.put_bucket_acl, Bucket=bucket)
    assert (status, code, error["MissingHeaderName"]) == (400, "MissingSecurityHeader", "x-amz-acl")
    status, code, error = refused(s3.put_object_acl, Bucket=bucket, Key="k", GrantRead="everybody")
    assert (status, code, error["ArgumentName"]) == (400, "InvalidArgument", "x-amz-grant-read")
    assert refused(s3.restore_object, Bucket=bucket, Key="k")[0] == 400


def test_s3_select_is_closed_to_new_customers(s3: Any, bucket: str) -> None:
    """Amazon S3 User Guide, "Querying data in place with Amazon S3 Select"; Athena is there for that."""
    s3.put_object(Bucket=bucket, Key="k", Body=b"a,b")
    forms = {"InputSerialization": {"CSV": {}}, "OutputSerialization": {"CSV": {}}, "ExpressionType": "SQL"}
    answer = refused(s3.select_object_content, Bucket=bucket, Key="k", Expression="SELECT * FROM s3object", **forms)
    assert answer[:2] == (501, "NotImplemented")
