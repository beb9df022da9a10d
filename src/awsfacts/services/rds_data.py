"""RDS Data API."""

from __future__ import annotations

from awsfacts.declaration import Service

SERVICE = Service(
    name="rds-data",
    title="Amazon RDS Data API",
)
