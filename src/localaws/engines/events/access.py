"""The policy of an event bus, which lets in other accounts ("Permissions for event buses", EventBridge user guide)."""

from __future__ import annotations

from moto.events.models import events_backends

from localaws.lab import Lab
from localaws.resource_policies import ResourcePolicy, backend_of


def policy_of(lab: Lab, arn: str, action: str) -> ResourcePolicy | None:
    """None for everything but a bus; one that is not there takes events and loses them."""
    kind, _, name = arn.split(":", 5)[5].partition("/")
    if kind != "event-bus":
        return None
    events = backend_of(events_backends, arn)
    bus = events.event_buses.get(name) if events else None
    return ResourcePolicy(bus.policy or "") if bus else None
