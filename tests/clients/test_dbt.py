"""dbt-athena: a project with a seed, a view, a table, insert_overwrite, an Iceberg merge, tests and a snapshot."""

from __future__ import annotations

import json
import shutil
import subprocess
import uuid
from collections import Counter
from pathlib import Path
from typing import Any

from tests.clients.conftest import BIN, HERE
from tests.conftest import RunningLab
from tests.engines.athena_tools import Athena


class Project:
    """A copy of the project, and dbt run in it."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.folder = folder
        self.environment = environment
        shutil.copytree(HERE / "dbt", folder)

    def __call__(self, *arguments: str) -> Counter[str]:
        """Run dbt; how many of its nodes ended in which status."""
        done = subprocess.run(
            [BIN / "dbt", "--no-use-colors", *arguments],
            env=self.environment,
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == 0, done.stdout[-6000:]
        results: list[dict[str, Any]] = json.loads((self.folder / "target" / "run_results.json").read_text())["results"]
        return Counter(result["status"] for result in results)


def test_a_project_is_built_and_built_again(
    lab: RunningLab, bucket: str, environment: dict[str, str], tmp_path: Path
) -> None:
    database = f"dbt_{uuid.uuid4().hex[:8]}"
    dbt = Project(tmp_path / "project", {**environment, "DBT_DATABASE": database, "DBT_BUCKET": bucket})
    athena = Athena(lab, bucket, database)
    assert dbt("build") == {"success": 6, "pass": 3}  # the seed, four models and the snapshot; three tests
    assert athena("SELECT name FROM carriers ORDER BY carrier").rows == [("AMERICAN AIRLINES",), ("UNITED AIR LINES",)]
    assert dbt("run", "--vars", "{month: 2, later: 10}") == {"success": 4}
    assert athena("SELECT month, flights FROM by_month ORDER BY month").rows == [("1", "3"), ("2", "3")]
    changed = athena("SELECT flight, delay FROM latest ORDER BY flight").rows
    assert [(flight, float(str(delay))) for flight, delay in changed] == [("1", 5.0), ("2", 17.5), ("3", 10.0)]
    assert dbt("snapshot") == {"success": 1}
    history = athena("SELECT flight, count(*), count(dbt_valid_to) FROM delays GROUP BY flight ORDER BY flight").rows
    assert history == [("1", "1", "0"), ("2", "2", "1"), ("3", "2", "1")]
