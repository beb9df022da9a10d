"""S3 Control: access points. Its listings ask for the account, which the names have in front."""

from __future__ import annotations

import uuid
from typing import Any

from awsfacts.declaration import Deletion, Resource, Service, Settle


def _delete_multi_region(aws: Any, address: str, settle: Settle) -> None:
    account, name = address.split("/")
    aws.delete_multi_region_access_point(AccountId=account, ClientToken=str(uuid.uuid4()), Details={"Name": name})


SERVICE = Service(
    name="s3control",
    title="Amazon S3 Control",
    in_arns="s3",
    resources=(
        Resource(
            type="accesspoint",
            title="access point",
            create=("CreateAccessPoint",),
            name="AccountId/Name",
            delete=Deletion("DeleteAccessPoint", "AccountId/Name"),
            uses=("s3:bucket",),
        ),
        Resource(
            type="multiregionaccesspoint",
            title="multi-region access point",
            create=("CreateMultiRegionAccessPoint",),
            name="AccountId/Name",
            delete=_delete_multi_region,
            uses=("s3:bucket",),
        ),
    ),
    unsupported=(
        (".*", "The lab has access points, and neither S3 on Outposts nor access grants, batch jobs and Storage Lens."),
    ),
    actions={
        "DeletePublicAccessBlock": ("s3:PutAccountPublicAccessBlock",),
        "GetPublicAccessBlock": ("s3:GetAccountPublicAccessBlock",),
        "PutPublicAccessBlock": ("s3:PutAccountPublicAccessBlock",),
    },
)
