"""What a new bucket has since April 2023: nothing public, and no access control lists.

Like all that configures a bucket it is kept as the requests that would do so; one of a lab from before that has none
of them stays as it is. Source: S3 user guide, "Default settings for new S3 buckets FAQ".
"""

from __future__ import annotations

from typing import Any

from moto.s3.models import FakeBucket

from localaws.engines.s3.access_lists import ENFORCED
from localaws.engines.s3.public_access import all_blocked

BLOCK, OWNERSHIP = "publicAccessBlock", "ownershipControls"
_NAMESPACE = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'
_SETTINGS = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")


def make_private(bucket: FakeBucket) -> dict[str, dict[str, Any]]:
    """Give a new *bucket* its settings, and tell the requests that make them."""
    made = _as_made(bucket)
    for name, request in made.items():
        restore(bucket, name, request)
    return made


def restore(bucket: FakeBucket, name: str, request: dict[str, Any]) -> bool:
    """Give *bucket* what the *request* to its sub-resource *name* does, if it was made with just that.

    Most buckets were: a start would take long if each of these requests had to be read.
    """
    if request != _as_made(bucket).get(name):
        return False
    if name == BLOCK:
        bucket.public_access_block = all_blocked()
    else:
        bucket.ownership_rule = ENFORCED  # type: ignore[assignment]
    return True


def owned_by(ownership: str, region: str) -> dict[str, Any]:
    """The request that has objects owned so ("ObjectWriter")."""
    rule = f"<Rule><ObjectOwnership>{ownership}</ObjectOwnership></Rule>"
    return _request(OWNERSHIP, f"<OwnershipControls {_NAMESPACE}>{rule}</OwnershipControls>", region)


def _as_made(bucket: FakeBucket) -> dict[str, dict[str, Any]]:
    block = "".join(f"<{name}>true</{name}>" for name in _SETTINGS)
    body = f"<PublicAccessBlockConfiguration {_NAMESPACE}>{block}</PublicAccessBlockConfiguration>"
    region = bucket.region_name
    return {BLOCK: _request(BLOCK, body, region), OWNERSHIP: owned_by(ENFORCED, region)}


def _request(name: str, body: str, region: str) -> dict[str, Any]:
    return {"query": name, "region": region, "headers": {}, "body": body}
