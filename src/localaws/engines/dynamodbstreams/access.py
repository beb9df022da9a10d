"""The stream that a request means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def implied(parameters: Mapping[str, Any], account: str, region: str) -> Sequence[str]:
    """An iterator begins with the ARN of its stream."""
    arn = str(parameters.get("ShardIterator") or "").partition("|")[0]
    return [arn] if arn.startswith("arn:") else ()
