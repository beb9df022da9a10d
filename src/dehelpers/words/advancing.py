"""Let time pass in the lab: 90 days of a lifecycle take a second, and what was due in them has happened."""

from __future__ import annotations

import json
import urllib.error
from datetime import datetime, timedelta

import boto3
from botocore.credentials import Credentials

from dehelpers.errors import LabError
from dehelpers.process.own_api import ask
from dehelpers.words.connect import current

#: Seconds to wait for the answer; the lab waits up to 30 for what was due.
TIMEOUT = 60


def advance(*, days: float = 0, hours: float = 0, minutes: float = 0, seconds: float = 0) -> None:
    """Let time pass on the lab's clock, and return when what was due has been done.

    A stream's buffer is delivered then, a failed call tried again, a key deleted. The clock only goes forward, by 100
    years in all, and stays ahead when the lab is stopped: `dehelpers reset` makes one on the machine's time.

    Raises:
        LabError: the connection is not to a lab, whose time alone can be advanced; or the lab refuses.
    """
    session = current()
    if session.target == "aws" or session.endpoint is None:
        raise LabError("nobody can advance the time of real AWS. Connect to the lab for that: de.connect().")
    try:
        time = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
    except (OverflowError, ValueError) as error:
        raise LabError(f"no lab's clock can be advanced that far: {error}") from None
    _, running = let_pass(session.endpoint, session.region, boto3.Session().get_credentials(), time)
    print(f"On the lab's clock it is {in_words(time)} later.", *still(running))


def let_pass(endpoint: str, region: str, keys: Credentials, time: timedelta) -> tuple[datetime, list[str]]:
    """Advance the clock of the lab at `endpoint`; returns its time then, and what was due and still runs.

    Raises:
        LabError: it is not a lab, does not answer, or refuses.
    """
    document = {"advance": time.total_seconds()}
    try:
        with ask(endpoint, region, keys, "clock", document, TIMEOUT) as answer:
            told = json.load(answer)
            return datetime.fromisoformat(told["now"]), told["running"]
    except urllib.error.HTTPError as error:
        if error.code in (400, 500):  # it is a lab, and says what is wrong
            raise LabError(_message(error)) from None
        reason = f"it answers {error.code}"
    except (OSError, ValueError, LookupError, TypeError) as error:
        reason = str(error)
    raise LabError(f"{endpoint} is not a lab whose clock can be advanced ({reason}). Connect to one: de.connect().")


def still(running: list[str]) -> list[str]:
    """A sentence on what was due and has not ended yet; none if all has."""
    return [f"Still running: {', '.join(running)}."] if running else []


def in_words(time: timedelta) -> str:
    """Such as "90 days" or "1 day, 30 minutes"."""
    minutes, seconds = divmod(time.seconds + time.microseconds / 1e6, 60)
    hours, minutes = divmod(int(minutes), 60)
    parts = {"day": time.days, "hour": hours, "minute": minutes, "second": seconds}
    return ", ".join(f"{n:g} {unit}{'s' * (n != 1)}" for unit, n in parts.items() if n) or "no time"


def _message(error: urllib.error.HTTPError) -> str:
    """What an error of AWS says."""
    text = error.read().decode(errors="replace")
    try:
        return str(json.loads(text)["message"])
    except (ValueError, LookupError, TypeError):
        return text
