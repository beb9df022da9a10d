"""Ways round a denial: other spellings of a path, copies, batches, versions, queries and other services' roles.

Sources: S3 user guide, "Naming Amazon S3 objects" (a key is the text as it is), "Required permissions for Amazon S3 API
operations"; Athena user guide, "Access to … Amazon S3 locations".
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.conftest import RunningLab
from tests.gateway.wire import Signer, host, send
from tests.security.people import Person, allow, deny, refusal, unique, user

SECRET = b"the secret bytes"
BUCKET = unique("bypass")


@pytest.fixture(scope="module")
def bucket(lab: RunningLab) -> str:
    s3 = lab.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    s3.put_object(Bucket=BUCKET, Key="secret/x", Body=SECRET)
    s3.put_object(Bucket=BUCKET, Key="public/x", Body=b"for all")
    return BUCKET


@pytest.fixture(scope="module")
def ana(lab: RunningLab, bucket: str) -> Person:
    """Who may do everything but have anything to do with what is secret."""
    return user(lab, allow("*"), deny("s3:*", f"arn:aws:s3:::{bucket}/secret/*"))


#: Other ways to write the path of the object, {0} is the bucket.
PATHS = (
    "/{0}/secret/x",
    "/{0}//secret/x",
    "//{0}/secret/x",
    "/{0}/./secret/x",
    "/{0}/public/../secret/x",
    "/{0}/public/%2e%2e/secret/x",
    "/{0}/public/..%2fsecret/x",
    "/{0}/%73ecret/x",
    "/{0}/%73%65%63%72%65%74/%78",
    "/{0}/secret%2Fx",
    "/{0}/secret%2fx",
    "/{0}%2Fsecret%2Fx",
    "/{0}/secret/x/",
    "/{0}/secret/x%00",
    "/{0}/secret/x%20",
    "/{0}/SECRET/x",
    "/{0}/secret\\x",
    "/{0}/secret%5Cx",
    "/{0}/secret/x?",
    "/{0}/secret/x?x-id=GetObject",
    "/{0}/secret/x?versionId=null",
    "/{0}/secret/x?versionId=",
    "/{0}/secret/x?response-content-type=text/plain",
    "/{0}/secret/x?partNumber=1",
    "/{0}/secret/x?torrent",
    "/{0}/secret/x?attributes",
    "/{0}/secret/x;public",
    "/{0}/%252573ecret/x",
    "/{0}/%2573ecret/x",
    "/{0}/public%2F..%2Fsecret%2Fx",
    "/{0}/sécret/../secret/x",
    "/./{0}/secret/x",
    "/{0}/..//{0}/secret/x",
)


def signed(lab: RunningLab, person: Person, method: str, target: str, named: str = "", **headers: str) -> Any:
    signer = Signer(person.keys["aws_access_key_id"], person.keys["aws_secret_access_key"], named or host(lab))
    return send(lab, method, target, signer.headers(method, target, headers=headers))


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_no_spelling_of_a_path_leads_to_it(lab: RunningLab, ana: Person, bucket: str, method: str) -> None:
    for path in PATHS:
        target = path.format(bucket)
        if not target.isascii():
            target = target.encode().decode("latin-1")
        try:
            answer = signed(lab, ana, method, target)
        except UnicodeError:
            continue
        assert SECRET not in answer.body, target
        if answer.status < 300:  # some are other calls: a listing, the key of another object
            assert int(answer.headers.get("content-length", "0")) != len(SECRET), target


@pytest.mark.parametrize(
    "name", ["{0}.localhost", "{0}.s3.localhost", "{0}.s3.us-east-1.localhost", "{0}.S3.LOCALHOST"]
)
def test_no_host_leads_to_it(lab: RunningLab, ana: Person, bucket: str, name: str) -> None:
    named = f"{name.format(bucket)}:{lab.facts['port']}"
    for target in ("/secret/x", "//secret/x", "/%73ecret/x", "/public/../secret/x", f"/{bucket}/secret/x"):
        assert SECRET not in signed(lab, ana, "GET", target, named).body
    assert signed(lab, ana, "GET", "/secret/x", named).code == "AccessDenied"
    assert signed(lab, ana, "GET", "/public/x", named).body == b"for all"
    mixed = named.replace(bucket, bucket.upper())
    assert SECRET not in signed(lab, ana, "GET", "/secret/x", mixed).body


def test_a_letter_s_size_is_another_key(lab: RunningLab, bucket: str) -> None:
    """Keys are compared letter by letter; actions and condition keys are not (IAM user guide, "Action")."""
    bo = user(
        lab,
        allow("S3:GETOBJECT", f"arn:aws:s3:::{bucket}/public/*"),
        deny("s3:getobject", f"arn:aws:s3:::{bucket}/SECRET/*"),
    )
    s3 = bo.client("s3")
    assert not refusal(s3.get_object, Bucket=bucket, Key="public/x")
    assert refusal(s3.get_object, Bucket=bucket, Key="PUBLIC/x")
    assert refusal(s3.get_object, Bucket=bucket, Key="secret/x")


def test_no_copy_brings_it_out(lab: RunningLab, ana: Person, bucket: str) -> None:
    s3, source = ana.client("s3"), f"{bucket}/secret/x"
    version = lab.client("s3").head_object(Bucket=bucket, Key="secret/x")["VersionId"]
    upload = s3.create_multipart_upload(Bucket=bucket, Key="public/parts")["UploadId"]
    part = {"Bucket": bucket, "Key": "public/parts", "UploadId": upload, "PartNumber": 1}
    for each in (source, f"/{source}", f"{source}?versionId={version}"):
        assert refusal(s3.copy_object, Bucket=bucket, Key="public/copy", CopySource=each)
        assert refusal(s3.upload_part_copy, **part, CopySource=each)
    others = ("public/../secret/x", "/secret/x", "%73ecret/x", "secret%2Fx", "%2573ecret/x", "secret/x?versionId=")
    for each in (*(f"{bucket}/{other}" for other in others), f"arn:aws:s3:::{source}"):
        target = f"/{bucket}/public/copy"
        answer = signed(lab, ana, "PUT", target, **{"X-Amz-Copy-Source": each})
        assert answer.status >= 400, each
    listed = s3.list_objects_v2(Bucket=bucket, Prefix="public/")["Contents"]
    assert [one["Key"] for one in listed] == ["public/x"]


def test_nothing_is_put_or_deleted_there(lab: RunningLab, ana: Person, bucket: str) -> None:
    s3, key = ana.client("s3"), {"Bucket": bucket, "Key": "secret/x"}
    version = lab.client("s3").head_object(**key)["VersionId"]
    assert refusal(s3.put_object, **key, Body=b"mine")
    assert refusal(s3.copy_object, **key, CopySource=f"{bucket}/public/x")
    assert refusal(s3.create_multipart_upload, **key)
    assert refusal(s3.delete_object, **key)
    assert refusal(s3.delete_object, **key, VersionId=version)
    assert refusal(s3.put_object_tagging, **key, Tagging={"TagSet": []})
    assert refusal(s3.restore_object, **key)
    objects = [{"Key": "secret/x"}, {"Key": "secret/x", "VersionId": version}, {"Key": "public/none"}]
    answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": objects})
    assert [each["Key"] for each in answer["Deleted"]] == ["public/none"]
    assert {each["Code"] for each in answer["Errors"]} == {"AccessDenied"}
    assert lab.client("s3").get_object(**key)["Body"].read() == SECRET


def test_versions_need_a_right_of_their_own(lab: RunningLab, bucket: str) -> None:
    """s3:GetObject is for the newest, s3:GetObjectVersion for one that is named; so are deletions and tags."""
    s3 = lab.client("s3")
    key = {"Bucket": bucket, "Key": "public/versions"}
    older = s3.put_object(**key, Body=b"1")["VersionId"]
    s3.put_object(**key, Body=b"2")
    newest = user(lab, allow(["s3:GetObject", "s3:DeleteObject", "s3:GetObjectTagging"])).client("s3")
    named = user(lab, allow(["s3:GetObjectVersion", "s3:DeleteObjectVersion"])).client("s3")
    assert not refusal(newest.get_object, **key)
    for call in (newest.get_object, newest.head_object, newest.delete_object, newest.get_object_tagging):
        assert refusal(call, **key, VersionId=older)
    assert refusal(named.get_object, **key)
    assert named.get_object(**key, VersionId=older)["Body"].read() == b"1"
    assert refusal(named.delete_object, **key)
    assert not refusal(named.delete_object, **key, VersionId=older)


def test_no_query_reads_or_writes_there(lab: RunningLab, ana: Person, bucket: str) -> None:
    """Athena reads and writes as who asks."""
    s3, athena = lab.client("s3"), ana.client("athena")
    glue, database = lab.client("glue"), unique("bypass").replace("-", "_")
    s3.put_object(Bucket=bucket, Key="secret/table/rows.csv", Body=b"secret row\n")
    glue.create_database(DatabaseInput={"Name": database})
    columns = {"Columns": [{"Name": "text", "Type": "string"}], "Location": f"s3://{bucket}/secret/table/"}
    csv = {
        "InputFormat": "org.apache.hadoop.mapred.TextInputFormat",
        "OutputFormat": "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
        "SerdeInfo": {"SerializationLibrary": "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"},
    }
    glue.create_table(DatabaseName=database, TableInput={"Name": "hidden", "StorageDescriptor": {**columns, **csv}})

    def ended(query: str, output: str) -> dict[str, Any]:
        asked = athena.start_query_execution(
            QueryString=query,
            QueryExecutionContext={"Database": database},
            ResultConfiguration={"OutputLocation": output},
        )["QueryExecutionId"]
        while True:
            told = athena.get_query_execution(QueryExecutionId=asked)["QueryExecution"]["Status"]
            if told["State"] not in ("QUEUED", "RUNNING"):
                return dict(told)
            time.sleep(0.1)

    read = ended("SELECT * FROM hidden", f"s3://{bucket}/public/results/")
    assert (read["State"], "Access" in read["StateChangeReason"] or "authorized" in read["StateChangeReason"]) == (
        "FAILED",
        True,
    )
    written = ended("SELECT 1", f"s3://{bucket}/secret/results/")
    assert written["State"] == "FAILED"
    assert ended("SELECT 1", f"s3://{bucket}/public/results/")["State"] == "SUCCEEDED"
    keys = [each["Key"] for each in s3.list_objects_v2(Bucket=bucket, Prefix="secret/")["Contents"]]
    assert sorted(keys) == ["secret/table/rows.csv", "secret/x"]
    assert b"secret row" not in b"".join(
        s3.get_object(Bucket=bucket, Key=each["Key"])["Body"].read()
        for each in s3.list_objects_v2(Bucket=bucket, Prefix="public/results/").get("Contents", [])
    )


def test_what_a_listing_is_held_to_it_is_held_to(lab: RunningLab, bucket: str) -> None:
    """A condition on the prefix counts for every kind of listing, and for a prefix that is not said."""
    narrow = {"StringLike": {"s3:prefix": "public/*"}}
    s3 = user(lab, allow(["s3:ListBucket", "s3:ListBucketVersions"], Condition=narrow)).client("s3")
    for call in (s3.list_objects, s3.list_objects_v2, s3.list_object_versions):
        assert not refusal(call, Bucket=bucket, Prefix="public/x")
        for prefix in ({}, {"Prefix": ""}, {"Prefix": "secret/"}, {"Prefix": "Public/"}, {"Prefix": "/public/"}):
            assert refusal(call, Bucket=bucket, **prefix)
    assert refusal(s3.head_bucket, Bucket=bucket)


@pytest.fixture(scope="module")
def queue(lab: RunningLab) -> Iterator[str]:
    url = lab.client("sqs").create_queue(QueueName=unique("bypass"))["QueueUrl"]
    yield url
    lab.client("sqs").delete_queue(QueueUrl=url)


def test_a_queue_is_the_one_that_is_named(lab: RunningLab, queue: str) -> None:
    """By whatever address: the URL's host, an account before it, and slashes change nothing."""
    name = queue.rpartition("/")[2]
    bo = user(lab, allow("sqs:*"), deny("sqs:*", f"arn:aws:sqs:us-east-1:123456789012:{name}"))
    sqs = bo.client("sqs", config=Config(retries={"max_attempts": 1}))
    urls = (
        queue,
        f"{queue}/",
        f"/{name}",
        name,
        f"http://localhost/123456789012/{name}",
        f"//123456789012//{name}",
        f"{queue}?x",
        f"{queue}#x",
        queue.replace(name, f"%{ord(name[0]):x}{name[1:]}"),
    )
    for url in urls:
        with suppress(ClientError):  # NonExistentQueue: it means another one
            assert refusal(sqs.send_message, QueueUrl=url, MessageBody="x"), url
    told = lab.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["ApproximateNumberOfMessages"])
    assert told["Attributes"]["ApproximateNumberOfMessages"] == "0"
