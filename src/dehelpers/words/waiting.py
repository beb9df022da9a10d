"""Wait for an AWS status by asking again and again, never by sleeping and hoping."""

from __future__ import annotations

import html
import sys
import time
import uuid
from collections.abc import Callable, Collection
from typing import Any, TextIO

from botocore.exceptions import ClientError

from dehelpers.errors import WaitError

GONE = "gone"  # the status of what AWS no longer finds, or not yet
POLL = (0.05, 2.0)  # seconds between questions: they start close together and grow apart
NOT_FOUND = ("NotFound", "NoSuch", "NonExistent", "DoesNotExist", "EntityNotFound", "404")


def wait(
    check: Callable[[], Any],
    until: Any,
    failed: Any = (),
    *,
    what: str,
    timeout: float = 120.0,
    hint: str = "",
    quiet: bool = False,
) -> Any:
    """Ask `check` until the answer is `until`, with a progress bar; returns that answer.

    Parameters:
        check: asks AWS once. It returns a status ("ACTIVE"), a number so far, or a pair (status, reason).
            Where AWS answers that there is no such thing, the status is `GONE`.
        until: the status to wait for, several of them, a number to reach, or a function that says whether it is.
        failed: the statuses that end the wait in failure, in the same forms except the number.
        what: what is waited for, such as "stream de-departures".
        timeout: seconds until the wait is given up.
        hint: what the reader should look at if it fails.
        quiet: leave no line behind.

    Raises:
        WaitError: failed, or not done in time.
        botocore.exceptions.ClientError: AWS refused to answer.
    """
    deadline = time.monotonic() + timeout
    pause, longest = POLL
    bar = _Bar(quiet)
    try:
        while True:
            status, reason = _ask(check)
            if _is(status, until):
                break
            said = f"{what}: {_words(status)}" + (f" ({reason})" if reason else "")
            advice = f" {hint}" if hint else ""
            if not _is_number(until) and _is(status, failed):
                raise WaitError(f"{said}. It will not become {_goal(until)}.{advice}")
            if time.monotonic() >= deadline:
                raise WaitError(f"{said} after {timeout:g} s, and not {_goal(until)}.{advice}")
            bar.show(said, status / until if _is_number(until) and _is_number(status) and until else None)
            time.sleep(min(pause, max(0.0, deadline - time.monotonic())))
            pause = min(pause * 1.5, longest)
    finally:
        bar.close()
    if not quiet:
        print(f"{what}: {_goal(until) if callable(until) or _is_number(until) else _words(status)}")
    return status


def _ask(check: Callable[[], Any]) -> tuple[Any, str]:
    try:
        answer = check()
    except ClientError as error:
        if not any(part in error.response["Error"]["Code"] for part in NOT_FOUND):
            raise
        return GONE, ""
    if isinstance(answer, tuple):
        status, reason = answer
        return status, str(reason or "")
    return answer, ""


def _is(status: Any, wanted: Any) -> bool:
    if callable(wanted):
        return bool(wanted(status))
    if _is_number(wanted):
        return _is_number(status) and status >= wanted
    if isinstance(wanted, Collection) and not isinstance(wanted, str):
        return status in wanted
    return bool(status == wanted)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _goal(until: Any) -> str:
    """What was waited for, in words that are the same on every run."""
    if callable(until):
        return "done"
    if _is_number(until):
        return f"{until:,} or more"
    if isinstance(until, Collection) and not isinstance(until, str):
        return " or ".join(map(str, until))
    return _words(until)


def _words(status: Any) -> str:
    return f"{status:,}" if _is_number(status) else str(status)


class _Bar:
    """A live line that leaves no trace: what differs from run to run must not stay in a stored output.

    In a notebook it is an output that starts and ends empty, so that the cell has the same outputs however long it
    took. In a terminal it is a line on stderr that is wiped. Elsewhere (a pipe, a log file) it is nothing.
    """

    def __init__(self, silent: bool) -> None:
        self._terminal: TextIO | None = None
        self._id = ""
        if silent:
            return
        if _in_notebook():
            self._id = uuid.uuid4().hex
            self._publish({"text/plain": ""}, update=False)
        elif sys.stderr.isatty():
            self._terminal = sys.stderr

    def show(self, text: str, share: float | None) -> None:
        """Show how far it is: `share` from 0 to 1, or None where nobody knows."""
        if self._id:
            value = "" if share is None else f' value="{share:.3f}"'
            line = f"<div><progress{value}></progress> {html.escape(text)}</div>"
            self._publish({"text/plain": text, "text/html": line}, update=True)
        elif self._terminal:
            done = "" if share is None else f" {share:.0%}"
            self._terminal.write(f"\r\x1b[K… {text}{done}")
            self._terminal.flush()

    def close(self) -> None:
        if self._id:
            self._publish({"text/plain": ""}, update=True)
        elif self._terminal:
            self._terminal.write("\r\x1b[K")
            self._terminal.flush()

    def _publish(self, data: dict[str, str], update: bool) -> None:
        from IPython.display import publish_display_data

        publish_display_data(data, transient={"display_id": self._id}, update=update)


def _in_notebook() -> bool:
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    return getattr(shell, "kernel", None) is not None
