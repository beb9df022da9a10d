"""Right answers to the exercises of 06_security on policies."""

from __future__ import annotations

from typing import Any

from tests.security.people import allow, document


def both_arns_in_one_statement(bucket: str) -> dict[str, Any]:
    arn = f"arn:aws:s3:::{bucket}"
    actions = ["s3:ListBucket", "s3:GetObject", "s3:PutObject"]
    return {"Version": "2012-10-17", "Statement": allow(actions, [arn, f"{arn}/*"])}


def all_but_deletions(bucket: str) -> str:
    """Wide for the bucket's objects, with a deny; as JSON."""
    arn = f"arn:aws:s3:::{bucket}"
    everything = allow(["s3:List*", "s3:*Object"], [arn, f"{arn}/*"])
    return document(everything, {**everything, "Effect": "Deny", "Action": "s3:Delete*"})


def by_two_prefixes(bucket: str) -> dict[str, Any]:
    """The condition names the prefix itself and what is below it."""
    arn = f"arn:aws:s3:::{bucket}"
    prefixes = {"StringLike": {"s3:prefix": ["curated/", "curated/*"]}}
    statements = [allow(["s3:ListBucket"], [arn], Condition=prefixes), allow("s3:GetObject*", f"{arn}/curated/*")]
    return {"Version": "2012-10-17", "Id": "reader", "Statement": statements}


def by_a_deny(bucket: str) -> dict[str, Any]:
    """Lists all, but for what is not asked for under the prefix."""
    arn = f"arn:aws:s3:::{bucket}"
    elsewhere = {"StringNotLike": {"s3:prefix": "curated/*"}}
    return {
        "Version": "2012-10-17",
        "Statement": [
            allow("s3:ListBucket", arn),
            {**allow("s3:ListBucket", arn, Condition=elsewhere), "Effect": "Deny"},
            allow("s3:GetObject", f"{arn}/curated/*"),
        ],
    }


RIGHT: dict[str, list[Any]] = {
    "two_arns": [(both_arns_in_one_statement,), (all_but_deletions,)],
    "one_prefix": [(by_two_prefixes,), (by_a_deny,)],
}
