"""Names and values that a request gives for its expressions: each must stand in one of them.

Source: DynamoDB developer guide, "Expression attribute names (aliases)" and "Using expression attribute values".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from localaws.gateway.errors import AwsError

#: The expressions that values may stand in; names may in a projection too.
_WITH_VALUES = ("UpdateExpression", "ConditionExpression", "FilterExpression", "KeyConditionExpression")
_ALL = (*_WITH_VALUES, "ProjectionExpression")
#: What an operation has of them, as its refusal lists them.
_OF_OPERATION = {
    "Scan": ("FilterExpression",),
    "Query": ("FilterExpression", "KeyConditionExpression"),
    "UpdateItem": ("UpdateExpression", "ConditionExpression"),
}
_PLACEHOLDER = re.compile(r"[:#]\w+")


def check_placeholders(operation: str, part: Mapping[str, Any]) -> None:
    """Raises ValidationException for names or values that no expression of *part* uses, or that come with none.

    *part* is a request of *operation*, or one of a transaction's.
    """
    for kind, places in (("Values", _WITH_VALUES), ("Names", _ALL)):
        given = part.get(f"ExpressionAttribute{kind}")
        if given is None:
            continue
        texts = [part[place] for place in places if part.get(place) is not None]
        if not texts:
            raise AwsError("ValidationException", _without_expressions(operation, kind))
        if not given:
            raise AwsError("ValidationException", f"ExpressionAttribute{kind} must not be empty")
        used = {found for text in texts for found in _PLACEHOLDER.findall(text)}
        if unused := sorted(given.keys() - used):
            said = f"Value provided in ExpressionAttribute{kind} unused in expressions: keys: {{{', '.join(unused)}}}"
            raise AwsError("ValidationException", said)


def _without_expressions(operation: str, kind: str) -> str:
    said = f"ExpressionAttribute{kind} can only be specified when using expressions"
    if kind == "Names":
        return said
    places = _OF_OPERATION.get(operation, ("ConditionExpression",))
    return f"{said}: {' and '.join(places)} {'is' if len(places) == 1 else 'are'} null"
