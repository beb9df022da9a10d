"""`dehelpers run`: notebooks executed headless by papermill on a fresh lab, with a table and an HTML report."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path
from typing import Any

import nbformat
import psutil
import yaml
from tqdm import tqdm

from dehelpers.commands import report
from dehelpers.errors import LabError, ParameterError
from dehelpers.process import lab, processes
from dehelpers.process.environment import LAB_ONLY, MARKER
from dehelpers.process.project import DIRECTORY_VARIABLE, root
from dehelpers.words.parameters import assign

PROGRESS = re.compile(rb"(\d+)/\d+ \[")  # in papermill's own progress bar


@dataclass(frozen=True)
class Result:
    """How one notebook went. `error` is empty where all cells ran."""

    notebook: Path
    output: Path
    cells: int  # code cells that were executed
    seconds: float
    error: str

    @property
    def verdict(self) -> str:
        return f"failed: {self.error}" if self.error else "ok"


def run(
    notebooks: Sequence[Path],
    values: Mapping[str, str],
    directory: Path | None = None,
    jobs: int = 1,
    output: Path | None = None,
) -> int:
    """Run notebooks, what remains also after a failure. Returns an exit code: 0 if all went well.

    Parameters:
        notebooks: their paths; none means the whole course, in order.
        values: parameters by name, as typed; each goes to those notebooks that have it.
        directory: a lab to use as it is; default: a fresh one, deleted afterwards.
        jobs: how many run at a time. From 2 on, each notebook has a lab to itself, below `directory` and deleted
            afterwards.
        output: where `run/` and `report/` go; default: `build` in the project.
    """
    paths = list(dict.fromkeys(Path(os.path.realpath(path)) for path in notebooks)) or sorted(
        (root() / "notebooks").glob("*.ipynb")
    )
    missing = [path for path in paths if not path.is_file()]
    if missing or not paths:
        print(f"dehelpers run: no such notebook: {missing[0] if missing else root() / 'notebooks'}", file=sys.stderr)
        return 2
    if len({path.stem for path in paths}) < len(paths):
        print("dehelpers run: two of the notebooks have the same name; run them one by one", file=sys.stderr)
        return 2
    for path in paths:
        if fault := _fault(path):
            print(f"dehelpers run: {path} is no notebook: {fault}", file=sys.stderr)
            return 2
    try:
        parameters = assign(paths, values)
    except ParameterError as error:
        print(f"dehelpers run: {error}", file=sys.stderr)
        return 2
    folder = output or root() / "build"
    with _terminate_as_interrupt(), contextlib.ExitStack() as stack:
        home = directory
        if home is None or jobs > 1:
            if directory:
                directory.mkdir(parents=True, exist_ok=True)
            home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="dehelpers-", dir=directory)))
        if jobs == 1:
            stack.enter_context(_running_lab(home))
        runner = stack.enter_context(contextlib.closing(_Runner(paths, parameters, folder / "run")))
        with ThreadPoolExecutor(jobs) as pool:
            try:
                results = list(pool.map(runner.one if jobs == 1 else runner.one_alone, paths, repeat(home)))
            except BaseException:
                runner.abandon()
                raise
    index = report.write(results, parameters, folder / "report")
    print(report.table(results))
    print(f"Report: {index}")
    return 1 if any(result.error for result in results) else 0


def _fault(notebook: Path) -> str:
    """What keeps a file from being read as a notebook; "" if nothing does."""
    try:
        nbformat.read(notebook, as_version=4)
    except (nbformat.ValidationError, ValueError, KeyError, TypeError, AttributeError) as error:
        return str(error).splitlines()[0] if str(error) else type(error).__name__
    return ""


class _Runner:
    """Runs notebooks in child processes and shows their progress in one bar."""

    def __init__(self, notebooks: Sequence[Path], parameters: Mapping[Path, Mapping[str, Any]], folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._parameters = parameters
        self._folder = folder
        self._cells = {path: len(nbformat.read(path, as_version=4).cells) for path in notebooks}
        self._children: set[subprocess.Popen[bytes]] = set()
        self._abandoned = False
        self._lock = threading.Lock()
        # A lock of this process alone and no monitor thread: tqdm's own lock, one for many processes, can stay taken
        # for good when an interrupt comes at the wrong moment.
        tqdm.set_lock(threading.RLock())
        tqdm.monitor_interval = 0
        # disable=None: no bar where stderr is no terminal, for its carriage returns would fill a log file.
        self._bar = tqdm(total=sum(self._cells.values()), unit="cell", leave=False, disable=None)

    def close(self) -> None:
        self._bar.close()

    def abandon(self) -> None:
        """End the notebooks that are running, and start no more."""
        with self._lock:
            self._abandoned = True
            children = [psutil.Process(child.pid) for child in self._children]
        processes.end(children, grace=3)

    def one_alone(self, notebook: Path, home: Path) -> Result:
        """Run a notebook on a lab of its own, under `home`."""
        try:
            with _running_lab(home / notebook.stem):
                return self.one(notebook, home / notebook.stem)
        except LabError as error:
            return Result(notebook, self._folder / notebook.name, 0, 0.0, str(error))

    def one(self, notebook: Path, home: Path) -> Result:
        """Run a notebook on the lab in `home`."""
        output = self._folder / notebook.name
        output.unlink(missing_ok=True)
        began = time.monotonic()
        last_words = self._papermill(notebook, output, home)
        seconds = time.monotonic() - began
        cells, error = report.outcome(output)
        return Result(notebook, output, cells, seconds, error or last_words)

    def _papermill(self, notebook: Path, output: Path, home: Path) -> str:
        """Execute; returns "" or, where papermill itself failed, the last line it wrote."""
        command = [sys.executable, "-m", "papermill", str(notebook), str(output), "--progress-bar"]
        command += ["--cwd", str(notebook.parent)]
        if self._parameters[notebook]:
            command += ["-y", yaml.safe_dump(dict(self._parameters[notebook]))]
        with self._lock:
            if self._abandoned:
                return "interrupted"
            child = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                env=_environment(home),
                start_new_session=True,  # Ctrl-C is for this process, which then ends its children in order
            )
            self._children.add(child)
        done, words = 0, b""
        assert child.stderr is not None
        while chunk := os.read(child.stderr.fileno(), 4096):
            words = (words + chunk)[-4096:]
            if seen := PROGRESS.findall(words):
                self._bar.set_description(notebook.stem, refresh=False)
                self._bar.update(int(seen[-1]) - done)
                done = int(seen[-1])
        child.stderr.close()
        code = child.wait()
        with self._lock:
            self._children.discard(child)
        if code == 0:  # after a failure the bar stays where the notebook stopped
            self._bar.update(self._cells[notebook] - done)
        lines = words.decode(errors="replace").strip().splitlines()
        return (lines[-1] if lines else f"papermill ended with code {code}") if code else ""


def _environment(home: Path) -> dict[str, str]:
    """What a notebook inherits: the reader's environment without traces of another lab. It connects by itself."""
    other_lab = {MARKER, *LAB_ONLY} if MARKER in os.environ else set()
    inherited = {name: value for name, value in os.environ.items() if name not in other_lab}
    return inherited | {DIRECTORY_VARIABLE: str(home), "PYDEVD_DISABLE_FILE_VALIDATION": "1"}


@contextlib.contextmanager
def _running_lab(home: Path) -> Iterator[None]:
    """A lab in `home`; one that was running before is left running."""
    was_running = lab.find(home) is not None
    lab.start(home)
    try:
        yield
    finally:
        if not was_running:
            lab.stop(home)


@contextlib.contextmanager
def _terminate_as_interrupt() -> Iterator[None]:
    """Tidy up after SIGTERM just as after Ctrl-C."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    previous = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, previous)
