"""Removes what strangers made: directories within directories, deeper than a path can be or a function call itself."""

from __future__ import annotations

import os
import uuid
from contextlib import suppress
from pathlib import Path


def remove(directory: Path) -> None:
    """Remove *directory* with all that is in it, as far as possible; nothing if it is not there.

    What lies deeper is first moved up into *directory*, so that no path gets long; links are not followed.
    """
    pending = [directory]
    while pending:
        current = pending.pop()
        try:
            current.chmod(0o700)
            with os.scandir(current) as entries:
                for entry in entries:
                    if not entry.is_dir(follow_symlinks=False):
                        Path(entry.path).unlink()
                    elif current == directory:
                        pending.append(Path(entry.path))
                    else:
                        Path(entry.path).chmod(0o700)
                        pending.append(Path(entry.path).rename(directory / uuid.uuid4().hex))
            if current != directory:
                current.rmdir()
        except OSError:
            continue
    with suppress(OSError):
        directory.rmdir()
