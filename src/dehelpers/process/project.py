"""Where things are: the project, its notebooks, the lab's directory."""

from __future__ import annotations

import os
from pathlib import Path

from dehelpers.errors import LabError

DIRECTORY_VARIABLE = "DEHELPERS_DIR"


def root() -> Path:
    """The project's directory: the checkout this package is installed from, else the current directory."""
    checkout = Path(__file__).resolve().parents[3]
    return checkout if (checkout / "pyproject.toml").is_file() else Path.cwd()


def lab_directory(directory: str | Path | None = None) -> Path:
    """The directory of the lab: the one named, else `$DEHELPERS_DIR`, else `.lab` in the project.

    It does not depend on the current directory, so every kernel, shell and command finds the same lab. Raises LabError
    for what names no place: somebody's home who does not exist, a link to itself.
    """
    named = Path(directory or os.environ.get(DIRECTORY_VARIABLE) or root() / ".lab")
    try:
        return named.expanduser().resolve()
    except (OSError, RuntimeError, ValueError) as error:
        raise LabError(f"{str(named)!r} names no directory ({error}). Name another place with --dir.") from error
