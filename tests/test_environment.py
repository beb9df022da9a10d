"""The environment: locked with hashes, the same for conda, cheap to check and easy to mend."""

from __future__ import annotations

import json
import re
import runpy
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
LOCK = (ROOT / "requirements.lock").read_text()
CLIENTS = (ROOT / "tests" / "clients" / "requirements.lock").read_text()
PINNED = dict(re.findall(r"^([\w.\-]+)==([^\s;\\]+)", LOCK, re.MULTILINE))


@pytest.mark.parametrize("lock", [LOCK, CLIENTS], ids=["course", "clients"])
def test_the_lock_has_a_hash_for_everything_and_names_no_index(lock: str) -> None:
    requirements = re.findall(r"^\S.*(?:\n    .*)*", re.sub(r"^#.*\n", "", lock, flags=re.MULTILINE), re.MULTILINE)
    assert len(requirements) == len(re.findall(r"^[\w.\-\[\], ]+==", lock, re.MULTILINE)) > 50
    assert all("--hash=sha256:" in requirement for requirement in requirements)
    assert not re.search(r"https?:|file:|^--(?!hash)", lock, re.MULTILINE)


def test_what_the_project_asks_for_is_what_is_locked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    asked = [*project["dependencies"], *(line for extra in project["optional-dependencies"].values() for line in extra)]
    for requirement in asked:
        name, _, version = requirement.partition("==")
        assert PINNED[name.partition("[")[0]] == version


def test_conda_users_get_the_same_versions() -> None:
    environment = runpy.run_path(str(ROOT / "tools" / "environment.py"))["environment"]
    text = (ROOT / "environment.yml").read_text()
    assert text == environment(LOCK), "run: python tools/environment.py"
    assert dict(re.findall(r'- "([\w.\-]+)==([^\s;"]+)', text)) == PINNED


@pytest.fixture
def made(tmp_path: Path) -> Any:
    """A small environment of its own, as the set-up script makes it, without pip."""
    (tmp_path / "tools").mkdir()
    for name in ("tools/setup.py", "requirements.lock", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path / name)
    environment = runpy.run_path(str(tmp_path / "tools" / "setup.py"))["ENVIRONMENTS"]["course"]
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", environment.folder], check=True)
    (environment.site / "dehelpers").mkdir()
    (environment.site / "dehelpers" / "__init__.py").touch()
    environment.stamp.write_text(json.dumps({"key": environment.key(), "installed": sorted(environment.entries())}))
    return environment


def test_an_environment_in_order_is_left_alone(made: Any) -> None:
    assert made.up_to_date()


def test_a_deleted_package_is_noticed(made: Any) -> None:
    shutil.rmtree(made.site / "dehelpers")
    assert not made.up_to_date()


def test_a_python_that_is_gone_is_noticed(made: Any) -> None:
    made.python.unlink()
    assert not made.up_to_date()
    assert not made.usable()


def test_another_lock_is_noticed(made: Any) -> None:
    with made.lock.open("a") as lock:
        lock.write("# changed\n")
    assert not made.up_to_date()


def test_an_interrupted_installation_is_noticed(made: Any) -> None:
    made.stamp.unlink()
    assert not made.up_to_date()


def test_a_package_with_lost_or_cut_files_is_installed_again(made: Any) -> None:
    info = made.site / "thing-1.0.dist-info"
    info.mkdir()
    (made.site / "thing.py").write_text("x = 1\n")
    (info / "RECORD").write_text("thing.py,sha256=abc,6\nthing-1.0.dist-info/RECORD,,\n")
    made.forget_broken()
    assert info.exists()
    (made.site / "thing.py").write_text("x")
    made.forget_broken()
    assert not info.exists()


def test_without_a_python_make_says_what_to_install() -> None:
    answer = subprocess.run(
        ["make", "setup", "CANDIDATES=no-such-python"], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert answer.returncode != 0
    assert "Python 3.11 or newer is needed" in answer.stderr
    assert "python3-venv" in answer.stderr
