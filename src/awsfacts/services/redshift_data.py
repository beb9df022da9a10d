"""Redshift Data API."""

from __future__ import annotations

from awsfacts.declaration import Service

SERVICE = Service(
    name="redshift-data",
    title="Amazon Redshift Data API",
)
