"""The policy of a topic (SNS developer guide, "Overview of managing access in Amazon SNS")."""

from __future__ import annotations

from moto.sns.models import sns_backends

from localaws.lab import Lab
from localaws.resource_policies import ResourcePolicy, backend_of


def policy_of(lab: Lab, arn: str, action: str) -> ResourcePolicy:
    """A subscription is held to the policy of its topic."""
    sns, topic_arn = backend_of(sns_backends, arn), ":".join(arn.split(":")[:6])
    topic = sns.topics.get(topic_arn) if sns else None
    return ResourcePolicy(topic.policy) if topic else ResourcePolicy(exists=False)
