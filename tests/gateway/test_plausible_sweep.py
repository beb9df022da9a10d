"""A request that its model allows gets an answer or an error of AWS's: no 500, no hang, nothing that cannot be parsed.

The operations of `sweep.SERVICES` are called with every member filled and with every second, naming things that do not
exist and things that do. An error's code is one of the service's modelled errors or of its common ones; its message is
not empty. The requests are made from botocore's models, so a new operation needs no new test.
"""

from __future__ import annotations

import http.client
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from tests.conftest import RunningLab
from tests.gateway.plausible import Call, Plausible
from tests.gateway.sweep import SERVICES

#: Longer than any of these calls may take, on a machine that is busy.
HANG = 30


def _fault(connection: http.client.HTTPConnection, plausible: Plausible, call: Call) -> str | None:
    try:
        connection.request(call.sent.method, call.sent.target, call.sent.body, call.sent.headers)
        answer = connection.getresponse()
        headers, body = dict(answer.getheaders()), answer.read()
    except (OSError, http.client.HTTPException) as error:
        connection.close()
        return repr(error)
    if answer.status >= 500 and b"This lab does not do" not in body:
        return f"{answer.status} {body[:150]!r}"
    return plausible.fault(call, answer.status, headers, body)


def _faults(lab: RunningLab, service: str) -> list[str]:
    connection = http.client.HTTPConnection("127.0.0.1", lab.facts["port"], timeout=HANG)
    plausible = Plausible(lab, service)
    try:
        found = [(call.label, _fault(connection, plausible, call)) for call in plausible.calls()]
    finally:
        connection.close()
    assert found
    return [f"{label}: {fault}" for label, fault in found if fault]


def test_a_plausible_request_has_an_answer_or_an_error_of_aws(new_lab: Callable[..., RunningLab]) -> None:
    lab = new_lab("plausible")
    with ThreadPoolExecutor(4) as threads:
        faults = [fault for found in threads.map(partial(_faults, lab), SERVICES) for fault in found]
    assert not faults, f"{len(faults)} calls:\n" + "\n".join(faults)
