"""Puts aside what this version of the lab cannot read: nothing is deleted, and the reader is told."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable
from pathlib import Path

log = logging.getLogger(__name__)

#: The file in which a folder that was put aside says why; dehelpers prints it.
WHY = "why.txt"


def set_aside(directory: Path, names: Iterable[str], why: str) -> Path:
    """Move what there is of *names* out of the lab's *directory* into a new folder of it, with a note that says *why*.

    Objects, databases and the Data Catalog are read by what made them, and stay.
    """
    folder = _new(directory)
    for name in names:
        if (directory / name).exists():
            (folder / name).parent.mkdir(exist_ok=True)
            (directory / name).rename(folder / name)
    note = f"{why} It lies in {folder} now; the lab has started without it. Objects, databases and tables are there.\n"
    (folder / WHY).write_text(note)
    log.error("%s", note.strip())
    return folder


def _new(directory: Path) -> Path:
    while True:
        folder = directory / f"aside-{time.strftime('%Y%m%d-%H%M%S')}"
        try:
            folder.mkdir(mode=0o700)
            return folder
        except FileExistsError:  # two services within a second
            time.sleep(0.1)
