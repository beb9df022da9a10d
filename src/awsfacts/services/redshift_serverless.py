"""Redshift Serverless."""

from __future__ import annotations

from awsfacts.declaration import Service

SERVICE = Service(
    name="redshift-serverless",
    title="Amazon Redshift Serverless",
    unsupported=((".*", "It has no Redshift Serverless."),),
)
