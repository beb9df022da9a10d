"""Version ids that carry their own proof, so that one which was never given out is told from one that is gone.

Source: S3 user guide, "Version IDs": opaque; AWS answers to a forged one "Invalid version id specified".
"""

from __future__ import annotations

import hashlib
import secrets

from moto.s3.exceptions import InvalidVersion

_RANDOM, _PROOF = 24, 8  # characters


def new_version_id() -> str:
    """32 characters, as AWS's have."""
    chance = secrets.token_hex(_RANDOM // 2)
    return chance + _proof(chance)


def check_version_id(version_id: str | None) -> None:
    """Raise InvalidArgument for an id that no version has ever had."""
    if version_id not in (None, "null") and _proof(version_id[:_RANDOM]) != version_id[_RANDOM:]:
        raise InvalidVersion(version_id)


def _proof(chance: str) -> str:
    return hashlib.sha256(chance.encode()).hexdigest()[:_PROOF]
