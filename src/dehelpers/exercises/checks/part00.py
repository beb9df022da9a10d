"""Exercises of 00_introduction."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

import boto3
from botocore.exceptions import ClientError, ParamValidationError

from dehelpers.exercises.checks.numbers import number
from dehelpers.exercises.checks.resources import bucket, new_bucket
from dehelpers.exercises.exercise import Part
from dehelpers.exercises.outcome import NotYet
from dehelpers.exercises.running import run
from dehelpers.words.clients import client
from dehelpers.words.connect import current
from dehelpers.words.price import estimate

PART = Part("00_introduction")


@PART.exercise(
    "Name a bucket",
    kind="write",
    hints=(
        "S3 User Guide, “General purpose bucket naming rules”: length, characters, beginnings and endings.",
        "All accounts of the world share the names of buckets. What do you have that no other account has?",
        "`lab.account_id` and `lab.region` are yours. Join them with what the bucket is for, by hyphens.",
    ),
)
def name_bucket(bucket_name: str) -> str:
    if not isinstance(bucket_name, str):
        raise NotYet(f"A name is text, and `bucket_name` is `{type(bucket_name).__name__}`.")
    s3 = client("s3")
    if bucket_name in {found["Name"] for found in s3.list_buckets()["Buckets"]}:
        raise NotYet(f"You have a bucket `{bucket_name}` already: choose a name for a new one.")
    try:
        new_bucket(bucket_name)
        s3.delete_bucket(Bucket=bucket_name)
    except (ParamValidationError, ClientError) as refusal:
        code = refusal.response["Error"]["Code"] if isinstance(refusal, ClientError) else "InvalidBucketName"
        if code == "BucketAlreadyExists":
            raise NotYet(f"`{bucket_name}` is somebody else's: all accounts share the names of buckets.") from refusal
        raise NotYet(f"S3 refused it with `{code}`. Compare length and characters with the naming rules.") from refusal
    if "." in bucket_name:
        raise NotYet("S3 takes it, but a dot breaks the TLS certificate of `https://BUCKET.s3.amazonaws.com`.")
    if current().account_id not in bucket_name and not _is_random(bucket_name):
        raise NotYet("It is valid, but may belong to somebody else in the world: what is unique about your account?")
    return f"S3 made `{bucket_name}` and deleted it again; no other account will think of it."


def _is_random(bucket_name: str) -> bool:
    """Whether it has 16 hexadecimal digits or more in a row, as a UUID has: nobody else draws the same ones."""
    runs = re.findall(r"[0-9a-f]{16,}", bucket_name.replace("-", ""))
    return any(len(set(run)) > 6 for run in runs)


@PART.exercise(
    "Tell errors apart",
    kind="write",
    hints=(
        "`get_object` answers differently when the object is missing and when the bucket is. Provoke both and look.",
        "An error of boto3 carries `error.response`: the code is in there, under `Error`. Messages may be reworded.",
        "Catch the one error that is no surprise, and let every other one pass: an `except` as narrow as can be.",
    ),
)
def tell_errors_apart(read: Callable[[Any, str, str], bytes | None]) -> str:
    s3 = client("s3")
    with bucket() as landing:
        s3.put_object(Bucket=landing, Key="airlines.csv", Body=b"UA,United Air Lines Inc.")
        s3.put_object(Bucket=landing, Key="airlines.xlsx.old", Body=b"")  # a listing by prefix finds this one too
        if run(read, s3, landing, "airlines.csv") != b"UA,United Air Lines Inc.":
            raise NotYet("Of an object that exists, `read` should return the bytes: `get_object` has them as `Body`.")
        if run(read, s3, landing, "airlines.xlsx") is not None:
            raise NotYet("Of an object that does not exist, `read` should return None.")
        reworded = boto3.client("s3")
        reworded.meta.events.register("after-call.s3.GetObject", _reword)
        if _raises(read, reworded, landing, "airlines.xlsx"):
            raise NotYet("AWS has reworded its message, and `read` no longer knows the error. What will not change?")
        empty = f"{landing}-gone"
    if not _raises(read, s3, empty, "airlines.csv"):
        raise NotYet("The bucket itself is missing, and `read` calls that a missing object: nobody will ever notice.")
    return "`NoSuchKey` is an answer here; `NoSuchBucket` is a fault that somebody has to hear of."


def _reword(parsed: dict[str, Any], **_: Any) -> None:
    if "Error" in parsed:
        parsed["Error"]["Message"] = "We looked everywhere."


def _raises(read: Callable[..., Any], *arguments: Any) -> bool:
    try:
        run(read, *arguments)
    except NotYet:
        return True
    return False


@PART.exercise(
    "Price a month",
    kind="predict",
    hints=(
        "Two things are billed: what is kept, by GB and month, and each request that puts a file there.",
        "How many files of 2 MB make 300 GB? The price of PUT is for 1,000 of them: `de.prices()['s3.put']`.",
    ),
)
def price_month(monthly_usd: float) -> str:
    monthly_usd = number(monthly_usd, "`monthly_usd` should be a number of US dollars, and is {}.")
    storage = estimate({"s3.storage": 300}, hours=730).total
    puts = estimate({"s3.put": 150_000}).total
    slips = {
        storage: "That is the storage alone. Something else is billed each time that a file arrives.",
        puts: "Those are the requests alone. The files also stay there for the month.",
        storage + 1000 * puts: "The price of PUT is not for one request. Read its unit again.",
    }
    for slip, advice in slips.items():
        if math.isclose(monthly_usd, slip, rel_tol=0.002):
            raise NotYet(advice)
    if not math.isclose(monthly_usd, storage + puts, rel_tol=0.03):  # 2 MB may be 2,000,000 bytes or 2 MiB
        much = "much" if monthly_usd > storage + puts else "little"
        raise NotYet(
            f"{monthly_usd:,.2f} USD is too {much}. What is kept and what is asked are billed apart: price each."
        )
    return f"{storage:.2f} USD for keeping it, {puts:.2f} for 150,000 requests."
