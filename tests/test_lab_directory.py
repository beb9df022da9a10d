"""Whose a directory is: a lab takes only what is new, empty or its own already, and no two labs take the same."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.test_lab import command, facts, home

__all__ = ["home"]  # the fixture


def contents(directory: Path) -> dict[str, tuple[int, bytes]]:
    """Mode and content of everything in *directory*, and of itself."""
    return {
        str(path): (path.stat().st_mode, path.read_bytes() if path.is_file() else b"")
        for path in [directory, *directory.rglob("*")]
    }


@pytest.fixture
def thesis(tmp_path: Path) -> Path:
    """Somebody's own directory."""
    directory = tmp_path / "thesis"
    (directory / "figures").mkdir(parents=True)
    (directory / "chapter.txt").write_text("two years of work")
    (directory / "figures" / "one.svg").touch()
    directory.chmod(0o755)
    return directory


def test_no_sequence_of_commands_touches_a_directory_that_is_no_labs(thesis: Path) -> None:
    """Neither are its files deleted, nor is it closed to others, nor is anything written into it."""
    before = contents(thesis)
    for name, code in (("stop", 0), ("reset", 1), ("start", 1), ("doctor", 0), ("reset", 1)):
        answer = command(name, "--dir", thesis)
        assert answer.returncode == code, (name, answer)
        assert "Traceback" not in answer.stderr
        assert contents(thesis) == before, name
    server = subprocess.run(
        [sys.executable, "-m", "localaws", "--dir", thesis], capture_output=True, text=True, timeout=60
    )
    assert (server.returncode, "files that are not a lab's" in server.stderr) == (1, True)
    assert contents(thesis) == before


def test_a_lock_or_a_lab_file_alone_makes_no_lab(thesis: Path) -> None:
    """Earlier versions took a file lab.lock, which they wrote anywhere, for the proof."""
    (thesis / "lab.lock").touch()
    (thesis / "lab.json").write_text("{}")
    before = contents(thesis)
    for name in ("stop", "reset", "start"):
        command(name, "--dir", thesis)
        assert contents(thesis) == before, name


def test_a_lab_of_an_earlier_version_goes_on_and_can_be_reset(home: Path) -> None:
    command("start", "--dir", home)
    command("stop", "--dir", home)
    key = json.loads((home / "keys.json").read_text())
    (home / ".localaws").unlink()  # as a lab was before there was a marker, snapshots, keys of root, an outbox, TLS
    (home / "state.sqlite").unlink()
    (home / "root.json").unlink()
    (home / "outbox").rmdir()
    shutil.rmtree(home / "tls")
    assert command("reset", "--dir", home).returncode == 1
    (home / "my notes.txt").touch()  # an earlier version could be started on any directory
    refused = command("start", "--dir", home)
    assert (refused.returncode, "my notes.txt" in refused.stderr) == (1, True)
    (home / "my notes.txt").unlink()
    assert command("start", "--dir", home).returncode == 0
    assert json.loads((home / "keys.json").read_text()) == key
    assert command("reset", "--dir", home).returncode == 0
    assert not home.exists()


def test_a_second_server_on_the_same_directory_is_refused(home: Path) -> None:
    """Two would overwrite each other's state: acknowledged writes were lost."""
    command("start", "--dir", home)
    running = facts(home)
    second = subprocess.run(
        [sys.executable, "-m", "localaws", "--dir", home], capture_output=True, text=True, timeout=60
    )
    assert second.returncode == 1
    assert f"process {running['pid']} already serves the lab" in second.stderr
    assert "Traceback" not in second.stderr
    assert facts(home) == running
    assert command("status", "--dir", home).returncode == 0


def test_a_server_started_by_hand_is_found_and_stopped(home: Path) -> None:
    """It holds the lock, whatever its command line says."""
    home.mkdir()
    with subprocess.Popen([sys.executable, "-m", "localaws", "--dir", "."], cwd=home) as server:
        while not (home / "lab.json").exists():
            assert server.poll() is None
        assert f"process   {server.pid}" in command("status", "--dir", home).stdout
        assert "stopped" in command("stop", "--dir", home).stdout
        assert server.wait(timeout=10) == 0
