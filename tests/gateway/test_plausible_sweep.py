"""A request that its model allows gets an answer or an error of AWS's: no 500, no hang, nothing that cannot be parsed.

The operations of `sweep.SERVICES` are called with every member filled and with every second, naming things that do not
exist and things that do. An error's code is one of the service's modelled errors or of its common ones; its message is
not empty. The requests are made from botocore's models, so a new operation needs no new test.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from tests.conftest import RunningLab
from tests.gateway.plausible import Plausible
from tests.gateway.sweep_answers import Requests, faults


def test_a_plausible_request_has_an_answer_or_an_error_of_aws(new_lab: Callable[..., RunningLab]) -> None:
    lab = new_lab("plausible")

    def requests(service: str) -> Requests:
        plausible = Plausible(lab, service)
        return ((call.label, call.sent, partial(plausible.fault, call)) for call in plausible.calls())

    found = faults(lab, requests)
    assert not found, f"{len(found)} calls:\n" + "\n".join(found)
