"""One record a call: what CloudTrail, the cost meter and a curious reader are told. `call_files` keeps them."""

from __future__ import annotations

import os
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from localaws.clock import Clock
from localaws.credentials import Credential
from localaws.gateway.errors import AwsError
from localaws.gateway.reference import is_data_event, is_read_only

#: Of an error's message: it may repeat what the request had.
_MOST_LETTERS = 1000


def new_id() -> str:
    """A GUID (RFC 9562, version 4), for a third of the time that `uuid.uuid4` takes: each call needs two."""
    digits = os.urandom(16).hex()
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"


@dataclass
class Call:
    """A request on its way through the gateway; ``as_record`` is what is kept of it.

    ``bytes_in`` and ``bytes_out`` count bodies only; ``ms`` runs from the request's headers to the last byte out.
    ``units`` is for what an engine knows of its own billing (scanned bytes, say), by name. ``via`` is the service that
    called, for somebody or for itself ("athena.amazonaws.com"), and ``called_via`` are those through which somebody
    called, the first one first; ``session_issuer`` the role behind a session, which
    was taken at ``session_created``. ``tls`` is CloudTrail's ``tlsDetails``, empty without TLS.
    ``event_type`` is CloudTrail's: what a service does unasked is an AwsServiceEvent. ``requests`` is how many alike
    one record stands for. ``event_id`` is the record's own, CloudTrail's ``eventID``.
    """

    request_id: str
    time: str
    source_ip: str
    user_agent: str
    service: str = ""
    operation: str = ""
    region: str = ""
    principal: str = "anonymous"
    principal_type: str = "Unknown"
    principal_id: str = ""
    session_issuer: str = ""
    session_created: str = ""
    access_key_id: str = ""
    account_id: str = ""
    via: str = ""
    called_via: tuple[str, ...] = ()
    tls: dict[str, str] = field(default_factory=dict)
    resources: list[str] = field(default_factory=list)
    request_parameters: dict[str, Any] | None = None
    response_elements: dict[str, Any] | None = None
    event_type: str = "AwsApiCall"
    requests: int = 1
    bytes_in: int = 0
    bytes_out: int = 0
    status: int = 0
    error: str | None = None
    error_message: str | None = None
    ms: float = 0.0
    units: dict[str, float] = field(default_factory=dict)
    credential: Credential | None = None
    event_id: str = field(default_factory=new_id)

    @classmethod
    def done_by(cls, principal: str, clock: Clock, service: str, operation: str, region: str) -> Call:
        """What a service, *principal*, has done without a call, as the call that it would have been."""
        now = clock.now().isoformat(timespec="milliseconds")
        call = cls(new_id(), now, principal, principal, service, operation, region, principal, status=200)
        call.principal_type, call.via = "AWSService", principal
        return call

    @classmethod
    def unasked(cls, clock: Clock, service: str, name: str, arn: str) -> Call:
        """What a *service* has done unasked to the resource *arn*, as an event of that *name*.

        Source: "AWS service events" (CloudTrail user guide).
        """
        _, _, _, region, account, _ = arn.split(":", 5)
        now = clock.now().isoformat(timespec="milliseconds")
        call = cls("", now, "AWS Internal", "AWS Internal", service, name, region, "AWS Internal", status=200)
        call.event_type, call.account_id, call.resources = "AwsServiceEvent", account, [arn]
        return call

    def refuse(self, error: AwsError) -> None:
        """Note that it has failed with *error*."""
        self.error, self.error_message, self.status = error.code, error.message[:_MOST_LETTERS], error.status

    def is_from(self, credential: Credential) -> None:
        """Say who called."""
        self.credential = credential
        self.principal, self.principal_type = credential.principal, credential.kind
        self.principal_id, self.session_issuer = credential.user_id, credential.issuer
        self.session_created = credential.created
        self.access_key_id, self.account_id = credential.access_key_id, credential.account_id

    def as_record(self) -> dict[str, Any]:
        record = {name: value for name, value in vars(self).items() if name != "credential"}
        record["read_only"] = is_read_only(self.service, self.operation)
        record["event_category"] = "Data" if is_data_event(self.service, self.operation) else "Management"
        return record


#: The call being served on this thread: engines read its principal and add to its units.
current_call: ContextVar[Call] = ContextVar("current_call")
