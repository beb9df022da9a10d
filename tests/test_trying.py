"""The small things that make a notebook safe to use: parameters checked, blanks passed by, names of a part its own."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path
from typing import Any

import boto3
import pytest

import dehelpers as de
from dehelpers.errors import ParameterError
from dehelpers.exercises import ____
from dehelpers.words.parameters import check
from dehelpers.words.sketches import SKETCHES
from tests.conftest import RunningLab
from tests.connected import process

ALLOWED: dict[str, Any] = {"month": range(1, 13), "airport": ["EWR", "JFK"], "target": str}
VALUES = {"month": 2, "airport": "JFK", "target": "local", "In": []}


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"month": 13}, "month is 13: it must be a whole number from 1 to 12"),
        ({"month": True}, "whole number"),
        ({"month": "2"}, "whole number"),
        ({"airport": "LAX"}, "airport is 'LAX': it must be one of EWR, JFK"),
        ({"target": 3}, "target is 3: it must be of type str"),
        (
            {"In": ["x = 1", '# Parameters\nairprt = "JFK"\n']},
            "no parameter 'airprt': choose from month",
        ),
    ],
)
def test_a_bad_parameter_is_refused_with_what_is_allowed(changed: dict[str, Any], words: str) -> None:
    with pytest.raises(ParameterError, match=re.escape(words)):
        check(VALUES | changed, **ALLOWED)


def test_good_parameters_pass_also_when_papermill_set_them() -> None:
    check(VALUES | {"In": ["# Parameters\nmonth = 2\nairport = 'JFK'\n"]}, **ALLOWED)


@pytest.mark.parametrize(
    ("answer", "words"), [(____, "Your turn"), (3, "Right."), (2, "Not yet. It is odd."), ("x", "TypeError")]
)
def test_try_it_tells_four_cases_apart(answer: Any, words: str, capsys: pytest.CaptureFixture[str]) -> None:
    de.try_it(answer, lambda number: number % 2 == 1 and number > 0, hint="It is odd.")
    assert words in capsys.readouterr().out


@pytest.mark.parametrize("name", SKETCHES)
def test_every_sketch_says_in_words_what_it_shows(name: str) -> None:
    drawing = SKETCHES[name]
    assert drawing.title and len(drawing.alt.split()) >= 20
    assert {box for arrow in drawing.arrows for box in arrow[:2]} <= set(range(len(drawing.boxes)))
    assert 'alt="' in de.show.sketch(name).html


def test_an_unknown_sketch_lists_those_there_are() -> None:
    with pytest.raises(ValueError, match="choose from call, formats"):
        de.show.sketch("none")


def test_a_part_and_its_exercises_tear_down_only_their_own(lab: RunningLab, tmp_path: Path) -> None:
    s3 = lab.client("s3")
    with process(tmp_path):
        made = {}
        for part in ("41", "x41", "42", ""):
            de.connect(directory=lab.directory, prefix="parted", part=part)
            made[part] = de.name("lake")
            boto3.client("s3").create_bucket(Bucket=made[part])
        for part in ("x41", "41", "", "42"):
            de.connect(directory=lab.directory, prefix="parted", part=part)
            de.teardown()
            del made[part]
            left = {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]}
            assert {name for name in left if name.startswith("parted-")} == set(made.values())
        with pytest.raises(ValueError, match="two digits"):
            de.connect(directory=lab.directory, part="part1")
    assert import_module("dehelpers.words.connect").PART.fullmatch("x01")
