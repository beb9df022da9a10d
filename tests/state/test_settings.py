"""Every service tells after a kill and a new start what it told before: nothing is left out silently."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from inspect import getmembers, isfunction
from typing import Any

import pytest

from tests.conftest import RunningLab
from tests.state import settings

SERVICES: dict[str, Callable[[Any], list[settings.Question]]] = {
    name.rstrip("_").replace("_", "-"): make
    for name, make in getmembers(settings, isfunction)
    if make.__module__ == settings.__name__ and not name.startswith("_")
}
Answers = dict[tuple[str, str], str]


def _answers(lab: RunningLab, questions: dict[str, list[settings.Question]]) -> Answers:
    told: Answers = {}
    for service, asked in questions.items():
        for number, (operation, parameters) in enumerate(asked):
            answer = getattr(lab.client(service), operation)(**parameters)
            del answer["ResponseMetadata"]
            text = json.dumps(answer, default=str, sort_keys=True)
            told[service, f"{operation} {number}"] = re.sub(r"127\.0\.0\.1:\d+", "host", text)
    return told


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Answers, Answers, str]]:
    """What all services tell before a kill and after it, and the log of it all."""
    directory = tmp_path_factory.mktemp("kept")
    lab = RunningLab(directory)
    try:
        questions = {service: make(lab.client(service)) for service, make in SERVICES.items()}
        time.sleep(0.5)  # what begins at once, such as an execution, ends
        before = _answers(lab, questions)
        time.sleep(1)  # the age at which settings are kept
        lab.kill()
        lab = RunningLab(directory)
        yield before, _answers(lab, questions), lab.log()
    finally:
        lab.stop()


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_tells_after_a_kill_what_it_told_before(told: tuple[Answers, Answers, str], service: str) -> None:
    before, after, _ = told
    for question in before:
        if question[0] == service:
            assert after[question] == before[question], question


def test_nothing_was_refused(told: tuple[Answers, Answers, str]) -> None:
    assert not re.findall(r".*(?:is not kept|is gone|Traceback).*", told[2])
