"""The words a notebook speaks: connect, name, stage, wait, show, price, tear down."""

from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

from dehelpers import price, show
from dehelpers.advancing import advance
from dehelpers.connect import Session, connect, current
from dehelpers.names import name
from dehelpers.price import cost
from dehelpers.teardown import teardown
from dehelpers.trying import try_it
from dehelpers.waiting import GONE, wait

if TYPE_CHECKING:
    from dehelpers import data, parameters, stage

__all__ = [
    "GONE",
    "Session",
    "advance",
    "connect",
    "cost",
    "current",
    "data",
    "name",
    "parameters",
    "price",
    "show",
    "stage",
    "teardown",
    "try_it",
    "wait",
]


def __getattr__(name: str) -> ModuleType:
    """Import what needs pandas when it is first used: the command line starts without it."""
    if name in ("data", "parameters", "stage"):
        return import_module(f"dehelpers.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
