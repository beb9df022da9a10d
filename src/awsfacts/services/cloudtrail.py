"""CloudTrail."""

from __future__ import annotations

from awsfacts.declaration import Claim, Deletion, Listing, Resource, Service

_LAKE = (
    "CloudTrail Lake (event data stores, queries, channels, imports and dashboards) is closed to new customers. "
    "Query a trail's files with Athena."
)

SERVICE = Service(
    name="cloudtrail",
    title="AWS CloudTrail",
    real=(
        Claim(
            "`aws cloudtrail validate-logs` proves the log files that a trail has delivered, and finds one that was "
            "changed or deleted.",
            "engines/test_cloudtrail_digests.py::test_what_was_delivered_is_valid_until_somebody_touches_it",
        ),
    ),
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
        (".*Insight.*|LookupEvents", "The lab has no Insights events."),
        ("(Create|Update)Trail", "The lab has no trails of an organization."),
        (".*", _LAKE),
    ),
    pretended=frozenset({"PutInsightSelectors"}),
)
