"""The words a notebook speaks: connect, name, stage, wait, show, price, tear down."""

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

from awsfacts.prices import prices
from dehelpers.deprecated import keep_old_modules
from dehelpers.errors import (
    ConsentError,
    DehelpersError,
    LabError,
    NotConnectedError,
    ParameterError,
    TeardownError,
    WaitError,
)
from dehelpers.words import show
from dehelpers.words.advancing import advance
from dehelpers.words.calls import calls
from dehelpers.words.connect import Session, connect, current
from dehelpers.words.names import name
from dehelpers.words.price import Bill, cost, estimate
from dehelpers.words.secure import https
from dehelpers.words.teardown import teardown
from dehelpers.words.trying import try_it
from dehelpers.words.waiting import GONE, wait

if TYPE_CHECKING:
    from dehelpers.words import data, parameters, stage

__all__ = [
    "GONE",
    "Bill",
    "ConsentError",
    "DehelpersError",
    "LabError",
    "NotConnectedError",
    "ParameterError",
    "Session",
    "TeardownError",
    "WaitError",
    "advance",
    "calls",
    "connect",
    "cost",
    "current",
    "data",
    "estimate",
    "https",
    "name",
    "parameters",
    "prices",
    "show",
    "stage",
    "teardown",
    "try_it",
    "wait",
]

keep_old_modules()


def __getattr__(name: str) -> ModuleType:
    """Import what needs pandas when it is first used: the command line starts without it."""
    if name in ("data", "parameters", "stage"):
        return import_module(f"dehelpers.words.{name}")
    if name == "price":  # an old name: what is asked of it warns
        return sys.modules["dehelpers.price"]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
