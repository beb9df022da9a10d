"""Begins with no streams."""

from __future__ import annotations

import shutil

from localaws.lab import Lab


def install(lab: Lab) -> None:
    """Serve Kinesis from this engine. Records do not outlive the server, so what an earlier one left is removed."""
    shutil.rmtree(lab.directory / "kinesis", ignore_errors=True)
