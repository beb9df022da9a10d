"""What an engine knows, kept in a file: so that it is there again after a stop or a crash of the lab."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any


class Journal:
    """``state.json`` in *directory*: written whole at every change, readable by its user alone.

    *collect* gives the state; ``loaded`` is what the file held at the start. Whoever changes what *collect*
    goes through does so under ``lock``.
    """

    def __init__(self, directory: Path, collect: Callable[[], dict[str, Any]]) -> None:
        self._collect = collect
        self._path = directory / "state.json"
        self.lock = threading.RLock()
        directory.mkdir(exist_ok=True, mode=0o700)
        self.loaded: dict[str, Any] = json.loads(self._path.read_text()) if self._path.exists() else {}

    def save(self) -> None:
        """Write what there is now, whole or not at all."""
        with self.lock:
            state = self._collect()
            temporary = self._path.with_suffix(".tmp")
            temporary.unlink(missing_ok=True)
            with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                json.dump(state, file, indent=1, default=str)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(self._path)
