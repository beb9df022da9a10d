"""Athena's history is there after a kill, and a query that was running has failed, with the cause.

Source: "View recent queries": the history is kept for 45 days, and results are read by the query's id meanwhile.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from tests.conftest import RunningLab
from tests.engines.athena_tools import Athena
from tests.engines.test_athena_memory import ENDLESS


def test_queries_and_their_results_outlive_a_kill(new_lab: Callable[..., RunningLab]) -> None:
    lab = new_lab("history")
    athena = Athena(lab, "athena-history", "history")
    before = athena("SELECT 1 AS one").execution
    done = before["QueryExecutionId"]
    running = athena.start(ENDLESS)
    time.sleep(1)  # the age at which settings are kept
    lab.kill()
    lab = new_lab("history")
    client = lab.client("athena")
    assert client.get_query_execution(QueryExecutionId=done)["QueryExecution"] == before
    rows = client.get_query_results(QueryExecutionId=done)["ResultSet"]["Rows"]
    assert [row["Data"][0]["VarCharValue"] for row in rows] == ["one", "1"]
    status = client.get_query_execution(QueryExecutionId=running)["QueryExecution"]["Status"]
    assert (status["State"], status["AthenaError"]["ErrorCategory"]) == ("FAILED", 1)
    assert "The lab ended while it ran this query" in status["StateChangeReason"]
    assert client.list_query_executions()["QueryExecutionIds"][:2] == [running, done]
