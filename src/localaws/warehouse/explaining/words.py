"""A plan as EXPLAIN shows it.

Source: Redshift database developer guide, "Creating and interpreting a query plan".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from localaws.warehouse.explaining.moving import Spread


@dataclass
class Step:
    """One of a plan.

    Attributes:
        words: what it does: "XN Seq Scan on flights".
        rows: that it is estimated to give, of *width* bytes each.
        first, all: the relative cost until its first and its last row.
        details: lines below it: "Filter: …".
        columns: of what it scans, by the names that conditions use.
    """

    words: str
    rows: int
    width: int = 0
    first: float = 0.0
    all: float = 0.0
    details: list[str] = field(default_factory=list)
    children: list[Step] = field(default_factory=list)
    spread: Spread = field(default_factory=Spread)
    sorted_by: str | None = None

    @property
    def cost(self) -> str:
        return f"(cost={self.first:.2f}..{self.all:.2f} rows={self.rows} width={self.width})"


def lines(step: Step, depth: int = 0) -> Iterator[str]:
    """*step* and those below it, each further to the right."""
    arrow = " " * (6 * depth - 4) + "->  " if depth else ""
    yield f"{arrow}{step.words}  {step.cost}"
    for detail in step.details:
        yield " " * (6 * depth + 2) + detail
    for child in step.children:
        yield from lines(child, depth + 1)
