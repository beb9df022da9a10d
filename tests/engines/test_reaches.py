"""A service whose moto code makes another service's backend installs that one's engine first.

Else the other service would answer nothing but 500 from then on: its engine cannot replace a backend that is there.
"""

from __future__ import annotations

import re
from pathlib import Path

import moto

from localaws.engines import ENGINES, REACHES
from tests.conftest import RunningLab

_BACKENDS = re.compile(r"from moto\.(\w+)(?:\.models)? import[^\n]*backends?\b")


def test_every_backend_that_moto_reaches_for_is_declared() -> None:
    services = [path for path in Path(moto.__file__).parent.iterdir() if path.is_dir() and path.name != "moto_api"]
    missing = []
    for service in services:
        sources = "\n".join(path.read_text() for path in service.rglob("*.py"))
        reached = set(_BACKENDS.findall(sources)) & ENGINES.keys() - {service.name}
        missing += [(service.name, other) for other in sorted(reached - REACHES.get(service.name, set()))]
    assert not missing


def test_streams_may_be_called_before_tables(lab: RunningLab) -> None:
    """`lab` is shared: this holds for the first call of either service, whichever file makes it."""
    lab.client("dynamodbstreams").list_streams(TableName="none")
    assert "TableNames" in lab.client("dynamodb").list_tables()
