"""What a bucket is given besides its rules for objects: CORS, website, logging, ownership, acceleration.

Source: CloudFormation template reference, AWS::S3::Bucket, whose names are others than those of S3's API.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from localaws.engines.cloudformation.updates import Change, Target, setting


def _renamed(value: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    return {names.get(name, name): each for name, each in value.items()}


def _cors(bucket: Target) -> None:
    wanted = bucket.new.get("CorsConfiguration")
    if not wanted:
        bucket.api("DeleteBucketCors", Bucket=bucket.id)
        return
    names = {"ExposedHeaders": "ExposeHeaders", "Id": "ID", "MaxAge": "MaxAgeSeconds"}
    rules = [_renamed(rule, names) for rule in wanted["CorsRules"]]
    bucket.api("PutBucketCors", Bucket=bucket.id, CORSConfiguration={"CORSRules": rules})


def _website(bucket: Target) -> None:
    if not bucket.new.get("WebsiteConfiguration"):
        bucket.api("DeleteBucketWebsite", Bucket=bucket.id)
        return
    wanted = dict(bucket.new["WebsiteConfiguration"])
    for document, member in (("IndexDocument", "Suffix"), ("ErrorDocument", "Key")):
        if document in wanted:
            wanted[document] = {member: wanted[document]}
    if "RoutingRules" in wanted:
        names = {"RedirectRule": "Redirect", "RoutingRuleCondition": "Condition"}
        wanted["RoutingRules"] = [_renamed(rule, names) for rule in wanted["RoutingRules"]]
    bucket.api("PutBucketWebsite", Bucket=bucket.id, WebsiteConfiguration=wanted)


def _logging(bucket: Target) -> None:
    """The logs go to the bucket itself where no other is named (DestinationBucketName)."""
    wanted = bucket.new.get("LoggingConfiguration")
    status: dict[str, Any] = {}
    if wanted is not None:
        names = {"DestinationBucketName": "TargetBucket", "LogFilePrefix": "TargetPrefix"}
        status = {"LoggingEnabled": {"TargetBucket": bucket.id, "TargetPrefix": "", **_renamed(wanted, names)}}
    bucket.api("PutBucketLogging", Bucket=bucket.id, BucketLoggingStatus=status)


def _acceleration(bucket: Target) -> None:
    wanted = bucket.new.get("AccelerateConfiguration", {})
    status = {"Status": wanted.get("AccelerationStatus", "Suspended")}
    bucket.api("PutBucketAccelerateConfiguration", Bucket=bucket.id, AccelerateConfiguration=status)


def _access(bucket: Target) -> None:
    """PublicRead is public-read in S3's API ("Canned ACL")."""
    words = re.findall("[A-Z][a-z]+", bucket.new.get("AccessControl", "Private"))
    bucket.api("PutBucketAcl", Bucket=bucket.id, ACL="-".join(words).lower())


#: moto leaves all of these out when it makes a bucket.
BUCKETS: list[tuple[Sequence[str], Change]] = [
    (
        ["OwnershipControls"],
        setting("OwnershipControls", "PutBucketOwnershipControls", "DeleteBucketOwnershipControls", "Bucket"),
    ),
    (["AccessControl"], _access),
    (["CorsConfiguration"], _cors),
    (["WebsiteConfiguration"], _website),
    (["LoggingConfiguration"], _logging),
    (["AccelerateConfiguration"], _acceleration),
]
