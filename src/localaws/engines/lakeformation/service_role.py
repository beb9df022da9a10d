"""The service-linked role by which Lake Formation reads and writes registered locations that have no role of their own.

Source: "Using service-linked roles for Lake Formation" (developer guide): AWSServiceRoleForLakeFormationDataAccess has
an inline policy that lists the locations.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from moto.iam.models import iam_backends

_NAME = "AWSServiceRoleForLakeFormationDataAccess"
_SERVICE = "lakeformation.amazonaws.com"
_POLICY = "LakeFormationDataAccessPolicyForS3"
_TRUST = {"Effect": "Allow", "Principal": {"Service": [_SERVICE]}, "Action": ["sts:AssumeRole"]}
_OBJECTS = ["s3:PutObject", "s3:GetObject", "s3:DeleteObject", "s3:PutObjectAcl"]
_BUCKETS = ["s3:ListBucket", "s3:ListBucketMultipartUploads"]


def arn_of(account: str) -> str:
    return f"arn:aws:iam::{account}:role/aws-service-role/{_SERVICE}/{_NAME}"


def let_it_reach(account: str, places: Sequence[str]) -> None:
    """Have the role, made if it is not there, read and write the locations *places* (S3 ARNs), and no others."""
    iam: Any = iam_backends[account]["aws"]
    role = next((role for role in iam.roles.values() if role.name == _NAME), None)
    if not places:
        if role is not None:
            role.policies.pop(_POLICY, None)
        return
    if role is None:
        _make(iam)
    statements = [
        {"Effect": "Allow", "Action": _OBJECTS, "Resource": [f"{place}/*" for place in places]},
        {"Effect": "Allow", "Action": _BUCKETS, "Resource": sorted({place.partition("/")[0] for place in places})},
    ]
    iam.put_role_policy(_NAME, _POLICY, json.dumps({"Version": "2012-10-17", "Statement": statements}))


def _make(iam: Any) -> None:
    trust = json.dumps({"Version": "2012-10-17", "Statement": [_TRUST]})
    iam.create_role(
        _NAME,
        trust,
        f"/aws-service-role/{_SERVICE}/",
        permissions_boundary=None,
        description="",
        tags=[],
        max_session_duration="3600",
        linked_service=_SERVICE,
    )
