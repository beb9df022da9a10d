"""An exercise on a bucket's policy that insists: on TLS, and on one key of KMS."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import boto3

from dehelpers.exercises.checks.part06.keys import key
from dehelpers.exercises.checks.part06.part import PART
from dehelpers.exercises.checks.people import allow, document, refusal, role, taken, written
from dehelpers.exercises.checks.resources import bucket
from dehelpers.exercises.outcome import NotYet
from dehelpers.exercises.running import run
from dehelpers.words.clients import client
from dehelpers.words.secure import https

KEY = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"


@PART.exercise(
    "A bucket that insists",
    kind="write",
    hints=(
        "What somebody's own policy allows, only a Deny can take away: for every principal, under a condition.",
        "`aws:SecureTransport` is `false` without TLS. What S3 is asked to encrypt with are the keys "
        "`s3:x-amz-server-side-encryption` and `s3:x-amz-server-side-encryption-aws-kms-key-id`.",
        "StringNotEquals is also true of a request that does not have the key at all. Deny PutObject with one "
        "statement for each of both headers.",
    ),
)
def insist(bucket_policy: Callable[[str, str], Any]) -> str:
    written(run(bucket_policy, "amzn-s3-demo-bucket", KEY), "bucket_policy")
    with bucket() as made, key() as own, key() as other:
        text = written(run(bucket_policy, made, own), "bucket_policy")
        works = allow(["s3:GetObject", "s3:PutObject"], f"arn:aws:s3:::{made}/*")
        with _insisting(made, text), role(works, allow(["kms:GenerateDataKey", "kms:Decrypt"])) as worker:
            session = worker.session()
            _try(session.client("s3", **https()), session.client("s3"), made, own, other)
    return "With TLS and the key it works; two calls without TLS and four with another encryption were refused."


@contextmanager
def _insisting(made: str, text: str) -> Iterator[None]:
    """The bucket with that policy, which is taken away at the end, over TLS; one that cannot be is not put at all."""
    me = client("sts").get_caller_identity()["Arn"]
    with taken("this policy"):
        removing = client("iam").simulate_custom_policy(
            PolicyInputList=[document(allow("*"))],
            ResourcePolicy=text,
            ActionNames=["s3:DeleteBucketPolicy"],
            ResourceArns=[f"arn:aws:s3:::{made}"],
            CallerArn=me,
            ContextEntries=[
                {"ContextKeyName": "aws:SecureTransport", "ContextKeyType": "boolean", "ContextKeyValues": ["true"]}
            ],
        )["EvaluationResults"][0]
        if removing["EvalDecision"] != "allowed":
            raise NotYet("With this policy nobody could take it away again, not even you. The check did not put it.")
        client("s3").put_bucket_policy(Bucket=made, Policy=text)
    try:
        yield
    finally:
        _over_tls("s3").delete_bucket_policy(Bucket=made)


def _over_tls(service: str) -> Any:

    return boto3.client(service, **https())


def _try(secure: Any, plain: Any, made: str, own: str, other: str) -> None:
    """Put and get in all ways, by clients over TLS and without it."""
    right = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": own}
    thing = {"Bucket": made, "Key": "1.csv"}
    if why := refusal(secure.put_object, **thing, Body=b"1", **right):
        raise NotYet(f"With TLS and the right key nobody can write any more. AWS says: {why.replace(made, 'BUCKET')}.")
    if why := refusal(secure.get_object, **thing):
        raise NotYet(f"With TLS nobody can read any more. AWS says: {why.replace(made, 'BUCKET')}.")
    if not refusal(plain.put_object, **thing, Body=b"1", **right):
        raise NotYet("An object was written without TLS.")
    if not refusal(plain.get_object, **thing):
        raise NotYet("An object was read without TLS. Is it only writing that has to be safe on its way?")
    ways: dict[str, dict[str, str]] = {
        "by a request that says nothing of encryption": {},
        "under SSE-S3 (AES256)": {"ServerSideEncryption": "AES256"},
        "under SSE-KMS by a request that names no key, so with the key that AWS manages": {
            "ServerSideEncryption": "aws:kms"
        },
        "under another key of the account": right | {"SSEKMSKeyId": other},
    }
    for how, headers in ways.items():
        if not refusal(secure.put_object, **thing, Body=b"1", **headers):
            raise NotYet(f"An object was written {how}.")
