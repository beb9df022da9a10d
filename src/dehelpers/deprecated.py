"""Old names: they work for one release, and warn with the name to write instead."""

from __future__ import annotations

import sys
import warnings
from importlib import import_module
from types import ModuleType
from typing import Any

#: Modules that were `dehelpers.NAME` and are `dehelpers.words.NAME`.
_MOVED = (
    "aws_target", "calls", "connect", "data", "names", "parameters", "price", "show", "stage", "teardown", "trying",
    "waiting",
)  # fmt: skip
_RENAMED = {"ConsentNeeded": "ConsentError", "LeftOver": "TeardownError", "NotConnected": "NotConnectedError"}


class _Moved(ModuleType):
    """Stands where a module was: ``from dehelpers.waiting import wait`` finds `dehelpers.wait`, and warns."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # what Python itself asks of a module
            raise AttributeError(name)
        import dehelpers

        now = _RENAMED.get(name, name)
        home = "dehelpers" if now in dehelpers.__all__ else self.__name__.replace(".", ".words.")
        found = getattr(import_module(home), now)
        words = f"{self.__name__}.{name} is {home}.{now} now; the old name goes with the next release"
        warnings.warn(words, DeprecationWarning, stacklevel=2)
        return found


def keep_old_modules() -> None:
    """Have imports of old modules find them, without hiding the functions that are called as they were."""
    for name in _MOVED:
        sys.modules[f"dehelpers.{name}"] = _Moved(f"dehelpers.{name}")
