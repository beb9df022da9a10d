"""Sends the requests of a sweep, a few services at a time, and says which of the answers are none of AWS's."""

from __future__ import annotations

import http.client
import re
from collections.abc import Callable, Collection, Iterable
from concurrent.futures import ThreadPoolExecutor

from tests.conftest import RunningLab
from tests.gateway.sweep import SERVICES, Sent

#: Longer than any of these calls may take, on a machine that is busy.
HANG = 30
#: What is wrong with an answer's status, headers and body, if anything is.
Judge = Callable[[int, dict[str, str], bytes], str | None]
#: Labels, requests, and who judges the answer; each is made once the one before it is answered.
Requests = Iterable[tuple[str, Sent, Judge]]


def faults(lab: RunningLab, requests: Callable[[str], Requests], services: Collection[str] = SERVICES) -> list[str]:
    """The faults that the answers to *requests* of each service have."""

    def of_service(service: str) -> list[str]:
        connection = http.client.HTTPConnection("127.0.0.1", lab.facts["port"], timeout=HANG)
        try:
            found = [(label, _fault(connection, sent, judge)) for label, sent, judge in requests(service)]
        finally:
            connection.close()
        assert found
        return [f"{label}: {fault}" for label, fault in found if fault]

    with ThreadPoolExecutor(4) as threads:
        return [fault for found in threads.map(of_service, services) for fault in found]


def _fault(connection: http.client.HTTPConnection, sent: Sent, judge: Judge) -> str | None:
    """A hang, a closed connection, a bare 500 (an honest 501 is right), or what *judge* finds."""
    try:
        connection.request(sent.method, sent.target, sent.body, sent.headers)
        answer = connection.getresponse()
        headers, body = dict(answer.getheaders()), answer.read()
    except (OSError, http.client.HTTPException) as error:
        connection.close()
        return repr(error)
    if answer.status >= 500 and b"This lab does not do" not in body:
        return f"{answer.status} {re.sub(rb'request id [-0-9a-f]+', b'', body)[:150]!r}"
    return judge(answer.status, headers, body)
