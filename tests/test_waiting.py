"""Waits: until a status, a number or until it is gone; failures say status, reason and hint; no traces in outputs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from botocore.exceptions import ClientError
from nbclient import NotebookClient

import dehelpers as de
from dehelpers.errors import WaitError
from tests.conftest import RunningLab


def answers(*values: Any) -> Callable[[], Any]:
    """A check that answers these, and then the last one for ever."""
    rest: Iterator[Any] = iter(values)
    last = values[-1]
    return lambda: next(rest, last)


def test_wait_returns_status_and_prints_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert de.wait(answers("CREATING", "CREATING", "ACTIVE"), until="ACTIVE", what="stream x") == "ACTIVE"
    assert capsys.readouterr() == ("stream x: ACTIVE\n", "")


def test_a_number_to_reach_leaves_a_line_that_does_not_depend_on_how_many_came(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert de.wait(answers(0, 3, 1_207), until=1_000, what="records") == 1_207
    assert capsys.readouterr().out == "records: 1,000 or more\n"


def test_several_statuses_and_a_condition() -> None:
    assert de.wait(answers("A", "C"), until={"B", "C"}, what="x") == "C"
    assert de.wait(answers([], [1]), until=bool, what="x") == [1]


def test_failure_ends_the_wait_at_once_with_the_reason_and_the_hint() -> None:
    check = answers("RUNNING", ("FAILED", "no such table: flight"))
    with pytest.raises(WaitError, match=r"query: FAILED \(no such table: flight\).*not become DONE. Look at the SQL"):
        de.wait(check, until="DONE", failed={"FAILED"}, what="query", hint="Look at the SQL.", timeout=600)


def test_timeout_says_the_last_status() -> None:
    with pytest.raises(WaitError, match=r"stream x: CREATING after 0.2 s, and not ACTIVE"):
        de.wait(answers("CREATING"), until="ACTIVE", what="stream x", timeout=0.2)


def test_gone_is_what_aws_no_longer_finds_and_other_refusals_are_raised(lab: RunningLab) -> None:
    kinesis, s3 = lab.client("kinesis"), lab.client("s3")
    assert de.wait(lambda: kinesis.describe_stream(StreamName="none"), until=de.GONE, what="stream") == de.GONE
    assert de.wait(lambda: s3.head_bucket(Bucket="none-there"), until=de.GONE, what="bucket") == de.GONE
    forged = lab.client("kinesis", aws_secret_access_key="forged")
    with pytest.raises(ClientError, match="Signature"):
        de.wait(lambda: forged.describe_stream(StreamName="none"), until=de.GONE, what="stream")


NOTEBOOK = """
import dehelpers as de
polls = iter(["CREATING"] * {polls} + ["ACTIVE"])
status = de.wait(lambda: next(polls), until="ACTIVE", what="stream x")
"""


def test_the_stored_outputs_of_a_cell_do_not_depend_on_how_long_it_took(tmp_path: Path) -> None:
    stored = []
    for polls in (0, 4):
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(NOTEBOOK.format(polls=polls))])
        NotebookClient(notebook, kernel_name="python3", resources={"metadata": {"path": tmp_path}}).execute()
        stored.append([{k: v for k, v in output.items() if k != "metadata"} for output in notebook.cells[0].outputs])
    assert stored[0] == stored[1]
    assert stored[0][-1] == {"output_type": "stream", "name": "stdout", "text": "stream x: ACTIVE\n"}
