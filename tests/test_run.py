"""`dehelpers run`, and papermill by hand: small notebooks, good and bad ones."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import tempfile
import termios
import time
from contextlib import suppress
from pathlib import Path

import nbformat
import psutil
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from dehelpers.cli import main

CONNECT = "import boto3\nimport dehelpers as de\nlab = de.connect(target)"
METADATA = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}


def notebook(path: Path, parameters: str, *code: str) -> Path:
    cells = [new_markdown_cell(f"# {path.stem}"), new_code_cell(parameters, metadata={"tags": ["parameters"]})]
    cells += [new_code_cell(source) for source in code]
    nbformat.write(new_notebook(cells=cells, metadata=METADATA), path)
    return path


def run(*arguments: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "dehelpers", "run", *map(str, arguments), "--output", str(cwd / "build")]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=cwd)


def text(path: Path) -> str:
    """All that the cells of an executed notebook printed."""
    outputs = [output for cell in nbformat.read(path, 4).cells for output in cell.get("outputs", [])]
    return "".join(output.get("text", "") for output in outputs)


def processes_mentioning(word: str) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter(["cmdline", "status"]):
        if word in " ".join(process.info["cmdline"] or []) and process.info["status"] != psutil.STATUS_ZOMBIE:
            found.append(process)
    return found


def test_the_rest_runs_after_a_failure_on_one_fresh_lab_with_a_table_and_a_report(tmp_path: Path) -> None:
    first = notebook(
        tmp_path / "01_first.ipynb",
        'target: str = "local"  # which AWS\nrecords: int = 10  # how many\nfast: bool = False',
        CONNECT,
        'boto3.client("s3").create_bucket(Bucket="de-first")',
        "print(type(records).__name__, records, fast)",
        "!aws s3 ls",
    )
    second = notebook(tmp_path / "02_bad.ipynb", 'target = "local"', CONNECT, "1 / 0", 'print("never")')
    third = notebook(
        tmp_path / "03_last.ipynb",
        'target = "local"',
        CONNECT,
        'print([bucket["Name"] for bucket in boto3.client("s3").list_buckets()["Buckets"]])',
    )
    answer = run(third, first, second, "-p", "records", "7", "-p", "fast", "true", cwd=tmp_path)
    assert answer.returncode == 1
    assert "cell/s" not in answer.stderr, "no bar, with its carriage returns, where stderr is no terminal"
    table = [line.split(maxsplit=3) for line in answer.stdout.splitlines()]
    assert table[0] == ["notebook", "cells", "seconds", "result"]
    assert [line[0] for line in table[1:4]] == ["03_last", "01_first", "02_bad"]  # in the order given
    assert [line[3] for line in table[1:3]] == ["ok", "ok"]
    assert table[3][3] == "failed: code cell 3: ZeroDivisionError: division by zero"
    assert "3 notebooks, 2 ok, 1 failed." in answer.stdout
    assert "[]" in text(tmp_path / "build/run/03_last.ipynb")
    assert "int 7 True" in text(tmp_path / "build/run/01_first.ipynb")
    assert "de-first" in text(tmp_path / "build/run/01_first.ipynb")  # `!aws` reaches the same lab
    index = (tmp_path / "build/report/index.html").read_text()
    for name in ("01_first", "02_bad", "03_last"):
        assert f'href="{name}.html"' in index
        assert name in (tmp_path / f"build/report/{name}.html").read_text()
    assert "records = 7, fast = True" in index
    assert "ZeroDivisionError" in index


def test_in_a_terminal_the_bar_stops_where_a_notebook_failed(tmp_path: Path) -> None:
    bad = notebook(tmp_path / "01_bad.ipynb", 'target = "local"', "1 / 0", "1", "2", "3", "4", "5", "6")
    terminal, end = pty.openpty()
    termios.tcsetwinsize(end, (24, 120))
    command = [sys.executable, "-m", "dehelpers", "run", str(bad), "--output", str(tmp_path / "build")]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=end, cwd=tmp_path)
    os.close(end)
    shown = b""
    with suppress(OSError):  # EIO: the other end is closed
        while part := os.read(terminal, 4096):
            shown += part
    os.close(terminal)
    assert process.wait(60) == 1
    assert b"cell" in shown and b"100%" not in shown


def test_with_jobs_each_notebook_has_a_lab_to_itself_and_none_is_left(tmp_path: Path) -> None:
    notebooks = [
        notebook(
            tmp_path / f"job_{number}.ipynb",
            'target = "local"',
            CONNECT,
            f'boto3.client("s3").create_bucket(Bucket="de-job-{number}")',
            'print(len(boto3.client("s3").list_buckets()["Buckets"]), "bucket in", lab.directory)',
        )
        for number in (1, 2)
    ]
    answer = run(*notebooks, "--jobs", "2", "--dir", str(tmp_path / "labs"), cwd=tmp_path)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    said = [text(tmp_path / f"build/run/job_{number}.ipynb") for number in (1, 2)]
    assert all(line.startswith("1 bucket in ") for line in said)
    labs = [line.split()[-1] for line in said]
    assert labs[0] != labs[1]
    for lab in labs:
        assert not Path(lab).exists()
        assert not processes_mentioning(lab)
        assert Path(lab).is_relative_to(tmp_path / "labs")
    assert not list((tmp_path / "labs").iterdir())  # so that a lab of its own can be started there


PARAMETERS = (
    'target: str = "local"  # which AWS\nrecords: int = 10\nrate: float = 0.5\nfast = False\nhours: list[int] = [1]'
)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("recods", "5", "no notebook has a parameter 'recods'"),
        ("records", "many", "records must be of type int, which 'many' is not"),
        ("records", "1.5", "records must be of type int"),
        ("rate", "fast", "rate must be of type float"),
        ("fast", "maybe", "fast must be of type bool"),
        ("hours", "7", "hours must be of type list[int]"),
    ],
)
def test_a_wrong_parameter_lists_the_right_ones(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, value: str, message: str
) -> None:
    path = notebook(tmp_path / "one.ipynb", PARAMETERS, "1")
    assert main(["run", str(path), "-p", name, value, "--output", str(tmp_path / "build")]) == 2
    errors = capsys.readouterr().err
    assert message in errors
    assert '  target: str = "local"  # which AWS\n  records: int = 10\n  rate: float = 0.5' in errors
    assert "  fast: bool = False\n  hours: list[int] = [1]" in errors
    assert not (tmp_path / "build").exists()


def test_a_notebook_that_is_not_there_is_named(tmp_path: Path) -> None:
    answer = run(tmp_path / "nope.ipynb", cwd=tmp_path)
    assert answer.returncode == 2
    assert "nope.ipynb" in answer.stderr


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_leaves_nothing_behind(tmp_path: Path, sent: signal.Signals) -> None:
    """No process and no lab, in whatever it is interrupted."""
    path = notebook(
        tmp_path / "long.ipynb",
        'target = "local"',
        CONNECT,
        f"import pathlib\npathlib.Path({str(tmp_path / 'reached')!r}).write_text(str(lab.directory))",
        "import time\ntime.sleep(99)",
    )
    command = [sys.executable, "-m", "dehelpers", "run", str(path), "--output", str(tmp_path / "build")]
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    # Where tests run in the background the shell has them ignore Ctrl-C, and children inherit that.
    heed = lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)  # noqa: E731
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, preexec_fn=heed) as process:
        while not ((tmp_path / "reached").exists() and (tmp_path / "reached").read_text()):
            assert process.poll() is None
            time.sleep(0.05)
        process.send_signal(sent)
        try:
            _, errors = process.communicate(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
    assert process.returncode == 130
    assert b"Traceback" not in errors
    lab = (tmp_path / "reached").read_text()
    assert lab.startswith(str(tmp_path))
    assert not Path(lab).exists()
    assert not processes_mentioning(lab)
    assert not processes_mentioning(str(path))


def test_papermill_by_hand_needs_no_lab_and_works_in_any_directory(tmp_path: Path) -> None:
    path = notebook(
        tmp_path / "hand.ipynb",
        'target = "local"\nrecords = 1',
        CONNECT,
        "print(records)",
        "import sys\nprint(sys.executable)",
        "!aws sts get-caller-identity --query Account --output text",
    )
    home = tmp_path / "lab"
    papermill = Path(sys.executable).parent / "papermill"
    with tempfile.TemporaryDirectory() as elsewhere:
        subprocess.run(
            [papermill, path, tmp_path / "out.ipynb", "-p", "records", "5000"],
            cwd=elsewhere,
            check=True,
            capture_output=True,
            timeout=120,
            # A bare PATH: the environment need not be activated.
            env={"PATH": os.defpath, "HOME": elsewhere, "DEHELPERS_DIR": str(home)},
        )
    said = text(tmp_path / "out.ipynb").splitlines()
    account = json.loads((home / "lab.json").read_text())["account_id"]
    subprocess.run([sys.executable, "-m", "dehelpers", "stop", "--dir", home], check=True)
    assert said == ["5000", sys.executable, account]
