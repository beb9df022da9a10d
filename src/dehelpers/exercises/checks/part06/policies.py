"""Exercises on a role's own policy: which ARN an action asks for, and no more than the work needs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from dehelpers.exercises.checks.part06.part import PART
from dehelpers.exercises.checks.people import refusal, role, taken, written
from dehelpers.exercises.checks.resources import bucket
from dehelpers.exercises.outcome import NotYet
from dehelpers.exercises.running import run
from dehelpers.words.clients import client

Policy = Callable[[str], Any]
KEYS = ("curated/2013/07.csv", "curated/2013/08.csv", "curated-salaries/07.csv", "raw/07.csv")


@contextmanager
def _as_role(answer: Policy, name: str) -> Iterator[tuple[Any, str, str]]:
    """S3 as a role that has the policy of the answer; its bucket, and another one whose name begins like it."""
    text = written(run(answer, "amzn-s3-demo-bucket"), name)
    with bucket() as made, bucket(f"{made}-2") as other, role() as reader:
        for place in (made, other):
            for key in KEYS:
                client("s3").put_object(Bucket=place, Key=key, Body=b"1")
        text = written(run(answer, made), name)
        with taken("this policy"):
            reader.may(text)
        yield reader.session().client("s3"), made, other


@PART.exercise(
    "Two ARNs",
    kind="fix",
    hints=(
        "The message of a refusal names the action and the resource that was asked for. Compare both with the policy.",
        "`s3:ListBucket` is about the bucket, `s3:GetObject` about an object in it. Do their ARNs look alike?",
        "A `Resource` may be a list, and a policy may have several statements, each with the ARNs of its actions.",
    ),
)
def two_arns(job_policy: Policy) -> str:
    with _as_role(job_policy, "job_policy") as (s3, made, other):
        wanted: dict[str, tuple[Any, dict[str, Any]]] = {
            "list the bucket": (s3.list_objects_v2, {"Bucket": made}),
            "read an object": (s3.get_object, {"Bucket": made, "Key": KEYS[0]}),
            "write an object": (s3.put_object, {"Bucket": made, "Key": "raw/08.csv", "Body": b"2"}),
        }
        for what, (call, arguments) in wanted.items():
            if why := refusal(call, **arguments):
                raise NotYet(f"The job cannot {what}. AWS says: {why.replace(made, 'BUCKET')}.")
        if not refusal(s3.list_objects_v2, Bucket=other):
            raise NotYet("The job works, and it can list a bucket that is not its own, too. Which names does it match?")
        if not refusal(s3.get_object, Bucket=other, Key=KEYS[0]):
            raise NotYet("The job works, and it can read objects of a bucket that is not its own. Which does it match?")
        if not refusal(s3.delete_object, Bucket=made, Key=KEYS[0]):
            raise NotYet("The job works, and it can delete objects, which nobody asked for.")
    return "It lists, reads and writes in its bucket, deletes nothing, and sees no other bucket."


@PART.exercise(
    "A reader of one prefix",
    kind="write",
    hints=(
        "Two actions are enough: one that lists, one that reads. Begin with nothing, and read each refusal.",
        "Objects have their prefix in their ARN. A list is about the whole bucket: what narrows it?",
        "The condition key `s3:prefix` is the `Prefix` of a list call, and StringLike takes a pattern with its slash.",
    ),
)
def one_prefix(reader_policy: Policy) -> str:
    with _as_role(reader_policy, "reader_policy") as (s3, made, other):
        for prefix in ("curated/", "curated/2013/"):
            if why := refusal(s3.list_objects_v2, Bucket=made, Prefix=prefix):
                raise NotYet(f"The reader cannot list `{prefix}`. AWS says: {why.replace(made, 'BUCKET')}.")
        if why := refusal(s3.get_object, Bucket=made, Key=KEYS[0]):
            raise NotYet(f"The reader cannot read `{KEYS[0]}`. AWS says: {why.replace(made, 'BUCKET')}.")
        if not refusal(s3.get_object, Bucket=made, Key="raw/07.csv"):
            raise NotYet("`raw/07.csv` can be read, and the reader has no business there.")
        if not refusal(s3.get_object, Bucket=made, Key="curated-salaries/07.csv"):
            raise NotYet("`curated-salaries/07.csv` can be read: it begins like the prefix, and is not under it.")
        if not (refusal(s3.list_objects_v2, Bucket=made) and refusal(s3.list_objects_v2, Bucket=made, Prefix="raw/")):
            raise NotYet("The names of all objects of the bucket can be listed. A name may tell a lot.")
        if not refusal(s3.list_objects_v2, Bucket=made, Prefix="curated-salaries/"):
            raise NotYet("The names under `curated-salaries/` can be listed: what does your pattern match?")
        if not refusal(s3.get_object, Bucket=other, Key=KEYS[0]):
            raise NotYet("Objects of another bucket can be read, if only they lie under the same prefix.")
        if not refusal(s3.put_object, Bucket=made, Key="curated/2013/09.csv", Body=b""):
            raise NotYet("A reader can write under `curated/`.")
        if not refusal(s3.delete_object, Bucket=made, Key=KEYS[1]):
            raise NotYet("A reader can delete under `curated/`.")
        others = (s3.get_bucket_policy, s3.get_bucket_versioning, s3.list_object_versions)
        if not all(_refused(call, Bucket=made) for call in others) or not refusal(s3.list_buckets):
            raise NotYet("The reader may ask for more than objects, such as the bucket's policy. Name each action.")
    return "The reader lists and reads what is under `curated/`, and nothing else: eleven other calls were refused."


def _refused(call: Callable[..., Any], **arguments: Any) -> bool:
    """Whether it was refused as such: that there is nothing to tell is an answer, and a permission."""
    try:
        return bool(refusal(call, **arguments))
    except client("s3").exceptions.ClientError:
        return False
