"""Right answers to the exercises of 06_security on incidents."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any


def history(cloudtrail: Any, since: datetime, key: str, value: str) -> Iterator[dict[str, Any]]:
    """Events by one attribute, page by page."""
    asked = {"LookupAttributes": [{"AttributeKey": key, "AttributeValue": value}], "StartTime": since}
    while True:
        page = cloudtrail.lookup_events(**asked)
        yield from (json.loads(event["CloudTrailEvent"]) for event in page["Events"])
        if "NextToken" not in page:
            return
        asked["NextToken"] = page["NextToken"]


def from_all_that_were_made(cloudtrail: Any, leaked: str, since: datetime) -> list[str]:
    """Looks for CreateAccessKey once, and follows the keys in what it found, oldest first."""
    made = list(history(cloudtrail, since, "EventName", "CreateAccessKey"))
    bad = [leaked]
    for event in reversed(made):
        if event["userIdentity"].get("accessKeyId") in bad and event["responseElements"]:
            bad.append(event["responseElements"]["accessKey"]["accessKeyId"])
    return bad


def by_recursion(cloudtrail: Any, leaked: str, since: datetime) -> tuple[str, ...]:
    found = [leaked]
    for event in history(cloudtrail, since, "AccessKeyId", leaked):
        if event["eventName"] == "CreateAccessKey" and not event.get("errorCode"):
            found += by_recursion(cloudtrail, event["responseElements"]["accessKey"]["accessKeyId"], since)
    return tuple(found)


def putter(cloudtrail: Any, bucket: str, account: str, since: datetime) -> dict[str, Any]:
    """Who put the policy that names another account."""
    for event in history(cloudtrail, since, "EventName", "PutBucketPolicy"):
        asked = event["requestParameters"]
        principals = [each["Principal"]["AWS"] for each in asked["bucketPolicy"]["Statement"]]
        if asked["bucketName"] == bucket and any(f"::{account}:" not in each for each in principals):
            identity: dict[str, Any] = event["userIdentity"]
            return identity
    raise LookupError(bucket)


def as_an_arn(cloudtrail: Any, bucket: str, account: str, since: datetime) -> str:
    key = putter(cloudtrail, bucket, account, since)["accessKeyId"]
    found = list(history(cloudtrail, since, "EventName", "AssumeRole"))
    given = {each["responseElements"]["credentials"]["accessKeyId"]: each for each in found if each["responseElements"]}
    return str(given[key]["userIdentity"]["arn"])


def by_the_role(cloudtrail: Any, bucket: str, account: str, since: datetime) -> str:
    """What happened to the role, and which of it gave that key."""
    identity = putter(cloudtrail, bucket, account, since)
    role = identity["sessionContext"]["sessionIssuer"]["arn"]
    for event in history(cloudtrail, since, "EventSource", "sts.amazonaws.com"):
        if event["requestParameters"].get("roleArn") == role and identity["accessKeyId"] in json.dumps(event):
            return str(event["userIdentity"]["userName"])
    raise LookupError(role)


def by_the_resources(bucket: str, key: str) -> str:
    """The event names the object by its ARN, too."""
    return f"""
        SELECT DISTINCT t.useridentity.arn AS who
        FROM trail t CROSS JOIN UNNEST(t.resources) AS r (resource)
        WHERE t.eventname LIKE 'Delete%' AND t.errorcode IS NULL
          AND r.resource.arn = 'arn:aws:s3:::{bucket}/{key}'"""


def by_the_text(bucket: str, key: str) -> str:
    wanted = f"requestparameters LIKE '%\"{bucket}\"%' AND requestparameters LIKE '%\"{key}\"%'"
    done = f"SELECT * FROM trail WHERE {wanted} AND eventname <> 'PutObject' AND coalesce(errorcode, '') = ''"
    return f"WITH done AS ({done}) SELECT useridentity.arn who, eventtime FROM done ORDER BY 2 DESC LIMIT 1"


RIGHT: dict[str, list[Any]] = {
    "leaked_key": [(from_all_that_were_made,), (by_recursion,)],
    "who_deleted": [(by_the_resources,), (by_the_text,)],
    "behind_the_role": [(as_an_arn,), (by_the_role,)],
}
