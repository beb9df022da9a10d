"""What becomes of a resource that its stack no longer has: DeletionPolicy and UpdateReplacePolicy.

Source: CloudFormation template reference, "DeletionPolicy attribute" and "UpdateReplacePolicy attribute".
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from typing import Any

from moto.cloudformation.exceptions import CloudFormationError

from localaws.engines.cloudformation.coercion import Api
from localaws.gateway.errors import AwsError
from localaws.lab import Lab

DELETION, REPLACEMENT = "DeletionPolicy", "UpdateReplacePolicy"
_VALUES = {
    DELETION: ("Delete", "Retain", "RetainExceptOnCreate", "Snapshot"),
    REPLACEMENT: ("Delete", "Retain", "Snapshot"),
}
#: "Resources that support snapshots include".
_OF_SNAPSHOTS = (
    "AWS::DocDB::DBCluster AWS::EC2::Volume AWS::ElastiCache::CacheCluster AWS::ElastiCache::ReplicationGroup "
    "AWS::Neptune::DBCluster AWS::RDS::DBCluster AWS::RDS::DBInstance AWS::Redshift::Cluster"
).split()


def check_policies(resources: Mapping[str, Any]) -> None:
    """Raises ValidationError for a policy that is none, or none of the resource's type."""
    for name, resource in resources.items():
        for attribute, values in _VALUES.items():
            value = resource.get(attribute, "Delete")
            if value not in values:
                raise AwsError(
                    "ValidationError", f"Template error: Unrecognized {attribute} {value} for resource {name}"
                )
            if value == "Snapshot" and resource["Type"] not in _OF_SNAPSHOTS:
                said = f"Template error: resource type {resource['Type']} does not support deletion policy Snapshot"
                raise AwsError("ValidationError", said)


def is_retained(template: Mapping[str, Any], attribute: str, undoing: bool) -> bool:
    """*undoing*: the operation that made the resource is rolled back."""
    value = policy(template, attribute)
    return value == "Retain" or (value == "RetainExceptOnCreate" and not undoing)


def policy(template: Mapping[str, Any], attribute: str) -> str:
    """A database that is part of no cluster is kept as a snapshot by default."""
    is_alone = "DBClusterIdentifier" not in template.get("Properties", {})
    default = "Snapshot" if template["Type"] == "AWS::RDS::DBInstance" and is_alone else "Delete"
    return str(template.get(attribute, default))


def take_snapshot(lab: Lab, region: str, template: Mapping[str, Any], logical_id: str, physical_id: str) -> None:
    """Raises CloudFormationError for a type of which this lab has no snapshots: the resource stays."""
    kind = template["Type"]
    if kind not in _SNAPSHOTS:
        said = f"This lab takes no snapshots of the type {kind}: {physical_id} is still there."
        raise CloudFormationError(f"{said} Give it another {DELETION}.")
    service, take = _SNAPSHOTS[kind]
    take(Api(lab, service, region), physical_id, f"{logical_id}-{uuid.uuid4().hex[:12]}".lower())


def _of_database(api: Api, name: str, snapshot: str) -> None:
    api("CreateDBSnapshot", DBInstanceIdentifier=name, DBSnapshotIdentifier=snapshot)
    api.wait("db_snapshot_available", DBSnapshotIdentifier=snapshot)


def _of_cluster(api: Api, name: str, snapshot: str) -> None:
    api("CreateClusterSnapshot", ClusterIdentifier=name, SnapshotIdentifier=snapshot)


def _of_volume(api: Api, volume: str, snapshot: str) -> None:
    api("CreateSnapshot", VolumeId=volume, Description=snapshot)


_SNAPSHOTS: dict[str, tuple[str, Callable[[Api, str, str], None]]] = {
    "AWS::EC2::Volume": ("ec2", _of_volume),
    "AWS::RDS::DBInstance": ("rds", _of_database),
    "AWS::Redshift::Cluster": ("redshift", _of_cluster),
}
