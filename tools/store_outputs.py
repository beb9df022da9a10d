"""Run notebooks with their defaults on a fresh lab and store what they put out, so that nobody edits outputs by hand.

    python tools/store_outputs.py notebooks/00_introduction.ipynb …      (none named: all of them)

What is stored depends on nothing but the notebook: no times, no ids of this run, no widget state, no Python version.
tests/test_notebooks.py proves later that the outputs still come out the same.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode

from dehelpers.process import lab
from dehelpers.process.project import DIRECTORY_VARIABLE

NOTEBOOKS = Path(__file__).resolve().parents[1] / "notebooks"
KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
LANGUAGE = {"file_extension": ".py", "mimetype": "text/x-python", "name": "python", "pygments_lexer": "ipython3"}
SECONDS_A_CELL = 300


def main(paths: list[Path]) -> int:
    for path in paths or sorted(NOTEBOOKS.glob("*.ipynb")):
        began = time.monotonic()
        notebook = nbformat.read(path, as_version=4)
        execute(notebook, path.resolve().parent)
        nbformat.write(normalise(notebook), path)
        print(f"{path.name}: {time.monotonic() - began:.0f} s")
    return 0


def execute(notebook: NotebookNode, folder: Path) -> None:
    """Run all cells of `notebook` in `folder`, on a lab that exists only for this."""
    os.environ.pop("DEHELPERS_PREFIX", None)  # it would show in every name
    with tempfile.TemporaryDirectory(prefix="dehelpers-") as home:
        os.environ[DIRECTORY_VARIABLE] = home
        client = NotebookClient(notebook, timeout=SECONDS_A_CELL, kernel_name=KERNEL["name"])
        client.resources = {"metadata": {"path": str(folder)}}
        try:
            client.execute()
        finally:
            lab.stop(home)


def normalise(notebook: NotebookNode) -> NotebookNode:
    """Keep of `notebook` what its author wrote and what its cells put out, in one form; returns it."""
    notebook.metadata = NotebookNode(kernelspec=dict(KERNEL), language_info=dict(LANGUAGE))
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    code = 0
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number:02}"
        cell.metadata = NotebookNode(tags=list(cell.metadata.tags)) if cell.metadata.get("tags") else NotebookNode()
        if "answer" in cell.metadata.get("tags", []):  # to a prediction: JupyterLab keeps it closed, HTML does not
            cell.metadata.jupyter = NotebookNode(outputs_hidden=True)
        if cell.cell_type == "code":
            code += 1
            cell.execution_count = code
            cell.outputs = _joined(cell.outputs)
            for output in cell.outputs:
                output.pop("transient", None)
                if output.output_type == "execute_result":
                    output.execution_count = code
    return notebook


def _joined(outputs: list[NotebookNode]) -> list[NotebookNode]:
    """Pieces of one stream become one: where it was cut is chance."""
    joined: list[NotebookNode] = []
    for output in outputs:
        last = joined[-1] if joined else None
        if output.output_type == "stream" and last and last.get("name") == output.name:
            last.text += output.text
        else:
            joined.append(output)
    return joined


if __name__ == "__main__":
    sys.exit(main([Path(argument) for argument in sys.argv[1:]]))
