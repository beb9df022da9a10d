"""Uploads by an HTML form, as ``generate_presigned_post`` prepares them.

S3 API reference, "Browser-based uploads using POST" (POST policy, conditions, POST Object) and "Error responses".
"""

from __future__ import annotations

import base64
import json
import re
import socket
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.config import Config

from tests.conftest import RunningLab, eventually
from tests.engines.lambda_tools import queue as queue_of
from tests.gateway.wire import Answer, host, recorded, send

BUCKET = "form-uploads"


@pytest.fixture(scope="module", params=["s3v4", "s3"])
def s3(lab: RunningLab, request: pytest.FixtureRequest) -> Any:
    """A client whose forms are signed with Version 4, or with Version 2 as boto3 does by default in us-east-1."""
    client = lab.fresh_client("s3")
    client.create_bucket(Bucket=BUCKET)
    config = Config(signature_version=request.param, s3={"addressing_style": "path"})
    client.generate_presigned_post = lab.client("s3", config=config).generate_presigned_post
    return client


def body_of(fields: dict[str, str], content: bytes | None, filename: str = "photo.jpg", after: str = "") -> bytes:
    parts = [
        f'--line\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in fields.items()
    ]
    if content is not None:
        disposition = f'Content-Disposition: form-data; name="file"; filename="{filename}"'
        parts.append(f"--line\r\n{disposition}\r\nContent-Type: image/jpeg\r\n\r\n")
    text = "".join(parts).encode()
    return text + (content + b"\r\n" if content is not None else b"") + after.encode() + b"--line--\r\n"


def post(lab: RunningLab, fields: dict[str, str], content: bytes | None = b"hello", **headers: str) -> Answer:
    every = {"Content-Type": "multipart/form-data; boundary=line"}
    every |= {name.replace("_", "-"): value for name, value in headers.items()}
    return send(lab, "POST", f"/{BUCKET}", every, body_of(fields, content))


def fields(s3: Any, key: str, conditions: list[Any] | None = None, seconds: int = 60, **extra: str) -> dict[str, str]:
    """Signed fields; what *extra* has (underscores are dashes) is a condition too."""
    names = {name.replace("_", "-") if name.startswith("x_") else name: value for name, value in extra.items()}
    every = [*(conditions or []), *({name: value} for name, value in names.items())]
    form = s3.generate_presigned_post(BUCKET, key, Fields=names, Conditions=every, ExpiresIn=seconds)
    assert form["url"].endswith(f"/{BUCKET}")
    return dict(form["fields"])


def stored(s3: Any, key: str) -> bytes:
    return bytes(s3.get_object(Bucket=BUCKET, Key=key)["Body"].read())


def test_a_form_uploads_a_file(lab: RunningLab, s3: Any) -> None:
    answer = post(lab, fields(s3, "a b/ü.txt"))
    assert (answer.status, answer.body) == (204, b"")
    assert answer.headers["etag"] == '"5d41402abc4b2a76b9719d911017c592"'
    assert answer.headers["location"].endswith(f"/{BUCKET}/a%20b/%C3%BC.txt")
    assert stored(s3, "a b/ü.txt") == b"hello"
    record = recorded(lab, answer.headers["x-amz-request-id"])
    assert (record["service"], record["operation"], record["status"]) == ("s3", "PutObject", 204)
    assert record["principal"].endswith("user/lab-admin")
    assert record["resources"] == [f"arn:aws:s3:::{BUCKET}/a b/ü.txt"]


def test_its_fields_become_the_objects_properties(lab: RunningLab, s3: Any) -> None:
    tags = "<Tagging><TagSet><Tag><Key>a</Key><Value>1</Value></Tag></TagSet></Tagging>"
    typed: Any = {"Content-Type": "text/csv", "x-amz-meta-kind": "plan", "success_action_status": "200"}
    form = fields(s3, "typed", x_amz_meta_kind="plan", tagging=tags, acl="bucket-owner-full-control")
    form |= fields(
        s3,
        "typed",
        [{"tagging": tags}, {"acl": "bucket-owner-full-control"}, {"Cache-Control": "no-store"}],
        **typed,
    )
    form |= {"Cache-Control": "no-store", "tagging": tags, "acl": "bucket-owner-full-control", "x-ignore-me": "1"}
    assert post(lab, form).status == 200
    head = s3.head_object(Bucket=BUCKET, Key="typed")
    assert (head["ContentType"], head["Metadata"], head["CacheControl"]) == ("text/csv", {"kind": "plan"}, "no-store")
    assert s3.get_object_tagging(Bucket=BUCKET, Key="typed")["TagSet"] == [{"Key": "a", "Value": "1"}]


def test_the_files_own_name_can_be_the_key(lab: RunningLab, s3: Any) -> None:
    assert post(lab, fields(s3, "in/${filename}")).status == 204
    assert stored(s3, "in/photo.jpg") == b"hello"


def test_what_the_form_is_told(lab: RunningLab, s3: Any) -> None:
    created = post(lab, fields(s3, "told", success_action_status="201"))
    assert created.status == 201
    for text in (b"<PostResponse><Location>http://", b"<Key>told</Key>", b"<ETag>&quot;5d4", b"form-uploads</Bucket>"):
        assert text in created.body.replace(b'<ETag>"5d4', b"<ETag>&quot;5d4")
    assert post(lab, fields(s3, "told", success_action_status="404")).status == 204
    there = post(lab, fields(s3, "told", success_action_redirect="http://localhost:1/done?x=1"))
    assert there.status == 303
    assert re.fullmatch(
        rf"http://localhost:1/done\?x=1&bucket={BUCKET}&key=told&etag=%22\w+%22", there.headers["location"]
    )


def test_a_large_file_is_streamed(lab: RunningLab, s3: Any) -> None:
    content = b"\r\n--lin\r\n-" * (1 << 20)
    assert post(lab, fields(s3, "large"), content).status == 204
    assert stored(s3, "large") == content


def changed(form: dict[str, str], **values: str | None) -> dict[str, str]:
    every = {**form, **values}
    return {name: value for name, value in every.items() if value is not None}


def test_what_the_policy_does_not_allow(lab: RunningLab, s3: Any) -> None:
    form = fields(s3, "in/a", [["starts-with", "$Content-Type", "image/"], ["content-length-range", 2, 10]])
    form["Content-Type"] = "image/png"
    cases: list[tuple[dict[str, str], bytes, int, str, str]] = [
        (changed(form, key="out"), b"hello", 403, "AccessDenied", 'Policy Condition failed: ["eq", "$key", "in/a"]'),
        (changed(form, **{"Content-Type": "text/html"}), b"hello", 403, "AccessDenied", "Policy Condition failed"),
        (changed(form, acl="public-read"), b"hello", 403, "AccessDenied", "Extra input fields: acl"),
        (form, b"x", 400, "EntityTooSmall", "smaller than the minimum"),
        (form, b"x" * 11, 400, "EntityTooLarge", "exceeds the maximum"),
        (fields(s3, "in/a", seconds=-1), b"hello", 403, "AccessDenied", "Invalid according to Policy: Policy expired."),
    ]
    for sent, content, status, code, text in cases:
        answer = post(lab, sent, content)
        assert (answer.status, answer.code) == (status, code), answer
        assert text in answer.body.decode().replace("&quot;", '"')
    assert "Contents" not in s3.list_objects_v2(Bucket=BUCKET, Prefix="in/a")
    assert post(lab, form, b"x" * 10).status == 204
    s3.delete_object(Bucket=BUCKET, Key="in/a")


def test_a_form_without_a_valid_signature(lab: RunningLab, s3: Any) -> None:
    form = fields(s3, "k")
    name = "x-amz-signature" if "x-amz-signature" in form else "signature"
    longer = json.loads(base64.b64decode(form["policy"]))
    longer["expiration"] = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    other = base64.b64encode(json.dumps(longer).encode()).decode()
    assert post(lab, changed(form, **{name: "x" * 64})).code == "SignatureDoesNotMatch"
    assert post(lab, changed(form, policy=other)).code == "SignatureDoesNotMatch"
    assert post(lab, changed(form, **{name: None})).code == "InvalidArgument"
    assert post(lab, changed(form, policy=None)).code == "AccessDenied"
    assert post(lab, {"key": "k"}).code == "AccessDenied"
    key = "x-amz-credential" if "x-amz-credential" in form else "AWSAccessKeyId"
    assert post(lab, changed(form, **{key: "AKIAUNKNOWN" + form[key][11:]})).code == "InvalidAccessKeyId"


def test_forms_that_are_none(lab: RunningLab, s3: Any) -> None:
    form = fields(s3, "k")
    assert post(lab, changed(form, key=None)).code == "InvalidArgument"
    assert b"exactly one file" in post(lab, form, None).body
    assert post(lab, form, Content_Type="multipart/form-data").code == "MalformedPOSTRequest"
    assert post(lab, form, Content_Type="multipart/form-data; boundary=other").code == "MalformedPOSTRequest"
    assert post(lab, changed(form, **{"x-ignore-large": "x" * 30_000})).code == "MaxPostPreDataLengthExceeded"


def signed_policy(lab: RunningLab, policy: Any) -> dict[str, str]:
    import hmac

    text = base64.b64encode(policy if isinstance(policy, bytes) else json.dumps(policy).encode()).decode()
    value = hmac.digest(lab.facts["secret_access_key"].encode(), text.encode(), "sha1")
    signature = base64.b64encode(value).decode()
    return {"key": "k", "AWSAccessKeyId": lab.facts["access_key_id"], "policy": text, "signature": signature}


@pytest.mark.parametrize(
    "policy",
    [
        b"no JSON",
        [],
        {"conditions": []},
        {"expiration": "2099-01-01T00:00:00Z"},
        {"expiration": "tomorrow", "conditions": []},
        {"expiration": 1, "conditions": []},
        {"expiration": "2099-01-01T00:00:00Z", "conditions": {}},
        {"expiration": "2099-01-01T00:00:00Z", "conditions": [["like", "$key", "k"]]},
        {"expiration": "2099-01-01T00:00:00Z", "conditions": [["eq", "key", "k"]]},
        {"expiration": "2099-01-01T00:00:00Z", "conditions": [["content-length-range", "1", "2"]]},
    ],
)
def test_policies_that_are_none(lab: RunningLab, policy: Any) -> None:
    answer = post(lab, signed_policy(lab, policy))
    assert (answer.status, answer.code) == (400, "InvalidPolicyDocument"), answer


def test_the_readers_own_page_may_send_a_form_and_no_script_may(lab: RunningLab, s3: Any) -> None:
    """A form is a navigation, and its policy the proof; fetch is refused however well the form is signed."""
    page: dict[str, Any] = {"Origin": "http://localhost:8000", "Sec_Fetch_Site": "cross-site"}
    form = fields(s3, "page")
    sent = post(lab, form, **page, Sec_Fetch_Mode="navigate")
    assert sent.status == 204
    assert not [name for name in sent.headers if name.startswith("access-control-")]
    for mode in ("cors", "no-cors"):
        refused = post(lab, form, **page, Sec_Fetch_Mode=mode)
        assert (refused.status, refused.code) == (403, "AccessDenied")
    assert post(lab, form, Origin="https://evil.example").code == "AccessDenied"
    assert post(lab, {"key": "page"}, **page, Sec_Fetch_Mode="navigate").code == "AccessDenied"
    assert post(lab, form, **page, Sec_Fetch_Mode="navigate", Host="evil.example").code == "AccessDenied"
    plain = post(lab, form, **page, Sec_Fetch_Mode="navigate", Content_Type="text/plain")
    assert plain.code == "AccessDenied"


def test_forms_that_never_come_hold_up_nobody(lab: RunningLab) -> None:
    head = f"POST /{BUCKET} HTTP/1.1\r\nHost: {host(lab)}\r\nContent-Type: multipart/form-data; boundary=line\r\n"
    silent = [socket.create_connection(("127.0.0.1", lab.facts["port"])) for _ in range(60)]
    try:
        for connection in silent:
            connection.sendall(f"{head}Content-Length: 100000\r\n\r\n--line\r\n".encode())
        eventually(lambda: lab.fresh_client("sts").get_caller_identity(), 5)
    finally:
        for connection in silent:
            connection.close()


def test_a_bucket_that_is_not_there(lab: RunningLab, s3: Any) -> None:
    form = s3.generate_presigned_post("nobodys-bucket", "k")["fields"]
    every = {"Content-Type": "multipart/form-data; boundary=line"}
    assert send(lab, "POST", "/nobodys-bucket", every, body_of(form, b"x")).code == "NoSuchBucket"
    form = fields(s3, "k")
    assert send(lab, "POST", "/other-bucket", every, body_of(form, b"x")).code == "AccessDenied"  # its policy's bucket


def test_its_event_is_post(lab: RunningLab, s3: Any) -> None:
    """S3 user guide, "Supported event types for SQS, SNS, and Lambda": s3:ObjectCreated:Post."""
    sqs = lab.client("sqs")
    url, arn = queue_of(lab, "form-events")
    queue = {"QueueArn": arn, "Events": ["s3:ObjectCreated:Post"]}
    s3.put_bucket_notification_configuration(
        Bucket=BUCKET, NotificationConfiguration={"QueueConfigurations": [queue]}, SkipDestinationValidation=True
    )
    s3.put_object(Bucket=BUCKET, Key="event/put", Body=b"x")
    assert post(lab, fields(s3, "event/post")).status == 204
    answer = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=10)
    [record] = json.loads(answer["Messages"][0]["Body"])["Records"]
    assert (record["eventName"], record["s3"]["object"]["key"]) == ("ObjectCreated:Post", "event/post")
    s3.put_bucket_notification_configuration(Bucket=BUCKET, NotificationConfiguration={})
    sqs.delete_queue(QueueUrl=url)
