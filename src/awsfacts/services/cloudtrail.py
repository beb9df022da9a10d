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
            "Every call becomes an event in AWS's format, with names, identities and hidden secrets as in its logs.",
            "engines/test_cloudtrail_events.py::test_an_event_has_the_fields_of_version_1_11",
        ),
        Claim(
            "LookupEvents finds the management events of 90 days, after a crash too.",
            "engines/test_cloudtrail_lookup.py::test_events_stay_for_90_days_over_a_kill",
        ),
        Claim(
            "Trails deliver the events that their selectors choose, each once, to a bucket whose policy lets them.",
            "engines/test_cloudtrail_trails.py::test_data_events_are_delivered_to_who_asks_for_them",
        ),
        Claim(
            "Athena's documented tables read what is delivered.",
            "engines/test_cloudtrail_athena.py::test_the_table_with_partition_projection",
        ),
        Claim(
            "`aws cloudtrail validate-logs` proves the log files that a trail has delivered, and finds one that was "
            "changed or deleted.",
            "engines/test_cloudtrail_digests.py::test_what_was_delivered_is_valid_until_somebody_touches_it",
        ),
    ),
    differs=(
        Claim(
            "Log files come five seconds after a call, and LookupEvents shows it at once; on AWS both take minutes.",
            "engines/test_cloudtrail_trails.py::test_files_have_aws_names_and_come_within_seconds",
        ),
        Claim(
            "An hour in which nothing was delivered has no digest file of its own: the next one covers it.",
            "engines/test_cloudtrail_digests.py::test_hours_without_files_are_in_the_next_digest",
        ),
        Claim(
            "A call at the lab's first address, which speaks HTTP, has no `tlsDetails`; one over TLS has.",
            "gateway/test_tls.py::test_cloudtrail_tells_how_a_call_came",
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
