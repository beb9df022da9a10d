"""Which resources a request means: their ARNs have ids, and requests have names.

Source: service authorization reference, "Actions, resources, and condition keys for Amazon Redshift Serverless".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from localaws.engines.redshiftserverless.backend import redshiftserverless_backends

_NEW = "*"


def implied(parameters: Mapping[str, Any], account: str, region: str) -> Sequence[str]:
    """The ARNs of what is named; what is not there yet has no id."""
    backend = redshiftserverless_backends[account][region]
    named: dict[str, tuple[Any, Mapping[str, Any]]] = {
        "workgroup": (parameters.get("workgroupName"), backend.workgroups),
        "namespace": (parameters.get("namespaceName"), backend.namespaces),
        "snapshot": (parameters.get("snapshotName"), backend.snapshots),
    }
    start = f"arn:aws:redshift-serverless:{region}:{account}"
    return [
        known[name].arn if name in known else f"{start}:{kind}/{_NEW}"
        for kind, (name, known) in named.items()
        if isinstance(name, str)
    ]
