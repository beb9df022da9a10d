"""What the command is given and cannot use: it says so in one sentence, and its exit code tells scripts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from dehelpers.cli import main
from tests.test_lab_directory import contents, thesis

__all__ = ["thesis"]  # the fixture

INTRODUCTION = Path(__file__).parents[1] / "notebooks" / "00_introduction.ipynb"
NAMED = ["loop", "~nosuchuser/x", "file", "file/x", "d" * 300, "/proc/1/root"]
Refused = Callable[..., str]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "file").touch()
    (tmp_path / "bad.ipynb").write_text("garbage")
    (tmp_path / "empty.ipynb").write_text("{}")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def refused(capsys: pytest.CaptureFixture[str]) -> Refused:
    """Runs a command in this process, as the installed script does; whatever it raises fails the test."""

    def run(*arguments: str | Path, code: int = 1) -> str:
        capsys.readouterr()
        try:
            answer = main([str(one) for one in arguments])
        except SystemExit as ended:  # argparse's
            answer = int(ended.code or 0)
        said = capsys.readouterr().err.strip()
        assert answer == code, said
        return said.splitlines()[-1] if said else ""

    return run


@pytest.mark.parametrize("directory", NAMED)
@pytest.mark.parametrize("name", ["start", "env", "run"])
def test_a_directory_that_cannot_be_one(place: Path, refused: Refused, name: str, directory: str) -> None:
    more = [INTRODUCTION, "--output", place / "out"] if name == "run" else []
    assert refused(name, "--dir", directory, *more).startswith("dehelpers: ")


@pytest.mark.parametrize("name", ["stop", "reset", "status", "doctor"])
def test_no_command_fails_at_a_directory_that_cannot_be_one(place: Path, refused: Refused, name: str) -> None:
    for directory in ("loop", "~nosuchuser/x"):
        assert "names no directory" in refused(name, "--dir", directory)
    for directory in ("file", "file/x"):
        refused(name, "--dir", directory, code=0 if name in ("stop", "reset") else 1)


@pytest.mark.parametrize("port", ["99999", "-1", "65536", "x", "1.5", "\u0661", ""])
@pytest.mark.parametrize("name", ["start", "lab"])
def test_a_port_that_there_is_not(place: Path, refused: Refused, name: str, port: str) -> None:
    said = refused(name, f"--port={port}", "--dir", "lab", code=2)
    assert "must be a number from 0 to 65535" in said
    assert not (place / "lab").exists()


def test_what_run_cannot_use(place: Path, refused: Refused) -> None:
    for notebook in ("bad.ipynb", "empty.ipynb"):
        assert "is no notebook" in refused("run", notebook, "--output", "out", code=2)
    for notebook in ("loop", "."):
        assert "no such notebook" in refused("run", notebook, code=2)
    refused("run", INTRODUCTION, "--output", "file", "--dir", "loop")
    for jobs in ("0", "-1", "x"):
        assert "must be a number" in refused("run", f"--jobs={jobs}", code=2)


@pytest.mark.parametrize("marker", ["{}", "", "This directory is mine.\n", "a link"])
def test_a_file_with_the_markers_name_makes_no_lab(
    thesis: Path,
    tmp_path: Path,
    refused: Refused,
    marker: str,
) -> None:
    """The marker must say what it is: everything in its directory is deleted by `reset`."""
    if marker == "a link":
        refused("start", "--dir", tmp_path / "lab", code=0)
        refused("stop", "--dir", tmp_path / "lab", code=0)
        (thesis / ".localaws").symlink_to(tmp_path / "lab" / ".localaws")
    else:
        (thesis / ".localaws").write_text(marker)
    before = contents(thesis)
    for name, code in (("stop", 0), ("reset", 1), ("start", 1), ("reset", 1)):
        refused(name, "--dir", thesis, code=code)
        assert contents(thesis) == before, name
