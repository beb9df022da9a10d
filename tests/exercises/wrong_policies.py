"""Wrong answers to the exercises of 06_security on policies."""

from __future__ import annotations

from typing import Any

from tests.security.people import Statement, allow

WORK = ["s3:ListBucket", "s3:GetObject", "s3:PutObject"]


def returns(*statements: Statement) -> tuple[Any]:
    """A function whose policy has *statements*, with BUCKET for the bucket's name."""

    def answer(bucket: str) -> dict[str, Any]:
        return {"Version": "2012-10-17", "Statement": [_in(statement, bucket) for statement in statements]}

    return (answer,)


def _in(value: Any, bucket: str) -> Any:
    if isinstance(value, dict):
        return {key: _in(item, bucket) for key, item in value.items()}
    if isinstance(value, list):
        return [_in(item, bucket) for item in value]
    return value.replace("BUCKET", bucket)


ARN = "arn:aws:s3:::BUCKET"


def reader(*, lists: Any = "curated/*", reads: str = f"{ARN}/curated/*", more: Any = ()) -> tuple[Any]:
    condition = {"Condition": {"StringLike": {"s3:prefix": lists}}} if lists else {}
    return returns(allow("s3:ListBucket", ARN, **condition), allow(["s3:GetObject", *more], reads))


WRONG: dict[str, list[tuple[Any, str]]] = {
    "two_arns": [
        (returns(allow(WORK, f"{ARN}/*")), "cannot list the bucket"),
        (returns(allow(WORK, ARN)), "cannot read an object"),
        (returns(allow(WORK[:2], [ARN, f"{ARN}/*"])), "cannot write an object"),
        (returns(allow(WORK, f"{ARN}*")), "it can list a bucket"),
        (returns(allow(WORK[0], ARN), allow(WORK[1:], "*")), "it can read objects"),
        (returns(allow("s3:*", [ARN, f"{ARN}/*"])), "it can delete"),
        (returns(allow(WORK, "BUCKET")), "AWS does not take"),
        ((lambda bucket: f"arn:aws:s3:::{bucket}/*",), "no JSON"),
        ((lambda bucket: [ARN],), "should return a policy"),
    ],
    "one_prefix": [
        (reader(lists="curated"), "cannot list `curated/`"),
        (reader(lists="curated/"), "cannot list `curated/2013/`"),
        (reader(reads=ARN), "cannot read"),
        (reader(lists=""), "The names of all objects"),
        (reader(lists="curated*"), "The names under"),
        (reader(reads=f"{ARN}/*"), "no business there"),
        (reader(reads=f"{ARN}/curated*"), "begins like the prefix"),
        (reader(reads="arn:aws:s3:::*/curated/*"), "another bucket"),
        (reader(more=["s3:PutObject"]), "A reader can write"),
        (reader(more=["s3:Delete*"]), "A reader can delete"),
        (
            returns(
                allow("s3:ListBucket", ARN, Condition={"StringLike": {"s3:prefix": "curated/*"}}),
                allow("s3:Get*", [ARN, f"{ARN}/curated/*"]),
            ),
            "more than objects",
        ),
    ],
}
