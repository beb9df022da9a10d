"""The policy of a role says who may take it (IAM user guide, "Trust policies")."""

from __future__ import annotations

from moto.iam.models import iam_backends

from localaws.lab import Lab
from localaws.policies.evaluation import TRUST
from localaws.resource_policies import ResourcePolicy


def policy_of(lab: Lab, arn: str, action: str) -> ResourcePolicy | None:
    """None for everything but taking a role."""
    rest = arn.split(":", 5)[5]
    if not (rest.startswith("role/") and action.startswith("sts:")):
        return None
    _, partition, _, _, account, _ = arn.split(":", 5)
    iam = iam_backends[account].get(partition) if account in iam_backends else None
    roles = list(iam.roles.values()) if iam else []
    trust = next((role.assume_role_policy_document for role in roles if role.arn == arn), "")
    return ResourcePolicy(trust or "", kind=TRUST, decides=True)
