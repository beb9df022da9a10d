"""Price List."""

from __future__ import annotations

from awsfacts.declaration import Service

SERVICE = Service(
    name="pricing",
    title="AWS Price List",
    unsupported=((".*", "It has no price list to ask; `de.prices()` has the prices that the course needs."),),
)
