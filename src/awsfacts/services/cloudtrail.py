"""CloudTrail."""

from __future__ import annotations

from awsfacts.declaration import Deletion, Listing, Resource, Service

SERVICE = Service(
    name="cloudtrail",
    title="AWS CloudTrail",
    resources=(
        Resource(
            type="trail",
            title="trail",
            create=("CreateTrail",),
            name="Name",
            list=Listing("ListTrails", "Trails.Name"),
            delete=Deletion("DeleteTrail", "Name"),
            uses=("s3:bucket", "logs:log-group", "sns:topic", "kms:key", "iam:role"),
        ),
    ),
    unsupported=(
        (
            ".*",
            "The lab describes trails. It has no CloudTrail Lake (event data stores, channels, dashboards).",
        ),
    ),
)
