"""What the tests of CloudTrail share: a trail with a bucket, and what it has delivered."""

from __future__ import annotations

import gzip
import json
from typing import Any

from tests.conftest import RunningLab
from tests.gateway.wire import advance

ACCOUNT = "123456789012"
SERVICE = {"Service": "cloudtrail.amazonaws.com"}


def bucket_policy(bucket: str, trail: str, prefix: str = "", region: str = "us-east-1") -> str:
    """As "Amazon S3 bucket policy for CloudTrail" (CloudTrail user guide) has it."""
    source = {"aws:SourceArn": f"arn:aws:cloudtrail:{region}:{ACCOUNT}:trail/{trail}"}
    return json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Sid": "AWSCloudTrailAclCheck20150319",
                    "Effect": "Allow",
                    "Principal": SERVICE,
                    "Action": "s3:GetBucketAcl",
                    "Resource": f"arn:aws:s3:::{bucket}",
                    "Condition": {"StringEquals": source},
                },
                {
                    "Sid": "AWSCloudTrailWrite20150319",
                    "Effect": "Allow",
                    "Principal": SERVICE,
                    "Action": "s3:PutObject",
                    "Resource": f"arn:aws:s3:::{bucket}/{prefix}AWSLogs/{ACCOUNT}/*",
                    "Condition": {"StringEquals": {"s3:x-amz-acl": "bucket-owner-full-control", **source}},
                },
            ],
        }
    )


class TrailOfTest:
    """A trail that logs to a bucket of its own name."""

    def __init__(self, lab: RunningLab, name: str, region: str = "us-east-1", **settings: Any) -> None:
        self.lab, self.name, self.region = lab, name, region
        self.s3, self.client = lab.client("s3"), lab.client("cloudtrail", region_name=region)
        self.s3.create_bucket(Bucket=name)
        prefix = f"{settings['S3KeyPrefix']}/" if "S3KeyPrefix" in settings else ""
        self.s3.put_bucket_policy(Bucket=name, Policy=bucket_policy(name, name, prefix, region))
        self.made = self.client.create_trail(Name=name, S3BucketName=name, **settings)
        self.arn = str(self.made["TrailARN"])
        self.client.start_logging(Name=name)
        self._seen: set[str] = set()

    def deliver(self) -> None:
        """Let the time pass after which what has happened is delivered."""
        advance(self.lab, 10)

    def keys(self, of: str = "/CloudTrail/") -> list[str]:
        """The keys of its log files, or of its digests ("/CloudTrail-Digest/")."""
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.name)
        return [each["Key"] for page in pages for each in page.get("Contents", []) if of in each["Key"]]

    def read(self, key: str) -> dict[str, Any]:
        body = self.s3.get_object(Bucket=self.name, Key=key)["Body"].read()
        return dict(json.loads(gzip.decompress(body)))

    def events(self, name: str = "", **parameters: Any) -> list[dict[str, Any]]:
        """Delivered events with that name and all these request parameters."""
        found = [event for key in self.keys() for event in self.read(key)["Records"]]
        return [
            event
            for event in found
            if name in ("", event["eventName"]) and parameters.items() <= (event["requestParameters"] or {}).items()
        ]

    def new_events(self) -> list[dict[str, Any]]:
        """Events of the files that have come since this was last asked, by their time."""
        new = [key for key in self.keys() if key not in self._seen]
        self._seen.update(new)
        found = [event for key in new for event in self.read(key)["Records"]]
        return sorted(found, key=lambda event: str(event["eventTime"]))

    def delete(self) -> None:
        self.client.delete_trail(Name=self.arn)


def event_of(lab: RunningLab, answer: dict[str, Any], region: str = "us-east-1") -> dict[str, Any]:
    """The event of the call that boto3 answered with *answer*, as LookupEvents finds it."""
    client = lab.client("cloudtrail", region_name=region)
    for page in client.get_paginator("lookup_events").paginate():
        for event in page["Events"]:
            content: dict[str, Any] = json.loads(event["CloudTrailEvent"])
            if content["requestID"] == answer["ResponseMetadata"]["RequestId"]:
                return content
    raise AssertionError("CloudTrail has no event of this call")
