"""The policy of a bucket, which is that of its objects (S3 user guide, "Bucket policies")."""

from __future__ import annotations

from moto.s3.models import s3_backends

from localaws.engines.s3.public_access import settings_of
from localaws.lab import Lab
from localaws.policies.public import is_public
from localaws.resource_policies import ResourcePolicy


def policy_of(lab: Lab, arn: str, action: str) -> ResourcePolicy | None:
    """A bucket's name is one in all accounts, so that its ARN does not say whose it is."""
    _, partition, _, region, _, rest = arn.split(":", 5)
    if region or action == "s3:CreateBucket":  # an access point, a job; a bucket that is nobody's yet
        return None
    name = rest.partition("/")[0]
    for by_partition in list(s3_backends.values()):
        backend = by_partition.get(partition)
        if backend and (bucket := backend.buckets.get(name)):
            if not bucket.policy:
                return ResourcePolicy(owner=bucket.account_id)
            document = bucket.policy.decode()
            closed = "restrict_public_buckets" in settings_of(bucket) and is_public(document)
            return ResourcePolicy(document, owner=bucket.account_id, closed=closed)
    return ResourcePolicy(exists=False)
