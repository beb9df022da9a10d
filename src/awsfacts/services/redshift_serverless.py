"""Redshift Serverless."""

from __future__ import annotations

from functools import partial
from typing import Any

from awsfacts.declaration import Claim, Deletion, Listing, Meter, Resource, Service, Settle, is_refused

_TESTS = "engines/test_redshift_serverless.py::"


def _delete_workgroup(aws: Any, workgroup: str, settle: Settle) -> None:
    """Delete a workgroup, and wait: its namespace is in use until then."""
    aws.delete_workgroup(workgroupName=workgroup)
    get = partial(aws.get_workgroup, workgroupName=workgroup)
    settle(partial(is_refused, get, aws.exceptions.ResourceNotFoundException), workgroup)


SERVICE = Service(
    name="redshift-serverless",
    title="Amazon Redshift Serverless",
    real=(
        Claim(
            "A workgroup is a database that clients of Redshift and the Data API use, by the caller's identity too.",
            f"{_TESTS}test_a_workgroup_is_a_database",
        ),
        Claim(
            "Its capacity is billed by the second that statements run, a minute at least.",
            f"{_TESTS}test_capacity_is_billed_while_statements_run",
        ),
        Claim(
            "A snapshot has the data of its moment, and is restored into a namespace.",
            f"{_TESTS}test_a_snapshot_is_restored_into_a_namespace",
        ),
        Claim(
            "Data survives a crash of the lab.",
            f"{_TESTS}test_data_survives_a_kill_of_the_lab",
        ),
    ),
    differs=(
        Claim(
            "A workgroup is one process on this machine, whatever its capacity, and listens on 127.0.0.1.",
            f"{_TESTS}test_a_workgroup_is_a_database",
        ),
    ),
    resources=(
        Resource(
            type="namespace",
            title="Redshift Serverless namespace",
            create=("CreateNamespace",),
            name="namespaceName",
            list=Listing("ListNamespaces", "namespaces.namespaceName"),
            delete=Deletion("DeleteNamespace", "namespaceName"),
            uses=("iam:role", "kms:key"),
        ),
        Resource(
            type="workgroup",
            title="Redshift Serverless workgroup",
            create=("CreateWorkgroup",),
            name="workgroupName",
            list=Listing("ListWorkgroups", "workgroups.workgroupName"),
            delete=_delete_workgroup,
            uses=("redshift-serverless:namespace", "ec2:subnet", "ec2:security-group"),
        ),
        Resource(
            type="snapshot",
            title="Redshift Serverless snapshot",
            create=("CreateSnapshot",),
            name="snapshotName",
            list=Listing("ListSnapshots", "snapshots.snapshotName"),
            delete=Deletion("DeleteSnapshot", "snapshotName"),
        ),
    ),
    leaves_nothing={"RestoreFromSnapshot": "the namespace and the workgroup exist already"},
    meters=(Meter("redshift:rpu_seconds", "redshift.rpu_hour", 3600),),
    unsupported=(
        (
            ".*(CustomDomain|EndpointAccess|Reservation|ResourcePolicy|ScheduledAction|SnapshotCopy|UsageLimit|"
            "RecoveryPoint|TableRestore|TableFrom|Track|IdentityCenter|Lakehouse|ManagedWorkgroup).*",
            "The lab has namespaces, workgroups and their snapshots; it does not do this with them.",
        ),
    ),
)
