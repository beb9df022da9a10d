"""What a bucket's policy denies. What it allows is for whom no other policy does, and nobody here is refused yet.

Sources: S3 user guide, "Policies and permissions in Amazon S3" and "Bucket policy examples using condition keys";
IAM user guide, "AWS global condition context keys".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from moto.s3.models import FakeBucket

from localaws.authorization import Request, global_keys, principal_of, refusal
from localaws.gateway.errors import AwsError
from localaws.gateway.records import Call
from localaws.policies.documents import Wish, read
from localaws.policies.evaluation import Policies, decide
from localaws.policies.patterns import Context

#: Parameters of a request's URL that are condition keys, by the names of these.
_IN_URL = {"prefix": "s3:prefix", "delimiter": "s3:delimiter", "max-keys": "s3:max-keys", "versionId": "s3:versionid"}


def denial(
    bucket: FakeBucket,
    action: str,
    key: str,
    call: Call,
    environ: Mapping[str, Any],
    query: Mapping[str, list[str]],
) -> AwsError | None:
    """The refusal, if the *bucket*'s policy denies the caller *action* ("s3:GetObject") on *key* ("": on the bucket).

    *environ* is the request as WSGI has it, *query* the parameters in its URL.
    """
    if bucket.policy is None or call.credential is None:
        return None
    resource = f"{bucket.arn}/{key}" if key else bucket.arn
    keys = {**global_keys(call.credential, call), **_own_keys(bucket, environ, query)}
    wish = Wish(principal_of(call.credential), action, resource, bucket.account_id, Context(keys))
    verdict = decide(wish, Policies(resource=read(bucket.arn, bucket.policy.decode())))
    if verdict.statement is None or verdict.statement.effect == "Allow":
        return None
    reason = f'on resource: "{resource}" {verdict.reason(action)}'
    return refusal(Request(call.credential, "s3", action, [resource]), reason)


def _own_keys(bucket: FakeBucket, environ: Mapping[str, Any], query: Mapping[str, list[str]]) -> dict[str, str]:
    """S3's own keys: of a header ``x-amz-acl`` it is ``s3:x-amz-acl``."""
    headers = {
        f"s3:{name[5:].replace('_', '-').lower()}": value
        for name, value in environ.items()
        if name.startswith("HTTP_X_AMZ_")
    }
    asked = {name: query[given][0] for given, name in _IN_URL.items() if given in query}
    return {**headers, **asked, "s3:ResourceAccount": bucket.account_id, "aws:ResourceAccount": bucket.account_id}
