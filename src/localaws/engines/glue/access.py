"""The policy of the Data Catalog, one for all of it ("Granting cross-account access", Glue developer guide)."""

from __future__ import annotations

from moto.glue.models import glue_backends

from localaws.lab import Lab
from localaws.resource_policies import ResourcePolicy, backend_of


def policy_of(lab: Lab, arn: str, action: str) -> ResourcePolicy:
    glue = backend_of(glue_backends, arn)
    held = glue.get_resource_policy() if glue else {}
    return ResourcePolicy(held.get("PolicyInJson", ""))
