"""An exercise on a life cycle: the check puts the rules on a bucket, and lets a year pass in a lab of its own."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import boto3
from botocore.credentials import Credentials
from botocore.exceptions import ClientError, ParamValidationError

from dehelpers.exercises.checks.part02.part import PART
from dehelpers.exercises.checks.resources import unique
from dehelpers.exercises.outcome import NotYet
from dehelpers.process import lab
from dehelpers.words.advancing import let_pass

BODY = b"x" * 200_000  # what is smaller than 128 KB stays where it is ("Transitioning objects", since 2024)
RAW, TMP, CURATED, UPLOAD = "raw/2013/07.csv", "tmp/join-7.parquet", "curated/flights.parquet", "raw/half.csv"
Standing = dict[str, list[str]]


@contextmanager
def _own_lab() -> Iterator[lab.Lab]:
    """A lab beside the reader's, so that no time passes in that one; it is gone at the end."""
    directory = tempfile.mkdtemp(prefix="exercise-")
    try:
        yield lab.start(directory)
    finally:
        lab.reset(directory)


class _Year:
    """A bucket with versions in a lab of its own, and the days since it was filled."""

    def __init__(self, own: lab.Lab) -> None:
        self.own, self.keys = own, Credentials(own.access_key_id, own.secret_access_key)
        self.s3 = boto3.client(
            "s3",
            endpoint_url=own.endpoint,
            region_name=own.region,
            aws_access_key_id=own.access_key_id,
            aws_secret_access_key=own.secret_access_key,
        )
        self.bucket, self.day = unique("bucket"), 0.0
        self.s3.create_bucket(Bucket=self.bucket)
        self.s3.put_bucket_versioning(Bucket=self.bucket, VersioningConfiguration={"Status": "Enabled"})

    def put_rules(self, rules: Any) -> None:
        try:
            self.s3.put_bucket_lifecycle_configuration(Bucket=self.bucket, LifecycleConfiguration={"Rules": rules})
        except (ClientError, ParamValidationError) as error:
            raise NotYet(f"S3 does not take `rules`: {error}") from None

    def fill(self) -> None:
        """Three files, the second version of one of them, and an upload that never ends."""
        for key in (RAW, TMP, CURATED, CURATED):
            self.s3.put_object(Bucket=self.bucket, Key=key, Body=BODY)
        self.s3.create_multipart_upload(Bucket=self.bucket, Key=UPLOAD)

    def on(self, day: float) -> Standing:
        """What stands in the bucket on a day: the classes of a key's versions, the current one first."""
        let_pass(self.own.endpoint, self.own.region, self.keys, timedelta(days=day - self.day))
        self.day = day
        listed = self.s3.list_object_versions(Bucket=self.bucket)
        found: Standing = {key: [] for key in (RAW, TMP, CURATED, UPLOAD)}
        marked = [(each, "deleted") for each in listed.get("DeleteMarkers", [])]
        for each, name in [*((each, each["StorageClass"]) for each in listed.get("Versions", [])), *marked]:
            found[each["Key"]].insert(0 if each["IsLatest"] else len(found[each["Key"]]), name)
        found[UPLOAD] += ["upload" for _ in self.s3.list_multipart_uploads(Bucket=self.bucket).get("Uploads", [])]
        return found

    def current(self, day: float, key: str) -> str:
        """The class of a key's current version; "" where a reader finds none."""
        name = (self.on(day)[key] or ["deleted"])[0]
        return "" if name == "deleted" else name


@PART.exercise(
    "A year in a bucket",
    kind="write",
    hints=(
        "One rule can have a `Filter` with a `Prefix`, several `Transitions` and an `Expiration`. The filter of a rule "
        "for the whole bucket is `{}`.",
        "With versions, expiring only hides an object behind a delete marker. Which action is about those below?",
        "`NoncurrentVersionExpiration` has NoncurrentDays, `AbortIncompleteMultipartUpload` DaysAfterInitiation.",
    ),
)
def year(rules: list[dict[str, Any]]) -> str:
    if not isinstance(rules, list | tuple) or not all(isinstance(rule, dict) for rule in rules):
        raise NotYet(f"`rules` should be a list of dicts, and is `{type(rules).__name__}`.")
    if all(rule.get("Status") == "Disabled" for rule in rules):
        raise NotYet("Each rule says `Disabled`: S3 keeps them, and does nothing.")
    with _own_lab() as own:
        bucket = _Year(own)
        bucket.put_rules(list(rules))
        bucket.fill()
        _first_weeks(bucket)
        _raw(bucket)
        end = bucket.on(390)
    if any(name != "deleted" for name in end[RAW] + end[TMP]):
        raise NotYet("After 390 days there is still a version of a file that was to go, below a delete marker, billed.")
    if end[CURATED] != ["STANDARD"]:
        raise NotYet(f"After 390 days the curated file is {end[CURATED]}: it should stay as it is.")
    return "390 days have passed: what was to move has moved, what was to go is gone, with its old versions."


def _first_weeks(bucket: _Year) -> None:
    if not bucket.on(2)[UPLOAD]:
        raise NotYet("On day 2 the upload was aborted. It may still be under way.")
    if bucket.on(5)[UPLOAD]:
        raise NotYet("On day 5 the parts of an upload that was never completed are there, billed, and in no listing.")
    if not bucket.current(6, TMP):
        raise NotYet("On day 6 the file under tmp/ is gone. It has a week.")
    if bucket.current(9, TMP):
        raise NotYet("On day 9 the file under tmp/ is still there.")
    if len(bucket.on(13)[CURATED]) != 2:
        raise NotYet("On day 13 the old version of the curated file is gone, and may be wanted back.")
    if len(bucket.on(17)[CURATED]) != 1:
        raise NotYet("On day 17 the old version of the curated file, which was replaced on day 0, is there.")


def _raw(bucket: _Year) -> None:
    """The file under raw/ through its classes; a day or two of grace, for S3 works through its rules at midnight."""
    for day, wanted in ((28, "STANDARD"), (33, "STANDARD_IA"), (88, "STANDARD_IA"), (93, "GLACIER"), (363, "GLACIER")):
        if (found := bucket.current(day, RAW)) != wanted:
            raise NotYet(f"On day {day} the file under raw/ is {found or 'gone'}. Where should it be?")
    if bucket.current(368, RAW):
        raise NotYet("On day 368 the file under raw/ is still there.")
