"""Plain values as bytes and back: None, booleans, numbers, texts, bytes, moments and what lists, dicts and tuples hold.

They are pickled, which is several times faster than JSON and knows bytes. Reading makes no other objects than these,
so a file that somebody else wrote can run nothing; and writing takes no others, for it would be too late to find at
the next start that they cannot be read.
"""

from __future__ import annotations

import io
import pickle
from datetime import datetime, timedelta, timezone, tzinfo
from typing import Any

_PLAIN = {
    (kind.__module__, kind.__name__): kind for kind in (dict, list, str, int, float, datetime, timedelta, timezone)
}


def dumps(value: Any) -> bytes:
    """Raises pickle.PicklingError for what is no plain value; one of a subclass becomes one of the plain type."""
    out = io.BytesIO()
    _Pickler(out, pickle.HIGHEST_PROTOCOL).dump(value)
    return out.getvalue()


def loads(written: bytes) -> Any:
    """Raises pickle.UnpicklingError for what `dumps` would not have written."""
    return _Unpickler(io.BytesIO(written)).load()


class _Pickler(pickle.Pickler):
    def reducer_override(self, value: Any) -> Any:
        """Called for all but exact plain types, which pickle writes without asking."""
        if isinstance(value, datetime | timedelta | timezone) or any(value is kind for kind in _PLAIN.values()):
            return NotImplemented
        if isinstance(value, tzinfo) and (offset := value.utcoffset(None)) is not None:
            return timezone, (offset,)
        kinds: tuple[Any, ...] = (dict, list, str, int, float)
        for kind in kinds:
            if isinstance(value, kind):
                return kind, (kind(value),)
        raise pickle.PicklingError(f"{type(value)} is no plain value")


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _PLAIN:
            raise pickle.UnpicklingError(f"{module}.{name} is no plain value")
        return _PLAIN[module, name]
