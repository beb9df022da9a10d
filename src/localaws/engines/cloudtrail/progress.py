"""How far each trail has come, kept in a file: what was delivered, what is under way, what digests are still to say."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from localaws.engines.cloudtrail.digests import Chain


@dataclass
class Plan:
    """Log files that are being delivered: of the records up to the number ``to``, one of each region under its key.

    It is kept before the first of them is: a lab that is killed then delivers the same files again, not others.
    """

    to: int
    keys: dict[str, str]


@dataclass
class Progress:
    """Of one trail that logs, or has.

    Attributes:
        position: the number of the last record that was looked at.
        closing: when logging was stopped, in seconds since the epoch: what was before is still to be delivered.
        logging: whether it logs.
        plan: what is being delivered.
        chains: the digests of each region.
        told: what GetTrailStatus tells.
    """

    position: int
    closing: float | None = None
    logging: bool = True
    plan: Plan | None = None
    chains: dict[str, Chain] = field(default_factory=dict)
    told: dict[str, Any] = field(default_factory=dict)

    @property
    def is_open(self) -> bool:
        """Whether there may be something to deliver."""
        return self.logging or self.closing is not None

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, written: dict[str, Any]) -> Progress:
        made = cls(**written)
        made.plan = Plan(**written["plan"]) if written["plan"] else None
        made.chains = {region: Chain(**chain) for region, chain in written["chains"].items()}
        return made
