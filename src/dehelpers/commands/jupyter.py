"""`dehelpers lab`: JupyterLab on the course, with the lab running and every kernel and terminal pointed at it."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import NoReturn

from dehelpers.process import lab
from dehelpers.process.environment import apply, lab_environment, path_with_commands
from dehelpers.process.project import DIRECTORY_VARIABLE, root

FIRST = "notebooks/00_introduction.ipynb"
SETTINGS = Path(__file__).with_name("jupyter_config")


def open_jupyterlab(notebook: Path | None, directory: Path | None, port: int, *, browser: bool) -> NoReturn:
    """Start the lab and become JupyterLab; does not return unless JupyterLab cannot be started.

    Parameters:
        notebook: what to open; default: the introduction.
        directory: the lab's directory, see `lab.start`.
        port: JupyterLab's port; it takes the next free one if that is in use.
        browser: whether to open a browser window.
    """
    running = lab.start(directory)
    print(f"The lab answers at {running.endpoint}; `dehelpers stop` ends it.", flush=True)
    # Kernels and terminals inherit what JupyterLab itself is given.
    path = {"PATH": path_with_commands()}
    apply(lab_environment(running, {**os.environ, **path}) | path | {DIRECTORY_VARIABLE: str(running.directory)})
    config = os.pathsep.join(filter(None, [str(SETTINGS), os.environ.get("JUPYTER_CONFIG_PATH")]))
    os.environ["JUPYTER_CONFIG_PATH"] = config
    opened = Path(os.path.realpath(notebook or root() / FIRST))  # which, unlike resolve(), takes a link to itself
    # The whole project is in the file browser, so that a reader can look at data and code too.
    folder = root() if opened.is_relative_to(root()) else opened.parent
    command = [sys.executable, "-m", "jupyterlab", *([str(opened)] if opened.exists() else [])]
    command += [f"--ServerApp.root_dir={folder}", "--ServerApp.ip=127.0.0.1", f"--ServerApp.port={port}"]
    command += [] if browser else ["--no-browser"]
    command += ["--allow-root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    os.execv(command[0], command)
