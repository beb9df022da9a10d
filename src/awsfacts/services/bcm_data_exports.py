"""Data Exports of bills."""

from __future__ import annotations

from awsfacts.declaration import Service

SERVICE = Service(
    name="bcm-data-exports",
    title="AWS Data Exports",
    unsupported=((".*", "It exports no bills."),),
)
