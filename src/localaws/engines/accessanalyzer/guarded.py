"""The resources of an account that have policies, in the region of an analyzer.

Source: IAM user guide, "IAM Access Analyzer resource types for external access". They are asked for in the name of the
service, as AWS does by its service-linked role.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from localaws.lab import Lab

_BY = "access-analyzer"


@dataclass(frozen=True)
class Guarded:
    """A resource and its policy; ``closed`` as in `external_access`."""

    arn: str
    type: str
    document: str
    closed: bool = False


def guarded(lab: Lab, region: str) -> Iterator[Guarded]:
    """All that have a policy."""
    for find in (_buckets, _roles, _keys, _queues, _topics, _secrets, _functions):
        yield from find(lambda service: lab.client(service, region=region, by=_BY))


_Clients = Callable[[str], Any]


def _buckets(client: _Clients) -> Iterator[Guarded]:
    s3 = client("s3")
    region = s3.meta.region_name
    for bucket in s3.list_buckets()["Buckets"]:
        name = bucket["Name"]
        if bucket.get("BucketRegion", region) == region and (
            text := _answer(s3.get_bucket_policy, "Policy", Bucket=name)
        ):
            block = _answer(s3.get_public_access_block, "PublicAccessBlockConfiguration", Bucket=name) or {}
            yield Guarded(f"arn:aws:s3:::{name}", "AWS::S3::Bucket", text, bool(block.get("RestrictPublicBuckets")))


def _roles(client: _Clients) -> Iterator[Guarded]:
    for page in client("iam").get_paginator("list_roles").paginate():
        for role in page["Roles"]:
            yield Guarded(role["Arn"], "AWS::IAM::Role", json.dumps(role["AssumeRolePolicyDocument"]))


def _keys(client: _Clients) -> Iterator[Guarded]:
    kms = client("kms")
    for page in kms.get_paginator("list_keys").paginate():
        for key in page["Keys"]:
            policy = _answer(kms.get_key_policy, "Policy", KeyId=key["KeyId"], PolicyName="default")
            if policy:
                yield Guarded(key["KeyArn"], "AWS::KMS::Key", policy)


def _queues(client: _Clients) -> Iterator[Guarded]:
    sqs = client("sqs")
    for url in sqs.list_queues().get("QueueUrls", []):
        names = ["Policy", "QueueArn"]
        attributes = _answer(sqs.get_queue_attributes, "Attributes", QueueUrl=url, AttributeNames=names) or {}
        if attributes.get("Policy"):
            yield Guarded(attributes["QueueArn"], "AWS::SQS::Queue", attributes["Policy"])


def _topics(client: _Clients) -> Iterator[Guarded]:
    sns = client("sns")
    for page in sns.get_paginator("list_topics").paginate():
        for topic in page["Topics"]:
            attributes = _answer(sns.get_topic_attributes, "Attributes", TopicArn=topic["TopicArn"]) or {}
            if attributes.get("Policy"):
                yield Guarded(topic["TopicArn"], "AWS::SNS::Topic", attributes["Policy"])


def _secrets(client: _Clients) -> Iterator[Guarded]:
    manager = client("secretsmanager")
    for page in manager.get_paginator("list_secrets").paginate():
        for secret in page["SecretList"]:
            if policy := _answer(manager.get_resource_policy, "ResourcePolicy", SecretId=secret["ARN"]):
                yield Guarded(secret["ARN"], "AWS::SecretsManager::Secret", policy)


def _functions(client: _Clients) -> Iterator[Guarded]:
    functions = client("lambda")
    for page in functions.get_paginator("list_functions").paginate():
        for each in page["Functions"]:
            if policy := _answer(functions.get_policy, "Policy", FunctionName=each["FunctionName"]):
                yield Guarded(each["FunctionArn"], "AWS::Lambda::Function", policy)


def _answer(ask: Callable[..., Any], member: str, **parameters: Any) -> Any:
    """What the answer has as *member*; None where there is nothing such, or not any more."""
    try:
        return ask(**parameters).get(member)
    except ClientError:
        return None
