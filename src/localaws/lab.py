"""The lab: the one object every engine is given."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from localaws.authorization import Decision, Request, keys_of_call, keys_of_caller, refusal
from localaws.clock import Clock
from localaws.credentials import Credential, CredentialStore
from localaws.failure_messages import FailureMessages
from localaws.gateway.call_files import CallRecords
from localaws.gateway.errors import AwsError
from localaws.gateway.records import Call
from localaws.gateway.reference import actions_of
from localaws.metrics import Metrics
from localaws.policies.patterns import Context, Values
from localaws.state.snapshots import Snapshots
from localaws.timer import Timer

if TYPE_CHECKING:
    from localaws.gateway.app import Gateway

log = logging.getLogger(__name__)


@dataclass
class Lab:
    """One AWS account on this machine.

    Everything it keeps lies in ``directory``; ``owner`` holds the long-term keys of its administrator.
    """

    directory: Path
    owner: Credential
    account_id: str
    region: str
    endpoint: str = ""
    clock: Clock = field(default_factory=Clock)
    stopping: threading.Event = field(default_factory=threading.Event)
    gateway: Gateway | None = None
    #: Installs the engine of a service (by moto's name): before moto makes anything of that service.
    install: Callable[[str], None] | None = None

    def __post_init__(self) -> None:
        self.failure_messages = FailureMessages(self.owner.secret_access_key)
        self.credentials = CredentialStore(self.clock, self.directory / "credentials.log")
        self.credentials.add(self.owner)
        self.records = CallRecords(self.directory / "calls.jsonl")
        self._place = self.directory.stat()
        self.decisions: list[Decision] = []
        self.metrics = Metrics(self)
        self.state = Snapshots(self)
        self.timer = Timer(self)
        self._on_stop: list[Callable[[], None]] = []

    def client(
        self,
        service: str,
        *,
        region: str | None = None,
        role_arn: str | None = None,
        session_name: str = "localaws",
        by: str = "",
    ) -> Any:
        """A boto3 client whose requests enter the gateway in process, signed like anybody's.

        Acts as *role_arn* when a service works with a role that it was given; else as whom the service works
        `on_behalf_of` (localaws.client), or as the service *by* itself, or as the lab's owner.
        """
        from localaws.client import in_process_client

        return in_process_client(self, service, region or self.region, role_arn, session_name, by)

    def authorize(
        self,
        caller: Credential,
        service: str,
        action: str,
        resources: Sequence[str],
        keys: Values | Callable[[], Values] = MappingProxyType({}),
    ) -> None:
        """Have it decided whether *caller* may do *action* to all of *resources* (see `authorization.Request`).

        *keys* are the condition keys of the request but those of the caller; a function is asked if a policy asks.

        The gateway asks for each call; who does work for somebody without a call has to ask too. Raises AwsError, in
        the code of *service*, if one of `decisions` says no.
        """
        if self.decisions:
            context = Context(
                lambda: {**keys_of_caller(caller, self.clock.now()), **(keys() if callable(keys) else keys)}
            )
            request = Request(caller, service, action, resources, context)
            for decide in self.decisions:
                if reason := decide(request):
                    raise refusal(request, reason, self.failure_messages)

    def allows(self, by: str, action: str, arn: str, keys: Values) -> bool:
        """Whether the service *by* ("s3") may do *action* to *arn*; *keys* say for what it would, as in `act`."""
        caller = self.credentials.of_service(f"{by}.amazonaws.com", self.account_id)
        try:
            self.authorize(caller, action.partition(":")[0], action, [arn], keys)
        except AwsError:
            return False
        return True

    def act(
        self,
        by: str,
        service: str,
        operation: str,
        arn: str,
        keys: Values,
        parameters: Mapping[str, Any] | None = None,
    ) -> None:
        """Have it decided whether the service *by* may do *operation* to *arn*, and keep that like a call.

        *keys* are the condition keys that say for what it does so, such as the topic that has the message
        (`keys_of_source`); *parameters* are those of the request, for its record. For what moto does from one service
        to another by itself. Raises AwsError if it may not.
        """
        principal, region = f"{by}.amazonaws.com", arn.split(":")[3] or self.region
        call = Call.done_by(principal, self.clock, service, operation, region)
        caller = self.credentials.of_service(principal, self.account_id)
        call.is_from(caller)
        call.resources, call.request_parameters = [arn], dict(parameters) if parameters else None
        try:
            for action in actions_of(service, operation):
                self.authorize(caller, service, action.name, [arn], {**keys_of_call(call), **keys})
        except AwsError as refused:
            call.refuse(refused)
            raise
        finally:
            self.record(call)

    def record(self, call: Call) -> None:
        """Keep the record of *call*: one that came, or work that a service did as if there had been one."""
        self.records.append(call)

    @property
    def has_place(self) -> bool:
        """Whether ``directory`` is still the one that the lab was started in: it may have been deleted."""
        try:
            return os.path.samestat(self.directory.stat(), self._place)
        except FileNotFoundError:
            return False
        except OSError:
            return True

    def spawn(self, name: str, target: Callable[[], None], followed: bool = False) -> threading.Thread:
        """Run *target* on a background thread; it must return soon after ``stopping`` is set.

        An advance of the clock waits for one that is *followed* until it waits by the clock, or ends.
        """

        def run() -> None:
            try:
                target()
            except Exception:
                if not self.stopping.is_set():
                    log.exception("background work %r failed", name)

        thread = threading.Thread(target=run, name=name, daemon=True)
        if followed:
            self.clock.follow(thread)
        thread.start()
        return thread

    def on_stop(self, action: Callable[[], None]) -> None:
        """Have *action* run when the lab stops, latest registered first."""
        self._on_stop.append(action)

    def stop(self) -> None:
        """Tell background work to end and run what was registered with `on_stop`."""
        self.stopping.set()
        while self._on_stop:
            action = self._on_stop.pop()
            try:
                action()
            except Exception:
                log.exception("%s failed while the lab stopped", getattr(action, "__qualname__", action))
        self.state.close()
        self.records.close()
