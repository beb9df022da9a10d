"""S3's answers about objects, their versions, copies and parts; see `tests.recorded.replay`.

Recordings: test_s3, test_s3_api and test_s3_list_operations (tests/aws/services/s3 of localstack/localstack).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from tests.conftest import RunningLab
from tests.recorded.replay import Answer, Replay, assert_agreement, refusal
from tests.recorded.s3 import (
    COPY_RANGE,
    ILLEGAL_COPY,
    MALFORMED,
    NO_UPLOAD,
    NOT_MODIFIED,
    argument,
    bucket_of,
    got,
    headed,
    held,
    listed,
    no_bucket,
    no_key,
    versioned,
    wrote,
)


def objects(replay: Replay) -> None:
    s3, bucket = bucket_of(replay)
    put = {"Bucket": bucket, "Key": "Ā0Ä", "Body": "abc123"}
    get = {"Bucket": bucket, "Key": "Ā0Ä"}
    replay.call("put", s3.put_object, put, wrote("e99a18c428cb38d5f260853678922e03", "zwK7XA=="))
    replay.call("get", s3.get_object, get, got("abc123", "e99a18c428cb38d5f260853678922e03", "zwK7XA=="))
    replay.call("no_bucket", s3.get_object, {"Bucket": "nowhere-here-x", "Key": "k"}, no_bucket("nowhere-here-x"))
    replay.call("delete_no_bucket", s3.delete_bucket, {"Bucket": "nowhere-here-x"}, no_bucket("nowhere-here-x"))
    replay.call("no_key", s3.get_object, {"Bucket": bucket, "Key": "k", "Range": "bytes=1024-4096"}, no_key("k"))
    gone = {"Objects": [{"Key": name} for name in ("dummy1", "dummy2", "none")]}
    answer = {"Deleted": [{"Key": "dummy1"}, {"Key": "dummy2"}, {"Key": "none"}]}
    replay.call("delete_none", s3.delete_objects, {"Bucket": bucket, "Delete": gone}, answer)
    other = {"Bucket": "nowhere-here-x", "Delete": gone}
    replay.call("delete_objects_no_bucket", s3.delete_objects, other, no_bucket("nowhere-here-x"))


def ranges(replay: Replay) -> None:
    s3, bucket = bucket_of(replay)
    etag, crc = "781e5e245d69b566979b86e28d23f2c7", "poTHxg=="
    s3.put_object(Bucket=bucket, Key="k", Body="0123456789")

    def ask(wanted: str, answer: Answer) -> None:
        replay.call(wanted, s3.get_object, {"Bucket": bucket, "Key": "k", "Range": f"bytes={wanted}"}, answer)

    def part(body: str, span: str) -> Answer:
        return headed(etag, len(body), Body=body, ContentRange=f"bytes {span}/10", HTTPStatusCode=206)

    whole = got("0123456789", etag, crc)
    ask("0-8", part("012345678", "0-8"))
    ask("1-1", part("1", "1-1"))
    ask("1-", part("123456789", "1-9"))
    ask("-2", part("89", "8-9"))
    ask("-15", got("0123456789", etag, crc, ContentRange="bytes 0-9/10", HTTPStatusCode=206))
    ask("0-100", got("0123456789", etag, crc, ContentRange="bytes 0-9/10", HTTPStatusCode=206))
    for unread in ("1-0", "-1-", "0--1", "0-1,3-4,7-9", "-"):
        ask(unread, whole)
    for outside in ("-0", "100-200"):
        told = {"ActualObjectSize": "10", "RangeRequested": f"bytes={outside}"}
        ask(outside, refusal("InvalidRange", "The requested range is not satisfiable", 416, told))


def conditions(replay: Replay) -> None:
    s3, bucket = bucket_of(replay)
    etag, data = "8d777f385d3dfec8815d20f7496026dc", "data"
    s3.put_object(Bucket=bucket, Key="k", Body=data)
    modified = s3.head_object(Bucket=bucket, Key="k")["LastModified"]
    answer = got(data, etag, "rfPzYw==")

    def ask(step: str, answer: Answer, **conditions: Any) -> None:
        replay.call(step, s3.get_object, {"Bucket": bucket, "Key": "k", **conditions}, answer)

    ask("match", held("If-Match"), IfMatch="other")
    ask("unmodified", held("If-Unmodified-Since"), IfUnmodifiedSince=datetime(2018, 1, 1, tzinfo=UTC))
    ask("none_match", NOT_MODIFIED, IfNoneMatch=f'"{etag}"')
    ask("no_quotes", NOT_MODIFIED, IfNoneMatch=etag)
    ask("modified_since", NOT_MODIFIED, IfModifiedSince=modified)
    ask("unmodified_since", answer, IfUnmodifiedSince=modified)
    ask("all", answer, IfMatch=etag, IfUnmodifiedSince=datetime(2018, 1, 1, tzinfo=UTC))
    empty, crc = "d41d8cd98f00b204e9800998ecf8427e", "AAAAAA=="
    once = {"Bucket": bucket, "Key": "once", "Body": "", "IfNoneMatch": "*"}
    replay.call("put_once", s3.put_object, once, wrote(empty, crc))
    replay.call("put_twice", s3.put_object, once, held("If-None-Match"))
    more = {"Header": "If-None-Match"}
    more["additionalMessage"] = "We don't accept the provided value of If-None-Match header for this API"
    message = "A header you provided implies functionality that is not implemented"
    replay.call(
        "put_bad_value", s3.put_object, {**once, "IfNoneMatch": "x"}, refusal("NotImplemented", message, 501, more)
    )
    replay.call("delete", s3.delete_object, {"Bucket": bucket, "Key": "once"}, {"HTTPStatusCode": 204})
    replay.call("put_again", s3.put_object, once, wrote(empty, crc))
    replay.call("put_match", s3.put_object, {"Bucket": bucket, "Key": "k", "IfMatch": "abcdef"}, held("If-Match"))
    replay.call("put_match_none", s3.put_object, {"Bucket": bucket, "Key": "no", "IfMatch": "abcdef"}, no_key("no"))


def versions(replay: Replay) -> None:
    s3, bucket = versioned(replay)
    key: dict[str, Any] = {"Bucket": bucket, "Key": "test-delete"}
    etag, crc = "a9a43d6b467d3dc6514412c3a4987415", "1jy6qw=="
    put = replay.call("put", s3.put_object, {**key, "Body": "test-delete"}, wrote(etag, crc, VersionId="<first>"))
    marker = replay.call(
        "delete", s3.delete_object, key, {"DeleteMarker": True, "VersionId": "<marker>", "HTTPStatusCode": 204}
    )
    first = {**key, "VersionId": put["VersionId"]}
    replay.call("get_deleted", s3.get_object, key, no_key("test-delete"))
    replay.call("get_first", s3.get_object, first, got("test-delete", etag, crc, VersionId="<first>"))
    not_allowed = refusal(
        "MethodNotAllowed",
        "The specified method is not allowed against this resource.",
        405,
        {"Method": "GET", "ResourceType": "DeleteMarker"},
    )
    replay.call("get_marker", s3.get_object, {**key, "VersionId": marker["VersionId"]}, not_allowed)
    replay.call(
        "delete_again", s3.delete_object, key, {"DeleteMarker": True, "VersionId": "<second>", "HTTPStatusCode": 204}
    )
    page = {"EncodingType": "url", "IsTruncated": False, "KeyMarker": "", "MaxKeys": 1000, "Name": bucket}
    page |= {"Prefix": "test-delete", "VersionIdMarker": ""}
    owned = {"Key": "test-delete", "LastModified": datetime, "Owner": {"ID": "<owner>"}}
    markers = [
        {**owned, "IsLatest": True, "VersionId": "<second>"},
        {**owned, "IsLatest": False, "VersionId": "<marker>"},
    ]
    found = [listed(etag, "test-delete", 11, True, IsLatest=False, VersionId="<first>")]
    replay.call(
        "list",
        s3.list_object_versions,
        {"Bucket": bucket, "Prefix": "test-delete"},
        {**page, "DeleteMarkers": markers, "Versions": found},
    )
    replay.call(
        "delete_marker",
        s3.delete_object,
        {**key, "VersionId": marker["VersionId"]},
        {"DeleteMarker": True, "VersionId": "<marker>", "HTTPStatusCode": 204},
    )
    replay.call("delete_first", s3.delete_object, first, {"VersionId": "<first>", "HTTPStatusCode": 204})
    missing = {"Key": "test-delete", "VersionId": "<first>"}
    replay.call(
        "get_gone",
        s3.get_object,
        first,
        refusal("NoSuchVersion", "The specified version does not exist.", 404, missing),
    )
    wrong = put["VersionId"][:-4] + "!!!!"
    invalid = argument("versionId", wrong, "Invalid version id specified")
    replay.call("delete_bad_version", s3.delete_object, {**key, "VersionId": wrong}, invalid)
    replay.call(
        "delete_none",
        s3.delete_object,
        {"Bucket": bucket, "Key": "wrong"},
        {"DeleteMarker": True, "VersionId": str, "HTTPStatusCode": 204},
    )
    plain, unversioned = bucket_of(replay)
    plain.put_object(Bucket=unversioned, Key="k", Body="test-version")
    ask = {"Bucket": unversioned, "Key": "k"}
    wrong = "HPniJFCxqTsMuIH9KX8K8wEjNUgmABCD"
    invalid = argument("versionId", wrong, "Invalid version id specified")
    replay.call("unversioned", plain.get_object, {**ask, "VersionId": wrong}, invalid)
    whole = got("test-version", "a8b14b49cca6ee9a2dc6e28f87cc542c", "jSiR5g==")
    replay.call("null_version", plain.get_object, {**ask, "VersionId": "null"}, whole)


def versioning(replay: Replay) -> None:
    s3, bucket = bucket_of(replay)

    def put(step: str, configuration: dict[str, Any], answer: Answer, name: str = bucket) -> None:
        request = {"Bucket": name, "VersioningConfiguration": configuration}
        replay.call(f"put_{step}", s3.put_bucket_versioning, request, answer)

    replay.call("get_before", s3.get_bucket_versioning, {"Bucket": bucket}, {})
    put("suspended", {"Status": "Suspended"}, {})
    replay.call("get_suspended", s3.get_bucket_versioning, {"Bucket": bucket}, {"Status": "Suspended"})
    put("lowercase", {"Status": "enabled"}, MALFORMED)
    put("enabled", {"Status": "Enabled"}, {})
    replay.call("get_enabled", s3.get_bucket_versioning, {"Bucket": bucket}, {"Status": "Enabled"})
    put("disabled", {"Status": "Disabled"}, MALFORMED)
    empty = refusal("IllegalVersioningConfigurationException", "The Versioning element must be specified")
    put("empty", {}, empty)
    put("no_bucket", {"Status": "Suspended"}, no_bucket("nowhere-here-x"), "nowhere-here-x")
    replay.call("get_no_bucket", s3.get_bucket_versioning, {"Bucket": "nowhere-here-x"}, no_bucket("nowhere-here-x"))


def copies(replay: Replay) -> None:
    s3, bucket = bucket_of(replay)
    source: dict[str, Any] = {
        "Bucket": bucket,
        "Key": "source",
        "Body": "test content 123",
        "ContentType": "application/json",
    }
    etag, crc = "eee506dd7ada7ded524c77e359a0e7c6", str
    source |= {"Metadata": {"key": "value"}}
    replay.call("put", s3.put_object, source, {**wrote(etag, ""), "ChecksumCRC32": crc})
    kept = {"ContentType": "application/json", "Metadata": {"key": "value"}}
    replay.call("head", s3.head_object, {"Bucket": bucket, "Key": "source"}, headed(etag, 16, **kept))
    result = {"ChecksumCRC32": crc, "ChecksumType": "FULL_OBJECT", "ETag": f'"{etag}"', "LastModified": datetime}
    answer = {"CopyObjectResult": result, "ServerSideEncryption": "AES256"}
    copy = {"Bucket": bucket, "Key": "copy", "CopySource": f"{bucket}/source"}
    replaced = {"Metadata": {"another-key": "value"}, "ContentType": "image/jpg", "MetadataDirective": "REPLACE"}
    replay.call("copy_replace", s3.copy_object, {**copy, **replaced}, answer)
    shown = {"ContentType": "image/jpg", "Metadata": {"another-key": "value"}}
    replay.call("head_copy", s3.head_object, {"Bucket": bucket, "Key": "copy"}, headed(etag, 16, **shown))
    same = {**copy, "Key": "source"}
    replay.call("in_place", s3.copy_object, same, refusal("InvalidRequest", ILLEGAL_COPY))
    replay.call("in_place_acl", s3.copy_object, {**same, "ACL": "private"}, refusal("InvalidRequest", ILLEGAL_COPY))
    replay.call("in_place_class", s3.copy_object, {**same, "StorageClass": "STANDARD"}, answer)
    replay.call("in_place_sse", s3.copy_object, {**same, "ServerSideEncryption": "AES256"}, answer)
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
    rules = {"Bucket": bucket, "ServerSideEncryptionConfiguration": {"Rules": [rule]}}
    replay.call("put_encryption", s3.put_bucket_encryption, rules, {})
    replay.call("in_place_bucket_encryption", s3.copy_object, same, answer)
    missing = {**copy, "CopySource": "nowhere-here-x/source"}
    replay.call("no_source_bucket", s3.copy_object, missing, no_bucket("nowhere-here-x"))
    replay.call("no_source", s3.copy_object, {**copy, "CopySource": f"{bucket}/none"}, no_key("none"))


def copies_of_versions(replay: Replay) -> None:
    s3, bucket = versioned(replay)
    first = s3.put_object(Bucket=bucket, Key="random-src-key", Body="")["VersionId"]
    marker = s3.delete_object(Bucket=bucket, Key="random-src-key")["VersionId"]
    copy = {"Bucket": bucket, "Key": "copy", "CopySource": f"{bucket}/random-src-key"}
    replay.call("marker", s3.copy_object, copy, no_key("random-src-key"))
    by_id = {**copy, "CopySource": f"{bucket}/random-src-key?versionId={marker}"}
    message = "The source of a copy request may not specifically refer to a delete marker by version id."
    replay.call("marker_by_id", s3.copy_object, by_id, refusal("InvalidRequest", message))
    result = {"ETag": '"d41d8cd98f00b204e9800998ecf8427e"', "LastModified": datetime}
    result |= {"ChecksumCRC32": "AAAAAA==", "ChecksumType": "FULL_OBJECT"}
    answer = {"CopyObjectResult": result, "CopySourceVersionId": first, "ServerSideEncryption": "AES256"}
    by_id = {**copy, "CopySource": f"{bucket}/random-src-key?versionId={first}"}
    replay.call("version_by_id", s3.copy_object, by_id, {**answer, "VersionId": str})


def multipart(replay: Replay) -> None:
    s3, bucket = bucket_of(replay)
    key = {"Bucket": bucket, "Key": "test-list-parts"}
    answer = {**key, "ServerSideEncryption": "AES256", "UploadId": "<upload>"}
    upload = replay.call("create", s3.create_multipart_upload, key, answer)["UploadId"]
    one = {**key, "UploadId": upload}
    parts = {**key, "UploadId": "<upload>", "IsTruncated": False, "MaxParts": 1000, "PartNumberMarker": 0}
    parts |= {
        "Initiator": {"DisplayName": ..., "ID": "<owner>"},
        "Owner": {"ID": "<owner>"},
        "StorageClass": "STANDARD",
    }
    replay.call("parts_before", s3.list_parts, one, {**parts, "NextPartNumberMarker": 0})
    page = {"Bucket": bucket, "IsTruncated": False, "KeyMarker": "", "MaxUploads": 1000, "UploadIdMarker": ""}
    told = {**key, "Initiated": datetime, "Initiator": parts["Initiator"], "Owner": parts["Owner"]}
    told |= {"StorageClass": "STANDARD", "UploadId": "<upload>"}
    del told["Bucket"]
    ending = {"NextKeyMarker": "test-list-parts", "NextUploadIdMarker": "<upload>", "Uploads": [told]}
    replay.call("uploads", s3.list_multipart_uploads, {"Bucket": bucket}, {**page, **ending})
    part = {**one, "PartNumber": 1, "Body": "upload-part-1" * 5}
    etag = '"3237c18681adb6a9d843c733ce249480"'
    uploaded = {"ChecksumCRC32": "axEe0A==", "ETag": etag, "ServerSideEncryption": "AES256"}
    replay.call("part", s3.upload_part, part, uploaded)
    found = [{"ETag": etag, "LastModified": datetime, "PartNumber": 1, "Size": 65}]
    replay.call("parts_after", s3.list_parts, one, {**parts, "NextPartNumberMarker": 1, "Parts": found})
    complete = {**one, "MultipartUpload": {"Parts": [{"ETag": etag, "PartNumber": 1}]}}
    whole = {"ChecksumCRC64NVME": "CTXktO4pIQs=", "ChecksumType": "FULL_OBJECT"}
    whole |= {"ETag": '"e747540af6911dbc890f8d3e0b48549b-1"'}
    done = {**key, **whole, "Location": str, "ServerSideEncryption": "AES256"}
    replay.call("complete", s3.complete_multipart_upload, complete, done)
    missing = refusal("NoSuchUpload", NO_UPLOAD, 404, {"UploadId": "<upload>"})
    replay.call("parts_completed", s3.list_parts, one, missing)
    nothing = {**page, "NextKeyMarker": "", "NextUploadIdMarker": ""}
    replay.call("uploads_completed", s3.list_multipart_uploads, {"Bucket": bucket}, nothing)
    head = {**headed("e747540af6911dbc890f8d3e0b48549b-1", 65), **whole}
    replay.call("head", s3.head_object, {**key, "ChecksumMode": "ENABLED"}, head)
    replay.call("get", s3.get_object, key, {**head, "Body": "upload-part-1" * 5})
    fake = {**key, "UploadId": "fakeid"}
    unknown = refusal("NoSuchUpload", NO_UPLOAD, 404, {"UploadId": "fakeid"})
    replay.call("part_unknown", s3.upload_part, {**fake, "PartNumber": 1, "Body": "x"}, unknown)
    replay.call("complete_unknown", s3.complete_multipart_upload, {**complete, **fake}, unknown)
    replay.call("abort_unknown", s3.abort_multipart_upload, fake, unknown)
    other = s3.create_multipart_upload(Bucket=bucket, Key="right")["UploadId"]
    wrong = {"Bucket": bucket, "Key": "wrong", "UploadId": other}
    unknown = refusal("NoSuchUpload", NO_UPLOAD, 404, {"UploadId": other})
    replay.call("part_wrong_key", s3.upload_part, {**wrong, "PartNumber": 1, "Body": "x"}, unknown)
    replay.call("parts_wrong_key", s3.list_parts, wrong, unknown)
    replay.call("abort_wrong_key", s3.abort_multipart_upload, wrong, unknown)
    message = "Part number must be an integer between 1 and 10000, inclusive"
    negative = {**wrong, "Key": "right", "PartNumber": -1, "Body": "x"}
    replay.call("part_negative", s3.upload_part, negative, argument("partNumber", "-1", message))
    order = {"Parts": [{"ETag": etag, "PartNumber": 2}, {"ETag": etag, "PartNumber": 1}]}
    message = "The list of parts was not in ascending order. Parts must be ordered by part number."
    unordered = refusal("InvalidPartOrder", message, 400, {"UploadId": other})
    right = {"Bucket": bucket, "Key": "right", "UploadId": other}
    replay.call("unordered", s3.complete_multipart_upload, {**right, "MultipartUpload": order}, unordered)


def part_copies(replay: Replay) -> None:
    s3, bucket = bucket_of(replay)
    s3.put_object(Bucket=bucket, Key="source", Body="0123456789")
    upload = s3.create_multipart_upload(Bucket=bucket, Key="k")["UploadId"]
    part = {"Bucket": bucket, "Key": "k", "UploadId": upload, "PartNumber": 1, "CopySource": f"{bucket}/source"}
    result = {"ETag": '"781e5e245d69b566979b86e28d23f2c7"', "LastModified": datetime}
    answer = {"CopyPartResult": result, "ServerSideEncryption": "AES256"}
    replay.call("whole", s3.upload_part_copy, part, answer)
    result = {"ETag": '"c4ca4238a0b923820dcc509a6f75849b"', "LastModified": datetime}
    replay.call(
        "one", s3.upload_part_copy, {**part, "CopySourceRange": "bytes=1-1"}, {**answer, "CopyPartResult": result}
    )
    name = "x-amz-copy-source-range"
    for wrong in (
        "0-8",
        "bytes=1-0",
        "bytes=-1-",
        "bytes=0--1",
        "bytes=0-1,3-4,7-9",
        "bytes=-",
        "bytes=1-",
        "bytes=-2",
    ):
        refused = argument(name, wrong, COPY_RANGE)
        replay.call(f"range {wrong}", s3.upload_part_copy, {**part, "CopySourceRange": wrong}, refused)
    long = argument(name, "bytes=0-100", "Range specified is not valid for source object of size: 10")
    replay.call("too_long", s3.upload_part_copy, {**part, "CopySourceRange": "bytes=0-100"}, long)
    outside = refusal("InvalidRequest", "The specified copy range is invalid for the source object size")
    replay.call("outside", s3.upload_part_copy, {**part, "CopySourceRange": "bytes=100-200"}, outside)
    for condition, value in (("IfMatch", "abc"), ("IfUnmodifiedSince", datetime(2018, 1, 1, tzinfo=UTC))):
        header = {"IfMatch": "If-Match", "IfUnmodifiedSince": "If-Unmodified-Since"}[condition]
        ask = {**part, f"CopySource{condition}": value}
        replay.call(condition, s3.upload_part_copy, ask, held(f"x-amz-copy-source-{header}"))


def parts_of_objects(replay: Replay) -> None:
    s3, bucket = bucket_of(replay)
    key = {"Bucket": bucket, "Key": "k"}
    upload = s3.create_multipart_upload(**key)["UploadId"]
    tags = [
        s3.upload_part(**key, UploadId=upload, PartNumber=number, Body=body)["ETag"]
        for number, body in enumerate((b"a" * 5242896, "test content 123"), 1)
    ]
    parts = {"Parts": [{"ETag": etag, "PartNumber": number} for number, etag in enumerate(tags, 1)]}
    s3.complete_multipart_upload(**key, UploadId=upload, MultipartUpload=parts)
    etag = s3.head_object(**key)["ETag"].strip('"')
    second = headed(etag, 16, ContentRange="bytes 5242896-5242911/5242912", PartsCount=2, HTTPStatusCode=206)
    replay.call("head", s3.head_object, {**key, "PartNumber": 2}, second)
    replay.call("get", s3.get_object, {**key, "PartNumber": 2}, {**second, "Body": "test content 123"})
    message = "The requested partnumber is not satisfiable"
    told = {"ActualPartCount": "2", "PartNumberRequested": "10"}
    replay.call("none", s3.get_object, {**key, "PartNumber": 10}, refusal("InvalidPartNumber", message, 416, told))
    both = refusal("InvalidRequest", "Cannot specify both Range header and partNumber query parameter")
    replay.call("range", s3.get_object, {**key, "PartNumber": 2, "Range": "bytes=0-8"}, both)
    plain = {"Bucket": bucket, "Key": "plain"}
    s3.put_object(**plain, Body="test-123")
    told = {"ActualPartCount": "1", "PartNumberRequested": "2"}
    replay.call(
        "plain_none", s3.get_object, {**plain, "PartNumber": 2}, refusal("InvalidPartNumber", message, 416, told)
    )
    whole = got(
        "test-123", "ca6d00e33edff0e9cb3782d31182de33", "MAPXAg==", ContentRange="bytes 0-7/8", HTTPStatusCode=206
    )
    replay.call("plain", s3.get_object, {**plain, "PartNumber": 1}, whole)


SCENARIOS = [objects, ranges, conditions, versions, versioning]
SCENARIOS += [copies, copies_of_versions, multipart, part_copies, parts_of_objects]


def test_objects_answer_as_aws(lab: RunningLab) -> None:
    assert_agreement(lab, SCENARIOS, {})
