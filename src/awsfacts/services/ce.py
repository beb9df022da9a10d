"""Cost Explorer."""

from __future__ import annotations

from awsfacts.declaration import Service

SERVICE = Service(
    name="ce",
    title="AWS Cost Explorer",
    request_prices=((".*", "ce.request"),),
)
