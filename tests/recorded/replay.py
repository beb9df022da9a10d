"""Calls with the answers that AWS gave them, made again against a lab and compared field by field.

A scenario is a function that makes calls and states AWS's answer to each::

    def tags_of_a_queue(replay: Replay) -> None:
        sqs = replay.client("sqs")
        name = replay.unique("queue")
        created = replay.call("create", sqs.create_queue, {"QueueName": name}, {"QueueUrl": f"<host>/<account>/{name}"})
        replay.call("tags", sqs.list_queue_tags, {"QueueUrl": created["QueueUrl"]}, {})
        replay.call("missing", sqs.list_queue_tags, {"QueueUrl": "x"}, refusal("InvalidAddress", "The address x …"))

    def test_sqs_answers_as_aws(lab: RunningLab) -> None:
        assert_agreement(lab, [tags_of_a_queue], {"why it differs": ["tags_of_a_queue.missing: Error.Type"]})

In an answer

- ``"arn:aws:sqs:<region>:<account>:<name>"``: each ``<word>`` stands for some text. The first answer of a scenario
  that has it says which, and from then on it stands for that text only. ``<region>`` and ``<account>`` are known.
- a type (``datetime``, ``int``, ``str``): any value of it. ``...``: any value.
- `Json`: a text that holds this JSON. `AnyOrder`: a list whose order AWS leaves open.
- everything else: this very value.

A field is a leaf of the answer, an empty list or object, or the HTTP status. What the lab says and AWS does not is a
difference like its opposite. The answers are facts that LocalStack's test suite recorded on AWS
(``tests/aws/services/**/*.snapshot.json`` of localstack/localstack); scenarios name the recording they are from.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore.config import Config
from botocore.exceptions import ClientError

from tests.conftest import RunningLab

Answer = dict[str, Any]
Scenario = Callable[["Replay"], None]
#: The share of fields that must agree in each service.
WANTED = 0.90
UNCHECKED = Config(parameter_validation=False, retries={"max_attempts": 1, "mode": "standard"}, read_timeout=60)
_PLACEHOLDER = re.compile(r"<([a-z][a-z0-9_]*)>")
_MISSING = object()


@dataclass(frozen=True)
class Json:
    """A text that holds *value* as JSON, however it is spaced."""

    value: Any


@dataclass(frozen=True)
class AnyOrder:
    """A list with these items in an order that AWS does not promise."""

    items: list[Any]


def refusal(code: str, message: Any, status: int = 400, /, error: Answer | None = None, **fields: Any) -> Answer:
    """The answer to a refused call: *error* are more fields inside ``Error``, *fields* more beside it."""
    return {"Error": {"Code": code, "Message": message, **(error or {})}, "HTTPStatusCode": status, **fields}


@dataclass
class Replay:
    """One scenario's run: makes its calls and keeps how each field compared."""

    lab: RunningLab
    scenario: str
    agreed: int = 0
    differences: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._bound = {"region": self.lab.facts["region"], "account": self.lab.facts["account_id"]}

    def client(self, service: str, **options: Any) -> Any:
        """A boto3 client that leaves the checking of parameters to the service."""
        return self.lab.client(service, **{"config": UNCHECKED, **options})

    def unique(self, prefix: str) -> str:
        """A name that no other scenario has."""
        return f"{prefix}-{uuid.uuid4().hex[:12]}"

    def call(self, step: str, method: Callable[..., Any], arguments: Mapping[str, Any], answer: Answer) -> Answer:
        """Call *method*, compare with AWS's *answer*, and return what the lab answered, an error as its response.

        ``HTTPStatusCode`` in *answer* is 200 unless given.
        """
        try:
            actual = dict(method(**arguments))
        except ClientError as error:
            actual = dict(error.response)
        compared = {"HTTPStatusCode": actual["ResponseMetadata"]["HTTPStatusCode"], **actual}
        del compared["ResponseMetadata"]
        self.compare(step, compared, {"HTTPStatusCode": 200, **answer})
        return actual

    def compare(self, step: str, actual: Any, expected: Any) -> None:
        """Compare what a step brought forth by other ways than a call's answer (a delivered message, a record)."""
        for path, difference in self._compare(actual, expected, ""):
            if difference is None:
                self.agreed += 1
            else:
                self.differences[f"{self.scenario}.{step}: {path}"] = difference

    def _compare(self, actual: Any, expected: Any, path: str) -> Iterator[tuple[str, str | None]]:
        """Each field's path and how it differs, None where it agrees."""
        if hasattr(actual, "read"):
            actual = actual.read().decode()
        if isinstance(expected, Json) and isinstance(actual, str | bytes):
            actual, expected = _parsed(actual), expected.value
        if isinstance(expected, AnyOrder) and isinstance(actual, list):
            expected = self._in_order_of(actual, expected.items)
        if isinstance(actual, dict) and isinstance(expected, dict) and (actual or expected):
            for name in [*expected, *(name for name in actual if name not in expected)]:
                below = f"{path}.{name}" if path else str(name)
                yield from self._compare(actual.get(name, _MISSING), expected.get(name, _MISSING), below)
        elif isinstance(actual, list) and isinstance(expected, list) and (actual or expected):
            for index in range(max(len(actual), len(expected))):
                left, right = (each[index] if index < len(each) else _MISSING for each in (actual, expected))
                yield from self._compare(left, right, f"{path}[{index}]")
        elif actual is _MISSING or expected is _MISSING:
            said = "is not in AWS's answer" if expected is _MISSING else "is missing"
            for leaf, value in _leaves(actual if expected is _MISSING else expected, path):
                yield leaf, f"{value!r} {said}"
        else:
            yield path, None if self._equal(actual, expected) else f"{actual!r}, on AWS {expected!r}"

    def _equal(self, actual: Any, expected: Any) -> bool:
        if expected is ...:
            return True
        if isinstance(expected, type):
            return isinstance(actual, expected)
        if isinstance(expected, str) and isinstance(actual, str):
            return self._text_equal(actual, expected)
        return bool(actual == expected) and isinstance(actual, bool) == isinstance(expected, bool)

    def _text_equal(self, actual: str, expected: str) -> bool:
        """Whether the texts are equal; binds the placeholders that are not bound yet if they are."""
        pattern, seen = "", set[str]()
        for index, part in enumerate(_PLACEHOLDER.split(expected)):
            if index % 2 == 0:
                pattern += re.escape(part)
            elif part in self._bound:
                pattern += re.escape(self._bound[part])
            else:
                pattern += f"(?P={part})" if part in seen else f"(?P<{part}>.+?)"
                seen.add(part)
        match = re.fullmatch(pattern, actual, re.DOTALL)
        if match:
            self._bound.update(match.groupdict())
        return match is not None

    def _in_order_of(self, actual: list[Any], items: list[Any]) -> list[Any]:
        """*items* arranged so that each stands where the item of *actual* most like it stands."""
        left, arranged = list(items), []
        for each in actual:
            if left:
                bound = dict(self._bound)
                best = min(left, key=lambda item: sum(d is not None for _, d in self._trial(each, item, bound)))
                left.remove(best)
                arranged.append(best)
        return arranged + left

    def _trial(self, actual: Any, expected: Any, bound: dict[str, str]) -> list[tuple[str, str | None]]:
        """A comparison that binds nothing."""
        found = list(self._compare(actual, expected, ""))
        self._bound = dict(bound)
        return found


def assert_agreement(lab: RunningLab, scenarios: Iterable[Scenario], known: Mapping[str, list[str]]) -> None:
    """Replay *scenarios*: `WANTED` of all fields agree, and the rest is just what *known* lists.

    *known* maps a reason to the fields it explains, as ``scenario.step: path``.
    """
    agreed, differences = 0, dict[str, str]()
    for scenario in scenarios:
        replay = Replay(lab, scenario.__name__)
        scenario(replay)
        agreed += replay.agreed
        differences |= replay.differences
    listed = {each for fields in known.values() for each in fields}
    surprises = [f"{each}: {difference}" for each, difference in differences.items() if each not in listed]
    assert not surprises, "AWS answered otherwise:\n" + "\n".join(surprises)
    mended = sorted(listed - differences.keys())
    assert not mended, "these agree by now; take them from the list:\n" + "\n".join(mended)
    share = agreed / (agreed + len(differences))
    assert share >= WANTED, f"{agreed} of {agreed + len(differences)} fields agree ({share:.0%})"


def _leaves(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Json):
        value = value.value
    if isinstance(value, AnyOrder):
        value = value.items
    if isinstance(value, dict) and value:
        for name, each in value.items():
            yield from _leaves(each, f"{path}.{name}")
    elif isinstance(value, list) and value:
        for index, each in enumerate(value):
            yield from _leaves(each, f"{path}[{index}]")
    else:
        yield path, value


def _parsed(text: str | bytes) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
