"""A policy generated from a trail allows what somebody did.

Source: IAM user guide, "IAM Access Analyzer policy generation", and its role that reads the trail.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.conftest import RunningLab, eventually
from tests.engines.trail_tools import TrailOfTest
from tests.security.people import allow, refusal, role, trust, user


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningLab]:
    """One whose clock is advanced."""
    yield from RunningLab.in_turn(tmp_path_factory.mktemp("generated"))


def generated(lab: RunningLab, principal: str, trail: str, access_role: str, **options: Any) -> dict[str, Any]:
    """The job that generates a policy of *principal*, when it has ended."""
    analyzer = lab.client("accessanalyzer")
    job = analyzer.start_policy_generation(
        policyGenerationDetails={"principalArn": principal},
        cloudTrailDetails={
            "trails": [{"cloudTrailArn": trail, "allRegions": True}],
            "accessRole": access_role,
            "startTime": datetime.now(UTC) - timedelta(days=1),
        },
    )["jobId"]

    def ended() -> dict[str, Any] | None:
        answer: dict[str, Any] = analyzer.get_generated_policy(jobId=job, **options)
        return answer if answer["jobDetails"]["status"] != "IN_PROGRESS" else None

    found: dict[str, Any] = eventually(ended, 30)
    return found


def test_a_policy_of_what_was_done(lab: RunningLab) -> None:
    """Actions of management events, refused ones too; with placeholders for the resources that are to be named."""
    trail = TrailOfTest(lab, "trail-generated")
    ana = user(lab, allow("*"))
    ana.client("sqs").create_queue(QueueName="jobs")
    ana.client("sqs").list_queues()
    ana.client("lambda").list_functions()
    bo = user(lab)
    assert refusal(bo.client("sns").list_topics)
    trail.deliver()
    reads = allow(["cloudtrail:GetTrail", "s3:ListBucket", "s3:GetObject"])
    reader = role(lab, trust(Service="access-analyzer.amazonaws.com"), reads)
    answer = generated(lab, ana.arn, trail.arn, reader, includeResourcePlaceholders=True)
    assert answer["jobDetails"]["status"] == "SUCCEEDED"
    [written] = answer["generatedPolicyResult"]["generatedPolicies"]
    policy = json.loads(written["policy"])
    assert policy == {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": ["lambda:ListFunctions", "sqs:ListQueues"], "Resource": "*"},
            {
                "Effect": "Allow",
                "Action": ["sqs:CreateQueue"],
                "Resource": "arn:${Partition}:sqs:${Region}:${Account}:${QueueName}",
            },
        ],
    }
    analyzer = lab.client("accessanalyzer")
    plain = analyzer.get_generated_policy(jobId=answer["jobDetails"]["jobId"])["generatedPolicyResult"]
    [statement] = json.loads(plain["generatedPolicies"][0]["policy"])["Statement"]
    assert (statement["Resource"], "sqs:CreateQueue" in statement["Action"]) == ("*", True)
    [job] = analyzer.list_policy_generations(principalArn=ana.arn)["policyGenerations"]
    assert (job["jobId"], job["status"]) == (answer["jobDetails"]["jobId"], "SUCCEEDED")
    of_bo = generated(lab, bo.arn, trail.arn, reader)["generatedPolicyResult"]["generatedPolicies"]
    assert json.loads(of_bo[0]["policy"])["Statement"][0]["Action"] == ["sns:ListTopics"]

    powerless = role(lab, trust(Service="access-analyzer.amazonaws.com"))
    failed = generated(lab, ana.arn, trail.arn, powerless)["jobDetails"]
    assert (failed["status"], failed["jobError"]["code"]) == ("FAILED", "AUTHORIZATION_ERROR")
    missing = generated(lab, ana.arn, trail.arn.replace("trail-", "none-"), reader)["jobDetails"]
    assert (missing["status"], missing["jobError"]["code"]) == ("FAILED", "RESOURCE_NOT_FOUND_ERROR")
    distrusting = role(lab, trust(Service="lambda.amazonaws.com"), reads)
    assert generated(lab, ana.arn, trail.arn, distrusting)["jobDetails"]["jobError"]["code"] == "AUTHORIZATION_ERROR"


def test_what_is_not_there_is_told(lab: RunningLab) -> None:
    with pytest.raises(ClientError, match="ValidationException"):
        lab.client("accessanalyzer").get_generated_policy(jobId="none")
