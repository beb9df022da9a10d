"""S3's answers about buckets, their settings and listings, and tags; see `tests.recorded.replay`.

Recordings: test_s3, test_s3_api and test_s3_list_operations (tests/aws/services/s3 of localstack/localstack).
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.conftest import RunningLab
from tests.recorded.replay import Answer, Json, Replay, assert_agreement, refusal
from tests.recorded.s3 import MALFORMED, argument, bucket_of, got, listed, no_bucket, no_key, wrote


def tags(replay: Replay) -> None:
    s3, bucket = bucket_of(replay)
    missing = refusal("NoSuchTagSet", "The TagSet does not exist", 404, {"BucketName": bucket})
    two = [{"Key": "tag1", "Value": "tag1"}, {"Key": "tag2", "Value": ""}]
    replay.call("bucket_none", s3.get_bucket_tagging, {"Bucket": bucket}, missing)
    tagging = {"Bucket": bucket, "Tagging": {"TagSet": two}}
    replay.call("bucket_put", s3.put_bucket_tagging, tagging, {"HTTPStatusCode": 204})
    replay.call("bucket_get", s3.get_bucket_tagging, {"Bucket": bucket}, {"TagSet": two})
    replay.call("bucket_delete", s3.delete_bucket_tagging, {"Bucket": bucket}, {"HTTPStatusCode": 204})
    etag, crc = "b635a7fc30aa9091e0d236bee77e6844", "lpqTBg=="
    key = {"Bucket": bucket, "Key": "k"}
    replay.call("put", s3.put_object, {**key, "Body": "test-tagging"}, wrote(etag, crc))
    replay.call("get_none", s3.get_object_tagging, key, {"TagSet": []})
    replay.call("put_tags", s3.put_object_tagging, {**key, "Tagging": {"TagSet": two[:1]}}, {})
    replay.call("get_tags", s3.get_object_tagging, key, {"TagSet": two[:1]})
    replay.call("get_object", s3.get_object, key, got("test-tagging", etag, crc, TagCount=1))
    replay.call("delete_tags", s3.delete_object_tagging, key, {"HTTPStatusCode": 204})
    replay.call("get_object_after", s3.get_object, key, got("test-tagging", etag, crc))
    nowhere = {"Bucket": "nowhere-here-x", "Key": "fake-key"}
    replay.call("no_bucket", s3.get_object_tagging, nowhere, no_bucket("nowhere-here-x"))
    fake = {"Bucket": bucket, "Key": "fake-key"}
    replay.call("no_key_delete", s3.delete_object_tagging, fake, no_key("fake-key"))
    replay.call("no_key_put", s3.put_object_tagging, {**fake, "Tagging": {"TagSet": []}}, no_key("fake-key"))
    message = (
        "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag name"
    )
    for wrong in ("key1=val1&key1=val2", "key1=val1,key2=val2"):
        refused = argument("x-amz-tagging", wrong, f"{message} duplicates.")
        replay.call(f"header {wrong}", s3.put_object, {**key, "Body": "", "Tagging": wrong}, refused)

    def invalid(message: str, **more: str) -> Answer:
        return refusal("InvalidTag", message, 400, more)

    def put(step: str, tags: list[dict[str, Any]], answer: Answer) -> None:
        for name, call, where in (
            ("bucket", s3.put_bucket_tagging, {"Bucket": bucket}),
            ("object", s3.put_object_tagging, key),
        ):
            if not (name == "object" and "value" in step):
                replay.call(f"{name}_{step}", call, {**where, "Tagging": {"TagSet": tags}}, answer)

    twice = [{"Key": "Key1", "Value": "Val1"}] * 2
    put("duplicates", twice, invalid("Cannot provide multiple Tags with the same key", TagKey="Key1"))
    comma = "The TagKey you have provided is invalid"
    put("bad_key", [{"Key": "Key1,Key2", "Value": "Val1"}], invalid(comma, TagKey="Key1,Key2"))
    value = invalid("The TagValue you have provided is invalid", TagKey="Key1", TagValue="Val1,Val2")
    put("bad_value", [{"Key": "Key1", "Value": "Val1,Val2"}], value)
    system = [{"Key": "aws:prefixed", "Value": "Val1"}]
    own = invalid("System tags cannot be added/updated by requester", TagKey="aws:prefixed")
    replay.call("bucket_system", s3.put_bucket_tagging, {"Bucket": bucket, "Tagging": {"TagSet": system}}, own)
    own = invalid("Your TagKey cannot be prefixed with aws:", TagKey="aws:prefixed")
    replay.call("object_system", s3.put_object_tagging, {**key, "Tagging": {"TagSet": system}}, own)


def bucket_settings(replay: Replay) -> None:
    s3, bucket = bucket_of(replay)
    name = {"Bucket": bucket}
    default = {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}, "BucketKeyEnabled": False}]}
    # since April 2026 ("Blocking or unblocking SSE-C for a general purpose bucket"), after these were recorded
    blocking = {"Rules": [{**default["Rules"][0], "BlockedEncryptionTypes": {"EncryptionType": ["SSE-C"]}}]}
    replay.call("encryption", s3.get_bucket_encryption, name, {"ServerSideEncryptionConfiguration": blocking})
    replay.call("encryption_delete", s3.delete_bucket_encryption, name, {"HTTPStatusCode": 204})

    def encrypt(step: str, rules: list[Any], answer: Answer) -> None:
        ask = {**name, "ServerSideEncryptionConfiguration": {"Rules": rules}}
        replay.call(step, s3.put_bucket_encryption, ask, answer)

    encrypt("encryption_no_rules", [], MALFORMED)
    encrypt("encryption_two_rules", default["Rules"] * 2, MALFORMED)
    with_key = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256", "KMSMasterKeyID": "randomkeyid"}}
    message = "a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms or aws:kms:dsse"
    told = {"ArgumentName": "ApplyServerSideEncryptionByDefault"}
    encrypt("encryption_key", [with_key], refusal("InvalidArgument", message, 400, told))
    owned = {"OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}}
    replay.call("ownership", s3.get_bucket_ownership_controls, name, owned)
    for rules in (
        [{"ObjectOwnership": "BucketOwnerPreferred"}, {"ObjectOwnership": "ObjectWriter"}],
        [{"ObjectOwnership": "X"}],
        [],
    ):
        ask = {**name, "OwnershipControls": {"Rules": rules}}
        replay.call(f"ownership_{len(rules)}", s3.put_bucket_ownership_controls, ask, MALFORMED)
    told = {"ArgumentName": "x-amz-object-ownership"}
    wrong = refusal("InvalidArgument", "Invalid x-amz-object-ownership header: RandomValue", 400, told)
    ask = {"Bucket": replay.unique("wrong"), "ObjectOwnership": "RandomValue"}
    replay.call("ownership_at_creation", s3.create_bucket, ask, wrong)
    replay.call(
        "accelerate",
        s3.put_bucket_accelerate_configuration,
        {**name, "AccelerateConfiguration": {"Status": "enabled"}},
        MALFORMED,
    )
    none = refusal("NoSuchBucketPolicy", "The bucket policy does not exist", 404, {"BucketName": bucket})
    replay.call("policy_none", s3.get_bucket_policy, name, none)
    first_byte = refusal("MalformedPolicy", "Policies must be valid JSON and the first byte must be '{'")
    replay.call("policy_text", s3.put_bucket_policy, {**name, "Policy": "invalid json"}, first_byte)
    no_statement = refusal("MalformedPolicy", "Missing required field Statement")
    replay.call("policy_empty", s3.put_bucket_policy, {**name, "Policy": "{}"}, no_statement)
    replay.call("payer", s3.get_bucket_request_payment, name, {"Payer": "BucketOwner"})
    lock = refusal(
        "ObjectLockConfigurationNotFoundError",
        "Object Lock configuration does not exist for this bucket",
        404,
        {"BucketName": bucket},
    )
    replay.call("lock_none", s3.get_object_lock_configuration, name, lock)
    missing = refusal("NoSuchConfiguration", "The specified configuration does not exist.", 404)
    replay.call("metrics_none", s3.get_bucket_metrics_configuration, {**name, "Id": "none"}, missing)
    tier: dict[str, Any] = {"Id": "test1", "Filter": {"Prefix": "test1"}, "Status": "Enabled"}
    tier |= {"Tierings": [{"Days": 90, "AccessTier": "ARCHIVE_ACCESS"}]}
    ask = {**name, "Id": "test1", "IntelligentTieringConfiguration": tier}
    replay.call("tiering", s3.get_bucket_intelligent_tiering_configuration, {**name, "Id": "none"}, missing)
    s3.put_bucket_intelligent_tiering_configuration(**ask)
    told_tier = {"IntelligentTieringConfiguration": tier}
    replay.call("tiering_get", s3.get_bucket_intelligent_tiering_configuration, {**name, "Id": "test1"}, told_tier)
    page = {"IntelligentTieringConfigurationList": [tier], "IsTruncated": False}
    replay.call("tiering_list", s3.list_bucket_intelligent_tiering_configurations, name, page)


def object_lock(replay: Replay) -> None:
    s3, bucket = bucket_of(replay, ObjectLockEnabledForBucket=True)

    def put(step: str, configuration: dict[str, Any]) -> None:
        ask = {"Bucket": bucket, "ObjectLockConfiguration": configuration}
        replay.call(step, s3.put_object_lock_configuration, ask, MALFORMED)

    on = {"ObjectLockEnabled": "Enabled"}
    put("not_enabled", {"Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 1}}})
    put("empty", {})
    put("no_retention", {**on, "Rule": {}})
    put("empty_retention", {**on, "Rule": {"DefaultRetention": {}}})
    put("no_days", {**on, "Rule": {"DefaultRetention": {"Mode": "GOVERNANCE"}}})
    put("bad_mode", {**on, "Rule": {"DefaultRetention": {"Mode": "BAD", "Days": 1}}})
    put("both", {**on, "Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 1, "Years": 1}}})
    key = {"Bucket": bucket, "Key": "k"}
    later = datetime.now(UTC) + timedelta(days=1)
    retention = {"Mode": "GOVERNANCE", "RetainUntilDate": later}
    replay.call("no_key", s3.put_object_retention, {**key, "Retention": retention}, no_key("k"))
    s3.put_object(**key, Body="x")
    never = refusal(
        "NoSuchObjectLockConfiguration", "The specified object does not have a ObjectLock configuration", 404
    )
    replay.call("never", s3.get_object_retention, key, never)
    replay.call("no_date", s3.put_object_retention, {**key, "Retention": {"Mode": "GOVERNANCE"}}, MALFORMED)
    replay.call("mode", s3.put_object_retention, {**key, "Retention": {**retention, "Mode": "BAD"}}, MALFORMED)
    plain, regular = bucket_of(replay)
    plain.put_object(Bucket=regular, Key="k", Body="x")
    missing = refusal("InvalidRequest", "Bucket is missing Object Lock Configuration")
    ask = {"Bucket": regular, "Key": "k"}
    replay.call("regular_put", plain.put_object_retention, {**ask, "Retention": retention}, missing)
    replay.call("regular_get", plain.get_object_retention, ask, missing)
    replay.call("regular_hold", plain.put_object_legal_hold, {**ask, "LegalHold": {"Status": "ON"}}, missing)


def listings(replay: Replay) -> None:
    s3, bucket = bucket_of(replay)
    empty = {"EncodingType": "url", "IsTruncated": False, "Marker": "", "MaxKeys": 1000, "Name": bucket, "Prefix": ""}
    replay.call("empty", s3.list_objects, {"Bucket": bucket, "Marker": ""}, empty)
    for key in ("test/foo/bar/123", "test/bar/foo/123"):
        s3.put_object(Bucket=bucket, Key=key, Body="content 123")
    etag = s3.head_object(Bucket=bucket, Key="test/foo/bar/123")["ETag"].strip('"')

    def ask(step: str, answer: Answer, prefix: str, **more: Any) -> None:
        page = {"Delimiter": "/", "EncodingType": "url", "IsTruncated": False, "MaxKeys": 1000, "Name": bucket}
        request = {"Bucket": bucket, "Prefix": prefix, "Delimiter": "/", **more}
        replay.call(step, s3.list_objects_v2, request, {**page, "Prefix": prefix, **answer})

    folders = [{"Prefix": "test/bar/"}, {"Prefix": "test/foo/"}]
    ask("folders", {"CommonPrefixes": folders, "KeyCount": 2}, "test/")
    cut = {"IsTruncated": True, "MaxKeys": 1, "NextContinuationToken": str, "KeyCount": 1}
    ask("one", {"CommonPrefixes": folders[:1], **cut}, "test/", MaxKeys=1)
    ask("inside", {"CommonPrefixes": folders[1:], "KeyCount": 1}, "test/foo")
    ask("deeper", {"CommonPrefixes": [{"Prefix": "test/foo/bar/"}], "KeyCount": 1}, "test/foo/bar")
    page = {**empty, "Delimiter": "%2F", "MaxKeys": 1, "Prefix": "test/foo"}
    request = {"Bucket": bucket, "Prefix": "test/foo", "Delimiter": "%2F", "MaxKeys": 1, "EncodingType": "url"}
    replay.call(
        "encoded",
        s3.list_objects,
        request,
        {**page, "Contents": [listed(etag, "test/foo/bar/123", 11, True)], "Delimiter": "%252F"},
    )
    message = "Invalid Encoding Method specified in Request"
    for method in ("list_objects", "list_objects_v2", "list_object_versions", "list_multipart_uploads"):
        ask_wrong = {"Bucket": bucket, "EncodingType": "value"}
        replay.call(f"{method}_encoding", getattr(s3, method), ask_wrong, argument("encoding-type", "value", message))
    region = refusal(
        "InvalidArgument", "Argument value eu-east-1 is not a valid AWS Region", 400, {"ArgumentName": "bucket-region"}
    )
    replay.call("bad_region", s3.list_buckets, {"BucketRegion": "eu-east-1"}, region)
    one = {"BucketArn": f"arn:aws:s3:::{bucket}", "BucketRegion": "<region>", "CreationDate": datetime, "Name": bucket}
    answer = {"Buckets": [one], "Owner": {"ID": "<owner>"}, "Prefix": bucket}
    replay.call("buckets", s3.list_buckets, {"Prefix": bucket}, answer)


def uploads(replay: Replay) -> None:
    s3, bucket = bucket_of(replay)
    ids = [
        s3.create_multipart_upload(Bucket=bucket, Key=f"folder/{name}")["UploadId"]
        for name in ("aSubfolder/subFile1", "aSubfolder/subFile2", "file1", "file2")
    ]
    page = {"Bucket": bucket, "Delimiter": "/", "IsTruncated": True, "MaxUploads": 1, "Prefix": "folder/"}
    page |= {"KeyMarker": "", "UploadIdMarker": "", "NextKeyMarker": ..., "NextUploadIdMarker": ""}
    ask = {"Bucket": bucket, "Delimiter": "/", "MaxUploads": 1, "Prefix": "folder/"}
    folder = [{"Prefix": "folder/aSubfolder/"}]
    replay.call("folder", s3.list_multipart_uploads, ask, {**page, "CommonPrefixes": folder})
    told = {"Initiated": datetime, "Initiator": {"DisplayName": ..., "ID": "<owner>"}, "Owner": {"ID": "<owner>"}}
    told |= {"Key": "folder/file1", "StorageClass": "STANDARD", "UploadId": ids[2]}
    more = {"NextKeyMarker": "folder/file1", "NextUploadIdMarker": ids[2], "Uploads": [told]}
    for step, marker in (("after_folder", "folder/aSubfolder/"), ("inside_folder", "folder/aSubfolder/subFile1")):
        answer = {**page, **more, "KeyMarker": marker}
        replay.call(step, s3.list_multipart_uploads, {**ask, "KeyMarker": marker}, answer)


def lifecycles(replay: Replay) -> None:
    s3, bucket = bucket_of(replay)

    def put(step: str, answer: Answer, **rule: Any) -> None:
        ask = {"Bucket": bucket, "LifecycleConfiguration": {"Rules": [{"Status": "Enabled", **rule}]}}
        replay.call(step, s3.put_bucket_lifecycle_configuration, ask, answer)

    week = {"Days": 7}
    put("no_filter", MALFORMED, ID="wrong", Expiration=week)
    put("noncurrent", MALFORMED, ID="wrong", Filter={}, NoncurrentVersionExpiration={})
    both = {"And": {"Prefix": "test", "ObjectSizeGreaterThan": 1}, "Prefix": "test"}
    put("and_plus_prefix", MALFORMED, ID="wrong", Filter=both, Expiration=week)
    put(
        "and_alone",
        MALFORMED,
        ID="wrong",
        Filter={"And": {"Prefix": "test"}, "ObjectSizeGreaterThan": 1},
        Expiration=week,
    )
    put("marker_and_days", MALFORMED, ID="w", Filter={}, Expiration={"Days": 1, "ExpiredObjectDeleteMarker": True})
    twice = [{"Key": "testlifecycle", "Value": "x"}, {"Key": "testlifecycle", "Value": "y"}]
    duplicate = refusal("InvalidRequest", "Duplicate Tag Keys are not allowed.")
    put("duplicate_tags", duplicate, ID="w", Filter={"And": {"Tags": twice}}, Expiration=week)
    rule = {"Expiration": week, "Filter": {"Prefix": ""}, "ID": "one", "Status": "Enabled"}
    s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": [rule]})
    answer = {"Rules": [rule], "TransitionDefaultMinimumObjectSize": "all_storage_classes_128K"}
    replay.call("get", s3.get_bucket_lifecycle_configuration, {"Bucket": bucket}, answer)


def keys_of_kms(replay: Replay) -> None:
    s3, bucket = bucket_of(replay)
    put = {"Bucket": bucket, "Key": "k", "Body": "x", "ServerSideEncryption": "aws:kms"}
    fake = refusal("KMS.NotFoundException", "Invalid keyId 'fake-key-id'")
    replay.call("put_fake", s3.put_object, {**put, "SSEKMSKeyId": "fake-key-id"}, fake)
    unknown = "134f2428-cec1-4b25-a1ae-9048164dba47"
    arn = f"arn:aws:kms:{replay.lab.facts['region']}:{replay.lab.facts['account_id']}:key/{unknown}"
    missing = refusal("KMS.NotFoundException", f"Key '{arn}' does not exist")
    replay.call("put_unknown", s3.put_object, {**put, "SSEKMSKeyId": unknown}, missing)
    replay.call("put_unknown_arn", s3.put_object, {**put, "SSEKMSKeyId": arn}, missing)
    begin = {name: value for name, value in put.items() if name != "Body"} | {"SSEKMSKeyId": "fake-key-id"}
    replay.call("create_fake", s3.create_multipart_upload, begin, fake)


def cross_origin(replay: Replay) -> None:
    s3, bucket = bucket_of(replay)
    name = {"Bucket": bucket}
    message = "The CORS configuration does not exist"
    missing = refusal("NoSuchCORSConfiguration", message, 404, {"BucketName": bucket})
    replay.call("none", s3.get_bucket_cors, name, missing)
    replay.call("delete_none", s3.delete_bucket_cors, name, {"HTTPStatusCode": 204})
    rule: dict[str, Any] = {"AllowedHeaders": ["x-amz-expected-bucket-owner"], "AllowedMethods": ["GET", "PUT", "HEAD"]}
    rule |= {"AllowedOrigins": ["https://test.com", "http://test.com:80"], "MaxAgeSeconds": 3000}
    replay.call("put", s3.put_bucket_cors, {**name, "CORSConfiguration": {"CORSRules": [rule]}}, {})
    replay.call("get", s3.get_bucket_cors, name, {"CORSRules": [rule]})
    replay.call("delete", s3.delete_bucket_cors, name, {"HTTPStatusCode": 204})
    replay.call("get_deleted", s3.get_bucket_cors, name, missing)
    message = "Found unsupported HTTP method in CORS config. Unsupported method is MYMETHOD"
    wrong = {"CORSRules": [{"AllowedOrigins": ["*"], "AllowedMethods": ["MYMETHOD"]}]}
    refused = refusal("InvalidRequest", message)
    replay.call("method", s3.put_bucket_cors, {**name, "CORSConfiguration": wrong}, refused)
    replay.call("empty", s3.put_bucket_cors, {**name, "CORSConfiguration": {"CORSRules": []}}, MALFORMED)


def policies(replay: Replay) -> None:
    s3, bucket = bucket_of(replay)
    name = {"Bucket": bucket}
    message = "The bucket policy does not exist"
    missing = refusal("NoSuchBucketPolicy", message, 404, {"BucketName": bucket})
    statement = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "s3:GetObject"}
    policy = {"Version": "2012-10-17", "Statement": [{**statement, "Resource": f"arn:aws:s3:::{bucket}/*"}]}
    put = {**name, "Policy": json.dumps(policy)}
    s3.delete_public_access_block(**name)
    replay.call("put", s3.put_bucket_policy, put, {"HTTPStatusCode": 204})
    replay.call("get", s3.get_bucket_policy, name, {"Policy": Json(policy)})
    replay.call("delete", s3.delete_bucket_policy, name, {"HTTPStatusCode": 204})
    replay.call("get_deleted", s3.get_bucket_policy, name, missing)
    replay.call("delete_again", s3.delete_bucket_policy, name, {"HTTPStatusCode": 204})
    open_ = dict.fromkeys(("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"), False)
    replay.call("block_put", s3.put_public_access_block, {**name, "PublicAccessBlockConfiguration": open_}, {})
    replay.call("block_get", s3.get_public_access_block, name, {"PublicAccessBlockConfiguration": open_})
    replay.call("block_delete", s3.delete_public_access_block, name, {"HTTPStatusCode": 204})
    message = "The public access block configuration was not found"
    missing = refusal("NoSuchPublicAccessBlockConfiguration", message, 404, {"BucketName": bucket})
    replay.call("block_deleted", s3.get_public_access_block, name, missing)


SCENARIOS = [tags, bucket_settings, object_lock, listings, uploads]
SCENARIOS += [lifecycles, keys_of_kms, cross_origin, policies]


def test_buckets_answer_as_aws(lab: RunningLab) -> None:
    assert_agreement(lab, SCENARIOS, {})
