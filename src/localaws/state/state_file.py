"""What an engine knows, kept in a file: so that it is there again after a stop or a crash of the lab."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any


class StateFile:
    """``state.json`` in *directory*: written whole at every change, readable by its user alone.

    *collect* gives the state; ``loaded`` is what the file held at the start. Whoever changes what *collect*
    goes through does so within `changing`, or under ``lock``.
    """

    def __init__(self, directory: Path, collect: Callable[[], dict[str, Any]]) -> None:
        self._collect = collect
        self._path = directory / "state.json"
        self.lock = threading.RLock()
        self._depth = 0
        self._before: list[tuple[MutableMapping[Any, Any], dict[Any, Any]]] = []
        self._then: list[Callable[[], object]] = []
        directory.mkdir(exist_ok=True, mode=0o700)
        self.loaded: dict[str, Any] = json.loads(self._path.read_text()) if self._path.exists() else {}

    @contextmanager
    def changing(self, *tables: MutableMapping[Any, Any]) -> Iterator[None]:
        """Change memory and file together: an error of either, such as a full disk, leaves both as they were.

        *tables* are the dicts that the change goes into; of an object that is ``vars(object)``. Changes within
        changes are one, written at the end of the outermost.
        """
        with self.lock:
            begun, then = len(self._before), len(self._then)
            self._before += [(table, dict(table)) for table in tables]
            self._depth += 1
            try:
                yield
                if self._depth == 1:
                    self.save()
            except BaseException:
                while len(self._before) > begun:
                    _restore(*self._before.pop())
                del self._then[then:]
                raise
            finally:
                self._depth -= 1
            if self._depth:
                return
            self._before, actions, self._then = [], self._then, []
        for action in actions:
            action()

    def then(self, action: Callable[[], object]) -> None:
        """Do *action*, which cannot be undone, when the change under way has been written down; else never."""
        self._then.append(action)

    def save(self) -> None:
        """Write what there is now, whole or not at all. Raises OSError."""
        with self.lock:
            state = self._collect()
            temporary = self._path.with_suffix(".tmp")
            temporary.unlink(missing_ok=True)
            try:
                with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                    json.dump(state, file, indent=1, default=str)
                    file.flush()
                    os.fsync(file.fileno())
                temporary.replace(self._path)
            except OSError:
                temporary.unlink(missing_ok=True)  # it would take room that the others need
                raise


def _restore(table: MutableMapping[Any, Any], before: dict[Any, Any]) -> None:
    """Make *table* what it was; never empty in between, for others read without the lock."""
    table.update(before)
    for name in table.keys() - before.keys():
        del table[name]
