"""Make an environment, or bring it back to what its lock says. Run by every `make` command.

    python3 tools/setup.py            the course's, in .venv
    python3 tools/setup.py clients    that of the tests with people's own tools, in .venv-clients
    python3 tools/setup.py peers      that of what the lab's speed is compared with, in .venv-peers

Needs nothing but Python 3.11+. The stamp is written last, so an environment that was left half-made has none;
it lists what was installed, so that something deleted or replaced since is noticed within milliseconds.
"""

from __future__ import annotations

import csv
import hashlib
import json
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


class SetupError(Exception):
    """Something the reader has to mend; the message says how."""


@dataclass(frozen=True)
class Environment:
    """A virtual environment in *folder*, with exactly what *lock* lists, and this project itself if *editable*.

    *proves* is a package that is found once all is well; *bytes* is the disk that a new one needs.
    """

    folder: Path
    lock: Path
    editable: bool
    proves: str
    bytes: int

    @property
    def python(self) -> Path:
        return self.folder / "bin" / "python"

    @property
    def site(self) -> Path:
        return self.folder / "lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}" / "site-packages"

    @property
    def stamp(self) -> Path:
        return self.folder / "setup.json"

    @property
    def log(self) -> Path:
        return self.folder / "setup.log"

    def key(self) -> str:
        """What the environment was made from; another key means that it has to be made again."""
        files = [self.lock.read_bytes(), *([(ROOT / "pyproject.toml").read_bytes()] if self.editable else [])]
        place = f"{self.folder} {sys.version_info[:2]}".encode()  # scripts in it carry its absolute path
        return hashlib.sha256(b"\0".join([*files, place])).hexdigest()

    def up_to_date(self) -> bool:
        try:
            stamp = json.loads(self.stamp.read_text())
            return stamp["key"] == self.key() and set(stamp["installed"]) <= self.entries() and self.runs()
        except (OSError, ValueError, KeyError):
            return False

    def entries(self) -> set[str]:
        return {path.name for path in self.site.iterdir()}

    def runs(self) -> bool:
        """Whether the environment's Python starts; it does not after the Python it was made from is removed."""
        probe = f"import importlib.util as u; assert u.find_spec({self.proves!r})"
        try:
            return subprocess.run([self.python, "-c", probe], capture_output=True).returncode == 0
        except OSError:
            return False

    def make(self) -> None:
        """Install what is missing, in a new environment if the old one cannot be mended."""
        if (free := shutil.disk_usage(ROOT).free) < self.bytes:
            raise SetupError(f"{free / 1e9:.1f} GB of disk are free, {self.bytes / 1e9:.1f} GB are needed.")
        self.stamp.unlink(missing_ok=True)
        if self.usable():
            print(f"Mending the environment in {self.folder.name}")
            self.forget_broken()
        else:
            print(f"Making an environment with Python {sys.version.split()[0]} in {self.folder.name}")
            self.create()
        total = sum("==" in line and ";" not in line for line in self.lock.read_text().splitlines())
        self.pip("install", "--require-hashes", "-r", str(self.lock), expect=total)
        if self.editable:
            self.pip("install", "--no-deps", "--no-build-isolation", "-e", str(ROOT))
        self.stamp.write_text(json.dumps({"key": self.key(), "installed": sorted(self.entries())}))

    def usable(self) -> bool:
        """Whether the folder holds a working environment, made here, with this version of Python."""
        test = "import sys, pip; print(sys.prefix, sys.version_info[:2])"
        try:
            answer = subprocess.run([self.python, "-c", test], capture_output=True, text=True)
        except OSError:
            return False
        scripts = list((self.folder / "bin").glob("pip3"))
        here = all(str(self.folder) in script.read_text(errors="replace").splitlines()[0] for script in scripts)
        return answer.stdout.strip() == f"{self.folder} {sys.version_info[:2]}" and here

    def create(self) -> None:
        base = getattr(sys, "_base_executable", sys.executable)
        result = subprocess.run([base, "-m", "venv", "--clear", str(self.folder)], capture_output=True, text=True)
        if result.returncode:
            raise SetupError(
                f"{base} cannot make a virtual environment:\n{(result.stdout + result.stderr).strip()}\n"
                "On Debian and Ubuntu: sudo apt install python3-venv"
            )

    def forget_broken(self) -> None:
        """Have pip install again what lost files or was never finished: it looks only at the *.dist-info folders."""
        for info in self.site.glob("*.dist-info"):
            if not self.whole(info):
                shutil.rmtree(info)

    def whole(self, info: Path) -> bool:
        """Whether all files of an installed package are there, in the size that its RECORD says."""
        try:
            with (info / "RECORD").open(newline="") as record:
                rows = [(self.site / name, int(size)) for name, _, size in csv.reader(record) if size]
            return all(path.stat().st_size == size for path, size in rows)
        except (OSError, ValueError):
            return False

    def pip(self, *arguments: str, expect: int = 0) -> None:
        """Run pip in the environment, with a line of progress where `expect` packages are to be installed."""
        quiet = ("--disable-pip-version-check", "--no-input", "--progress-bar=off")
        command = [str(self.python), "-m", "pip", *arguments, *quiet]
        with self.log.open("w") as log:
            process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, cwd=ROOT)
            try:
                shown = ""
                while process.poll() is None:
                    time.sleep(0.2)
                    if expect and (line := self.progress(expect)) != shown:
                        shown = line
                        print(f"\r{line:<40}" if sys.stdout.isatty() else line, end="" if sys.stdout.isatty() else "\n")
                        sys.stdout.flush()
            except BaseException:
                process.terminate()
                process.wait()
                raise
        if expect and sys.stdout.isatty():
            print()
        if process.returncode:
            tail = "\n".join(self.log.read_text(errors="replace").splitlines()[-12:])
            raise SetupError(f"pip failed. Check the network and run make again. The end of {self.log}:\n{tail}")

    def progress(self, expect: int) -> str:
        """What pip is doing: it first fetches everything, then installs everything."""
        text = self.log.read_text(errors="replace")
        step = 1 if sys.stdout.isatty() else 25  # a log file gets a line now and then
        if "Installing collected packages" in text:
            done, verb = len(list(self.site.glob("*.dist-info"))), "installed"
        else:
            done, verb = text.count("\nCollecting ") + text.count("\nRequirement already"), "fetched"
        done = min(done, expect) // step * step
        return f"  {verb} {done} of {expect} packages"


ENVIRONMENTS = {
    "course": Environment(ROOT / ".venv", ROOT / "requirements.lock", True, "dehelpers", 1_500_000_000),
    "clients": Environment(
        ROOT / ".venv-clients", ROOT / "tests" / "clients" / "requirements.lock", False, "dbt", 1_300_000_000
    ),
    "peers": Environment(
        ROOT / ".venv-peers", ROOT / "benchmarks" / "requirements.lock", False, "ministack", 100_000_000
    ),
}


def main(names: list[str]) -> int:
    try:
        if sys.version_info < (3, 11):  # noqa: UP036 (any Python may be tried)
            raise SetupError(f"this is Python {sys.version.split()[0]}; 3.11 or newer is needed (make PYTHON=…).")
        for name in names or ["course"]:
            environment = ENVIRONMENTS[name]
            if not environment.up_to_date():
                began = time.monotonic()
                environment.make()
                print(f"The environment is ready ({time.monotonic() - began:.0f} s).")
    except SetupError as error:
        print(f"setup: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nsetup: interrupted; the next `make` goes on from here.", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
