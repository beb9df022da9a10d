"""Connect a notebook to an AWS: the lab on this machine, an endpoint URL or, on opt-in, the real one."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import boto3

from dehelpers.errors import NotConnectedError
from dehelpers.process import aside, lab
from dehelpers.process.environment import LAB_ONLY, MARKER, apply, lab_environment, path_with_commands
from dehelpers.process.project import root
from dehelpers.words import aws_target, hooks
from dehelpers.words.calls import newest
from dehelpers.words.ledger import Ledger

if TYPE_CHECKING:
    from dehelpers.words.price import Bill


@dataclass(frozen=True)
class Session:
    """What a notebook is connected to.

    Attributes:
        target: "local", "aws", or "endpoint" for a URL.
        region: such as "us-east-1".
        account_id: twelve digits.
        endpoint: the URL all calls go to; None for AWS's own endpoints.
        prefix: what names start with, so that two people in one account, or two open notebooks, do not collide.
        ledger: what this and earlier connections created there.
        directory: the lab's directory; None unless target is "local".
        first_call: the number of the last call before this connection: the bill counts from there.
    """

    target: str
    region: str
    account_id: str
    endpoint: str | None
    prefix: str
    ledger: Ledger = field(repr=False)
    directory: Path | None = field(default=None, repr=False)
    first_call: int = field(default=0, repr=False)

    @property
    def tags(self) -> dict[str, str]:
        """The tags of everything created on real AWS."""
        return {"project": "aws-data-engineering", "dehelpers": self.prefix}


PART = re.compile(r"x?\d\d")
_current: Session | None = None
_restore: dict[str, str | None] = {}


def current() -> Session:
    """The connection made last.

    Raises:
        NotConnectedError: there is none yet.
    """
    if _current is None:
        raise NotConnectedError("not connected yet: run the cell with de.connect() first")
    return _current


def connect(
    target: str = "local",
    *,
    part: str = "",
    directory: str | Path | None = None,
    prefix: str | None = None,
    consent: str | None = None,
    estimate: float | Bill | None = None,
) -> Session:
    """Point this process and all it starts at an AWS: from then on boto3, awswrangler and `!aws` just work.

    Parameters:
        target: "local" starts the lab or attaches to it; an "http…" URL uses the keys in the environment;
            "aws" is the real one, for those who consent.
        part: the part of the course, such as "01", or its exercises, "x01". Its names, its ledger and its teardown are
            its own, so that notebooks which are open side by side leave each other alone.
        directory: the lab's directory, for "local"; default `$DEHELPERS_DIR`, else `.lab` in the project.
        prefix: what names start with; default `$DEHELPERS_PREFIX`, else "de".
        consent: for "aws": region and spending cap in US dollars, such as "us-east-1:5";
            default `$DEHELPERS_AWS_CONSENT`.
        estimate: for "aws": what the work will cost, in US dollars; a bill from `de.estimate` will do.

    Raises:
        LabError: the lab cannot be started.
        ConsentError: "aws" without consent or estimate, or dearer than the cap.
        ValueError: an unknown target, or a part that is not such a word.
    """
    global _current
    if part and not PART.fullmatch(part):
        raise ValueError(f'{part!r} is no part of the course: write two digits, such as "01", or "x01" for exercises')
    prefix = "-".join(filter(None, [prefix or os.environ.get("DEHELPERS_PREFIX") or "de", part]))
    if target == "local":
        session = _local(directory, prefix, part)
    elif target == "aws" or aws_target.is_amazon(target):
        region = aws_target.agree(consent, estimate)
        _leave_lab()  # not before: one who did not agree stays in the lab
        apply({"AWS_REGION": region, "AWS_DEFAULT_REGION": region, "PATH": path_with_commands()})
        session = _remote("aws", region, os.environ.get("AWS_ENDPOINT_URL"), prefix, part)
        print(f"AWS account {session.account_id}, {region}: all that is created gets tagged and listed.")
    elif target.startswith(("http://", "https://")):
        region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1"
        apply({"AWS_ENDPOINT_URL": target, "AWS_REGION": region, "AWS_DEFAULT_REGION": region})
        apply({"PATH": path_with_commands()})
        session = _remote("endpoint", region, target, prefix, part)
    else:
        raise ValueError(f'unknown target {target!r}: use "local", "aws" or the URL of an endpoint')
    session = replace(session, first_call=newest(session))
    hooks.install(session)
    _current = session
    return session


def _local(directory: str | Path | None, prefix: str, part: str) -> Session:
    running = lab.start(directory)
    path = {"PATH": path_with_commands()}
    before = apply(lab_environment(running, {**os.environ, **path}) | path)
    for name, value in before.items():
        _restore.setdefault(name, value)
    home = running.directory
    aside.tell(home)
    ledger = Ledger(home / f"{'-'.join(filter(None, ['ledger', part]))}.jsonl")
    return Session("local", running.region, running.account_id, running.endpoint, prefix, ledger, home)


def _remote(target: str, region: str, endpoint: str | None, prefix: str, part: str) -> Session:
    """A session on an AWS whose keys are the reader's; asks it who that is, which costs nothing."""
    boto3.DEFAULT_SESSION = None
    account = aws_target.account_id(endpoint)
    # Kept outside the lab: `dehelpers reset` must not forget what was created in somebody's account.
    ledger = Ledger(root() / ".ledger" / f"{'-'.join(filter(None, [account, region, part]))}.jsonl")
    return Session(target, region, account, endpoint, prefix, ledger)


def _leave_lab() -> None:
    """Take the lab's own variables out of the environment, and put back what they replaced."""
    if _restore:
        apply(_restore)
        _restore.clear()
    if MARKER in os.environ:  # inherited from `dehelpers lab` or from a shell that points at the lab
        apply(dict.fromkeys([*LAB_ONLY, MARKER], None))
