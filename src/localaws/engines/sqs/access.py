"""The policy of a queue (SQS developer guide, "Using identity-based and resource-based policies")."""

from __future__ import annotations

from moto.sqs.models import sqs_backends

from localaws.lab import Lab
from localaws.resource_policies import ResourcePolicy, backend_of


def policy_of(lab: Lab, arn: str, action: str) -> ResourcePolicy:
    sqs = backend_of(sqs_backends, arn)
    queue = sqs.queues.get(arn.split(":")[5]) if sqs else None
    return ResourcePolicy(queue.policy or "") if queue else ResourcePolicy(exists=False)
