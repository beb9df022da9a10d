"""Where the databases' files lie: below the lab's directory, unless root must hand them to another user."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

#: As root the server runs as `nobody`, who cannot pass through root's own directories, such as the lab's.
ROOTS_PLACE = Path("/var/lib/localaws")


def data_directory(lab_directory: Path) -> Path:
    """The directory of all database files of the lab in *lab_directory*, made if it is missing."""
    if os.geteuid():
        place = lab_directory.resolve() / "rds" / "data"
        place.mkdir(parents=True, exist_ok=True, mode=0o700)
        return place
    lab = lab_directory.resolve()
    make_roots_place()
    _forget_vanished_labs()
    place = ROOTS_PLACE / hashlib.sha256(str(lab).encode()).hexdigest()[:16]
    place.mkdir(exist_ok=True, mode=0o755)
    (place / "lab").write_text(str(lab))
    return place


def make_roots_place() -> Path:
    ROOTS_PLACE.mkdir(exist_ok=True, mode=0o755)
    return ROOTS_PLACE


def _forget_vanished_labs() -> None:
    """Remove the files of labs whose own directory is gone: nothing knows what is in them any more."""
    for place in ROOTS_PLACE.iterdir():
        owner = place / "lab"
        if owner.exists() and not Path(owner.read_text()).exists():
            shutil.rmtree(place, ignore_errors=True)
