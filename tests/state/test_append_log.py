"""A log of records: what was appended is there again, whatever happened to its end."""

from __future__ import annotations

import logging
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from localaws.state.append_log import AppendLog


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "queue" / "log"


def _records(path: Path) -> list[bytes]:
    log = AppendLog(path)
    try:
        return list(log.replay())
    finally:
        log.close()


def test_records_come_back_in_order(path: Path) -> None:
    log = AppendLog(path)
    log.append(b"one")
    log.append_all([b"", b"three" * 100_000])
    log.close()
    assert _records(path) == [b"one", b"", b"three" * 100_000]
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("left", [1, 7, 8, 12])
def test_a_torn_end_is_cut_off_and_kept_beside(path: Path, left: int, caplog: pytest.LogCaptureFixture) -> None:
    log = AppendLog(path)
    log.append(b"whole")
    whole = log.size
    log.append(b"torn")
    log.close()
    frame = path.read_bytes()[whole:]
    path.write_bytes(path.read_bytes()[: whole + left] if left < len(frame) else path.read_bytes() + bytes(3))
    log = AppendLog(path)
    kept = list(log.replay())
    assert kept[0] == b"whole"
    assert "no whole record" in caplog.text
    assert path.with_name("log.cut").exists()
    log.append(b"after")
    log.close()
    assert _records(path) == [*kept, b"after"]


def test_a_damaged_record_is_left_out_and_said(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    log = AppendLog(path)
    log.append_all([b"first", b"second", b"third"])
    log.close()
    path.write_bytes(path.read_bytes().replace(b"second", b"secund"))
    with caplog.at_level(logging.ERROR):
        assert _records(path) == [b"first", b"third"]
    assert "damaged" in caplog.text


def test_zeros_at_the_end_are_no_records(path: Path) -> None:
    log = AppendLog(path)
    log.append(b"one")
    log.close()
    path.write_bytes(path.read_bytes() + bytes(64))
    assert _records(path) == [b"one"]


def test_rewritten_it_holds_what_it_was_given_and_goes_on(path: Path) -> None:
    log = AppendLog(path)
    log.append_all([b"dead"] * 1000)
    log.rewrite([b"alive"])
    log.append(b"new")
    log.close()
    assert _records(path) == [b"alive", b"new"]
    assert log.size == path.stat().st_size
    assert [each.name for each in path.parent.iterdir()] == ["log"]


def test_a_rewriting_that_fails_leaves_the_log_as_it_was(path: Path) -> None:
    log = AppendLog(path)
    log.append(b"old")

    def failing() -> object:
        yield b"new"
        raise OSError("no more")

    with pytest.raises(OSError, match="no more"):
        log.rewrite(failing())  # type: ignore[arg-type]
    log.append(b"newer")
    log.close()
    assert _records(path) == [b"old", b"newer"]


def test_what_the_disk_refuses_leaves_no_trace(path: Path) -> None:
    """A file that may not grow is refused as a full disk is: after the first part of a write."""
    log = AppendLog(path)
    log.append(b"kept")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (log.size + 100, before[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            log.append(b"x" * 1000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)
    log.append(b"later")
    log.close()
    assert _records(path) == [b"kept", b"later"]


def test_many_logs_need_no_many_files(path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    unused = os.open(path.parents[1], os.O_RDONLY)  # the lowest number that is free
    os.close(unused)
    resource.setrlimit(resource.RLIMIT_NOFILE, (unused + 10, before[1]))
    try:
        logs = [AppendLog(path.with_name(f"log-{number}")) for number in range(200)]
        for log in logs:
            log.append(b"one")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    logs[0].remove()
    with pytest.raises(ValueError, match="takes nothing any more"):
        logs[0].append(b"of a queue that was just deleted")


def test_a_kill_loses_nothing_that_was_appended(path: Path) -> None:
    writer = f"""
from localaws.state.append_log import AppendLog
from pathlib import Path
log = AppendLog(Path({str(path)!r}))
for number in range(10_000_000):
    log.append(b"%d" % number * 20)
    print(number, flush=True)
"""
    with subprocess.Popen([sys.executable, "-c", writer], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        for line in process.stdout:
            if int(line) == 3000:
                process.kill()
                break
        acknowledged = int((process.stdout.read().splitlines() or ["3000"])[-1] or 3000)
    records = _records(path)
    assert len(records) >= acknowledged
    assert records == [b"%d" % number * 20 for number in range(len(records))]
