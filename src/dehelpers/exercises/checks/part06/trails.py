"""An incident that a trail solves: who deleted an object is a data event, which Athena finds in the delivered files."""

from __future__ import annotations

import gzip
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from dehelpers.exercises.checks.lake import Lake, lake, new_lake
from dehelpers.exercises.checks.part06.part import PART
from dehelpers.exercises.checks.people import Role, allow, document, new_role, refusal, role
from dehelpers.exercises.checks.resources import bucket, new_bucket, unique
from dehelpers.exercises.outcome import NotYet
from dehelpers.exercises.running import run
from dehelpers.words.clients import client
from dehelpers.words.connect import current
from dehelpers.words.waiting import wait

KEY, OTHER = "raw/2013/07/04.csv", "raw/2013/07/05.csv"
#: Of the table in "Create a table for CloudTrail logs in Athena" (Athena user guide) what is of use here.
COLUMNS = """
    useridentity struct<type: string, principalid: string, arn: string, accountid: string, accesskeyid: string,
        username: string, sessioncontext: struct<sessionissuer: struct<type: string, principalid: string, arn: string,
        accountid: string, username: string>>>,
    eventtime string, eventsource string, eventname string, awsregion string, sourceipaddress string,
    useragent string, errorcode string, errormessage string, requestparameters string, responseelements string,
    requestid string, eventid string, readonly string,
    resources array<struct<arn: string, accountid: string, type: string>>"""
TABLE = """
    CREATE EXTERNAL TABLE trail ({columns})
    ROW FORMAT SERDE 'org.apache.hive.hcatalog.data.JsonSerDe'
    STORED AS INPUTFORMAT 'com.amazon.emr.cloudtrail.CloudTrailInputFormat'
    OUTPUTFORMAT 'org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat'
    LOCATION 's3://{bucket}/AWSLogs/{account}/CloudTrail/'"""
TIMEOUT = 900.0  # seconds; AWS delivers within minutes, the lab within seconds
NAMES = "ana bo chen dana emeka femi grace hana".split()


def _start(own: Lake, *watched: str) -> str:
    """A trail of what is written in the buckets *watched*, delivered into the lake. Its name."""
    trail, account = unique("role"), current().account_id
    service, place = {"Service": "cloudtrail.amazonaws.com"}, f"arn:aws:s3:::{own.bucket}"
    policy = document(
        allow("s3:GetBucketAcl", place, Principal=service),
        allow("s3:PutObject", f"{place}/AWSLogs/{account}/*", Principal=service),
    )
    client("s3").put_bucket_policy(Bucket=own.bucket, Policy=policy)
    aws = client("cloudtrail")
    aws.create_trail(Name=trail, S3BucketName=own.bucket)
    objects = {"Type": "AWS::S3::Object", "Values": [f"arn:aws:s3:::{name}/" for name in watched]}
    selector = {"ReadWriteType": "WriteOnly", "IncludeManagementEvents": False, "DataResources": [objects]}
    aws.put_event_selectors(TrailName=trail, EventSelectors=[selector])
    aws.start_logging(Name=trail)
    own(TABLE.format(columns=COLUMNS, bucket=own.bucket, account=account))
    return trail


def _delete(own: Lake, made: str, copy: str, worker: Role, outsider: Role) -> tuple[str, dict[str, str]]:
    """Somebody deletes the object, others do what only looks like it; all of it is delivered at the end.

    Gives the ARN of who did it, and of the others with what is to be said of them.
    """
    culprit, elsewhere, other, writer = (worker.session(name) for name in random.sample(NAMES, 4))
    stranger = outsider.session(random.choice(NAMES))
    s3 = client("s3")
    for place, key in ((copy, KEY), (made, OTHER)):
        s3.put_object(Bucket=place, Key=key, Body=b"1")
    writer.client("s3").put_object(Bucket=made, Key=KEY, Body=b"1")
    elsewhere.client("s3").delete_object(Bucket=copy, Key=KEY)
    culprit.client("s3").delete_object(Bucket=made, Key=KEY)
    other.client("s3").delete_object(Bucket=made, Key=OTHER)
    refusal(stranger.client("s3").delete_object, Bucket=made, Key=KEY)
    wait(lambda: stranger.arn in _delivered(own), until=True, what="files of the trail", timeout=TIMEOUT, quiet=True)
    return culprit.arn, {
        elsewhere.arn: "Somebody else deleted a file of the same name in another bucket.",
        other.arn: "Somebody deleted another file of the bucket.",
        writer.arn: "Somebody wrote that file, and did not delete it.",
        stranger.arn: "Somebody tried to delete the file and was refused: what does `errorcode` say?",
    }


def _delivered(own: Lake) -> str:
    """All that the trail's files have so far."""
    s3 = client("s3")
    listed = s3.list_objects_v2(Bucket=own.bucket, Prefix="AWSLogs/").get("Contents", [])
    keys = [item["Key"] for item in listed if item["Key"].endswith(".json.gz")]
    return "".join(gzip.decompress(s3.get_object(Bucket=own.bucket, Key=key)["Body"].read()).decode() for key in keys)


def _works(*buckets: str) -> dict[str, Any]:
    return allow(["s3:PutObject", "s3:DeleteObject"], [f"arn:aws:s3:::{name}/*" for name in buckets])


def _staged() -> dict[str, str]:
    own, made, copy = new_lake(), new_bucket(), new_bucket()
    _start(own, made, copy)
    _delete(own, made, copy, new_role(_works(made, copy)), new_role())
    return own.scene | {"lost_from": made, "lost": KEY}


@contextmanager
def _logged(own: Lake, *watched: str) -> Iterator[None]:
    trail = _start(own, *watched)
    try:
        yield
    finally:
        client("cloudtrail").delete_trail(Name=trail)


@PART.exercise(
    "Who deleted the file",
    kind="operate",
    stage=_staged,
    hints=(
        "What S3 was asked for stands in `requestparameters`, a JSON text: `json_extract_scalar` reads it.",
        "Narrow it down by `eventname`, the bucket and the key. Who is left, and did all of them succeed?",
        "`useridentity.arn` says who it was. A call that succeeded has NULL as its `errorcode`.",
    ),
)
def who_deleted(question: Callable[[str, str], str]) -> str:
    _text(run(question, "amzn-s3-demo-bucket", KEY))
    with lake() as own, bucket() as made, bucket() as copy, role(_works(made, copy)) as worker, role() as outsider:
        with _logged(own, made, copy):
            culprit, others = _delete(own, made, copy, worker, outsider)
        ran = own.answer(_text(run(question, made, KEY)), "question(bucket, key)")
    if "who" not in ran.columns:
        raise NotYet(f"The answer should have a column `who`, and has {', '.join(ran.columns) or 'none'}.")
    found = [row[ran.columns.index("who")] for row in ran.rows]
    if culprit not in found:
        told = next((advice for arn, advice in others.items() if arn in found), "")
        raise NotYet(told or f"{len(found)} rows, and who deleted the file is not among them.")
    if len(set(found)) > 1:
        raise NotYet(next((advice for arn, advice in others.items() if arn in found), "There are more in the answer."))
    return f"`{culprit.rpartition('/')[2]}` it was, as one of {len(others) + 1} who did something like it."


def _text(answer: Any) -> str:
    if not isinstance(answer, str):
        raise NotYet(f"`question` should return SQL in a text, and returned `{type(answer).__name__}`.")
    return answer
