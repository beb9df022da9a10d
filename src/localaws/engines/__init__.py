"""Engines: one folder for one service, holding only what moto answers without doing the work.

To add one:

1. Make ``engines/<service>/``. Its ``__init__.py`` holds the declaration, `ENGINE`: plain data, which loads nothing.
2. Beside it write subclasses of moto's backend and, where the wire needs it, of its response class. Override only the
   operations that moto pretends to do; leave the rest to moto. Name them in the declaration.
3. What else has to be done before the first call goes into ``install(lab)`` of ``installing.py``. It may `lab.spawn`
   background work, which must end soon after ``lab.stopping`` is set.
4. Say in ``awsfacts/`` what resources the service has, how they are named, listed and deleted, and what it meters.

An engine reaches other services with ``lab.client(service, role_arn=…, by="sqs")``, never by importing their backends:
so the IAM decision, CloudTrail and the meter see the call, and who makes it. What it does to others' resources without
a call it has decided by `Lab.authorize` and keeps by `Lab.record`. It takes the time from ``lab.clock`` and has
``lab.timer`` do what is to happen later: so a lesson can let 90 days pass. It writes only below ``lab.directory``, and
runs other people's code only in child processes. Errors it raises are AWS's own, as subclasses of moto's exceptions or
`localaws.gateway.errors.AwsError`.
"""

from __future__ import annotations

import gc
import logging
import pkgutil
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

from localaws.engines.others import REACHED_BY_MOTO

if TYPE_CHECKING:  # not at run time: a child (localaws.children) loads pure functions of an engine, and no moto
    from localaws.engines.declaration import Engine
    from localaws.lab import Lab

log = logging.getLogger(__name__)


@cache
def engines() -> dict[str, Engine]:
    """The declarations of all engines, by moto's name of their service."""
    folders = [each.name for each in pkgutil.iter_modules(__path__, f"{__name__}.") if each.ispkg]
    declared: list[Engine] = [import_module(folder).ENGINE for folder in folders]
    return {engine.moto: engine for engine in declared}


def reached_by(service: str) -> frozenset[str]:
    """The services (moto's names) whose backends moto's code of *service* makes or looks into."""
    engine = engines().get(service)
    return engine.reaches if engine else REACHED_BY_MOTO.get(service, frozenset())


class Installer:
    """Installs each service's engine once, and gives it back what it held, however many threads ask."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._lock = threading.RLock()
        self._installed: set[str] = set()
        self._ready: set[str] = set()
        # jsonschema, by which moto checks OpenAPI, would compile a grammar of IRIs on import: seconds, for nobody here
        sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]

    def __call__(self, service: str) -> None:
        if service in self._ready:  # nearly always, and without the lock
            return
        with self._lock, _collecting_no_garbage():
            for each in in_order(service):
                if each not in self._installed:
                    self._installed.add(each)  # before: what it held may refer to what reaches it
                    try:
                        self._install(each)
                    except BaseException:  # such as of a program that is not there: the next call tells of it too
                        self._installed.discard(each)
                        raise
            self._ready.add(service)

    def _install(self, service: str) -> None:
        engine = engines().get(service)
        if engine:
            engine.install(self._lab)
            log.info("engine %s installed", service)
        self._lab.state.restore(service)
        if engine:
            engine.go_on(self._lab)


@contextmanager
def _collecting_no_garbage() -> Iterator[None]:
    """The body makes much that stays, a million records perhaps: to look for garbage in it again and again takes as
    long as making it."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:  # else it is a body within another
            gc.enable()


def in_order(service: str) -> list[str]:
    """The services that *service* needs, each after those it reaches: RDS brings its instances back as it is installed,
    and with them moto's networks of EC2, whose engine would then come too late."""
    wanted = reached_by(service) - {service}
    ordered: list[str] = []
    entered = {service}  # last, whatever circle it is in

    def enter(each: str) -> None:
        if each in entered:
            return
        entered.add(each)
        for reached in sorted(reached_by(each) & wanted):
            enter(reached)
        ordered.append(each)

    for each in sorted(wanted):
        enter(each)
    return [*ordered, service]
