"""The lab's timer: what is due when the clock is advanced has happened when the call is answered, in its order.

Held up to time itself: who waits five minutes finds done what was due after one, and what that made due after three.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path

import pytest

from localaws.clock import MAX_YEARS
from localaws.credentials import Credential
from localaws.lab import Lab
from tests.conftest import eventually

MINUTE = 60.0


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    owner = Credential("AKIA", "secret", "arn:aws:iam::123456789012:user/u", "123456789012", "AIDA")
    made = Lab(tmp_path, owner, "123456789012", "us-east-1")
    yield made
    made.stop()


def test_each_moment_is_kept_and_what_follows_from_it(lab: Lab) -> None:
    """A retry after one minute and another after two more, as Lambda makes them: both happen in five."""
    began, seen = lab.clock.time(), list[float]()

    def attempt() -> None:
        seen.append(lab.clock.time() - began)
        if len(seen) < 2:
            lab.timer.at(lab.clock.time() + 2 * MINUTE, "second", attempt)

    lab.timer.at(began + MINUTE, "first", attempt)
    assert lab.timer.advance(5 * MINUTE) == []
    assert [round(seconds / MINUTE, 1) for seconds in seen] == [1, 3]
    assert lab.clock.time() >= began + 5 * MINUTE


def test_what_fails_keeps_nothing_else_from_happening(lab: Lab) -> None:
    done = threading.Event()
    lab.timer.at(lab.clock.time() + 1, "fails", lambda: [][0])
    lab.timer.at(lab.clock.time() + 2, "goes on", done.set)
    assert (lab.timer.advance(3), done.is_set()) == ([], True)


def test_who_waits_on_the_clock_has_done_his_work_too(lab: Lab) -> None:
    """A thread that sleeps by the lab's clock, wakes, and sleeps again: a stream's buffer that is delivered."""
    delivered, work = list[int](), threading.Event()

    def deliver() -> None:
        while not lab.clock.wait(lab.stopping, 10 * MINUTE):
            work.wait(10)
            delivered.append(1)

    lab.spawn("delivery", deliver)
    eventually(lambda: lab.clock._asleep)
    assert lab.timer.advance(11 * MINUTE, patience=0.05) == ["delivery"]
    work.set()
    assert (lab.timer.advance(0), delivered) == ([], [1])


def test_the_clock_stops_for_who_waits_by_it(lab: Lab) -> None:
    """Two waits of ten minutes, one after the other, are over after twenty; and no thread has had to begin yet."""
    began, seen = lab.clock.time(), list[float]()

    def deliver() -> None:
        for _ in range(2):
            lab.clock.wait(lab.stopping, 10 * MINUTE)
            seen.append(lab.clock.time() - began)

    lab.spawn("delivery", deliver, followed=True)
    assert lab.timer.advance(21 * MINUTE) == []
    assert [round(seconds / MINUTE) for seconds in seen] == [10, 20]


def test_who_polls_looks_once_more_and_again_while_something_is_found(lab: Lab) -> None:
    """A day is no 86,400 looks; but what one of them finds has its time from then on, as what it makes due."""
    began, looks, done = lab.clock.time(), list[float](), list[float]()
    to_be_found = [True, True]

    def poll() -> None:
        while not lab.stopping.is_set():
            found = bool(to_be_found) and to_be_found.pop()
            looks.append(lab.clock.time() - began)
            if found:
                lab.timer.at(lab.clock.time() + MINUTE, "found", lambda: done.append(lab.clock.time() - began))
            lab.clock.poll(lab.stopping, 1, found)

    lab.spawn("poll", poll, followed=True)
    assert lab.timer.advance(24 * 60 * MINUTE) == []
    assert [round(seconds / MINUTE) for seconds in done] == [1, 1]
    assert 3 < len(looks) < 20


def test_work_that_was_handed_on_is_waited_for(lab: Lab) -> None:
    """It is named where it takes too long; the clock reaches its goal all the same."""
    began, call = lab.clock.time(), Future[None]()
    lab.timer.at(began + 1, "call", lambda: call)
    assert lab.timer.advance(MINUTE, patience=0.2) == ["call"]
    assert lab.clock.time() >= began + MINUTE
    call.set_result(None)
    assert lab.timer.advance(MINUTE) == []


def test_an_advance_that_is_too_long_does_nothing(lab: Lab) -> None:
    done = threading.Event()
    before = lab.clock.time()
    lab.timer.at(before + MINUTE, "due", done.set)
    with pytest.raises(ValueError, match="100 years"):
        lab.timer.advance((MAX_YEARS + 1) * 365.25 * 86400)
    assert (done.is_set(), lab.clock.time() < before + MINUTE) == (False, True)


def test_time_that_passes_by_itself_counts(lab: Lab) -> None:
    done = threading.Event()
    lab.timer.at(lab.clock.time() + 0.05, "soon", done.set)
    assert done.wait(10)
