"""Make the environment in `.venv`, or bring it back to what requirements.lock says. Run by every `make` command.

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
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
LOCK = ROOT / "requirements.lock"
STAMP = VENV / "setup.json"
LOG = VENV / "setup.log"
PYTHON = VENV / "bin" / "python"
SITE = VENV / "lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}" / "site-packages"
NEEDS_BYTES = 1_500_000_000


class SetupError(Exception):
    """Something the reader has to mend; the message says how."""


def main() -> int:
    try:
        if sys.version_info < (3, 11):  # noqa: UP036 (any Python may be tried)
            raise SetupError(f"this is Python {sys.version.split()[0]}; 3.11 or newer is needed (make PYTHON=…).")
        if not up_to_date():
            began = time.monotonic()
            make()
            print(f"The environment is ready ({time.monotonic() - began:.0f} s).")
    except SetupError as error:
        print(f"setup: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nsetup: interrupted; the next `make` goes on from here.", file=sys.stderr)
        return 130
    return 0


def key() -> str:
    """What the environment was made from; another key means that it has to be made again."""
    files = [LOCK.read_bytes(), (ROOT / "pyproject.toml").read_bytes()]
    place = f"{VENV} {sys.version_info[:2]}".encode()  # scripts in it carry its absolute path
    return hashlib.sha256(b"\0".join([*files, place])).hexdigest()


def up_to_date() -> bool:
    try:
        stamp = json.loads(STAMP.read_text())
        return stamp["key"] == key() and set(stamp["installed"]) <= entries() and runs()
    except (OSError, ValueError, KeyError):
        return False


def entries() -> set[str]:
    return {path.name for path in SITE.iterdir()}


def runs() -> bool:
    """Whether the environment's Python starts; it does not after the Python it was made from is removed."""
    try:
        return (
            subprocess.run(
                [PYTHON, "-c", "import importlib.util as u; assert u.find_spec('dehelpers')"], capture_output=True
            ).returncode
            == 0
        )
    except OSError:
        return False


def make() -> None:
    """Install what is missing, in a new environment if the old one cannot be mended."""
    if (free := shutil.disk_usage(ROOT).free) < NEEDS_BYTES:
        raise SetupError(f"{free / 1e9:.1f} GB of disk are free, {NEEDS_BYTES / 1e9:.1f} GB are needed.")
    STAMP.unlink(missing_ok=True)
    if usable():
        print("Mending the environment in .venv")
        forget_broken()
    else:
        print(f"Making an environment with Python {sys.version.split()[0]} in .venv")
        create()
    total = sum("==" in line and ";" not in line for line in LOCK.read_text().splitlines())
    pip("install", "--require-hashes", "-r", str(LOCK), expect=total)
    pip("install", "--no-deps", "--no-build-isolation", "-e", str(ROOT))
    STAMP.write_text(json.dumps({"key": key(), "installed": sorted(entries())}))


def usable() -> bool:
    """Whether `.venv` is a working environment, made here, with this version of Python."""
    test = "import sys, pip; print(sys.prefix, sys.version_info[:2])"
    try:
        answer = subprocess.run([PYTHON, "-c", test], capture_output=True, text=True)
    except OSError:
        return False
    scripts = list((VENV / "bin").glob("pip3"))
    here = all(str(VENV) in script.read_text(errors="replace").splitlines()[0] for script in scripts)
    return answer.stdout.strip() == f"{VENV} {sys.version_info[:2]}" and here


def create() -> None:
    base = getattr(sys, "_base_executable", sys.executable)
    result = subprocess.run([base, "-m", "venv", "--clear", str(VENV)], capture_output=True, text=True)
    if result.returncode:
        raise SetupError(
            f"{base} cannot make a virtual environment:\n{(result.stdout + result.stderr).strip()}\n"
            "On Debian and Ubuntu: sudo apt install python3-venv"
        )


def forget_broken() -> None:
    """Have pip install again what lost files or was never finished: it looks only at the *.dist-info folders."""
    for info in SITE.glob("*.dist-info"):
        if not whole(info):
            shutil.rmtree(info)


def whole(info: Path) -> bool:
    """Whether all files of an installed package are there, in the size that its RECORD says."""
    try:
        with (info / "RECORD").open(newline="") as record:
            return all((SITE / name).stat().st_size == int(size) for name, _, size in csv.reader(record) if size)
    except (OSError, ValueError):
        return False


def pip(*arguments: str, expect: int = 0) -> None:
    """Run pip in the environment, with a line of progress where `expect` packages are to be installed."""
    command = [str(PYTHON), "-m", "pip", *arguments, "--disable-pip-version-check", "--no-input", "--progress-bar=off"]
    with LOG.open("w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, cwd=ROOT)
        try:
            shown = ""
            while process.poll() is None:
                time.sleep(0.2)
                if expect and (line := progress(expect)) != shown:
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
        tail = "\n".join(LOG.read_text(errors="replace").splitlines()[-12:])
        raise SetupError(f"pip failed. Check the network and run make again. The end of {LOG}:\n{tail}")


def progress(expect: int) -> str:
    """What pip is doing: it first fetches everything, then installs everything."""
    text = LOG.read_text(errors="replace")
    step = 1 if sys.stdout.isatty() else 25  # a log file gets a line now and then
    if "Installing collected packages" in text:
        done, verb = len(list(SITE.glob("*.dist-info"))), "installed"
    else:
        done, verb = text.count("\nCollecting ") + text.count("\nRequirement already"), "fetched"
    done = min(done, expect) // step * step
    return f"  {verb} {done} of {expect} packages"


if __name__ == "__main__":
    sys.exit(main())
