"""Resource Groups Tagging."""

from __future__ import annotations

from awsfacts.declaration import Claim, Service

SERVICE = Service(
    name="resourcegroupstaggingapi",
    title="AWS Resource Groups Tagging API",
    real=(
        Claim(
            "Buckets, topics and queues are found by the tags they bear.",
            "test_aws_target.py::test_without_the_ledger_tags_still_tell_what_is_ours",
        ),
    ),
)
