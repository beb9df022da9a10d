"""More events than the lab has room for; for which it takes a lab of its own, that holds them until it ends."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.conftest import RunningLab
from tests.engines.lambda_tools import create


def test_events_beyond_the_labs_room_are_throttled(new_lab: Callable[..., RunningLab]) -> None:
    """API Invoke: TooManyRequestsException, "The request throughput limit was exceeded"."""
    lab = new_lab()
    create(lab, "waits", "def handler(event, context): pass")
    functions = lab.client("lambda")
    functions.put_function_concurrency(FunctionName="waits", ReservedConcurrentExecutions=0)
    large = b'"' + b"x" * 1_040_000 + b'"'
    with pytest.raises(functions.exceptions.TooManyRequestsException):
        for _ in range(300):
            functions.invoke(FunctionName="waits", InvocationType="Event", Payload=large)
