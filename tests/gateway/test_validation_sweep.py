"""Whatever a request is, its answer is AWS's: never a bare 500, a hang or a closed connection.

The operations of the services in `sweep.SERVICES` are called with a minimal request, an empty one, one as huge as its
model allows, one of wrong types, one nested 3,000 deep and one that is not UTF-8; those of a large service with one of
these. The requests are made from botocore's models, so a new operation needs no new test.
"""

from __future__ import annotations

from collections.abc import Callable

from tests.conftest import RunningLab
from tests.gateway.sweep import Sweeper
from tests.gateway.sweep_answers import Requests, faults


def test_no_request_brings_a_bare_500_a_hang_or_a_reset(new_lab: Callable[..., RunningLab]) -> None:
    lab = new_lab("sweep")

    def requests(service: str) -> Requests:
        return ((label, sent, lambda *_: None) for label, sent in Sweeper(lab, service).requests())

    found = faults(lab, requests)
    assert not found, f"{len(found)} calls:\n" + "\n".join(found)
