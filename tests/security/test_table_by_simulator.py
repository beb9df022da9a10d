"""The policy simulator decides the table as real calls do (test_table_by_calls), from the policies alone.

Source: IAM user guide, "IAM policy testing with the IAM policy simulator".
"""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.conftest import RunningLab
from tests.security import asking
from tests.security.asking import Call
from tests.security.people import ACCOUNT, document
from tests.security.table import ALLOWED, Situation, filled, situations

OTHER = "444455556666"
DECISIONS = {"deny": "explicitDeny", "no": "implicitDeny", ALLOWED: "allowed"}


def parameters(situation: Situation, call: Call) -> dict[str, Any]:
    """What the simulator is given: everything that a real call would have."""
    account = OTHER if situation.caller in ("guest", "member") else ACCOUNT
    user = {"ana": "user/ana", "role": "role/worker"}.get(situation.caller, "user/guest")
    keys: dict[str, str | list[str]] = {
        "aws:SourceIp": "127.0.0.1",
        "aws:SecureTransport": "false",
        "aws:ViaAWSService": "false",
        "aws:RequestedRegion": call.region,
        "aws:CurrentTime": "2026-11-01T00:00:00Z",
        "aws:EpochTime": "1793491200",
        **{f"aws:PrincipalTag/{name}": value for name, value in situation.tags.items()},
        **call.keys,
    }
    entries = [
        {"ContextKeyName": name, "ContextKeyType": "stringList", "ContextKeyValues": [value]}
        if isinstance(value, str)
        else {"ContextKeyName": name, "ContextKeyType": "stringList", "ContextKeyValues": value}
        for name, value in keys.items()
    ]
    policies = [document(*filled(each, OTHER)) for each in (situation.identity, situation.group) if each]
    given: dict[str, Any] = {
        "PolicyInputList": policies,
        "CallerArn": f"arn:aws:iam::{account}:{user}",
        "ContextEntries": entries,
        "ActionNames": [call.action],
        "ResourceArns": list(call.resources),
        "ResourceOwner": ACCOUNT if situation.caller == "guest" else account,
    }
    if situation.boundary:
        given["PermissionsBoundaryPolicyInputList"] = [document(*filled(situation.boundary, OTHER))]
    if situation.control:
        given["OrderedOrganizationPolicyInputList"] = [
            {"ServiceControlPolicyInputList": [document(*filled(level, OTHER))]} for level in situation.control
        ]
    kinds = _KINDS.get(call.service)
    if kinds in situation.resource:
        given["ResourcePolicy"] = document(*filled(situation.resource[kinds], OTHER))
    return given


#: Whose resources have which policies.
_KINDS = {"s3": "bucket", "sqs": "queue", "sns": "topic", "kms": "key", "secretsmanager": "secret", "sts": "role",
          "kinesis": "stream"}  # fmt: skip


@pytest.mark.parametrize("situation", situations(), ids=str)
def test_a_call_is_simulated(lab: RunningLab, situation: Situation) -> None:
    iam = lab.client("iam")
    for line, outcome in situation.decisions.items():
        call = asking.call(line)
        given = parameters(situation, call)
        if not situation.can_be_simulated:
            if "ResourcePolicy" in given:
                with pytest.raises(ClientError, match="isn't supported for IAM roles"):
                    iam.simulate_custom_policy(**given)
            continue
        [result] = iam.simulate_custom_policy(**given)["EvaluationResults"]
        assert result["EvalDecision"] == DECISIONS[outcome.partition(" ")[0]], line
        if outcome.startswith("deny"):  # of an organization's policies no statement is told
            assert len(result["MatchedStatements"]) == (0 if outcome.endswith("service control policy") else 1)


def test_most_of_the_table_can_be_simulated() -> None:
    simulated = [line for each in situations() if each.can_be_simulated for line in each.decisions]
    assert len(simulated) >= 250
