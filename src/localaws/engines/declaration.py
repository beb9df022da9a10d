"""What a service's folder says of its engine: plain data, so that it is known before anything of it is loaded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module, util
from inspect import get_annotations
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from moto.core.base_backend import BackendDict, BaseBackend

    from localaws.lab import Lab

#: moto's response class → the engine's, for the dispatcher.
REPLACED_RESPONSES: dict[type, type] = {}


@dataclass(frozen=True, kw_only=True)
class Engine:
    """The engine of one service. Classes are named by module and class, ``"backend:SQSEngine"``, within its folder.

    Attributes:
        package: the folder's own name, as Python imports it.
        service: botocore's name of the service.
        moto: moto's module for it.
        backend: the subclass of moto's backend; "" where moto's own does.
        backends: of a service that moto does not know the dictionary of its backends, ``"backend:NAME_backends"``; then
            ``moto`` is a name like those of moto's modules, and ``backend`` and ``responses`` are not replaced.
        responses: the subclass of moto's response class; "" where moto's own does.
        models: subclasses of further classes in moto's ``models``, which its backend makes.
        reaches: moto's names of services whose backends moto's code for this one makes or looks into, without calling
            them: their engines are installed first.
        eager: whether it is installed as the lab starts, not when it is first called.
        returns: files in the lab's directory by which there is something to go on with or to remove after a start:
            where one is there, the engine is installed at once.
        state: "snapshot" where the backends are kept whole after each change (localaws.state); "own" where the engine
            keeps what it has by itself.
        data: files and folders in the lab's directory that go with the snapshot: of no use without it.
        unkept: operations that change nothing that a snapshot holds: they run long, or their data has a log of its own.
            No snapshot waits for them, and none is taken after them. "*" stands for all.
        resume: a function of the lab, as in ``"installing:resume"``, called when the backends hold again what they
            held before a start: what was under way then goes on or fails with a cause.
        resource_policy: a function, as in ``"access:policy_of"``, that tells which policy a resource of the service has
            (`localaws.resource_policies.PolicyOf`); "" where its resources have none.
        implied: a function, as in ``"access:implied"``, that tells which resource a request means that names none: the
            stream of a shard iterator (`localaws.resource_policies.Implied`); "" where there is no such request.
        request_keys: a function, as in ``"access:keys_of"``, that tells condition keys of a request for which its
            resources have to be looked at: the partition keys of items (`localaws.resource_policies.RequestKeys`).
    """

    package: str
    service: str
    moto: str
    backend: str = ""
    backends: str = ""
    responses: str = ""
    models: tuple[str, ...] = ()
    reaches: frozenset[str] = frozenset()
    eager: bool = False
    returns: tuple[str, ...] = ()
    state: Literal["snapshot", "own"] = "snapshot"
    data: tuple[str, ...] = ()
    unkept: frozenset[str] = frozenset()
    resume: str = ""
    resource_policy: str = ""
    implied: str = ""
    request_keys: str = ""

    def load(self, path: str) -> Any:
        """What *path*, as in ``"backend:SQSEngine"``, names within the folder."""
        module, _, name = path.partition(":")
        return getattr(import_module(f"{self.package}.{module}"), name)

    def install(self, lab: Lab) -> None:
        """Put the engine in moto's place; then run ``install(lab)`` of the folder's ``installing.py``, if it has one.

        Classes that declare ``lab`` are given it.
        """
        for model in self.models:
            own = self.load(model)
            _give(own, lab)
            replace_model(self.moto, own)
        if self.backend:
            backend = self.load(self.backend)
            _give(backend, lab)
            if not self.backends:
                replace_backend(import_module("localaws.backends").backends_of(self.moto), backend)
        if self.responses:
            responses = self.load(self.responses)
            _give(responses, lab)
            if not self.backends:
                replace_responses(responses)
        if util.find_spec(f"{self.package}.installing"):
            finish: Callable[[Lab], None] = import_module(f"{self.package}.installing").install
            finish(lab)

    def go_on(self, lab: Lab) -> None:
        """Let what was under way before the start go on, if the engine has anything such."""
        if self.resume:
            go_on: Callable[[Lab], None] = self.load(self.resume)
            go_on(lab)


def _give(owner: Any, lab: Lab) -> None:
    if any("lab" in get_annotations(each) for each in owner.__mro__):
        owner.lab = lab


def replace_backend(backends: BackendDict[Any], engine: type[BaseBackend]) -> None:
    """Have moto make *engine* wherever it would make its own backend, in every account and region.

    Raises RuntimeError if moto has already made one: what it holds would be lost.
    """
    for account_id, region, existing in backends.iter_backends():
        if not isinstance(existing, engine):
            raise RuntimeError(f"{engine.__name__} came too late: {account_id}/{region} already has moto's backend")
    # moto finds a backend's URLs by its module's name, which a subclass elsewhere does not share.
    urls = import_module(_of_moto(engine).__module__.rpartition(".")[0] + ".urls")
    engine._url_module = property(lambda self: urls)  # type: ignore[assignment, method-assign]
    backends.backend = engine
    for by_region in backends.values():
        by_region.backend = engine


def replace_model(service: str, engine: type) -> None:
    """Have moto's backend of *service* make *engine* where it would make the class above it."""
    models = import_module(f"moto.{service}.models")
    name = _of_moto(engine).__name__
    assert hasattr(models, name), f"moto's {service} makes no {name}"
    setattr(models, name, engine)


def replace_responses(engine: type) -> None:
    """Have requests answered by *engine*, a subclass of moto's response class of the service."""
    REPLACED_RESPONSES[_of_moto(engine)] = engine


def _of_moto(engine: type) -> type:
    return next(each for each in engine.__mro__ if each.__module__.startswith("moto."))
