"""After the clock was advanced every date that any service tells of new things is of the lab's day.

A date that AWS writes is the moment of the call; some lie ahead of it, such as DeletionDate (KMS: 7 days, Secrets
Manager: 30) and NextRotationDate (KMS: 365).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError

from tests.conftest import RunningLab
from tests.gateway.dated import MADE, ROLE, dates_of
from tests.gateway.modelled import Watch
from tests.gateway.wire import advance

AHEAD = timedelta(days=100)
#: Services that tell moments as texts or numbers of seconds alone: test_clock.py has theirs.
WITHOUT = {"lambda"}


@pytest.fixture(scope="module")
def later(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningLab]:
    lab = RunningLab(tmp_path_factory.mktemp("later"))
    advance(lab, AHEAD.total_seconds())
    yield lab
    lab.stop()


@pytest.mark.parametrize("service", MADE)
def test_every_date_is_of_the_labs_day(later: RunningLab, service: str) -> None:
    """Every answer in JSON has the types of its model too: moments are numbers, unless the model says otherwise.

    Source: Smithy 2.0, "AWS JSON 1.1 protocol" and "AWS restJson1 protocol" (timestamps, content type).
    """
    client = later.fresh_client(service)
    watch = Watch(client)
    told = list(dates_of(client, service))
    now = datetime.now(UTC) + AHEAD
    wrong = [(name, date) for name, date in told if not now - timedelta(days=1) < date < now + timedelta(days=366)]
    assert wrong == []
    assert told or service in WITHOUT
    assert watch.faults == []


def test_no_history_is_made_up(later: RunningLab) -> None:
    """GetExecutionHistory: the events of this execution; the lab, which runs none, says that it has none to tell."""
    states = later.client("stepfunctions")
    machine = states.create_state_machine(
        name="unrun", definition='{"StartAt": "E", "States": {"E": {"Type": "Succeed"}}}', roleArn=ROLE
    )["stateMachineArn"]
    execution = states.start_execution(stateMachineArn=machine)["executionArn"]
    with pytest.raises(ClientError, match="does not do stepfunctions GetExecutionHistory"):
        states.get_execution_history(executionArn=execution)
