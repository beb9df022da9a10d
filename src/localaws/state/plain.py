"""Plain values as bytes and back: None, booleans, numbers, texts, bytes, moments and what lists, dicts and tuples hold.

They are pickled, which is several times faster than JSON and knows bytes. Reading makes no other objects than these,
so a file that somebody else wrote can run nothing.
"""

from __future__ import annotations

import io
import pickle
from datetime import datetime, timedelta, timezone
from typing import Any

_MOMENTS = {each.__name__: each for each in (datetime, timedelta, timezone)}


def dumps(value: Any) -> bytes:
    return pickle.dumps(value, pickle.HIGHEST_PROTOCOL)


def loads(written: bytes) -> Any:
    """Raises pickle.UnpicklingError for what `dumps` would not have written."""
    return _Plain(io.BytesIO(written)).load()


class _Plain(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if module == "datetime" and name in _MOMENTS:
            return _MOMENTS[name]
        raise pickle.UnpicklingError(f"{module}.{name} is no plain value")
