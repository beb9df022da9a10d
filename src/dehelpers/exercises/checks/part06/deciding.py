"""An exercise on the decision itself: what AWS says where several policies speak."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from dehelpers.exercises.checks.part06.part import PART
from dehelpers.exercises.checks.people import Person, allow, document, policy, refusal, role
from dehelpers.exercises.checks.resources import bucket
from dehelpers.exercises.outcome import NotYet
from dehelpers.words.clients import client
from dehelpers.words.show import Picture, stacked, table

POLICIES = (
    ("the role loader", "Allow", "s3:GetObject, s3:PutObject, s3:DeleteObject", "BUCKET/*"),
    ("the boundary of loader", "Allow", "s3:GetObject, s3:PutObject, sqs:*", "*"),
    ("the session policy of night", "Allow", "s3:GetObject, sqs:ListQueues", "*"),
    ("the bucket, for guest", "Allow", "s3:GetObject", "BUCKET/shared/*"),
    ("the bucket, for everybody", "Deny", "s3:PutObject", "BUCKET/raw/*"),
)
CALLS = {
    "a": ("loader", "GetObject", "raw/1.csv"),
    "b": ("loader", "PutObject", "raw/1.csv"),
    "c": ("loader", "PutObject", "tmp/1.csv"),
    "d": ("loader", "DeleteObject", "tmp/1.csv"),
    "e": ("night", "GetObject", "raw/1.csv"),
    "f": ("night", "PutObject", "tmp/1.csv"),
    "g": ("night", "ListQueues", ""),
    "h": ("guest", "GetObject", "shared/1.csv"),
    "i": ("guest", "GetObject", "raw/1.csv"),
}
#: What to look at where a call was taken for what it is not. None of it says which call it is.
RULES = {
    "b": "A call that you let pass is denied, in words, by one of the policies. What is stronger than that?",
    "d": "A call that you let pass is allowed by a policy of the role, and the boundary does not speak of it.",
    "f": "A call that you let pass is one that the role may make, and the session was given less than its role.",
    "g": "A call that you let pass is allowed by the session policy. Does a session policy give anything?",
    "i": "A call that you let pass is one of which no policy speaks.",
    "h": "A call that you refused is allowed by a policy that does not hang on the caller.",
    "a": "A call that you refused is allowed by the role, and within its boundary.",
    "c": "A call that you refused is allowed by the role and within its boundary; the deny is about another key.",
    "e": "A call that you refused is allowed by the role, its boundary and the session policy.",
}


def _scene() -> Picture:
    rules = [
        {"policy of": whose, "effect": effect, "actions": actions, "resources": resources}
        for whose, effect, actions, resources in POLICIES
    ]
    calls = [{"": letter, "who": who, "call": call, "key": key} for letter, (who, call, key) in CALLS.items()]
    explained = "The policies. night is a session of the role loader; guest is a role without a policy of its own."
    return stacked(table(rules, explained), table(calls, "The calls."))


@PART.exercise(
    "Predict the decision",
    kind="predict",
    stage=_scene,
    hints=(
        "Look for an explicit Deny first: nothing is stronger. Then ask who allows the call.",
        "A boundary and a session policy only limit: what they allow, something else has to allow too.",
        "In one account a bucket's policy that names the caller is enough, without a policy of the caller's own.",
    ),
)
def predict_decisions(allowed: Any) -> str:
    said = _letters(allowed)
    with _people() as (made, people):
        real = {letter for letter, call in CALLS.items() if not _refused(made, people, *call)}
    wrong = said ^ real
    if wrong:
        right = len(CALLS) - len(wrong)
        advice = next(RULES[letter] for letter in RULES if letter in wrong)
        raise NotYet(f"{right} of {len(CALLS)} calls end as you say. {advice}")
    return (
        f"All {len(CALLS)} calls were made and ended as you say: {len(real)} allowed, {len(CALLS) - len(real)} refused."
    )


def _letters(allowed: Any) -> set[str]:
    """The letters of an answer: a text, a list, a set, or a dict from letter to whether it is allowed."""
    if isinstance(allowed, dict):
        allowed = [letter for letter, yes in allowed.items() if yes]
    if not isinstance(allowed, str | list | tuple | set | frozenset):
        raise NotYet(f"`allowed` should be letters, in a text or a list, and is `{type(allowed).__name__}`.")
    letters = {str(letter).strip().lower() for letter in allowed} - {"", ","}
    if strange := sorted(letters - CALLS.keys()):
        raise NotYet(f"There is no call `{strange[0]:.20}`: the letters are {' '.join(CALLS)}.")
    return letters


@contextmanager
def _people() -> Iterator[tuple[str, dict[str, Person]]]:
    """The bucket of the scene, and who calls."""
    with bucket() as made, policy(allow(["s3:GetObject", "s3:PutObject", "sqs:*"])) as boundary:
        objects = f"arn:aws:s3:::{made}"
        for key in ("raw/1.csv", "tmp/1.csv", "shared/1.csv"):
            client("s3").put_object(Bucket=made, Key=key, Body=b"1")
        work = allow(["s3:GetObject", "s3:PutObject", "s3:DeleteObject"], f"{objects}/*")
        with role(work, boundary=boundary) as loader, role() as guest:
            shared = allow("s3:GetObject", f"{objects}/shared/*", Principal={"AWS": guest.arn})
            raw = allow("s3:PutObject", f"{objects}/raw/*", Principal="*") | {"Effect": "Deny"}
            client("s3").put_bucket_policy(Bucket=made, Policy=document(shared, raw))
            less = document(allow(["s3:GetObject", "sqs:ListQueues"]))
            yield (
                made,
                {"loader": loader.session(), "night": loader.session("night", Policy=less), "guest": guest.session()},
            )


def _refused(made: str, people: dict[str, Person], who: str, operation: str, key: str) -> str:
    if not key:
        return refusal(people[who].client("sqs").list_queues)
    s3 = people[who].client("s3")
    calls = {"GetObject": s3.get_object, "PutObject": s3.put_object, "DeleteObject": s3.delete_object}
    return refusal(calls[operation], Bucket=made, Key=key)
