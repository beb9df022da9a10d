"""End processes for sure: politely first, then not."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

import psutil

GRACE = 2.0  # seconds to finish what is in progress


def end(processes: Sequence[psutil.Process], grace: float = GRACE) -> None:
    """Ask processes to stop; after `grace` seconds kill what is left of them and of their children."""
    family = list(processes)
    for process in processes:
        with contextlib.suppress(psutil.Error):
            family += process.children(recursive=True)
            process.terminate()
    _, alive = psutil.wait_procs(family, timeout=grace if family else 0)
    for process in alive:
        with contextlib.suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(alive, timeout=grace)
