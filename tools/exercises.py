"""Make the notebooks of `exercises/` from those of `solutions/`, so that nobody keeps two of them in step by hand.

    python tools/exercises.py            writes exercises/*.ipynb
    python tools/exercises.py --check    changes nothing, and fails where a notebook is not what it would write

A cell tagged `exercise:NAME` becomes starter code (see dehelpers.exercises.source); all others are taken as they are.
"""

from __future__ import annotations

import sys
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from dehelpers.exercises.source import exercise_of, stub

ROOT = Path(__file__).resolve().parents[1]
KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}


def main(arguments: list[str]) -> int:
    check, stale = "--check" in arguments, []
    for path in sorted((ROOT / "solutions").glob("*.ipynb")):
        target = ROOT / "exercises" / path.name
        text = nbformat.writes(exercises(nbformat.read(path, as_version=4))) + "\n"
        if target.is_file() and target.read_text(encoding="utf-8") == text:
            continue
        stale.append(target.relative_to(ROOT))
        if not check:
            target.parent.mkdir(exist_ok=True)
            target.write_text(text, encoding="utf-8")
    orphans = {path.name for path in (ROOT / "exercises").glob("*.ipynb")} - {
        path.name for path in (ROOT / "solutions").glob("*.ipynb")
    }
    for name in sorted(orphans):
        print(f"exercises/{name} has no solutions/{name}: delete it", file=sys.stderr)
    for path in stale:
        print(f"{path} is not what solutions/ makes: run python tools/exercises.py" if check else f"{path} written")
    return 1 if orphans or (check and stale) else 0


def exercises(solutions: NotebookNode) -> NotebookNode:
    """The notebook a reader works in: starter code for solutions, no outputs."""
    for number, cell in enumerate(solutions.cells):
        cell.id = f"cell-{number:02}"
        tags = list(cell.metadata.get("tags", []))
        cell.metadata = NotebookNode(tags=tags) if tags else NotebookNode()
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
            if exercise_of(cell):
                cell.source = stub(cell.source)
    solutions.metadata = NotebookNode(kernelspec=KERNEL)
    return solutions


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
