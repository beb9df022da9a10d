"""Run a reader's function: what goes wrong in it is an answer that is not right yet, not a fault of the check."""

from __future__ import annotations

import signal
import socket
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any
from urllib.parse import urlsplit

from dehelpers.errors import NotConnectedError
from dehelpers.exercises.outcome import NotAttempted, NotYet, SetupFault
from dehelpers.words.blank import has_blank
from dehelpers.words.connect import current

LIMIT = 30.0  # seconds


class _TimeUp(BaseException):
    """Not an Exception, so that `except Exception` in an answer does not swallow it."""


def run(function: Callable[..., Any], *arguments: Any, limit: float = LIMIT) -> Any:
    """Call the reader's *function* and return what it returns.

    Parameters:
        function: the answer.
        limit: seconds after which it is ended.

    Raises:
        NotYet: it is no function, raised an exception, or was not done in time.
        NotAttempted: it returned a blank.
    """
    name = getattr(function, "__name__", None)
    if not callable(function):
        raise NotYet(f"A function is wanted here, and this is `{type(function).__name__}`: pass its name, without ().")
    try:
        with _ended_after(limit):
            answer = function(*arguments)
    except _TimeUp:
        raise NotYet(f"`{name}` was still running after {limit:g} s. What ends its loop?") from None
    except (NotYet, SetupFault):  # what it was given to call has something to say
        raise
    except Exception as error:
        raise NotYet(f"`{name}` raised `{type(error).__name__}: {error}`{_where(error, function)}.") from error
    if has_blank(answer):
        raise NotAttempted
    return answer


def require_lab() -> None:
    """Make sure that the AWS this process is connected to can be reached.

    Raises:
        SetupFault: it cannot; the message has the remedy.
    """
    try:
        session = current()
    except NotConnectedError:
        raise SetupFault("This notebook is not connected: run the cell with `de.connect()` and check again.") from None
    if session.endpoint is None:
        return
    url = urlsplit(session.endpoint)
    try:
        socket.create_connection((url.hostname or "", url.port or 80), timeout=5).close()
    except OSError:
        raise SetupFault(
            "The lab does not answer. Run the cell with `de.connect()` again, which starts it, then check again."
        ) from None


def _where(error: Exception, function: Callable[..., Any]) -> str:
    """In which line of the answer it happened."""
    code = getattr(function, "__code__", None)
    if code is None:
        return ""
    lines = [line for frame, line in traceback.walk_tb(error.__traceback__) if frame.f_code is code]
    return f", in its line {lines[-1] - code.co_firstlineno + 1}" if lines else ""


@contextmanager
def _ended_after(seconds: float) -> Iterator[None]:
    """Raise `_TimeUp` in the block after *seconds*, again and again until it ends; only the main thread can."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(_signal: int, _frame: FrameType | None) -> None:
        raise _TimeUp

    previous = signal.signal(signal.SIGALRM, end)
    signal.setitimer(signal.ITIMER_REAL, seconds, 1.0)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)
