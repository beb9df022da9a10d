"""The policy of a bucket, which is that of its objects (S3 user guide, "Bucket policies")."""

from __future__ import annotations

from moto.s3.models import s3_backends

from localaws.lab import Lab
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
            return ResourcePolicy(bucket.policy.decode() if bucket.policy else "", owner=bucket.account_id)
    return ResourcePolicy(exists=False)
