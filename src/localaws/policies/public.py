"""Whether a resource's policy is public: whether it lets in somebody whom it does not name.

Source: S3 user guide, "Blocking public access to your Amazon S3 storage", "The meaning of 'public'".
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from ipaddress import ip_network
from typing import Any

#: Operators that hold only for values that are named.
_NAMING = re.compile(r"(ForAnyValue:)?(String(Equals(IgnoreCase)?|Like)|Arn(Equals|Like)|IpAddress)", re.IGNORECASE)
#: Condition keys that, with fixed values, say who or what gets in.
_FIXING = frozenset(
    """
    aws:principalaccount aws:principalarn aws:principalorgid aws:principalorgpaths aws:sourceaccount aws:sourcearn
    aws:sourceip aws:sourceorgid aws:sourceorgpaths aws:sourceowner aws:sourcevpc aws:sourcevpce aws:userid
    s3:dataaccesspointaccount s3:dataaccesspointarn s3:x-amz-server-side-encryption-aws-kms-key-id
    """.split()
)
_VARIES = re.compile(r"[*?]|\$\{")
#: What may vary nonetheless: the name of an access point, of a session.
_FIXED = {
    "s3:dataaccesspointarn": re.compile(r"arn:aws[\w-]*:s3:[\w-]+:\d{12}:accesspoint/[\w*?-]+"),
    "aws:userid": re.compile(r"\w+:\*"),
}
#: The widest ranges of addresses, by version, that are not everybody's.
_WIDEST = {4: 8, 6: 32}


@lru_cache(maxsize=1000)
def is_public(document: str) -> bool:
    """Whether a resource's policy, a valid one, lets in somebody whom it does not name."""
    statements = json.loads(document)["Statement"]
    return any(map(lets_in_anybody, statements if isinstance(statements, list) else [statements]))


def lets_in_anybody(statement: Mapping[str, Any]) -> bool:
    """The same of one statement."""
    if statement["Effect"] != "Allow" or not _names_nobody(statement):
        return False
    return not any(_fixes(*condition) for condition in _conditions(statement))


def _names_nobody(statement: Mapping[str, Any]) -> bool:
    principal = statement.get("Principal")
    if not isinstance(principal, Mapping):  # "*", or everybody but some (NotPrincipal)
        return True
    named = (value for values in principal.values() for value in (values if isinstance(values, list) else [values]))
    return any(_VARIES.search(value) for value in named)


def _conditions(statement: Mapping[str, Any]) -> Iterator[tuple[str, str, list[str]]]:
    for operator, keys in statement.get("Condition", {}).items():
        for key, values in keys.items():
            yield operator, key.lower(), [str(value) for value in (values if isinstance(values, list) else [values])]


def _fixes(operator: str, key: str, values: list[str]) -> bool:
    """Whether a condition lets in only what it names."""
    if key not in _FIXING or not _NAMING.fullmatch(operator):
        return False
    return all(_is_narrow(value) if key == "aws:sourceip" else _is_fixed(key, value) for value in values)


def _is_fixed(key: str, value: str) -> bool:
    return not _VARIES.search(value) or (key in _FIXED and bool(_FIXED[key].fullmatch(value)))


def _is_narrow(addresses: str) -> bool:
    try:
        network = ip_network(addresses, strict=False)
    except ValueError:
        return False
    return network.is_private or network.prefixlen >= _WIDEST[network.version]
