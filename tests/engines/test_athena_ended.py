"""Athena when one of its own processes, or the lab, is killed: as Linux does where memory is short.

AWS names no such case; what holds is that a query that fails for the service's own sake has an error of category 1,
"system" ("Athena error catalog"), and that the service is there for the next one.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import psutil

from tests.conftest import RunningLab, eventually
from tests.engines.athena_tools import Athena
from tests.engines.test_athena_memory import ENDLESS

FORKER = "localaws.lake.processes.forker"


def forkers(lab: RunningLab) -> list[psutil.Process]:
    """The lab's own children that are forkers, also those that have ended and were not waited for."""
    found = []
    for child in psutil.Process(lab.pid).children():
        with suppress(psutil.NoSuchProcess):
            if child.status() == psutil.STATUS_ZOMBIE or FORKER in child.cmdline():
                found.append(child)
    return found


def gone(process: psutil.Process) -> bool:
    with suppress(psutil.NoSuchProcess):
        return process.status() == psutil.STATUS_ZOMBIE  # whose parent was killed: init waits for it some time
    return True


def test_a_forker_that_is_killed_is_replaced(new_lab: Callable[..., RunningLab]) -> None:
    """The query in flight fails, and ends; the next ones succeed."""
    athena = Athena(new_lab("forker"), "athena-forker", "forker")
    assert athena("SELECT 1").rows == [("1",)]
    for _ in range(2):
        (forker,) = forkers(athena.lab)
        query = athena.start(ENDLESS)
        eventually(lambda: any(worker.cpu_percent(0.1) > 20 for worker in forker.children()))  # noqa: B023
        workers = forker.children()
        forker.kill()
        assert athena("SELECT 1").rows == [("1",)]
        status = athena.wait(query)["Status"]
        assert (status["State"], status["AthenaError"]["ErrorCategory"]) == ("FAILED", 1)
        assert "ended from outside" in status["StateChangeReason"]
        eventually(lambda: all(map(gone, workers)))  # noqa: B023
        assert not psutil.pid_exists(forker.pid), "nobody waited for it"
    assert len(forkers(athena.lab)) == 1


def test_a_query_of_a_killed_forker_can_be_stopped(new_lab: Callable[..., RunningLab]) -> None:
    athena = Athena(new_lab("stopped"), "athena-stopped", "stopped")
    query = athena.start(ENDLESS)
    (forker,) = eventually(lambda: forkers(athena.lab))
    eventually(lambda: any(worker.cpu_percent(0.1) > 20 for worker in forker.children()))
    forker.suspend()
    forker.kill()
    athena.client.stop_query_execution(QueryExecutionId=query)
    assert athena.wait(query)["Status"]["State"] in ("CANCELLED", "FAILED")
    assert athena("SELECT 1").rows == [("1",)]


def test_nothing_is_left_on_the_disk(new_lab: Callable[..., RunningLab]) -> None:
    """What queries of a killed lab kept there is gone after its next start, whether or not Athena is called."""
    lab = new_lab("scratch")
    scratch = lab.directory / "athena" / "scratch"
    athena = Athena(lab, "athena-scratch", "scratch")
    query = athena.start(ENDLESS)
    eventually((scratch / query).exists)
    lab.kill()
    (scratch / "spill-1").mkdir()  # to have DuckDB make it takes gigabytes of memory
    (scratch / "spill-1" / "duckdb_temp_storage").write_bytes(b"x")
    assert (scratch / query).exists()
    lab.start()
    eventually(lambda: not any(scratch.glob("*")))
    lab.stop()
    assert not scratch.exists()
