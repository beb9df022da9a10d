"""An object that holds data."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from localaws.engines.s3.objects import StoredObject


@dataclass(frozen=True)
class DataFile:
    """An object with bytes: where it is in S3, and the file that holds them.

    *sealed* is the object whose bytes lie there encrypted: they are read by `Lake.readable`.
    """

    uri: str
    size: int
    path: Path
    sealed: StoredObject | None = None
