"""The first notebook in a real browser: opened, run from JupyterLab's menu, and no error seen."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode

from tests import browser
from tests.conftest import eventually

INTRODUCTION = Path(__file__).resolve().parents[1] / "notebooks" / "00_introduction.ipynb"


def test_the_introduction_runs_in_jupyterlab_without_an_error(tmp_path: Path) -> None:
    executable = browser.find()
    if not executable:
        pytest.skip("no Chromium was found; install it with: apt-get install chromium")
    notebook = _without_outputs(tmp_path / INTRODUCTION.name)
    runtime = tmp_path / "runtime"
    environment = {**os.environ, "JUPYTER_RUNTIME_DIR": str(runtime), "JUPYTERLAB_SETTINGS_DIR": str(tmp_path / "s")}
    environment["JUPYTERLAB_WORKSPACES_DIR"] = str(tmp_path / "workspaces")
    lab = ["--dir", str(tmp_path / "lab")]
    command = [sys.executable, "-m", "dehelpers", "lab", str(notebook), "--no-browser", *lab]
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as jupyter:
        try:
            [info] = eventually(lambda: list(runtime.glob("jpserver-*.json")), 60)
            server = eventually(lambda: info.read_text() and json.loads(info.read_text()))
            address = f"{server['url']}lab/tree/{notebook.name}?token={server['token']}"
            with browser.Browser(executable, tmp_path / "profile") as page:
                page.call("Page.navigate", url=address)
                try:
                    _run_all(page)
                    eventually(lambda: _finished(page, notebook), 300)
                finally:
                    page.screenshot(Path(os.environ.get("SCREENSHOT", tmp_path / "introduction.png")))
                assert page.evaluate("document.querySelectorAll('.jp-Dialog').length") == 0
                assert page.exceptions == []
        finally:
            jupyter.terminate()
            jupyter.wait(timeout=30)
            subprocess.run([sys.executable, "-m", "dehelpers", "stop", *lab], check=True)
    assert _errors(_code_cells(notebook)) == []


def _without_outputs(copy: Path) -> Path:
    """A copy to run and save, in which every output is new."""
    content = nbformat.read(INTRODUCTION, 4)
    for cell in content.cells:
        if cell.cell_type == "code":
            cell.update(outputs=[], execution_count=None)
    nbformat.write(content, copy)
    return copy


def _run_all(page: browser.Browser) -> None:
    """Choose "Run All Cells" from the menu, once the kernel is there: before, JupyterLab would ask which one."""
    page.click(".lm-TabBar-tabLabel", INTRODUCTION.name)
    status = "document.querySelector('#jp-main-statusbar')?.textContent"
    eventually(lambda: "Python 3 (ipykernel) | Idle" in (page.evaluate(status) or ""), 60)
    page.click(".lm-MenuBar-item", "Run")
    page.click("[data-command='runmenu:run-all']")


def _finished(page: browser.Browser, notebook: Path) -> bool:
    """Whether the saved notebook shows that its last code cell ran, or that some cell failed."""
    page.save()
    time.sleep(0.5)
    try:
        cells = _code_cells(notebook)
    except (OSError, ValueError):  # it is being written
        return False
    return bool(_errors(cells)) or cells[-1].execution_count is not None


def _code_cells(notebook: Path) -> list[NotebookNode]:
    return [cell for cell in nbformat.read(notebook, 4).cells if cell.cell_type == "code"]


def _errors(cells: list[NotebookNode]) -> list[str]:
    return [
        f"{output.get('ename')}: {output.get('evalue')}{output.get('text', '')}"
        for cell in cells
        for output in cell.outputs
        if output.output_type == "error" or output.get("name") == "stderr"
    ]
