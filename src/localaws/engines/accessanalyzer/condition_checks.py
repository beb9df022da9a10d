"""Checks of ``Condition``: operators, keys and values that cannot do what they say."""

from __future__ import annotations

import ipaddress
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from localaws.engines.accessanalyzer.condition_keys import type_of
from localaws.engines.accessanalyzer.findings import Finding
from localaws.gateway.reference import prefixes
from localaws.policies.conditions import OPERATORS
from localaws.policies.located import Path

#: Kind of operator → the types of keys that it is made for.
_MADE_FOR = {
    "String": {"String", "ARN"},
    "Numeric": {"Numeric", "Date"},
    "Date": {"Date", "Numeric"},
    "Bool": {"Bool"},
    "IpAddress": {"IPAddress"},
    "Arn": {"ARN", "String"},
    "Binary": {"Binary", "String"},
}


def condition_findings(statement: dict[str, Any], path: Path, variables: bool) -> Iterator[Finding]:
    """*variables*: whether the policy's version knows them."""
    block = statement.get("Condition")
    path = (*path, "Condition")
    if block == {}:
        details = "This condition block is empty and it does not affect the policy. Specify conditions."
        yield Finding("EMPTY_OBJECT_CONDITION", details, path)
    for operator, keys in block.items() if isinstance(block, dict) else ():
        place = (*path, operator)
        quantifier, _, name = operator.rpartition(":")
        bare = name.removesuffix("IfExists")
        if bare == "Null" and name != bare:
            details = "The Null condition operator cannot be used with the IfExists suffix."
            yield Finding("NULL_WITH_IF_EXISTS", details, place)
        elif bare not in OPERATORS or quantifier not in ("", "ForAllValues", "ForAnyValue"):
            details = f"The condition operator {operator} is not valid. Use a valid condition operator."
            yield Finding("INVALID_CONDITION_OPERATOR", details, place)
            continue
        elif bare == "Null" and quantifier:
            details = f"Null with {quantifier} is always the same. Leave the qualifier out."
            yield Finding("NULL_WITH_QUALIFIER", details, place)
        if not isinstance(keys, dict):
            yield Finding("DATA_TYPE_MISMATCH", "The text does not match the expected JSON data type Object.", place)
            continue
        for lower, number in Counter(key.lower() for key in keys).items():
            if number > 1:
                details = f"The condition key {lower} appears more than once with different capitalization."
                yield Finding("DUPLICATE_KEYS_WITH_DIFFERENT_CASE", details, place)
        for key, values in keys.items():
            yield from _of_key(quantifier, bare, key, values, (*place, key), variables)


def _of_key(quantifier: str, operator: str, key: str, values: Any, place: Path, variables: bool) -> Iterator[Finding]:
    prefix, colon, name = key.partition(":")
    kind = type_of(key)
    if not (colon and prefix and name):
        yield Finding("INVALID_CONDITION_KEY_FORMAT", "The condition key has to be written service:keyname.", place)
    elif prefix.lower() == "aws" and kind is None:
        yield Finding("INVALID_GLOBAL_CONDITION_KEY", f"The condition key {key} does not exist.", place)
    elif "." not in prefix and kind is None:
        known = prefix.lower() in prefixes()
        details = f"The condition key {key} does not exist in the service {prefix}."
        yield Finding("INVALID_SERVICE_CONDITION_KEY" if known else "INVALID_SERVICE", details, place)
    if values == []:
        details = f"There are no values for the condition key {key} and it does not affect the policy."
        yield Finding("EMPTY_ARRAY_CONDITION", details, place)
    if kind and operator != "Null":
        yield from _of_type(quantifier, operator, key, kind, place)
    listed = values if isinstance(values, list) else [values]
    for number, value in enumerate(listed):
        yield from _of_value(operator, value, (*place, number) if isinstance(values, list) else place, variables)


def _of_type(quantifier: str, operator: str, key: str, kind: str, place: Path) -> Iterator[Finding]:
    many, single = kind.startswith("ArrayOf"), kind.removeprefix("ArrayOf")
    if many and not quantifier:
        details = f"The condition key {key} has several values. Use ForAllValues or ForAnyValue."
        yield Finding("MISSING_QUALIFIER", details, place)
    elif not many and quantifier == "ForAllValues":
        details = f"ForAllValues with the single-valued condition key {key} can be overly permissive. Leave it out."
        yield Finding("FORALLVALUES_WITH_SINGLE_VALUED_KEY", details, place)
    family = next(each for each in _MADE_FOR if each in operator)
    if single not in _MADE_FOR[family] and family != "String":
        details = f"The operator {operator} does not suit the condition key {key}, whose values are of type {single}."
        yield Finding("TYPE_MISMATCH", details, place)


def _of_value(operator: str, value: Any, place: Path, variables: bool) -> Iterator[Finding]:
    text = str(value).lower() if isinstance(value, bool) else str(value)
    if "${}" in text.replace(" ", ""):
        yield Finding("EMPTY_VARIABLE", "Empty policy variable: name one within ${ }, or leave it out.", place)
    if "${" in text:
        if not variables:
            details = "To include variables in your policy, use the policy version 2012-10-17 or later."
            yield Finding("VARIABLE_UNSUPPORTED_IN_VERSION", details, place)
        return
    if operator in ("StringEquals", "StringNotEquals") and ("*" in text or "?" in text):
        details = "The value has a * or ?. If a wildcard is meant, use an operator with Like."
        yield Finding("WILDCARD_WITHOUT_LIKE_OPERATOR", details, place)
    elif operator in ("Bool", "Null") and text not in ("true", "false"):
        details = f"Add a valid Boolean value (true or false) for the condition operator {operator}."
        yield Finding("TYPE_MISMATCH_BOOLEAN", details, place)
    elif operator.startswith("Numeric") and not _is_number(text):
        details = f"Add a valid numeric value for the condition operator {operator}."
        yield Finding("TYPE_MISMATCH_NUMBER", details, place)
    elif operator.startswith("Date") and not (_is_number(text) or _is_date(text)):
        details = "The date is not valid. Write it as YYYY-MM-DD or in another form of ISO 8601."
        yield Finding("TYPE_MISMATCH_DATE", details, place)
    elif "IpAddress" in operator:
        yield from _of_network(operator, text, place)


def _of_network(operator: str, text: str, place: Path) -> Iterator[Finding]:
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        details = f"The value for the condition operator {operator} is no IP range in CIDR format."
        yield Finding("TYPE_MISMATCH_IP_RANGE", details, place)
        return
    if "/" in text and ipaddress.ip_address(text.partition("/")[0]) != network.network_address:
        details = f"The bits of the address after the masked ones are ignored. Replace it with {network}."
        yield Finding("IMPROVE_IP_RANGE", details, place)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _is_date(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True
