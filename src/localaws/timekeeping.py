"""Has moto take the time from the lab's clock.

moto's modules ask ``datetime`` and ``time`` for it in a dozen ways, many within functions and defaults. So the modules
of moto, and no others, are given these two with another present: ``import datetime`` there → a copy of it whose
``datetime.now()`` is the lab's. All instances are ordinary ones. What is signed is judged by the machine's clock still
(localaws.gateway.sigv4), for clients sign with theirs.
"""

from __future__ import annotations

import builtins
import datetime
import sys
import time
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import ModuleType
from typing import Any

from localaws.clock import Clock

_clock = Clock()


def keep_time(clock: Clock) -> None:
    """Let *clock* be moto's from now on.

    Raises RuntimeError if a module of moto was imported before this one: it would keep the machine's.
    """
    global _clock
    if _EARLY:
        raise RuntimeError(f"import localaws before {', '.join(_EARLY[:3])}, or the lab's clock is not theirs")
    _clock = clock


class _Dates(type):
    """Instances of the class below are the ordinary ones."""

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, cls.__mro__[1])

    def __subclasscheck__(cls, subclass: type) -> bool:
        return issubclass(subclass, cls.__mro__[1])


class LabDatetime(datetime.datetime, metaclass=_Dates):
    """``datetime.datetime`` with the lab's present."""

    def __new__(cls, *arguments: Any, **options: Any) -> Any:
        return datetime.datetime(*arguments, **options)

    @classmethod
    def now(cls, tz: datetime.tzinfo | None = None) -> Any:
        return datetime.datetime.fromtimestamp(_clock.time(), tz)

    @classmethod
    def today(cls) -> Any:
        return cls.now()

    @classmethod
    def utcnow(cls) -> Any:
        return cls.now(datetime.UTC).replace(tzinfo=None)


class LabDate(datetime.date, metaclass=_Dates):
    """``datetime.date`` with the lab's present."""

    def __new__(cls, *arguments: Any, **options: Any) -> Any:
        return datetime.date(*arguments, **options)

    @classmethod
    def today(cls) -> Any:
        return datetime.date.fromtimestamp(_clock.time())


def _with(module: ModuleType, **changed: Any) -> ModuleType:
    copy = ModuleType(module.__name__, module.__doc__)
    copy.__dict__.update({**vars(module), **changed})
    return copy


_LAB_MODULES = {
    "datetime": _with(datetime, datetime=LabDatetime, date=LabDate),
    "time": _with(
        time,
        time=lambda: _clock.time(),
        time_ns=lambda: int(_clock.time() * 1e9),
        gmtime=lambda seconds=None: time.gmtime(_clock.time() if seconds is None else seconds),
        localtime=lambda seconds=None: time.localtime(_clock.time() if seconds is None else seconds),
        strftime=lambda form, moment=None: time.strftime(form, moment or time.localtime(_clock.time())),
    ),
}


def _import(name: str, *arguments: Any, **options: Any) -> ModuleType:
    return _LAB_MODULES.get(name) or builtins.__import__(name, *arguments, **options)


_BUILTINS = {**vars(builtins), "__import__": _import}


class _MotoLoader(SourceFileLoader):
    def exec_module(self, module: ModuleType) -> None:
        module.__dict__["__builtins__"] = _BUILTINS
        super().exec_module(module)


class _MotoFinder(MetaPathFinder):
    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name.partition(".")[0] != "moto":
            return None
        spec = PathFinder.find_spec(name, path, target)
        loader: Loader | None = spec.loader if spec else None
        if spec and isinstance(loader, SourceFileLoader):
            spec.loader = _MotoLoader(loader.name, loader.path)
        return spec


_EARLY = sorted(name for name in sys.modules if name.partition(".")[0] == "moto")
sys.meta_path.insert(0, _MotoFinder())
