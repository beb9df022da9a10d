"""Whole programs on the clients that data engineers use, unchanged: no endpoint, no key, no flag of ours in them."""

from __future__ import annotations

import subprocess
import uuid
from collections.abc import Callable
from pathlib import Path

from tests.clients.conftest import BIN, HERE
from tests.conftest import eventually

Program = Callable[..., dict[str, str]]


def database() -> str:
    return f"clients_{uuid.uuid4().hex[:8]}"


def test_pyathena_with_pandas_and_sqlalchemy(program: Program, bucket: str) -> None:
    said = program("pyathena_user.py", bucket, database())
    assert said == {
        "parameter": "[(2,)]",
        "execution parameter": "[(1,)]",
        "error": "True",
        "pandas": "(3, 3) 1 Int64",
        "has_table": "True False",
        "columns": "[('origin', 'VARCHAR(3)'), ('flight', 'INTEGER'), ('minutes', 'DOUBLE')]",
        "select": "[('JFK',)]",
        "read_sql": "[3]",
    }


def test_s3fs(program: Program) -> None:
    said = program("s3fs_user.py", f"s3fs-{uuid.uuid4().hex[:12]}")
    assert said == {
        "glob": "['raw/day=01/part.csv', 'raw/day=02/part.csv']",
        "ls": "['raw/day=01', 'raw/day=02']",
        "append": "b'day\\n01\\n03\\n'",
        "exists": "[True, False, False]",
        "find": "['raw/day=01/part.csv', 'raw/moved.csv']",
        "multipart": "12582912 b'xxxx'",
        "pandas": "[1, 2, 3]",
        "missing": "FileNotFoundError",
        "removed": "True",
    }


def test_polars(program: Program, bucket: str) -> None:
    said = program("polars_user.py", bucket)
    assert said == {
        "one": "True",
        "pruned": "7.5",
        "glob": "3",
        "csv": "[('JFK', 2), ('LGA', 1)]",
        "missing": "FileNotFoundError",
    }


def test_deltalake_commits_by_conditional_puts(program: Program, bucket: str) -> None:
    """S3 user guide, "Conditional writes": of four writers at once none overwrites another's commit."""
    said = program("deltalake_user.py", bucket)
    assert said == {
        "appended": "[1, 2, 10, 11, 12, 13]",
        "merged": "[7, 9] [7]",
        "first version": "[1, 2]",
        "vacuumed": "True [7]",
    }


def test_pyiceberg_with_the_glue_catalog(program: Program, bucket: str) -> None:
    said = program("pyiceberg_user.py", bucket, database())
    assert said == {
        "rows": "4",
        "pruned files": "2",
        "after delete": "['day', 'flights', 'carrier'] 2",
        "snapshots": "True",
        "again": "TableAlreadyExistsError",
        "missing": "NoSuchTableError",
        "tables": "[]",
    }


def test_celery_on_sqs(environment: dict[str, str], tmp_path: Path) -> None:
    lines = tmp_path / "lines"
    environment |= {"CELERY_QUEUE": f"celery-{uuid.uuid4().hex[:8]}", "PYTHONPATH": str(HERE / "programs")}
    command = [str(BIN / "celery"), "-A", "celery_user", "worker", "--pool", "solo", "--concurrency", "1"]
    with (tmp_path / "worker.log").open("wb") as log:
        worker = subprocess.Popen(command, env=environment, cwd=tmp_path, stdout=log, stderr=log)
        try:
            send = [BIN / "python", HERE / "programs" / "celery_user.py", lines]
            subprocess.run(send, env=environment, cwd=tmp_path, check=True, capture_output=True, timeout=60)
            eventually(lambda: lines.exists() and len(lines.read_text().splitlines()) == 3, 60)
        finally:
            worker.terminate()
            worker.wait(timeout=30)
    assert sorted(lines.read_text().splitlines()) == ["task 0", "task 1", "task 2"]
