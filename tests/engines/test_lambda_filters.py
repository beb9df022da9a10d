"""Filters of event source mappings: which records reach a function.

Held to the Lambda developer guide ("Control which events Lambda sends to your function").
"""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from localaws.engines.lambda_.filters import Filters
from tests.conftest import RunningLab
from tests.engines.lambda_source_tools import CONSUMER, batches, connect, flat, put, stream
from tests.engines.lambda_tools import create


def test_filters_drop_records(lab: RunningLab) -> None:
    arn = stream(lab, "filtered")
    create(lab, "filtered", CONSUMER)
    pattern = {"data": {"delay": [{"numeric": [">", 15]}], "carrier": ["UA", {"prefix": "A"}]}}
    connect(
        lab,
        "filtered",
        arn,
        StartingPosition="TRIM_HORIZON",
        FilterCriteria={"Filters": [{"Pattern": json.dumps(pattern)}]},
    )
    flights = [{"delay": 20, "carrier": "UA"}, {"delay": 5, "carrier": "UA"}, {"delay": 90, "carrier": "DL"}]
    put(lab, "filtered", *map(json.dumps, flights), "not json", json.dumps({"delay": 16.5, "carrier": "AA"}))
    found = flat(batches(lab, "filtered", lambda b: len(flat(b)) >= 2))
    assert [json.loads(item)["carrier"] for item in found] == ["UA", "AA"]


RECORD = {
    "kinesis": {
        "partitionKey": "UA",
        "data": base64.b64encode(b'{"n": 5, "s": "Ab", "l": [1, 2], "z": null}').decode(),
    },
    "eventSource": "aws:kinesis",
}


@pytest.mark.parametrize(
    ("pattern", "passes"),
    [
        ({"data": {"n": [5]}}, True),
        ({"data": {"n": ["5"]}}, False),
        ({"data": {"n": [{"numeric": [">", 4, "<=", 5]}]}}, True),
        ({"data": {"n": [{"numeric": [">", 5]}]}}, False),
        ({"data": {"s": [{"prefix": "A"}]}}, True),
        ({"data": {"s": [{"suffix": "x"}]}}, False),
        ({"data": {"s": [{"equals-ignore-case": "aB"}]}}, True),
        ({"data": {"s": [{"anything-but": ["Ab", "c"]}]}}, False),
        ({"data": {"s": [{"anything-but": "c"}]}}, True),
        ({"data": {"l": [2, 7]}}, True),
        ({"data": {"z": [None]}}, True),
        ({"data": {"absent": [{"exists": False}]}}, True),
        ({"data": {"n": [{"exists": False}]}}, False),
        ({"data": {"n": [5], "s": ["no"]}}, False),
        ({"data": {"$or": [{"n": [1]}, {"s": ["Ab"]}]}}, True),
        ({"partitionKey": ["UA"], "eventSource": ["aws:kinesis"]}, True),
        ({"partitionKey": ["DL"]}, False),
    ],
)
def test_comparison_operators_of_filters(pattern: dict[str, Any], passes: bool) -> None:
    """The table of comparison operators ("Filter rule syntax"), on one record."""
    assert Filters({"Filters": [{"Pattern": json.dumps(pattern)}]}).passes(RECORD) is passes
