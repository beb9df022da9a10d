"""Removes from disk the code that nobody has any more: an update has replaced it, or its function is deleted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from localaws.engines.lambda_.removal import remove
from localaws.lab import Lab

#: Seconds between two looks. What nobody has at two of them goes: at one, a function may be just about to have it.
EVERY = 5.0


class UnusedCode:
    """Looks after ``code`` and ``layers`` in *directory*; *in_use* tells which of their directories are needed."""

    def __init__(self, lab: Lab, directory: Path, in_use: Callable[[], set[Path]]) -> None:
        self._lab = lab
        self._directory = directory
        self._in_use = in_use
        lab.spawn("lambda-unused-code", self._run)

    def _run(self) -> None:
        before: set[Path] = set()
        while not self._lab.stopping.wait(EVERY):
            unused = {*self._directory.glob("code/*"), *self._directory.glob("layers/*")} - self._in_use()
            for place in unused & before:
                _remove(place)
            before = unused


def _remove(place: Path) -> None:
    """Out of sight first: who unzips the same code meanwhile finds nothing half removed."""
    if "-" not in place.name:  # else it is being unzipped
        remove(place.rename(place.with_name(f"removing-{place.name}")))
