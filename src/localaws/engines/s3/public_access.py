"""Block Public Access: what S3 takes for public, and which of the four settings hold for a bucket.

Sources: S3 user guide, "Blocking public access to your Amazon S3 storage", above all "The meaning of 'public'", and
"Troubleshoot access denied (403 Forbidden) errors in Amazon S3".
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from ipaddress import ip_network
from typing import Any

from moto.s3.models import FakeAcl, FakeBucket, PublicAccessBlock
from moto.s3control.models import s3control_backends

from localaws.gateway.errors import AwsError
from localaws.gateway.records import current_call

SETTINGS = ("block_public_acls", "ignore_public_acls", "block_public_policy", "restrict_public_buckets")
_GROUPS = re.compile(r"https?://acs\.amazonaws\.com/groups/global/(AllUsers|AuthenticatedUsers)")
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


def settings_of(bucket: FakeBucket) -> set[str]:
    """Those that hold for *bucket*: its own, and those of its account."""
    of_account = s3control_backends[bucket.account_id]["aws"].public_access_block
    blocks = [each for each in (bucket.public_access_block, of_account) if each]
    return {name for name in SETTINGS if any(getattr(each, name) for each in blocks)}


def all_blocked() -> PublicAccessBlock:
    """What a new bucket has ("Amazon S3 now blocks public access by default", April 2023)."""
    return PublicAccessBlock(True, True, True, True)


def grants_public(acl: FakeAcl | None) -> bool:
    """Whether *acl* gives something to everybody, or to everybody with an account of AWS."""
    grantees = [grantee for grant in acl.grants for grantee in grant.grantees] if acl else []
    return any(_GROUPS.fullmatch(grantee.uri or "") for grantee in grantees)


def refuse_public(what: str, setting: str, arn: str) -> AwsError:
    """The error for public *what* ("ACLs") that a *setting* ("BlockPublicAcls") keeps from the resource *arn*."""
    call = current_call.get()
    return AwsError(
        "AccessDenied",
        f'User: {call.principal} is not authorized to perform: s3:{call.operation} on resource: "{arn}" because public '
        f"{what} are prevented by the {setting} setting in S3 Block Public Access.",
        403,
    )


@lru_cache(maxsize=1000)
def is_public(document: str) -> bool:
    """Whether a bucket's policy, a valid one, lets in somebody whom it does not name."""
    statements = json.loads(document)["Statement"]
    statements = statements if isinstance(statements, list) else [statements]
    return any(
        each["Effect"] == "Allow" and _names_nobody(each) and not any(_fixes(*one) for one in _conditions(each))
        for each in statements
    )


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
