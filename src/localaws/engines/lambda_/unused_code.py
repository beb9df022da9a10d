"""Removes from disk the code that nobody has any more: an update has replaced it, or its function is deleted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from localaws.engines.lambda_.removal import remove
from localaws.lab import Lab

#: Seconds between two looks. What nobody has at two of them goes: at one, a function may be just about to have it.
EVERY = 5.0


class UnusedCode:
    """Looks after what is in *directories*; *in_use* tells what of it is needed."""

    def __init__(self, lab: Lab, directories: Sequence[Path], in_use: Callable[[], set[Path]]) -> None:
        self._lab = lab
        self._directories = directories
        self._in_use = in_use
        lab.spawn("lambda-unused-code", self._run)

    def _run(self) -> None:
        before: set[Path] = set()
        while not self._lab.stopping.wait(EVERY):
            unused = {place for each in self._directories for place in each.glob("*")} - self._in_use()
            for place in unused & before:
                _remove(place)
            before = unused


def _remove(place: Path) -> None:
    """Out of sight first: who unzips the same code meanwhile finds nothing half removed."""
    if "-" in place.name:  # it is being unzipped
        return
    if place.is_file():
        place.unlink()
    else:
        remove(place.rename(place.with_name(f"removing-{place.name}")))
