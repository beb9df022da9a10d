"""Security Token Service."""

from __future__ import annotations

from awsfacts.declaration import Claim, Service

SERVICE = Service(
    name="sts",
    title="AWS Security Token Service",
    real=(
        Claim(
            "Temporary keys really sign, know their role, and end.",
            "gateway/test_credentials.py::test_temporary_credentials_end",
        ),
        Claim(
            "A role that does not exist cannot be assumed.",
            "gateway/test_credentials.py::test_a_role_that_does_not_exist_cannot_be_assumed",
        ),
        Claim(
            "Refusals of what changes something in EC2 carry an encoded message, which is decoded for who may.",
            "security/test_encoded.py::test_a_refusal_of_ec2_is_decoded_for_who_may",
        ),
    ),
    # CloudTrail's examples of them have ``"readOnly": true`` ("Logging IAM and AWS STS API calls")
    reads=frozenset({"AssumeRole", "AssumeRoleWithSAML", "AssumeRoleWithWebIdentity"}),
)
