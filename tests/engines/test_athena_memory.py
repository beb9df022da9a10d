"""Athena under attack by queries that take all memory, or all time, in one function's call.

Athena ends such a query with "Query exhausted resources at this scale factor" ("Troubleshoot Athena"); nobody
else notices.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress

import psutil
import pytest

from tests.conftest import RunningLab, eventually
from tests.engines.athena_tools import Athena

#: Bytes that a lab and all its processes may take: 4 GiB for queries, and what it needs itself.
MOST = 5 << 30
EXHAUSTED = "EXCEEDED_LOCAL_MEMORY_LIMIT: Query exhausted resources at this scale factor"
#: 10,000 rows, from nothing; and many times as many.
ROWS = "UNNEST(sequence(1, 10000)) a(x)"
MANY = f"{ROWS}, UNNEST(sequence(1, 10000)) b(y)"
LONG = "rpad('a', 1000000, 'x')"
HUNGRY = {
    "join": f"SELECT length(array_join(repeat({LONG}, 10000), ''))",
    "reduce": "SELECT length(reduce(sequence(1, 40), 'abcdefgh', (s, x) -> s || s, s -> s))",
    "listagg": f"SELECT length(listagg({LONG}, ',') WITHIN GROUP (ORDER BY x)) FROM {ROWS}",
    "array_agg": f"SELECT cardinality(array_agg({LONG} || CAST(x AS varchar))) FROM {ROWS}",
    "python": f"SELECT sum(cardinality(regexp_split({LONG} || CAST(x AS varchar), '(?=x)'))) FROM {ROWS}",
}
ENDLESS = f"SELECT count(*) FROM {MANY}, UNNEST(sequence(1, 10000)) c(z) WHERE (x * y + z) % 7 = 9"
GROWING = "SELECT length(regexp_replace(rpad('a', 1000000, 'a'), 'a', rpad('b', 10000, 'b')))"


def family(lab: RunningLab) -> list[psutil.Process]:
    """The lab's process and all below it."""
    root = psutil.Process(lab.pid)
    return [root, *root.children(recursive=True)]


@contextmanager
def watched(lab: RunningLab) -> Iterator[list[int]]:
    """Meanwhile looks at the memory of the lab's processes; gives a list whose only member is the most seen."""
    most, done = [0], threading.Event()

    def look() -> None:
        while not done.wait(0.1):
            size = 0
            for process in family(lab):
                with suppress(psutil.Error):
                    size += process.memory_info().rss
            most[0] = max(most[0], size)

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield most
    finally:
        done.set()
        thread.join()


@pytest.fixture(scope="module")
def athena(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Athena]:
    lab = RunningLab(tmp_path_factory.mktemp("memory"))
    yield Athena(lab, "athena-memory", "memory")
    lab.stop()


@pytest.mark.parametrize("sql", HUNGRY.values(), ids=HUNGRY)
def test_a_query_that_takes_too_much_memory_fails(athena: Athena, sql: str) -> None:
    """That one alone: queries beside it and after it succeed, and other clients are answered meanwhile."""
    with watched(athena.lab) as most, ThreadPoolExecutor() as threads:
        beside = athena.start(f"SELECT count(*), sum(x * y) FROM {ROWS}, UNNEST(sequence(1, 1000)) b(y)")
        hungry = threads.submit(lambda: athena.wait(athena.start(sql), 120))
        answered = 0
        while not hungry.done():
            athena.s3.list_buckets()
            answered += 1
            time.sleep(0.1)
        assert athena("SELECT 1").rows == [("1",)]
    status = hungry.result()["Status"]
    assert (status["State"], status["StateChangeReason"]) == ("FAILED", EXHAUSTED)
    assert athena.wait(beside, 120)["Status"]["State"] == "SUCCEEDED"
    assert answered > 1
    assert most[0] < MOST


def test_many_hungry_queries_share_one_bound(athena: Athena) -> None:
    """What counts is what all of them take together."""
    with watched(athena.lab) as most:
        queries = [athena.start(HUNGRY[name]) for name in ("reduce", "listagg", "array_agg")]
        states = [athena.wait(query, 120)["Status"] for query in queries]
    assert {(status["State"], status["StateChangeReason"]) for status in states} == {("FAILED", EXHAUSTED)}
    assert most[0] < MOST
    assert athena("SELECT 1").rows == [("1",)]


@pytest.mark.parametrize("sql", [GROWING, HUNGRY["listagg"], ENDLESS], ids=["growing", "hungry", "endless"])
def test_a_query_in_the_middle_of_one_call_can_be_stopped(athena: Athena, sql: str) -> None:
    """StopQueryExecution, also where DuckDB itself would only look once the call is over."""
    query = athena.start(sql)
    time.sleep(0.3)
    athena.client.stop_query_execution(QueryExecutionId=query)
    assert athena.wait(query, 5)["Status"]["State"] == "CANCELLED"
    assert athena("SELECT 1").rows == [("1",)]


def test_a_broken_process_ends_one_query(athena: Athena) -> None:
    """Athena's category 1 of errors, "system" ("Athena error catalog")."""
    query = athena.start(ENDLESS)

    def busy() -> psutil.Process | None:
        for process in family(athena.lab)[1:]:
            with suppress(psutil.Error):
                if process.cpu_percent(0.1) > 20 and "forker" in " ".join(process.cmdline()):
                    return process
        return None

    eventually(busy).send_signal(signal.SIGSEGV)
    status = athena.wait(query)["Status"]
    assert (status["State"], status["AthenaError"]["ErrorCategory"]) == ("FAILED", 1)
    assert athena("SELECT 1").rows == [("1",)]


def kill_with_its_forker(lab: RunningLab) -> None:
    """End both at once, so that neither can do anything about the other's end."""
    lab.process.send_signal(signal.SIGSTOP)
    for process in psutil.Process(lab.pid).children():
        if "forker" in " ".join(process.cmdline()):
            process.kill()
    lab.kill()


@pytest.mark.parametrize("how", [RunningLab.stop, RunningLab.kill, kill_with_its_forker])
def test_no_query_outlives_its_lab(new_lab: Callable[..., RunningLab], how: Callable[[RunningLab], None]) -> None:
    athena = Athena(new_lab("ending"), "athena-ending", "ending")
    for sql in (GROWING, ENDLESS):
        athena.start(sql)
    time.sleep(0.5)
    processes = family(athena.lab)
    started = time.monotonic()
    how(athena.lab)
    assert time.monotonic() - started < 5
    _, left = psutil.wait_procs(processes, 5)
    assert not left
