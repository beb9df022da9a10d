"""One record a call: what CloudTrail, the cost meter and a curious reader are told."""

from __future__ import annotations

import json
import logging
import os
import re
import threading
import uuid
from collections import deque
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from localaws.clock import Clock
from localaws.credentials import Credential
from localaws.gateway.errors import AwsError
from localaws.gateway.reference import is_data_event, is_read_only

log = logging.getLogger(__name__)

KEPT_IN_MEMORY = 50_000
_NUMBER = re.compile(rb'\{"seq":(\d+),')


@dataclass
class Call:
    """A request on its way through the gateway; ``as_record`` is what is kept of it.

    ``bytes_in`` and ``bytes_out`` count bodies only; ``ms`` runs from the request's headers to the last byte out.
    ``units`` is for what an engine knows of its own billing (scanned bytes, say), by name. ``via`` is the service that
    called, for somebody or for itself ("athena.amazonaws.com"); ``session_issuer`` the role behind a session.
    ``requests`` is how many alike one record stands for.
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
    access_key_id: str = ""
    account_id: str = ""
    via: str = ""
    resources: list[str] = field(default_factory=list)
    request_parameters: dict[str, Any] | None = None
    requests: int = 1
    bytes_in: int = 0
    bytes_out: int = 0
    status: int = 0
    error: str | None = None
    error_message: str | None = None
    ms: float = 0.0
    units: dict[str, float] = field(default_factory=dict)
    credential: Credential | None = None

    @classmethod
    def done_by(cls, principal: str, clock: Clock, service: str, operation: str, region: str) -> Call:
        """What a service, *principal*, has done without a call, as the call that it would have been."""
        now = clock.now().isoformat(timespec="milliseconds")
        call = cls(str(uuid.uuid4()), now, principal, principal, service, operation, region, principal, status=200)
        call.principal_type, call.via = "AWSService", principal
        return call

    def refuse(self, error: AwsError) -> None:
        """Note that it has failed with *error*."""
        self.error, self.error_message, self.status = error.code, error.message, error.status

    def is_from(self, credential: Credential) -> None:
        """Say who called."""
        self.credential = credential
        self.principal, self.principal_type = credential.principal, credential.kind
        self.principal_id, self.session_issuer = credential.user_id, credential.issuer
        self.access_key_id, self.account_id = credential.access_key_id, credential.account_id

    def as_record(self) -> dict[str, Any]:
        record = {name: value for name, value in vars(self).items() if name != "credential"}
        record["read_only"] = is_read_only(self.service, self.operation)
        record["event_category"] = "Data" if is_data_event(self.service, self.operation) else "Management"
        return record


#: The call being served on this thread: engines read its principal and add to its units.
current_call: ContextVar[Call] = ContextVar("current_call")


class CallRecords:
    """Appends records to *path* as JSON lines and keeps the newest in memory."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        self._recent: deque[tuple[int, str]] = deque(maxlen=KEPT_IN_MEMORY)
        path.touch(mode=0o600)
        self._sequence = _last_number(path)
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND)
        self._unwritten: deque[bytes] = deque(maxlen=KEPT_IN_MEMORY)

    def append(self, call: Call) -> None:
        """Keep *call*; a record that is written survives the server.

        Never fails: where the disk is full the record waits in memory, and is written with the next that can be.
        """
        record = call.as_record()
        with self._lock:
            self._sequence += 1
            line = json.dumps({"seq": self._sequence, **record}, separators=(",", ":"))
            self._recent.append((self._sequence, line))
            self._unwritten.append(line.encode() + b"\n")
            self._write()

    def _write(self) -> None:
        while self._unwritten and self._file >= 0:
            line = self._unwritten[0]
            try:
                written = os.write(self._file, line)
                if written < len(line):  # room for a part of it only: half a record must not stay
                    os.ftruncate(self._file, os.fstat(self._file).st_size - written)
                    return
            except OSError as error:
                log.error("call records cannot be written: %s", error)
                return
            self._unwritten.popleft()

    @property
    def newest(self) -> int:
        """The number of the last record."""
        return self._sequence

    def since(self, sequence: int) -> Iterator[bytes]:
        """JSON lines of the records after number *sequence*, oldest first."""
        with self._lock:
            lines = [line for number, line in self._recent if number > sequence]
        return (line.encode() + b"\n" for line in lines)

    def close(self) -> None:
        with self._lock:
            if self._file >= 0:
                os.close(self._file)
                self._file = -1


def _last_number(path: Path) -> int:
    """The number of the last whole record in *path*, so that a lab that was ended or killed goes on counting."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - (1 << 20)))
        for line in reversed(file.read().split(b"\n")[:-1]):
            match = _NUMBER.match(line)
            if match:
                return int(match.group(1))
    return 0
