"""The comparison itself: it must see every difference, or what agrees with AWS says nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from tests.recorded.replay import AnyOrder, Json, Replay, assert_agreement, refusal

FAKE_LAB: Any = SimpleNamespace(facts={"region": "us-east-1", "account_id": "123456789012"})


def differences(actual: Any, expected: Any) -> list[str]:
    replay = Replay(FAKE_LAB, "s")
    replay.compare("c", actual, expected)
    return [each.removeprefix("s.c: ") for each in replay.differences]


@pytest.mark.parametrize(
    ("actual", "expected"),
    [
        ({"a": 1}, {"a": 1}),
        ({"t": datetime.now(UTC)}, {"t": datetime}),
        ({"arn": "arn:aws:sqs:us-east-1:123456789012:q"}, {"arn": "arn:aws:sqs:<region>:<account>:<q>"}),
        ({"a": "x1", "b": ["x1"]}, {"a": "<id>", "b": ["<id>"]}),
        ({"policy": '{"a": [1]}'}, {"policy": Json({"a": [1]})}),
        (
            {"l": [{"id": "2", "v": 2}, {"id": "1", "v": 1}]},
            {"l": AnyOrder([{"id": "1", "v": 1}, {"id": "2", "v": 2}])},
        ),
        ({"a": "anything"}, {"a": ...}),
        ({"l": []}, {"l": []}),
    ],
)
def test_equal_answers_agree(actual: Any, expected: Any) -> None:
    assert differences(actual, expected) == []


@pytest.mark.parametrize(
    ("actual", "expected", "where"),
    [
        ({"a": 1}, {"a": 2}, ["a"]),
        ({"a": 1}, {"a": True}, ["a"]),
        ({"a": 1}, {}, ["a"]),
        ({}, {"a": {"b": 1, "c": [1, 2]}}, ["a.b", "a.c[0]", "a.c[1]"]),
        ({"a": {}}, {}, ["a"]),
        ({"a": "x1", "b": "x2"}, {"a": "<id>", "b": "<id>"}, ["b"]),
        ({"a": "arn:aws:sqs:us-east-1:1:q"}, {"a": "arn:aws:sqs:<region>:<account>:<q>"}, ["a"]),
        ({"t": "2026"}, {"t": datetime}, ["t"]),
        ({"l": [1, 2]}, {"l": [1]}, ["l[1]"]),
        ({"l": [1]}, {"l": [1, 2]}, ["l[1]"]),
        ({"p": "not json"}, {"p": Json({"a": 1})}, ["p"]),
        ({"l": [2, 3]}, {"l": AnyOrder([1, 2])}, ["l[1]"]),
        ({"a": None}, {"a": {"b": 1}}, ["a"]),
    ],
)
def test_every_difference_is_found(actual: Any, expected: Any, where: list[str]) -> None:
    assert differences(actual, expected) == where


def test_error_fields_are_fields_too() -> None:
    actual = {"Error": {"Code": "X", "Message": "m"}, "HTTPStatusCode": 400, "Type": "User"}
    assert differences(actual, refusal("X", "m", Type="User")) == []
    assert differences(actual, refusal("X", "m", 404, {"Type": "Sender"})) == ["Error.Type", "HTTPStatusCode", "Type"]


def test_what_is_not_listed_or_listed_in_vain_fails() -> None:
    def scenario(replay: Replay) -> None:
        replay.compare("c", {f"f{n}": n for n in range(20)}, {f"f{n}": n for n in range(1, 20)})

    with pytest.raises(AssertionError, match=r"otherwise:\nscenario.c: f0: 0 is not in AWS's answer"):
        assert_agreement(FAKE_LAB, [scenario], {})
    assert_agreement(FAKE_LAB, [scenario], {"reason": ["scenario.c: f0"]})
    with pytest.raises(AssertionError, match=r"agree by now.*\nscenario.c: f1"):
        assert_agreement(FAKE_LAB, [scenario], {"reason": ["scenario.c: f0", "scenario.c: f1"]})


def test_too_many_differences_fail_though_listed() -> None:
    def scenario(replay: Replay) -> None:
        replay.compare("c", {"a": 1, "b": 2}, {"a": 1, "b": 3})

    with pytest.raises(AssertionError, match="1 of 2 fields agree"):
        assert_agreement(FAKE_LAB, [scenario], {"reason": ["scenario.c: b"]})
