"""A backend of moto's as bytes, and back.

What others keep is told by where it lies there: other backends by service, account and region (those of the same
service too), an object of another service's backend also by its names in that. Locks and events come back new, the lab
as the one that runs.

Pickles can run code as they are read. These are read from the lab's own directory only, which nobody but its user can
write to (mode 0700, localaws.home); and they may name classes of moto, the lab and of plain data, no functions.
"""

from __future__ import annotations

import copyreg
import io
import logging
import pickle
import re
import threading
from collections import defaultdict
from collections.abc import Callable
from importlib import import_module
from operator import methodcaller
from types import MethodType
from typing import TYPE_CHECKING, Any

from moto.core.base_backend import BaseBackend

from localaws.state.places import Place, Places, service_of

if TYPE_CHECKING:
    from localaws.lab import Lab

log = logging.getLogger(__name__)

_PROTOCOL = 5
#: As pickle does by itself, where it asks nobody: a snapshot is short.
_PLAINLY = methodcaller("__reduce_ex__", _PROTOCOL)

#: Packages whose classes may come back.
_OURS = {"moto", "localaws"}
#: Other modules, all of whose classes are plain data.
_PLAIN = {"array", "collections", "datetime", "decimal", "fractions", "ipaddress", "pathlib", "uuid", "zoneinfo"}
#: What else may be named.
_NAMED = {
    *(("builtins", name) for name in ("bytearray", "complex", "dict", "frozenset", "list", "object", "range", "set")),
    *(("threading", name) for name in ("Condition", "Event", "Lock", "RLock")),
    ("_codecs", "encode"),
    ("_thread", "allocate_lock"),
    ("_thread", "lock"),  # what threading.Lock is from Python 3.13 on
    ("array", "_array_reconstructor"),
    ("copyreg", "_reconstructor"),
    ("re", "_compile"),
}


def dump(backend: BaseBackend) -> bytes:
    """What *backend* holds. Raises what pickle does for a member that says not how it is kept (``__getstate__``)."""
    state: Any = backend.__reduce_ex__(_PROTOCOL)[2]
    if isinstance(state, dict):
        state = {name: _without_factory(value) for name, value in state.items()}
    out = io.BytesIO()
    pickler = pickle.Pickler(out, _PROTOCOL)
    pickler.dispatch_table = _Reducers(service_of(type(backend)))
    pickler.dump(state)
    return out.getvalue()


def load(content: bytes, lab: Lab) -> Any:
    """What `dump` was given. Raises whatever can be wrong with *content*."""
    return _Unpickler(content, lab).load()


def fill(backend: BaseBackend, state: Any) -> None:
    """Give a new *backend* what one like it held; what `dump` left out stays as it is."""
    if hasattr(backend, "__setstate__"):
        backend.__setstate__(state)
        return
    held = vars(backend)
    for name, value in state.items():
        new = held.get(name)
        if isinstance(new, defaultdict) and type(value) is dict:
            new.clear()
            new.update(value)
        else:
            held[name] = value


def _without_factory(value: Any) -> Any:
    """A backend's defaultdict as its entries, where the new backend has by itself again what makes them."""
    if not isinstance(value, defaultdict):
        return value
    plain = type(value) is defaultdict and isinstance(value.default_factory, type)
    return value if plain else dict(value)


class UnavailableError(Exception):
    """A service that a snapshot refers to cannot be installed now."""


class _Reducers(dict[type, Callable[[Any], Any]]):
    """How a backend of *service* keeps what pickle cannot or must not, by its type."""

    def __init__(self, service: str) -> None:
        super().__init__({**copyreg.dispatch_table, **_NEW})
        self._service = service
        self._places = Places()

    def __missing__(self, kind: type) -> Callable[[Any], Any]:
        if issubclass(kind, type):
            raise KeyError(kind)
        found = self[kind] = self._by_family(kind) or _PLAINLY
        return found

    def _by_family(self, kind: type) -> Callable[[Any], Any] | None:
        if issubclass(kind, BaseBackend):
            return lambda backend: (the_object, (Places.of_backend(backend),))
        if kind.__module__.startswith("cryptography.") and hasattr(kind, "private_bytes"):
            return _as_key
        if (kind.__module__, kind.__name__) == ("localaws.lab", "Lab"):
            return lambda lab: (the_lab, ())
        if service_of(kind) not in ("", self._service):
            return self._of_another
        return None

    def _of_another(self, found: Any) -> Any:
        """An object that another service's backend may keep: where it is, or else the object."""
        place = self._places.find(service_of(type(found)), found)
        return (the_object, (place,)) if place else _PLAINLY(found)


def _as_key(key: Any) -> Any:
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    return the_key, (key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()),)


def _as_entries(entries: defaultdict[Any, Any]) -> Any:
    """Raises PicklingError where a function makes the entries: it would not be run, and nothing could be read again."""
    if isinstance(entries.default_factory, type | None):
        return _PLAINLY(entries)
    raise pickle.PicklingError(f"the entries of a defaultdict are made by {entries.default_factory}")


_NEW: dict[type, Callable[[Any], Any]] = {
    defaultdict: _as_entries,
    type(threading.Lock()): lambda lock: (threading.Lock, ()),
    type(threading.RLock()): lambda lock: (threading.RLock, ()),
    threading.Condition: lambda condition: (threading.Condition, (condition._lock,)),
    threading.Event: lambda event: (threading.Event, ()),
    MethodType: lambda method: (the_method, (method.__self__, method.__name__)),
    re.Pattern: lambda pattern: (re._compile, (pattern.pattern, pattern.flags)),  # type: ignore[attr-defined]
}


def the_lab() -> Lab:
    raise AssertionError("a name in a snapshot; the unpickler puts the lab in its place")


def the_object(place: Place) -> Any:
    raise AssertionError("a name in a snapshot; the unpickler puts the object in its place")


def the_key(der: bytes) -> Any:
    """A private key. Raises UnpicklingError for what is none."""
    from cryptography.hazmat.primitives.serialization import load_der_private_key

    return load_der_private_key(der, None)


def the_method(owner: Any, name: str) -> Any:
    """A method of an object of ours. Raises UnpicklingError for anything else."""
    method = getattr(owner, name)
    if service_of(type(owner)) and isinstance(method, MethodType):
        return method
    raise pickle.UnpicklingError(f"a snapshot does not name {name} of {type(owner)}")


class _Unpickler(pickle.Unpickler):
    def __init__(self, content: bytes, lab: Lab) -> None:
        super().__init__(io.BytesIO(content))
        self._lab = lab

    def find_class(self, module: str, name: str) -> Any:
        if module == __name__:
            own = {"the_lab": self._own_lab, "the_object": self._object, "the_key": the_key, "the_method": the_method}
            return own[name]
        if (module, name) in _NAMED:
            return getattr(import_module(module), name)
        root = module.partition(".")[0]
        if root in _OURS or module in _PLAIN:
            found = super().find_class(module, name)
            if isinstance(found, type) and found.__module__.partition(".")[0] in (root, f"_{root}", "builtins"):
                return found
        raise pickle.UnpicklingError(f"a snapshot does not name {module}.{name}")

    def _own_lab(self) -> Lab:
        return self._lab

    def _object(self, place: Place) -> Any:
        """What lies at *place*; None where it is gone: its service was kept an instant later than what refers to it."""
        assert self._lab.install
        try:
            self._lab.install(place[0])
        except Exception as error:
            raise UnavailableError(f"{place[0]}, to which a snapshot refers, cannot be had: {error}") from error
        try:
            return Places.at(place)
        except LookupError:
            log.warning("a snapshot refers to %s, which is gone", place)
            return None
