"""A service whose moto code makes another service's backend installs that one's engine first.

Else the other service would answer nothing but 500 from then on: its engine cannot replace a backend that is there.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import moto
import pytest

from localaws.engines import engines, in_order, reached_by
from localaws.engines.others import REACHED_BY_MOTO
from tests.conftest import RunningLab

_BACKENDS = re.compile(r"from moto\.(\w+)(?:\.models)? import[^\n]*backends?\b")


def test_every_backend_that_moto_reaches_for_is_declared() -> None:
    services = [path for path in Path(moto.__file__).parent.iterdir() if path.is_dir() and path.name != "moto_api"]
    missing = []
    for service in services:
        sources = "\n".join(path.read_text() for path in service.rglob("*.py"))
        reached = set(_BACKENDS.findall(sources)) & engines().keys() - {service.name}
        missing += [(service.name, other) for other in sorted(reached - reached_by(service.name))]
    assert not missing


@pytest.mark.parametrize("service", [*engines(), *REACHED_BY_MOTO])
def test_who_works_as_it_is_installed_comes_after_those_it_reaches(service: str) -> None:
    order = in_order(service)
    assert set(order) == {service} | reached_by(service)
    assert order[-1] == service
    for returning in order:
        if returning in engines() and engines()[returning].returns:
            before = order[: order.index(returning)]
            # what is installed is the last, whatever circle it is in: logs go to functions, and functions write logs
            assert reached_by(returning) & set(order) - {service} <= set(before)


def test_streams_may_be_called_before_tables(lab: RunningLab) -> None:
    """`lab` is shared: this holds for the first call of either service, whichever file makes it."""
    lab.client("dynamodbstreams").list_streams(TableName="none")
    assert "TableNames" in lab.client("dynamodb").list_tables()


def test_a_lab_starts_without_what_only_few_services_need() -> None:
    """Each of these takes from a quarter of a second to two to load, at every start."""
    load = "import sys, localaws.server; from importlib import import_module\n"
    load += "from localaws.engines import engines, in_order\n"
    load += "eager = [each for engine in engines().values() if engine.eager for each in in_order(engine.moto)]\n"
    load += "[import_module(engines()[each].package + '.backend') for each in eager if each in engines()]\n"
    load += "print({'pyarrow', 'pyparsing', 'duckdb', 'pandas', 'sqlglot', 'cfnlint', 'psycopg'} & set(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", load], capture_output=True, text=True, check=True)
    assert loaded.stdout.strip() == "set()"
