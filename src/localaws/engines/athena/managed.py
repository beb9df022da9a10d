"""Results that Athena keeps itself, for workgroups with ManagedQueryResultsConfiguration: no bucket, read by the API.

Source: "Managed query results" (athena/latest/ug/managed-results.html): they are kept for 24 hours; a workgroup has
either this or an output location; they are not reused.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from localaws.lab import Lab

_KEPT_SECONDS = 24 * 60 * 60


def is_managed(configuration: dict[str, Any]) -> bool:
    """Whether a workgroup with this *configuration* keeps results by itself."""
    return bool((configuration.get("ManagedQueryResultsConfiguration") or {}).get("Enabled"))


class ManagedResults:
    """The results of a lab's queries, a file each, in the lab's own directory."""

    def __init__(self, lab: Lab) -> None:
        self._directory = lab.directory / "athena" / "results"

    def put(self, output: str, content: bytes | Path) -> None:
        """Keep *content*, or what the file of that path holds, as the result *output*."""
        place = self._place(output)
        place.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, Path):
            shutil.copyfile(content, place)
        else:
            place.write_bytes(content)

    def path(self, output: str, completed: float, now: float) -> Path | None:
        """The file of the result *output* of a query that *completed* then (seconds since 1970).

        None if it is too old by *now*.
        """
        place = self._place(output)
        if now - completed > _KEPT_SECONDS:
            place.unlink(missing_ok=True)
        return place if place.exists() else None

    def keep_only(self, outputs: set[str]) -> None:
        """Forget all results but those of these names."""
        for place in self._directory.glob("*"):
            if place.name not in outputs:
                place.unlink(missing_ok=True)

    def _place(self, output: str) -> Path:
        """Outputs are named by the lab: a query's id and an ending."""
        return self._directory / output
