"""The table of decisions: `decisions/*.yaml`, read.

A situation is who calls and which policies there are; of it each line is one decision:

    - page: IAM user guide, "Policy evaluation for requests within a single account"
      rule: what a policy denies no other gives
      identity:
        - {Effect: Allow, Action: "s3:*", Resource: "*"}
        - {Effect: Deny, Action: s3:GetObject, Resource: "arn:aws:s3:::lake/other/*"}
      decisions:
        get home/x: allowed
        get other/x: deny in an identity-based policy
        list-queues: no identity-based policy

``identity`` are the caller's policies, ``group`` those of his group, ``boundary``, ``session`` and ``resource`` (by the
resource's kind) as they are called, ``control`` the organization's, from its root to the account. ``caller`` is ana, a
user, if nothing else is said; "role" a session of a role; "guest" a user of another account, whose number is OTHER;
"member" the same user, who stays in his account. The calls are in `asking`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tests.security.people import Statement

FOLDER = Path(__file__).parent / "decisions"
ALLOWED = "allowed"


@dataclass(frozen=True)
class Situation:
    """Who calls, under which policies, and what is decided on his calls."""

    page: str
    rule: str
    decisions: dict[str, str]
    caller: str = "ana"
    identity: tuple[Statement, ...] = ()
    group: tuple[Statement, ...] = ()
    boundary: tuple[Statement, ...] = ()
    session: tuple[Statement, ...] = ()
    resource: dict[str, list[Statement]] = field(default_factory=dict)
    control: tuple[tuple[Statement, ...], ...] = ()
    tags: dict[str, str] = field(default_factory=dict)
    session_tags: dict[str, str] = field(default_factory=dict)
    theme: str = ""

    def __str__(self) -> str:
        return f"{self.theme}: {self.rule}"

    @property
    def can_be_simulated(self) -> bool:
        """The simulator knows no session's policies, and no resource's where the caller is a role (API reference)."""
        return not (self.session or self.session_tags) and not (self.caller == "role" and self.resource)


@cache
def situations() -> tuple[Situation, ...]:
    """All of them."""
    return tuple(_read())


def _read() -> Iterator[Situation]:
    for path in sorted(FOLDER.glob("*.yaml")):
        for written in yaml.safe_load(path.read_text()):
            tuples = {name: tuple(value) for name, value in written.items() if isinstance(value, list)}
            yield Situation(**{**written, **tuples}, theme=path.stem)


def reason(outcome: str, action: str) -> str:
    """The words of AWS's message for an *outcome* of the table."""
    verb, _, kind = outcome.partition(" ")
    words = {"deny": f"with an explicit deny {kind}", "no": f"because no {kind} allows the {action} action"}
    return words[verb]


def filled(value: Any, other: str) -> Any:
    """*value* with the number of the other account in the place of OTHER."""
    if isinstance(value, str):
        return value.replace("OTHER", other)
    if isinstance(value, dict):
        return {name: filled(each, other) for name, each in value.items()}
    return [filled(each, other) for each in value] if isinstance(value, list | tuple) else value
