"""A snapshot is taken between changes, never in the midst of one; and nobody waits for the other for long."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from localaws.credentials import Credential
from localaws.lab import Lab
from localaws.state.gates import Gate


def test_a_snapshot_sees_no_half_of_a_change() -> None:
    gate, halves, stop = Gate(), [0, 0], threading.Event()

    def change() -> None:
        while not stop.is_set():
            with gate.changing():
                halves[0] += 1
                time.sleep(0.001)
                halves[1] += 1

    looks = 0
    with ThreadPoolExecutor(1) as pool:
        pool.submit(change)
        try:
            while looks < 20:
                with gate.quiet() as quiet:
                    if quiet:
                        assert halves[0] == halves[1]
                        looks += 1
        finally:
            stop.set()


def test_a_change_that_takes_long_is_not_waited_for() -> None:
    gate = Gate()
    begun, end = threading.Event(), threading.Event()

    def change() -> None:
        with gate.changing():
            begun.set()
            end.wait(30)

    with ThreadPoolExecutor(1) as pool:
        pool.submit(change)
        begun.wait()
        with gate.quiet() as quiet:
            assert not quiet
        with gate.changing():  # others go on meanwhile
            end.set()
    with gate.quiet() as quiet:
        assert quiet


def test_a_change_within_a_change_does_not_wait_for_the_snapshot_that_waits_for_it() -> None:
    gate = Gate()

    def look() -> bool:
        with gate.quiet() as quiet:
            return quiet

    with ThreadPoolExecutor(1) as pool, gate.changing():
        looking = pool.submit(look)
        while not looking.done():
            with gate.changing():
                time.sleep(0.001)
    assert looking.result() is False


@pytest.mark.parametrize(
    "changed, elsewhere, held", [("rds", "ec2", True), ("rds", "sns", False), ("cloudformation", "sns", False)]
)
def test_what_moto_changes_of_other_services_is_held_still_too(
    tmp_path: Path, changed: str, elsewhere: str, held: bool
) -> None:
    """A database has a security group in EC2. A stack asks SNS by calls, each of which is a change of its own."""
    owner = Credential("AKIA", "secret", "arn:aws:iam::123456789012:user/u", "123456789012", "AIDA")
    lab = Lab(tmp_path, owner, "123456789012", "us-east-1")

    def look() -> bool:
        with lab.state._gates[elsewhere].quiet() as quiet:
            return quiet

    with ThreadPoolExecutor(1) as pool, lab.state.changing(changed):
        assert pool.submit(look).result() != held
    lab.stop()


def test_who_changes_may_take_a_snapshot_in_its_midst() -> None:
    """Grants are on disk before the table that they are of: Glue's CreateTable has them kept on its way."""
    gate = Gate()
    with gate.changing(), gate.changing(), gate.quiet() as quiet:
        assert quiet
