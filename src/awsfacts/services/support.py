"""Support."""

from __future__ import annotations

from awsfacts.declaration import Service

SERVICE = Service(
    name="support",
    title="AWS Support",
    leaves_nothing={"CreateCase": "a question to people, who close it with their answer"},
)
