"""Security Token Service."""

from __future__ import annotations

from awsfacts.declaration import Service

SERVICE = Service(
    name="sts",
    title="AWS Security Token Service",
    # CloudTrail's examples of them have ``"readOnly": true`` ("Logging IAM and AWS STS API calls")
    reads=frozenset({"AssumeRole", "AssumeRoleWithSAML", "AssumeRoleWithWebIdentity"}),
)
