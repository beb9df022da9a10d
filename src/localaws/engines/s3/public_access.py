"""Block Public Access: what S3 takes for public, and which of the four settings hold for a bucket.

Sources: S3 user guide, "Blocking public access to your Amazon S3 storage", above all "The meaning of 'public'", and
"Troubleshoot access denied (403 Forbidden) errors in Amazon S3".
"""

from __future__ import annotations

import re

from moto.s3.models import FakeAcl, FakeBucket, PublicAccessBlock
from moto.s3control.models import s3control_backends

from localaws.gateway.errors import AwsError
from localaws.gateway.records import current_call

SETTINGS = ("block_public_acls", "ignore_public_acls", "block_public_policy", "restrict_public_buckets")
_GROUPS = re.compile(r"https?://acs\.amazonaws\.com/groups/global/(AllUsers|AuthenticatedUsers)")


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
