"""Security Token Service."""

from __future__ import annotations

from awsfacts.declaration import Service

SERVICE = Service(
    name="sts",
    title="AWS Security Token Service",
)
