"""Managed Workflows for Apache Airflow."""

from __future__ import annotations

from awsfacts.declaration import Service

SERVICE = Service(
    name="mwaa",
    title="Amazon Managed Workflows for Apache Airflow",
    unsupported=((".*", "It has no Airflow."),),
)
