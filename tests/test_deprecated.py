"""Old names of `de` work for one release, and warn with the name to write instead."""

from __future__ import annotations

import warnings
from typing import Any

import pytest

import dehelpers as de

RENAMED = [
    ("import dehelpers\nfound = dehelpers.price.estimate", de.estimate, "dehelpers.estimate"),
    ("import dehelpers\nfound = dehelpers.price.cost", de.cost, "dehelpers.cost"),
    ("import dehelpers\nfound = dehelpers.price.prices", de.prices, "dehelpers.prices"),
    ("from dehelpers.teardown import LeftOver as found", de.TeardownError, "dehelpers.TeardownError"),
    ("from dehelpers.connect import NotConnected as found", de.NotConnectedError, "dehelpers.NotConnectedError"),
    ("from dehelpers.aws_target import ConsentNeeded as found", de.ConsentError, "dehelpers.ConsentError"),
    ("from dehelpers.calls import calls as found", de.calls, "dehelpers.calls"),
    ("from dehelpers.data import flights as found", de.data.flights, "dehelpers.words.data.flights"),
]


@pytest.mark.parametrize(("code", "meant", "new"), RENAMED, ids=[new for _, _, new in RENAMED])
def test_an_old_name_warns_and_works(code: str, meant: Any, new: str) -> None:
    names: dict[str, Any] = {}
    with pytest.warns(DeprecationWarning, match=f"is {new} now; the old name goes with the next release"):
        exec(code, names)
    assert names["found"] is meant
    assert callable(de.connect)
    assert callable(de.teardown)


def test_what_is_public_does_not_warn() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert all(getattr(de, name) is not None for name in de.__all__)


@pytest.mark.parametrize("name", [name for name in de.__all__ if name.endswith("Error")])
def test_one_base_catches_all_that_the_helpers_raise(name: str) -> None:
    assert issubclass(getattr(de, name), de.DehelpersError)


def test_a_name_that_never_was_is_refused() -> None:
    with pytest.raises(ImportError, match="cannot import name 'nothing'"):
        exec("from dehelpers.waiting import nothing")
