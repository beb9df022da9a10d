"""Cost and Usage Reports."""

from __future__ import annotations

from awsfacts.declaration import Service

SERVICE = Service(
    name="cur",
    title="AWS Cost and Usage Reports",
    unsupported=((".*", "It writes no reports of cost and usage."),),
)
