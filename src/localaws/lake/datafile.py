"""An object that holds data."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class DataFile:
    """An object with bytes: where it is in S3, and the file that holds it; ``kms_key`` is what encrypts it."""

    uri: str
    size: int
    path: Path
    kms_key: str | None = None
