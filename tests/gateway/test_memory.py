"""A lab serves thousands of calls: what is deleted takes no memory any more."""

from __future__ import annotations

import subprocess
import sys

_MADE_AND_FORGOTTEN = """
import gc, weakref
import localaws.server
from localaws.gateway.tuning import tune
tune()
from moto.sqs.models import Message
message = weakref.ref(Message("id", "body"))
gc.collect()
assert message() is None
"""


def test_nothing_keeps_what_a_service_has_let_go() -> None:
    subprocess.run([sys.executable, "-c", _MADE_AND_FORGOTTEN], check=True, timeout=60)
