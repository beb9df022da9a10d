"""`dehelpers doctor`: every fault is found, and comes with its fix."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from dehelpers.commands import doctor
from dehelpers.process import aside


def command(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "dehelpers", "doctor", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, **environment},
    )


def test_it_checks_everything_and_leaves_no_lab_running(tmp_path: Path) -> None:
    answer = command("--dir", tmp_path)
    for name in ("python", "packages", "disk", "kernel", "commands", "data", "ports", "kept", "lab", "functions"):
        assert f"ok     {name}" in answer.stdout
    assert "All is well." in answer.stdout
    assert answer.returncode == 0
    assert not (tmp_path / "lab.json").exists()


def test_several_faults_are_all_named_with_their_fixes(tmp_path: Path) -> None:
    """A kernel of another Python, and a lab that was killed."""
    spec = tmp_path / "jupyter" / "kernels" / "python3"
    spec.mkdir(parents=True)
    (spec / "kernel.json").write_text(
        json.dumps({"argv": ["/usr/bin/false"], "display_name": "x", "language": "python"})
    )
    lab: dict[str, Any] = dict.fromkeys(
        ("account_id", "region", "access_key_id", "secret_access_key", "lab_id", "started"), "x"
    )
    lab |= {"endpoint": "http://127.0.0.1:9", "pid": os.getpid(), "port": 9}
    (tmp_path / "lab.json").write_text(json.dumps(lab))
    answer = command("--dir", tmp_path, JUPYTER_PATH=str(tmp_path / "jupyter"))
    assert answer.returncode == 1
    assert "FAULT  kernel" in answer.stdout
    assert "fix: jupyter kernelspec remove python3" in answer.stdout
    assert "FAULT  ports" in answer.stdout
    assert "fix: dehelpers start" in answer.stdout
    assert "2 faults." in answer.stdout
    assert "Traceback" not in answer.stderr


def test_what_the_lab_has_put_aside_is_told_once_and_to_the_doctor_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "aside-20260101-120000"
    folder.mkdir()
    (folder / "why.txt").write_text("What the lab kept of sns cannot be read.\n")
    aside.tell(tmp_path)
    aside.tell(tmp_path)
    assert capsys.readouterr().out == "What the lab kept of sns cannot be read.\n"
    with pytest.raises(doctor.Fault, match="of sns cannot be read") as fault:
        doctor.kept(tmp_path)
    assert str(folder) in fault.value.fix


def test_a_directory_that_cannot_be_written_to(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    answer = command("--dir", tmp_path / "file" / "lab")
    assert "FAULT  disk" in answer.stdout
    assert "fix: name another directory" in answer.stdout


def test_too_little_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(tmp_path)._replace(free=10_000_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    with pytest.raises(doctor.Fault, match=r"0\.0 GB are free") as fault:
        doctor.disk(tmp_path)
    assert "dehelpers reset" in fault.value.fix


def test_packages_that_are_missing_or_of_another_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "requirements.lock").write_text(
        "boto3==0.0.1 \\\n    --hash=sha256:0\nnot-there==1.0\nonly-elsewhere==1 ; sys_platform == 'plan9'\n"
    )
    monkeypatch.setattr(doctor, "root", lambda: tmp_path)
    with pytest.raises(doctor.Fault, match=r"boto3 is .*, not 0\.0\.1; not-there is missing, not 1\.0$") as fault:
        doctor.packages(tmp_path)
    assert fault.value.fix == "make setup"
