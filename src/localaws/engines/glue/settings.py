"""What a catalog has as a whole: its resource policies, its encryption settings, and its connections.

Source: Glue web API reference, "Security APIs" and "Connections API".
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from moto.glue.models import FakeConnection, GlueBackend

_MOMENTS = ("CreateTime", "UpdateTime")


def record(backend: GlueBackend) -> dict[str, Any]:
    """What `bring_back` takes, fit for JSON."""
    return {
        "policies": {
            arn: {name: value.isoformat() if name in _MOMENTS else value for name, value in policy.items()}
            for arn, policy in backend.resource_policies.items()
        },
        "encryption": dict(backend.data_catalog_encryption_settings),
        "connections": [
            {
                "catalog": each.catalog_id,
                "input": each.connection_input,
                "tags": backend.get_tags(each.arn),
                "created": each.created_time.isoformat(),
                "updated": each.updated_time.isoformat(),
            }
            for each in backend.connections.values()
        ],
    }


def bring_back(backend: GlueBackend, kept: dict[str, Any]) -> None:
    """Have again what was *kept*, and nothing else."""
    backend.resource_policies = {
        arn: {name: datetime.fromisoformat(value) if name in _MOMENTS else value for name, value in policy.items()}
        for arn, policy in kept["policies"].items()
    }
    backend.data_catalog_encryption_settings = dict(kept["encryption"])
    for connection in backend.connections.values():
        backend.tagger.delete_all_tags_for_resource(connection.arn)
    backend.connections.clear()
    for each in kept["connections"]:
        connection = FakeConnection(backend, each["catalog"], each["input"], each["tags"])
        connection.created_time = datetime.fromisoformat(each["created"])
        connection.updated_time = datetime.fromisoformat(each["updated"])
        backend.connections[each["input"]["Name"]] = connection
