"""Trusted Advisor."""

from __future__ import annotations

from awsfacts.declaration import Service

SERVICE = Service(
    name="trustedadvisor",
    title="AWS Trusted Advisor",
    unsupported=((".*", "It has no Trusted Advisor."),),
)
