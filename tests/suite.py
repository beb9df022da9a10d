"""How the suite is spread over workers (pytest-xdist), and what CPU time each file takes of the machine.

Tests of one file stay together on one worker (``--dist loadfile``), for they share fixtures, and those of one notebook;
each worker has a lab of its own.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import psutil
import pytest
from xdist.scheduler import LoadFileScheduling

#: CPU seconds, on a core of this project's CI, that a file may take with all its processes. It is twice and more what
#: the file takes there: a file that has doubled may not pass. A slower machine has more (`slowness`).
BUDGET = 25.0
#: Files that are worth more. A file over its budget fails the run: make it cheaper before you raise this.
BUDGETS = {
    "tests/awsfacts/test_resources.py": 40.0,
    "tests/clients/test_dbt.py": 45.0,
    "tests/engines/test_athena_bounded.py": 35.0,
    "tests/engines/test_athena_iceberg.py": 50.0,
    "tests/engines/test_athena_iceberg_changes.py": 40.0,
    "tests/engines/test_athena_memory.py": 90.0,
    "tests/engines/test_dms_bounded.py": 45.0,
    "tests/engines/test_dms_recovery.py": 40.0,
    "tests/engines/test_firehose_bounded.py": 45.0,
    "tests/engines/test_lambda_attacks.py": 45.0,
    "tests/engines/test_lambda_kept.py": 45.0,
    "tests/engines/test_rds_recovery.py": 40.0,
    "tests/gateway/test_plausible_sweep.py": 45.0,
    "tests/gateway/test_validation_sweep.py": 50.0,
    "tests/security/test_least_privilege.py": 150.0,
    "tests/test_aws_target.py": 40.0,
    "tests/test_claims_00.py": 40.0,
    "tests/test_exercises.py": 320.0,
    "tests/test_lab.py": 35.0,
    "tests/test_notebooks.py": 360.0,
    "tests/test_run.py": 70.0,
    "tests/test_teardown.py": 30.0,
}
_FAST = 0.03  # seconds
_SPENT = "cpu_seconds_by_file"


#: Its tests are spread by notebook: on one worker they would be the last to end, and more so with each notebook.
NOTEBOOKS = "tests/test_notebooks.py"


class ByFileAndNotebook(LoadFileScheduling):
    """What runs on one worker: a file, or what a file of notebooks does with one of them."""

    def _split_scope(self, nodeid: str) -> str:
        file, _, test = nodeid.partition("::")
        return file + test.partition("[")[2] if file == NOTEBOOKS else file


def pytest_xdist_auto_num_workers() -> int:
    """One worker more than there are cores: tests wait for processes and clocks, and no core should wait with them."""
    return (os.cpu_count() or 1) + 1


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFileAndNotebook | None:
    return ByFileAndNotebook(config, log) if config.getvalue("dist") == "loadfile" else None


def budget(file: str) -> float:
    """The CPU seconds that a test file, named from the project's root, may take."""
    return BUDGETS.get(file, BUDGET)


@cache
def slowness() -> float:
    """How many times as long as on a fast core this one takes for the same work now, at least 1."""
    started = time.process_time()
    sum(hash(str(number)) for number in range(300_000))
    return max(1.0, (time.process_time() - started) / _FAST)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the long files, so that no worker is left alone with one at the end (``--no-loadscope-reorder``)."""
    items.sort(key=lambda item: -budget(_file(item)))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> Iterator[None]:
    """Read the clock only where one file ends and the next begins: looking at every process takes milliseconds."""
    spent = item.config.stash.setdefault(_KEY, {})
    if _READ not in item.config.stash:
        item.config.stash[_READ] = _cpu_seconds()
    result = yield
    if nextitem is None or _file(nextitem) != _file(item):
        now = _cpu_seconds()
        spent[_file(item)] = spent.get(_file(item), 0.0) + now - item.config.stash[_READ]
        item.config.stash[_READ] = now
    return result


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A worker hands in what it measured; the run fails if a file took more than it may."""
    spent = session.config.stash.get(_KEY, {})
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput[_SPENT] = spent
    elif _over(spent) and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object | None) -> None:
    spent = node.config.stash.setdefault(_KEY, {})
    for file, seconds in getattr(node, "workeroutput", {}).get(_SPENT, {}).items():
        spent[file] = spent.get(file, 0.0) + seconds


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    spent = config.stash.get(_KEY, {})
    if len(spent) > 1:
        terminalreporter.section("CPU seconds by file")
        for file, seconds in sorted(spent.items(), key=lambda item: -item[1])[:12]:
            terminalreporter.line(f"{seconds:7.1f}  {file}")
        terminalreporter.line(f"{sum(spent.values()):7.1f}  in all")
    for line in _over(spent):
        terminalreporter.line(f"OVER BUDGET  {line}", red=True)


_KEY = pytest.StashKey[dict[str, float]]()
_READ = pytest.StashKey[float]()


def _over(spent: dict[str, float]) -> list[str]:
    over = {file: seconds for file, seconds in spent.items() if seconds > budget(file) * slowness()}
    return [f"{file}: {seconds:.0f} s of {budget(file) * slowness():.0f} s" for file, seconds in over.items()]


def _file(item: pytest.Item) -> str:
    return Path(item.nodeid.partition("::")[0]).as_posix()


def _cpu_seconds() -> float:
    """CPU time of this process and of all that it started, alive or waited for. Who left the family is not counted."""
    total = sum(os.times()[:4])
    for child in psutil.Process().children(recursive=True):
        try:
            total += sum(child.cpu_times()[:4])
        except psutil.Error:
            continue
    return total
