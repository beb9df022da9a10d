"""What is no policy, or none of this resource, is refused when it is put, in the words of each service.

Sources: S3 user guide, "Troubleshooting bucket policies" (MalformedPolicy); API references of PutKeyPolicy,
PutResourcePolicy (MalformedPolicyDocumentException) and CreateRole (MalformedPolicyDocument); SNS: LocalStack's
recordings of AWS (test_add_permission_errors).
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.conftest import RunningLab

NAME = f"policies-{uuid.uuid4().hex[:10]}"
BUCKET = f"arn:aws:s3:::{NAME}"
USER = f"arn:aws:iam::123456789012:user/{NAME}"
Put = Callable[[str], Any]


def policy(**changes: Any) -> str:
    statement = {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"} | changes
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def refused(put: Put, text: str) -> str:
    with pytest.raises(ClientError) as caught:
        put(text)
    error = caught.value.response["Error"]
    return f"{error['Code']}: {error['Message']}"


@pytest.fixture(scope="module")
def puts(lab: RunningLab) -> dict[str, Put]:
    """Puts a policy on a resource of each service."""
    s3, sqs, sns, kms = (lab.client(service) for service in ("s3", "sqs", "sns", "kms"))
    secrets = lab.client("secretsmanager")
    s3.create_bucket(Bucket=NAME)
    queue = sqs.create_queue(QueueName=NAME)["QueueUrl"]
    topic = sns.create_topic(Name=NAME)["TopicArn"]
    secret = secrets.create_secret(Name=NAME, SecretString="x")["ARN"]
    return {
        "s3": lambda text: s3.put_bucket_policy(Bucket=NAME, Policy=text),
        "sqs": lambda text: sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": text}),
        "sns": lambda text: sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=text),
        "kms": lambda text: kms.put_key_policy(
            KeyId=kms.create_key()["KeyMetadata"]["KeyId"], Policy=text, BypassPolicyLockoutSafetyCheck=True
        ),
        "kms, new": lambda text: kms.create_key(Policy=text, BypassPolicyLockoutSafetyCheck=True),
        "secretsmanager": lambda text: secrets.put_resource_policy(SecretId=secret, ResourcePolicy=text),
    }


CODES = {
    "s3": "MalformedPolicy",
    "sqs": "InvalidAttributeValue",
    "sns": "InvalidParameter",
    "kms": "MalformedPolicyDocumentException",
    "kms, new": "MalformedPolicyDocumentException",
    "secretsmanager": "MalformedPolicyDocumentException",
}


@pytest.mark.parametrize("service", CODES)
def test_a_policy_that_is_none_is_refused(puts: dict[str, Put], service: str) -> None:
    resource = BUCKET if service == "s3" else "*"
    wrong = ["not json", "[]", "{}", '{"Version": "2012-10-17"}', '{"Version": "1", "Statement": []}', "[" * 10_000]
    changes: list[dict[str, Any]] = [
        {"Effect": "Maybe"},
        {"Nonsense": "x"},
        {"Action": "ec2:RunInstances"},
        {"Action": []},
        {"Action": {"a": "b"}},
        {"Principal": "nonsense"},
        {"Principal": {"AWS": "nonsense"}},
        {"Principal": {"Service": "s3"}},
        {"Principal": {"AWS": USER}},
        {"Principal": {"Nobody": "*"}},
    ]
    wrong += [policy(**{"Resource": resource} | change) for change in changes]
    wrong.append('{"Version": "2012-10-17", "Statement": ["x"]}')
    for text in wrong:
        assert refused(puts[service], text).partition(":")[0] == CODES[service], text[:200]
    prefix = service.partition(",")[0]
    principals = {"AWS": ["arn:aws:iam::123456789012:root", "210987654321"], "Service": "events.amazonaws.com"}
    puts[service](policy(Action=f"{prefix}:Get*", Principal=principals, Resource=resource))


def test_what_is_wrong_is_said(puts: dict[str, Put]) -> None:
    in_bucket = {"Resource": f"{BUCKET}/*"}
    elsewhere = ["arn:aws:s3:::other/*", f"{BUCKET}x", [BUCKET, "arn:aws:s3:::other"], "arn:aws:sqs:::x", 1]
    for resource in elsewhere:
        said = refused(puts["s3"], policy(Action="s3:GetObject", Resource=resource))
        assert said == "MalformedPolicy: Policy has invalid resource"
    assert refused(puts["s3"], policy(Action="sqs:*", **in_bucket)) == "MalformedPolicy: Policy has invalid action"
    said = refused(puts["s3"], policy(Principal={"AWS": USER}, **in_bucket))
    assert said == "MalformedPolicy: Invalid principal in policy"
    assert refused(puts["sqs"], policy(Action="s3:*")) == (
        "InvalidAttributeValue: Invalid value for the parameter Policy."
    )
    assert refused(puts["sns"], policy(Action="s3:*")) == (
        "InvalidParameter: Invalid parameter: Policy statement action out of service scope!"
    )


def test_a_principal_is_known_once_it_is_made(lab: RunningLab, puts: dict[str, Put]) -> None:
    """IAM user guide, "AWS JSON policy elements: Principal": the identity must exist when the policy is put."""
    text = policy(Principal={"AWS": f"{USER}-made"}, Resource=f"{BUCKET}/*")
    assert refused(puts["s3"], text) == "MalformedPolicy: Invalid principal in policy"
    lab.client("iam").create_user(UserName=f"{NAME}-made")
    for service in ("s3", "sqs", "sns", "kms"):
        puts[service](text)


def test_a_trust_policy_is_one(lab: RunningLab) -> None:
    """API reference, CreateRole: MalformedPolicyDocument."""
    iam = lab.client("iam")
    for text in ("not json", "{}", '{"Version": "2012-10-17"}', policy()):
        with pytest.raises(ClientError) as caught:
            iam.create_role(RoleName=NAME, AssumeRolePolicyDocument=text)
        assert caught.value.response["Error"]["Code"] == "MalformedPolicyDocument", text


def test_a_trust_policy_may_be_of_the_old_version(lab: RunningLab) -> None:
    """ "IAM JSON policy elements: Version": 2008-10-17, which is meant where there is none."""
    iam = lab.client("iam")
    statement = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
    for number, version in enumerate(({}, {"Version": "2008-10-17"})):
        trust = json.dumps({**version, "Statement": [statement]})
        iam.create_role(RoleName=f"elder-{number}", AssumeRolePolicyDocument=trust)
        iam.update_assume_role_policy(RoleName=f"elder-{number}", PolicyDocument=trust)
        iam.delete_role(RoleName=f"elder-{number}")
