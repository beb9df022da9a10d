"""RDS's instances: CloudFormation waits until they take connections, and until they are gone.

Source: CloudFormation template reference, AWS::RDS::DBInstance.
"""

from __future__ import annotations

from localaws.engines.cloudformation.coercion import Api
from localaws.engines.cloudformation.made import Maker
from localaws.engines.cloudformation.updates import Changes, Properties, Target, changed, tagging

#: What of an instance can be changed in place, and is by ModifyDBInstance.
_MODIFIED = (
    "AllocatedStorage BackupRetentionPeriod CopyTagsToSnapshot DBInstanceClass DBParameterGroupName DeletionProtection "
    "EngineVersion MasterUserPassword MaxAllocatedStorage MultiAZ PreferredBackupWindow PreferredMaintenanceWindow "
    "PubliclyAccessible StorageType VPCSecurityGroups"
).split()


def _instance(api: Api, generated: str, properties: Properties) -> tuple[str, dict[str, str]]:
    """RDS keeps an identifier in small letters (CreateDBInstance, API reference)."""
    name = generated.lower()[:63]
    operation = "CreateDBInstance"
    if "SourceDBInstanceIdentifier" in properties:
        operation = "CreateDBInstanceReadReplica"
    elif "DBSnapshotIdentifier" in properties:
        operation = "RestoreDBInstanceFromDBSnapshot"
    wanted = {**api.taken(operation, properties), "DBInstanceIdentifier": name}
    api(operation, **wanted, VpcSecurityGroupIds=properties.get("VPCSecurityGroups"))
    api.wait("db_instance_available", DBInstanceIdentifier=name)
    return name, _told(api, name)


def _told(api: Api, name: str) -> dict[str, str]:
    [found] = api("DescribeDBInstances", DBInstanceIdentifier=name)["DBInstances"]
    told = {f"Endpoint.{part}": str(found["Endpoint"][part]) for part in ("Address", "Port")}
    secret = found.get("MasterUserSecret")
    told |= {"MasterUserSecret.SecretArn": secret["SecretArn"]} if secret else {}
    return {**told, "DBInstanceArn": found["DBInstanceArn"], "DbiResourceId": found["DbiResourceId"]}


def _modify(instance: Target) -> None:
    names = changed(instance.former, instance.new) & set(_MODIFIED)
    wanted = {name: instance.new.get(name) for name in names - {"VPCSecurityGroups"}}
    groups = instance.new.get("VPCSecurityGroups") if "VPCSecurityGroups" in names else None
    instance.api(
        "ModifyDBInstance",
        **wanted,
        DBInstanceIdentifier=instance.id,
        VpcSecurityGroupIds=groups,
        ApplyImmediately=True,
    )
    instance.api.wait("db_instance_available", DBInstanceIdentifier=instance.id)


def _arn(instance: Target) -> str:
    return _told(instance.api, instance.id)["DBInstanceArn"]


def _delete(api: Api, name: str, properties: Properties) -> None:
    api("DeleteDBInstance", DBInstanceIdentifier=name, SkipFinalSnapshot=True)
    api.wait("db_instance_deleted", DBInstanceIdentifier=name)


DATABASES = {
    "AWS::RDS::DBInstance": Maker(
        _instance,
        _delete,
        Changes(
            "rds",
            [
                (_MODIFIED, _modify),
                (["Tags"], tagging("AddTagsToResource", "RemoveTagsFromResource", "ResourceName", of=_arn)),
            ],
            frozenset(
                "DBInstanceIdentifier DBName Engine MasterUsername AvailabilityZone DBSubnetGroupName KmsKeyId Port "
                "StorageEncrypted SourceDBInstanceIdentifier DBSnapshotIdentifier".split()
            ),
        ),
        "DBInstanceIdentifier",
        frozenset("Endpoint.Address Endpoint.Port DBInstanceArn DbiResourceId MasterUserSecret.SecretArn".split()),
        _told,
    )
}
