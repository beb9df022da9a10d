"""A backend of moto's as bytes, and back.

Other backends, of the same service too, are told by service, account and region: they are kept by themselves. Locks
and events come back new, the lab as the one that runs.

Pickles can run code as they are read. These are read from the lab's own directory only, which nobody but its user can
write to (mode 0700, localaws.home); and they may name classes of moto, the lab and of plain data, no functions.
"""

from __future__ import annotations

import io
import pickle
import threading
from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any

from moto import backends
from moto.core.base_backend import BackendDict, BaseBackend

if TYPE_CHECKING:
    from localaws.lab import Lab

_PROTOCOL = 5
_Reduction = tuple[Callable[..., Any], tuple[Any, ...]]

#: Packages whose classes may come back.
_OURS = {"moto", "localaws"}
#: Other modules, all of whose classes are plain data.
_PLAIN = {"collections", "datetime", "decimal", "fractions", "ipaddress", "uuid", "zoneinfo", "pathlib"}
#: What else may be named.
_NAMED = {
    *(("builtins", name) for name in ("bytearray", "complex", "frozenset", "list", "object", "range", "set", "dict")),
    *(("_thread", name) for name in ("allocate_lock", "RLock")),
    *(("threading", name) for name in ("Condition", "Event", "Lock", "RLock")),
    ("_codecs", "encode"),
    ("copyreg", "_reconstructor"),
    ("logging", "getLogger"),
    ("re", "_compile"),
}


def dump(backend: BaseBackend) -> bytes:
    """What *backend* holds. Raises what pickle does for a member that says not how it is kept (``__getstate__``)."""
    out = io.BytesIO()
    pickler = pickle.Pickler(out, _PROTOCOL)
    pickler.dispatch_table = _Reducers()
    pickler.dump(backend.__reduce_ex__(_PROTOCOL)[2])
    return out.getvalue()


def load(backend: BaseBackend, content: bytes, lab: Lab) -> None:
    """Give a new *backend* back what `dump` made of one like it; what that left out stays as it is."""
    state = _Unpickler(content, lab).load()
    if hasattr(backend, "__setstate__"):
        backend.__setstate__(state)
    else:
        vars(backend).update(state)


def backends_of(service: str) -> BackendDict[Any] | None:
    """All backends of *service* (moto's name); None for what is none of moto's services, or is not kept by account."""
    found: Any = backends.get_backend(service)  # type: ignore[call-overload]
    return found if isinstance(found, BackendDict) else None


class _Reducers(dict[type, Callable[[Any], _Reduction]]):
    """How to keep what pickle cannot, or must not, by its type."""

    def __missing__(self, kind: type) -> Callable[[Any], _Reduction]:
        if issubclass(kind, BaseBackend):
            return _as_address
        if kind in _NEW:
            return _NEW[kind]
        if kind.__module__ == "localaws.lab" and kind.__name__ == "Lab":
            return lambda lab: (the_lab, ())
        raise KeyError(kind)


def _as_address(backend: BaseBackend) -> _Reduction:
    service = next(each for each in type(backend).__mro__ if each.__module__.startswith("moto."))
    return the_backend, (service.__module__.split(".")[1], backend.account_id, backend.region_name)


_NEW: dict[type, Callable[[Any], _Reduction]] = {
    type(threading.Lock()): lambda lock: (threading.Lock, ()),
    type(threading.RLock()): lambda lock: (threading.RLock, ()),
    threading.Condition: lambda condition: (threading.Condition, (condition._lock,)),
    threading.Event: lambda event: (threading.Event, ()),
}


def the_lab() -> Lab:
    raise AssertionError("a name in a snapshot; the unpickler puts the lab in its place")


def the_backend(service: str, account: str, region: str) -> BaseBackend:
    raise AssertionError("a name in a snapshot; the unpickler puts the backend in its place")


class _Unpickler(pickle.Unpickler):
    def __init__(self, content: bytes, lab: Lab) -> None:
        super().__init__(io.BytesIO(content))
        self._lab = lab

    def find_class(self, module: str, name: str) -> Any:
        if module == __name__:
            return {"the_lab": lambda: self._lab, "the_backend": self._backend}[name]
        if (module, name) in _NAMED:
            return getattr(import_module(module), name)
        root = module.partition(".")[0]
        if root in _OURS or module in _PLAIN:
            found = super().find_class(module, name)
            if isinstance(found, type) and found.__module__.partition(".")[0] in (root, f"_{root}"):
                return found
        raise pickle.UnpicklingError(f"a snapshot does not name {module}.{name}")

    def _backend(self, service: str, account: str, region: str) -> BaseBackend:
        assert self._lab.install
        self._lab.install(service)
        by_account = backends_of(service)
        assert by_account is not None
        found: BaseBackend = by_account[account][region]
        return found
