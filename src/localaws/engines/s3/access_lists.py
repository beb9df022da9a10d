"""Access control lists, which a new bucket has switched off: what S3 says to who uses them nonetheless.

Source: S3 user guide, "Controlling ownership of objects and disabling ACLs for your bucket".
"""

from __future__ import annotations

from moto.s3.models import OWNER, FakeAcl, FakeBucket

from localaws.engines.s3.public_access import grants_public, refuse_public, settings_of
from localaws.gateway.errors import AwsError

#: The ownership of objects under which a bucket has no access control lists.
ENFORCED = "BucketOwnerEnforced"
#: The one canned ACL that says nothing else than such a bucket does.
HARMLESS = "bucket-owner-full-control"
_NOT_WITH_ENFORCED = "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting"


def has_none(bucket: FakeBucket) -> bool:
    """Whether *bucket* has its access control lists switched off."""
    rule: object = bucket.ownership_rule  # the word, whatever moto's hint says
    return rule == ENFORCED


def check_acl(bucket: FakeBucket, acl: FakeAcl | None, canned: str | None, arn: str) -> None:
    """Raises AccessControlListNotSupported or AccessDenied for what *bucket* does not take.

    *acl* is what a request, to the bucket or an object, the resource *arn*, asks for; None if for nothing. *canned*
    is its name, for one that may come with any upload.
    """
    if acl is None:
        return
    if has_none(bucket) and canned != HARMLESS:
        raise AwsError("AccessControlListNotSupported", "The bucket does not allow ACLs", 400)
    if grants_public(acl) and "block_public_acls" in settings_of(bucket):
        raise refuse_public("ACLs", "BlockPublicAcls", arn)


def check_acl_of_new(acl: FakeAcl, canned: str | None, ownership: str | None) -> None:
    """Raises InvalidBucketAclWithObjectOwnership, or …WithBlockPublicAccessError, for the *acl* of a new bucket."""
    if canned in ("private", HARMLESS):
        return
    if (ownership or ENFORCED) == ENFORCED:
        raise AwsError("InvalidBucketAclWithObjectOwnership", _NOT_WITH_ENFORCED, 400)
    if grants_public(acl):
        message = "Bucket cannot have public ACLs set with BlockPublicAccess enabled"
        raise AwsError("InvalidBucketAclWithBlockPublicAccessError", message, 400)


def check_ownership(bucket: FakeBucket, ownership: str) -> None:
    """Raises InvalidBucketAclWithObjectOwnership if lists are to be off and that of *bucket* gives others something."""
    grantees = [grantee for grant in bucket.acl.grants for grantee in grant.grantees] if bucket.acl else []
    if ownership == ENFORCED and any(grantee.uri or grantee.id != OWNER for grantee in grantees):
        raise AwsError("InvalidBucketAclWithObjectOwnership", _NOT_WITH_ENFORCED, 400)
