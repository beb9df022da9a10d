"""Code as it was given, in files by its digest: so it is there after a start, and not in memory meanwhile."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from tempfile import mkstemp
from typing import Any, ClassVar

from moto.awslambda.models import LayerVersion


class Archived:
    """Has its archive in a file: moto's ``code_bytes`` and ``code_digest``."""

    archives: ClassVar[Path]
    code_digest: str

    @property
    def code_bytes(self) -> bytes:
        return self.archive.read_bytes()

    @code_bytes.setter
    def code_bytes(self, archive: bytes) -> None:
        """`keep_archive` has kept it."""

    @property
    def archive(self) -> Path:
        return self.archives / self.code_digest


class LayerEngine(Archived, LayerVersion):
    """moto's version of a layer, without the archive."""

    def __init__(self, spec: dict[str, Any], account_id: str, region: str) -> None:
        super().__init__(spec, account_id, region)
        self.content = {}


def keep_archive(archive: bytes) -> str:
    """Keep *archive*, whole or not at all; returns its digest, the name of its file. Raises OSError."""
    digest = hashlib.sha256(archive).hexdigest()
    place = Archived.archives / digest
    if not place.exists():
        place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor, unfinished = mkstemp(prefix="unfinished-", dir=place.parent)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(archive)
            Path(unfinished).replace(place)
        except OSError:
            Path(unfinished).unlink(missing_ok=True)
            raise
    return digest
