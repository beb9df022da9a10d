"""S3's answers as AWS gave them; see `tests.recorded.replay`.

Recordings: test_s3, test_s3_api and test_s3_list_operations (tests/aws/services/s3 of localstack/localstack).
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.conftest import RunningLab
from tests.recorded.replay import Answer, Json, Replay, assert_agreement, refusal

MALFORMED = refusal(
    "MalformedXML", "The XML you provided was not well-formed or did not validate against our published schema"
)
NO_UPLOAD = "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or "
NO_UPLOAD += "completed."
ILLEGAL_COPY = "This copy request is illegal because it is trying to copy an object to itself without changing the "
ILLEGAL_COPY += "object's metadata, storage class, website redirect location or encryption attributes."
COPY_RANGE = "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the "
COPY_RANGE += "zero-based offsets of the first and last bytes to copy"
NOT_HELD = "At least one of the pre-conditions you specified did not hold"
NOT_MODIFIED = refusal("304", "Not Modified", 304)


def wrote(etag: str, crc: str, **more: Any) -> Answer:
    """AWS's answer to PutObject."""
    shown = {"ChecksumCRC32": crc, "ChecksumType": "FULL_OBJECT", "ETag": f'"{etag}"', "ServerSideEncryption": "AES256"}
    return {**shown, **more}


def headed(etag: str, length: int, **more: Any) -> Answer:
    """AWS's answer to HeadObject."""
    shown = {"AcceptRanges": "bytes", "ContentLength": length, "ContentType": "binary/octet-stream"}
    shown |= {"ETag": f'"{etag}"', "LastModified": datetime, "Metadata": {}, "ServerSideEncryption": "AES256"}
    return {**shown, **more}


def got(body: str, etag: str, crc: str, **more: Any) -> Answer:
    """AWS's answer to GetObject."""
    checksum = {"ChecksumCRC32": crc, "ChecksumType": "FULL_OBJECT"}
    return {**headed(etag, len(body), Body=body), **checksum, **more}


def listed(etag: str, key: str, size: int, owner: bool = False, **more: Any) -> Answer:
    """One object in AWS's listings."""
    shown: Answer = {"ChecksumAlgorithm": ["CRC32"], "ChecksumType": "FULL_OBJECT", "ETag": f'"{etag}"', "Key": key}
    shown |= {"LastModified": datetime, "Size": size, "StorageClass": "STANDARD"}
    return {**shown, **({"Owner": {"ID": "<owner>"}} if owner else {}), **more}


def no_bucket(name: str) -> Answer:
    return refusal("NoSuchBucket", "The specified bucket does not exist", 404, {"BucketName": name})


def no_key(name: str) -> Answer:
    return refusal("NoSuchKey", "The specified key does not exist.", 404, {"Key": name})


def held(condition: str) -> Answer:
    return refusal("PreconditionFailed", NOT_HELD, 412, {"Condition": condition})


def argument(name: str, value: Any, message: str) -> Answer:
    return refusal("InvalidArgument", message, 400, {"ArgumentName": name, "ArgumentValue": value})


def bucket_of(replay: Replay, **more: Any) -> tuple[Any, str]:
    """A client and a new bucket."""
    s3, name = replay.client("s3"), replay.unique("recorded")
    s3.create_bucket(Bucket=name, **more)
    return s3, name


def versioned(replay: Replay) -> tuple[Any, str]:
    s3, name = bucket_of(replay)
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    return s3, name


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
    source = {"Bucket": bucket, "Key": "source", "Body": "test content 123", "ContentType": "application/json"}
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
    replay.call("encryption", s3.get_bucket_encryption, name, {"ServerSideEncryptionConfiguration": default})
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
    tier = {"Id": "test1", "Filter": {"Prefix": "test1"}, "Status": "Enabled"}
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
    rule = {"AllowedHeaders": ["x-amz-expected-bucket-owner"], "AllowedMethods": ["GET", "PUT", "HEAD"]}
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


SCENARIOS = [objects, ranges, conditions, versions, versioning, copies, copies_of_versions, multipart, part_copies]
SCENARIOS += [
    cross_origin,
    policies,
    parts_of_objects,
    tags,
    bucket_settings,
    object_lock,
    listings,
    uploads,
    lifecycles,
    keys_of_kms,
]
KNOWN: dict[str, list[str]] = {
    "the lab's buckets take access control lists, as AWS's did until April 2023": [
        "bucket_settings.ownership: HTTPStatusCode",
        "bucket_settings.ownership: OwnershipControls.Rules[0].ObjectOwnership",
        "bucket_settings.ownership: Error.Code",
        "bucket_settings.ownership: Error.Message",
        "bucket_settings.ownership: Error.BucketName",
    ],
}


def test_s3_answers_as_aws(lab: RunningLab) -> None:
    assert_agreement(lab, SCENARIOS, KNOWN)
