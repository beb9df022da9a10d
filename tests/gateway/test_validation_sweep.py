"""Whatever a request is, its answer is AWS's: never a bare 500, a hang or a closed connection.

The operations of the services in `sweep.SERVICES` are called with a minimal request, an empty one, one as huge as its
model allows, one of wrong types, one nested 3,000 deep and one that is not UTF-8; those of a large service with one of
these. The requests are made from botocore's models, so a new operation needs no new test.
"""

from __future__ import annotations

import http.client
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from tests.conftest import RunningLab
from tests.gateway.sweep import SERVICES, Sent, Sweeper

#: Longer than any of these calls may take, on a machine that is busy.
HANG = 30


def _fault(lab: RunningLab, connection: http.client.HTTPConnection, sent: Sent) -> str | None:
    """What is wrong with the answer; an honest 501 is right."""
    try:
        connection.request(sent.method, sent.target, sent.body, sent.headers)
        answer = connection.getresponse()
        body = answer.read()
    except (OSError, http.client.HTTPException) as error:
        connection.close()
        return repr(error)
    if answer.status >= 500 and b"This lab does not do" not in body:
        return f"{answer.status} {re.sub(rb'request id [-0-9a-f]+', b'', body)[:150]!r}"
    return None


def _faults(lab: RunningLab, service: str) -> list[str]:
    connection = http.client.HTTPConnection("127.0.0.1", lab.facts["port"], timeout=HANG)
    try:
        calls = Sweeper(lab, service).requests()
        found = [(label, _fault(lab, connection, sent)) for label, sent in calls]
    finally:
        connection.close()
    assert found
    return [f"{label}: {fault}" for label, fault in found if fault]


def test_no_request_brings_a_bare_500_a_hang_or_a_reset(new_lab: Callable[..., RunningLab]) -> None:
    lab = new_lab("sweep")
    with ThreadPoolExecutor(4) as threads:
        faults = [fault for found in threads.map(partial(_faults, lab), SERVICES) for fault in found]
    assert not faults, f"{len(faults)} calls:\n" + "\n".join(faults)
