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
PINNED = dict(re.findall(r"^([\w.\-]+)==([^\s;\\]+)", LOCK, re.MULTILINE))


def test_the_lock_has_a_hash_for_everything_and_names_no_index() -> None:
    requirements = re.findall(r"^\S.*(?:\n    .*)*", re.sub(r"^#.*\n", "", LOCK, flags=re.MULTILINE), re.MULTILINE)
    assert len(requirements) == len(PINNED)
    assert all("--hash=sha256:" in requirement for requirement in requirements)
    assert not re.search(r"https?:|file:|^--(?!hash)", LOCK, re.MULTILINE)


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
def setup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The set-up script at work on a small environment of its own, without pip."""
    (tmp_path / "tools").mkdir()
    for name in ("tools/setup.py", "requirements.lock", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path / name)
    made = runpy.run_path(str(tmp_path / "tools" / "setup.py"))
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", made["VENV"]], check=True)
    (made["SITE"] / "dehelpers").mkdir()
    (made["SITE"] / "dehelpers" / "__init__.py").touch()
    made["STAMP"].write_text(json.dumps({"key": made["key"](), "installed": sorted(made["entries"]())}))
    return made


def test_an_environment_in_order_is_left_alone(setup: dict[str, Any]) -> None:
    assert setup["up_to_date"]()


def test_a_deleted_package_is_noticed(setup: dict[str, Any]) -> None:
    shutil.rmtree(setup["SITE"] / "dehelpers")
    assert not setup["up_to_date"]()


def test_a_python_that_is_gone_is_noticed(setup: dict[str, Any]) -> None:
    setup["PYTHON"].unlink()
    assert not setup["up_to_date"]()
    assert not setup["usable"]()


def test_another_lock_is_noticed(setup: dict[str, Any]) -> None:
    with setup["LOCK"].open("a") as lock:
        lock.write("# changed\n")
    assert not setup["up_to_date"]()


def test_an_interrupted_installation_is_noticed(setup: dict[str, Any]) -> None:
    setup["STAMP"].unlink()
    assert not setup["up_to_date"]()


def test_a_package_with_lost_or_cut_files_is_installed_again(setup: dict[str, Any]) -> None:
    info = setup["SITE"] / "thing-1.0.dist-info"
    info.mkdir()
    (setup["SITE"] / "thing.py").write_text("x = 1\n")
    (info / "RECORD").write_text("thing.py,sha256=abc,6\nthing-1.0.dist-info/RECORD,,\n")
    setup["forget_broken"]()
    assert info.exists()
    (setup["SITE"] / "thing.py").write_text("x")
    setup["forget_broken"]()
    assert not info.exists()


def test_without_a_python_make_says_what_to_install() -> None:
    answer = subprocess.run(
        ["make", "setup", "CANDIDATES=no-such-python"], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert answer.returncode != 0
    assert "Python 3.11 or newer is needed" in answer.stderr
    assert "python3-venv" in answer.stderr
