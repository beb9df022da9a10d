"""What a reader has done so far: one small file for each part, in `.progress` in the project.

It is not in the lab's directory: `dehelpers reset`, the remedy for a lab in disorder, must not cost it.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from dehelpers.process.project import root

DIRECTORY_VARIABLE = "DEHELPERS_PROGRESS"


@dataclass
class Record:
    """One exercise: checks that judged an answer until it was right, hints taken, and how it ended."""

    attempts: int = 0
    hints: int = 0
    solved: bool = False
    solution_seen: bool = False  # before it was solved

    @property
    def state(self) -> str:
        """In a symbol and words."""
        if self.solved:
            return "✓ solved, with the solution" if self.solution_seen else "✓ solved"
        return "✗ not yet" if self.attempts else "○ not attempted"


class Progress:
    """The records of one part. Several notebooks may write at a time."""

    def __init__(self, part: str) -> None:
        self._part = part

    @property
    def path(self) -> Path:
        folder = os.environ.get(DIRECTORY_VARIABLE)
        return (Path(folder) if folder else root() / ".progress") / f"{self._part}.json"

    def __getitem__(self, exercise: str) -> Record:
        return self._read().get(exercise, Record())

    @contextmanager
    def change(self, exercise: str) -> Iterator[Record]:
        """The record of *exercise*, which is written back at the end of the `with` block."""
        with self._locked():
            records = self._read()
            record = records.setdefault(exercise, Record())
            yield record
            self._write(records)

    def forget(self, exercise: str) -> None:
        """As if nobody had tried."""
        with self._locked():
            self._write({name: record for name, record in self._read().items() if name != exercise})

    def _read(self) -> dict[str, Record]:
        known = {field.name for field in fields(Record)}
        try:
            document = json.loads(self.path.read_text(encoding="utf-8"))
            return {name: Record(**{k: v for k, v in facts.items() if k in known}) for name, facts in document.items()}
        except FileNotFoundError:
            return {}
        except (ValueError, AttributeError):  # damaged: keep it for whoever wants to mend it, and begin anew
            self.path.replace(self.path.with_suffix(".damaged"))
            return {}

    def _write(self, records: dict[str, Record]) -> None:
        draft = self.path.with_suffix(".tmp")  # so that an interruption leaves the old file whole
        draft.write_text(json.dumps({name: asdict(record) for name, record in records.items()}, indent=2))
        draft.replace(self.path)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
