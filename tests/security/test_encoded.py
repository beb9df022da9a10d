"""EC2's refusals carry what decided them, encoded: who may decode it sees it.

Source: STS API reference, DecodeAuthorizationMessage.
"""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError

from tests.conftest import RunningLab
from tests.security.people import allow, deny, refusal, user

_MARK = "Encoded authorization failure message: "


def test_a_refusal_of_ec2_is_decoded_for_who_may(lab: RunningLab) -> None:
    ana = user(lab, allow("sts:DecodeAuthorizationMessage"))
    said = refusal(ana.client("ec2").create_vpc, CidrBlock="10.0.0.0/16")
    assert said.startswith(f"You are not authorized to perform this operation. User: {ana.arn} is not authorized to ")
    told = json.loads(
        ana.client("sts").decode_authorization_message(EncodedMessage=said.partition(_MARK)[2])["DecodedMessage"]
    )
    assert (told["allowed"], told["explicitDeny"]) == (False, False)
    context = told["context"]
    assert (context["action"], context["principal"]["arn"]) == ("ec2:CreateVpc", ana.arn)
    keys = {each["key"].lower(): each["values"]["items"][0]["value"] for each in context["conditions"]["items"]}
    assert keys["aws:requestedregion"] == "us-east-1"
    bo = user(lab, allow("*"), deny("ec2:CreateVpc"))
    said = refusal(bo.client("ec2").create_vpc, CidrBlock="10.0.0.0/16")
    encoded = said.partition(_MARK)[2]
    decoded = ana.client("sts").decode_authorization_message(EncodedMessage=encoded)["DecodedMessage"]
    assert json.loads(decoded)["explicitDeny"] is True
    assert refusal(user(lab).client("sts").decode_authorization_message, EncodedMessage=encoded)
    assert _MARK not in refusal(ana.client("ec2").describe_vpcs)
    assert _MARK not in refusal(ana.client("sqs").create_queue, QueueName="none")


@pytest.mark.parametrize("message", ["x", "oGsbAaIV7wlfj8zUqebHUANHzFbmkzILlxyj", "ä", "A" * 2000])
def test_what_was_never_encoded_is_refused(lab: RunningLab, message: str) -> None:
    with pytest.raises(ClientError) as error:
        lab.client("sts").decode_authorization_message(EncodedMessage=message)
    assert error.value.response["Error"]["Code"] == "InvalidAuthorizationMessageException"
