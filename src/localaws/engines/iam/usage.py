"""When keys, users and roles were last used, and for what: read from the records of calls.

Source: IAM user guide, "Refine permissions in AWS using last accessed information": every authenticated attempt counts,
also one that was refused.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from localaws.gateway.reference import actions_of, prefix_of
from localaws.lab import Lab


@dataclass(frozen=True)
class Use:
    """A call: when, of which service ("s3"), in which region."""

    time: datetime
    service: str
    region: str


class Usage:
    """What the records say, read once; what has been added since is read when somebody asks."""

    def __init__(self, lab: Lab) -> None:
        self._records = lab.records
        self._lock = threading.Lock()
        self._last = -1
        self._keys: dict[str, Use] = {}
        self._actions: dict[str, dict[str, Use]] = {}

    def of_key(self, access_key_id: str) -> Use | None:
        """The last call that was signed with the key."""
        self._read_on()
        return self._keys.get(access_key_id)

    def of(self, arn: str) -> Mapping[str, Use]:
        """The last call for each action, "s3:GetObject", of the user or role *arn*."""
        self._read_on()
        return self._actions.get(arn, {})

    def last_of(self, arn: str) -> Use | None:
        """The last call of the user or role *arn*."""
        return max(self.of(arn).values(), key=lambda use: use.time, default=None)

    def _read_on(self) -> None:
        with self._lock:
            if self._last < 0:
                self._last = 0
                for file in self._records.all_files():
                    with file:
                        self._take(file)
            self._take(b"".join(self._records.since(self._last)).splitlines(keepends=True))

    def _take(self, lines: Iterable[bytes]) -> None:
        for line in lines:
            if line.endswith(b"\n"):  # else it is being written
                record = json.loads(line)
                if record["seq"] > self._last:
                    self._last = record["seq"]
                    self._note(record)

    def _note(self, record: Mapping[str, str]) -> None:
        service, operation = record["service"], record["operation"]
        if not (record["access_key_id"] and operation):
            return
        use = Use(datetime.fromisoformat(record["time"]), prefix_of(service), record["region"])
        self._keys[record["access_key_id"]] = use
        who = self._actions.setdefault(record["session_issuer"] or record["principal"], {})
        for action in actions_of(service, operation):
            who[action.name] = use
