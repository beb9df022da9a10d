"""What the lab has put aside, because this version of it cannot read it: told once, and to `dehelpers doctor` again."""

from __future__ import annotations

from pathlib import Path

_TOLD = "told"


def tell(home: Path) -> None:
    """Print why each folder was put aside in the lab's directory, unless it was printed before."""
    for folder, why in folders(home).items():
        told = folder / _TOLD
        if not told.exists():
            print(why)
            told.touch()


def folders(home: Path) -> dict[Path, str]:
    """The folders that were put aside, with the reason of each."""
    return {note.parent: note.read_text().strip() for note in sorted(home.glob("aside-*/why.txt"))}
