"""Resource Groups Tagging."""

from __future__ import annotations

from awsfacts.declaration import Service

SERVICE = Service(
    name="resourcegroupstaggingapi",
    title="AWS Resource Groups Tagging API",
)
