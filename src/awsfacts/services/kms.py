"""Key Management Service."""

from __future__ import annotations

from awsfacts.declaration import Service

SERVICE = Service(
    name="kms",
    title="AWS Key Management Service",
    request_prices=((".*", "kms.request"),),
)
