"""The policy of a secret ("Resource-based policies", Secrets Manager user guide)."""

from __future__ import annotations

from moto.secretsmanager.models import FakeSecret, secretsmanager_backends

from localaws.lab import Lab
from localaws.resource_policies import ResourcePolicy, backend_of


def policy_of(lab: Lab, arn: str, action: str) -> ResourcePolicy:
    """A secret is also named by its ARN without the six letters at its end, which policies have."""
    manager = backend_of(secretsmanager_backends, arn)
    for secret in list(manager.secrets.values()) if manager else ():
        if isinstance(secret, FakeSecret) and arn in (secret.arn, secret.arn[: -len("-xxxxxx")]):
            return ResourcePolicy(secret.policy or "", arn=secret.arn)
    return ResourcePolicy(exists=False)
