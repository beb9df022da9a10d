"""The policies of a region's log groups ("Overview of managing access permissions", CloudWatch Logs user guide)."""

from __future__ import annotations

import json

from moto.logs.models import logs_backends

from localaws.lab import Lab
from localaws.resource_policies import ResourcePolicy, backend_of


def policy_of(lab: Lab, arn: str, action: str) -> ResourcePolicy:
    """All of them as one: each says in its statements of which groups it is."""
    logs = backend_of(logs_backends, arn)
    held = [each.policy_document for each in logs.resource_policies.values()] if logs else []
    statements: list[object] = []
    for document in (json.loads(each) for each in held if each):
        found = document["Statement"]
        statements += found if isinstance(found, list) else [found]
    return ResourcePolicy(json.dumps({"Version": "2012-10-17", "Statement": statements}) if statements else "")
