"""The six digits that a virtual device shows for thirty seconds, which depend on its seed (RFC 6238)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import struct
import time
from collections.abc import Sequence
from datetime import datetime

_STEP = 30  # seconds for which a device shows the same digits
_DIGITS = 6
#: Steps by which a device's clock may be ahead or behind.
_DRIFT = 1


def shows(seed: str, codes: Sequence[str], now: datetime) -> bool:
    """Whether a device with that *seed*, in base32, shows the *codes* about *now*, the lab's time, one after another.

    One that has the machine's time is right, too: the lab's may be ahead.
    """
    key = base64.b32decode(seed)
    steps = [int(at // _STEP) + drift for at in (now.timestamp(), time.time()) for drift in range(-_DRIFT, _DRIFT + 1)]
    told = [[_code(key, step + place) for place in range(len(codes))] for step in steps]
    return any(all(map(hmac.compare_digest, codes, shown)) for shown in told)


def _code(key: bytes, step: int) -> str:
    """The digits of the 30 seconds that are the *step*-th since 1970."""
    digest = hmac.new(key, struct.pack(">Q", step), hashlib.sha1).digest()
    offset = digest[-1] & 15
    number = struct.unpack(">I", digest[offset : offset + 4])[0] & 0x7FFFFFFF
    return f"{number % 10**_DIGITS:0{_DIGITS}}"
