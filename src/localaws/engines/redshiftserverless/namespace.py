"""A namespace and its workgroup: the data, and what computes on them.

Source: management guide, "Workgroups and namespaces"; Redshift Serverless API reference, "Namespace", "Workgroup".
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar

from localaws.engines.redshift.secret import ManagedSecret
from localaws.engines.redshift.warehouse import Warehouse
from localaws.gateway.records import Call, new_id
from localaws.warehouse.talking import Answers

DEFAULT_RPUS, DEFAULT_PORT = 128, 5439
_PRINCIPAL = "redshift-serverless.amazonaws.com"


@dataclass
class Workgroup:
    """*settings* are the members of CreateWorkgroup that it was given, and defaults."""

    name: str
    arn: str
    id: str
    created: datetime
    namespace: Namespace
    settings: dict[str, Any]
    tags: dict[str, str] = field(default_factory=dict)

    def described(self) -> dict[str, Any]:
        namespace = self.namespace
        endpoint = {"address": "127.0.0.1", "port": namespace.port, "vpcEndpoints": []}
        return {
            **self.settings,
            "workgroupName": self.name,
            "workgroupArn": self.arn,
            "workgroupId": self.id,
            "namespaceName": namespace.name,
            "creationDate": self.created,
            "status": namespace.status,
            **({} if namespace.status == "CREATING" else {"endpoint": endpoint, "port": namespace.port}),
        }


class Namespace(Warehouse):
    """``status`` is that of what computes: its workgroup's. Without one there is no process."""

    keeper: ClassVar[str] = "redshiftserverless"
    available: ClassVar[str] = "AVAILABLE"
    failed: ClassVar[str] = "MODIFYING"
    mended: ClassVar[str] = "MODIFYING"
    metered: ClassVar[bool] = True

    def __init__(self, name: str, region: str, account_id: str, settings: dict[str, Any], created: datetime) -> None:
        self.cluster_identifier = name
        self.unique_cluster_id = self.id = new_id()
        self.region, self.account_id, self.created = region, account_id, created
        self.master_username = settings.get("adminUsername") or "admin"
        self.master_user_password = settings.get("adminUserPassword") or ""
        self.db_name = settings.get("dbName") or "dev"
        self.port = DEFAULT_PORT
        self.deaths = 0
        self.status = "AVAILABLE"
        self.is_deleting = False
        self.kms_key_id = settings.get("kmsKeyId") or "AWS_OWNED_KMS_KEY"
        self.iam_roles_arn: list[str] = list(settings.get("iamRoles") or [])
        self.default_iam_role_arn = settings.get("defaultIamRoleArn") or ""
        self.log_exports: list[str] = list(settings.get("logExports") or [])
        self.secret: ManagedSecret | None = None
        self.workgroup: Workgroup | None = None
        self.tags: dict[str, str] = {}

    @property
    def name(self) -> str:
        return self.cluster_identifier

    @property
    def arn(self) -> str:
        return f"arn:aws:redshift-serverless:{self.region}:{self.account_id}:namespace/{self.id}"

    @property
    def directory(self) -> Path:
        return self.lab.directory / "redshift-serverless" / self.unique_cluster_id

    @property
    def answers(self) -> Answers:
        return {**super().answers, "used": self._used}

    def _used(self, seconds: float) -> None:
        """Note that statements have had the workgroup's capacity for so many more *seconds*."""
        if self.workgroup is None:
            return
        call = Call.done_by(_PRINCIPAL, self.lab.clock, "redshift-serverless", "ComputeUsage", self.region)
        call.resources = [self.workgroup.arn]
        call.units["redshift:rpu_seconds"] = seconds * self.workgroup.settings["baseCapacity"]
        self.lab.record(call)

    def described(self) -> dict[str, Any]:
        return {
            "namespaceName": self.name,
            "namespaceArn": self.arn,
            "namespaceId": self.id,
            "adminUsername": self.master_username,
            "dbName": self.db_name,
            "iamRoles": [f"IamRole(applyStatus=in-sync, iamRoleArn={arn})" for arn in self.iam_roles_arn],
            "kmsKeyId": self.kms_key_id,
            "logExports": self.log_exports,
            "creationDate": self.created,
            "status": "DELETING" if self.is_deleting else "AVAILABLE",
            **({"defaultIamRoleArn": self.default_iam_role_arn} if self.default_iam_role_arn else {}),
            **({"adminPasswordSecretArn": self.secret.arn} if self.secret else {}),
        }


@dataclass
class ServerlessSnapshot:
    """The files of a namespace as they were; kept for *days*, or for ever where that is -1."""

    name: str
    arn: str
    folder: Path
    namespace_name: str
    namespace_arn: str
    admin: str
    database: str
    owner: str
    created: datetime
    days: int = -1
    bytes: int = 0
    status: str = "CREATING"
    tags: dict[str, str] = field(default_factory=dict)

    def ready(self) -> None:
        self.bytes = sum(path.stat().st_size for path in self.folder.rglob("*") if path.is_file())
        self.status = "AVAILABLE"

    def described(self) -> dict[str, Any]:
        return {
            "snapshotName": self.name,
            "snapshotArn": self.arn,
            "namespaceName": self.namespace_name,
            "namespaceArn": self.namespace_arn,
            "adminUsername": self.admin,
            "ownerAccount": self.owner,
            "snapshotCreateTime": self.created,
            "snapshotRetentionPeriod": self.days,
            "status": self.status,
            "totalBackupSizeInMegaBytes": self.bytes / (1 << 20),
        }
