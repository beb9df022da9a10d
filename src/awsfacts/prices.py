"""AWS's list prices, each with the day and the page on which it was read."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

HOURS_A_MONTH = 730  # as in AWS's Pricing Calculator


@dataclass(frozen=True)
class Price:
    """One line of AWS's price list: `usd` for `per` units.

    `sure` is "aws" (read on AWS's page on day `read`), "third party" or "unverified".
    """

    key: str
    service: str
    what: str
    usd: float
    per: float
    unit: str
    read: str | None
    source: str
    sure: str
    note: str = ""

    @property
    def text(self) -> str:
        """Such as "0.014 per million units", marked where AWS's own page was not seen."""
        many = {1: "", 1_000: "1,000 ", 1_000_000: "million "}.get(int(self.per), f"{self.per:,.0f} ")
        plural = "s" if self.per > 1 else ""
        return f"{self.usd:.10g} per {many}{self.unit}{plural}" + ("" if self.sure == "aws" else "*")


@dataclass(frozen=True)
class Line:
    """One line of a bill: so many units of something."""

    price: Price
    quantity: float

    @property
    def usd(self) -> float:
        return self.quantity * self.price.usd / self.price.per


@cache
def prices() -> dict[str, Price]:
    """The price table by key, such as "kinesis.shard_hour"."""
    document = json.loads((Path(__file__).parent / "prices.json").read_text(encoding="utf-8"))
    return {entry["key"]: Price(**entry) for entry in document["prices"]}
