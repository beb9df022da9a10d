"""Run the tests of what has changed, as far as they fit into a minute: the everyday part of `make check`.

A changed file is matched with the test files that share most words with its path, so the names of the tests are the
map: `engines/athena/iceberg/merge.py` has `engines/test_athena_iceberg_changes.py`. What does not fit is named.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
#: CPU seconds of tests that two cores do in about a minute.
ROOM = 100.0
#: Parts of paths that say nothing of what a file is about.
_COMMON = {"src", "tests", "test", "localaws", "dehelpers", "engines", "py", "init", "tools"}


def changed() -> list[Path]:
    """Files that differ from the branch's upstream, or else from the last commit's parent; new ones too."""
    upstream = _git("rev-parse", "--verify", "--quiet", "@{upstream}") or _git("rev-parse", "HEAD~1")
    base = _git("merge-base", "HEAD", *upstream)
    names = _git("diff", "--name-only", *base) + _git("ls-files", "--others", "--exclude-standard")
    return [Path(name) for name in names if (ROOT / name).exists()]


def tests_of(path: Path, tests: list[Path]) -> list[Path]:
    """The test files that are nearest to *path*, itself if it is one."""
    if path in tests:
        return [path]
    if path.suffix not in (".py", ".sql", ".ipynb"):
        return []
    words = _words(path)
    if words & {"lake", "hive"}:  # whose work is seen through Athena
        words.add("athena")
    shared = {test: len(words & _words(test)) for test in tests}
    most = max(shared.values())
    return [test for test in tests if shared[test] == most] if most else []


def main() -> int:
    from tests.suite import budget

    tests = sorted(path.relative_to(ROOT) for path in (ROOT / "tests").rglob("test_*.py"))
    wanted = dict.fromkeys(test for path in changed() for test in tests_of(path, tests))
    chosen, left, room = [], [], ROOM
    for test in sorted(wanted, key=lambda test: budget(test.as_posix())):
        if (cost := budget(test.as_posix())) <= room:
            chosen.append(str(test))
            room -= cost
        else:
            left.append(str(test))
    if left:
        print("Left to `make test`:", ", ".join(left))
    if not chosen:
        print("No test is nearest to what has changed.")
        return 0
    command = [sys.executable, "-m", "pytest", "-n", "2", "--dist", "loadfile", "--no-loadscope-reorder", *chosen]
    return subprocess.run(command, cwd=ROOT).returncode


def _words(path: Path) -> set[str]:
    return {word for word in re.split(r"[^a-z0-9]+", path.as_posix().lower()) if word} - _COMMON


def _git(*arguments: str) -> list[str]:
    return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True).stdout.split()


if __name__ == "__main__":
    sys.exit(main())
