"""What data files hold: plain values come back as they were, and nothing else comes back."""

from __future__ import annotations

import pickle
from collections import OrderedDict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from dateutil.tz import tzutc

from localaws.state.plain import dumps, loads


class _Text(str):
    __slots__ = ()


@pytest.mark.parametrize(
    "value",
    [
        None,
        {"a": [1, 2.5, True, ("x", b"\0\xff")]},
        "€\ud800",
        {1, 2},
        datetime(2026, 1, 2, tzinfo=UTC),
        datetime(2026, 1, 2),
    ],
)
def test_plain_values(value: Any) -> None:
    assert loads(dumps(value)) == value


def test_subclasses_become_plain() -> None:
    found = loads(dumps([OrderedDict(a=_Text("b")), datetime(2026, 1, 2, tzinfo=tzutc())]))
    assert found == [{"a": "b"}, datetime(2026, 1, 2, tzinfo=UTC)]
    assert type(found[0]) is dict
    assert type(found[0]["a"]) is str


def test_nothing_else_is_written_or_read() -> None:
    for value in (object(), Path("x"), print, {"a": Path}):
        with pytest.raises(pickle.PicklingError, match="no plain value"):
            dumps(value)
        with pytest.raises(pickle.UnpicklingError, match="no plain value"):
            loads(pickle.dumps(value))
