"""Namespaces, workgroups and snapshots of one account and region.

Sources: Redshift Serverless API reference; management guide, "Amazon Redshift Serverless".
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

from moto.core.base_backend import BackendDict, BaseBackend

from localaws.engines.redshift import rules
from localaws.engines.redshift.credentials import LONGEST, SHORTEST, Loan, lend
from localaws.engines.redshift.secret import ManagedSecret
from localaws.engines.redshiftserverless.namespace import (
    DEFAULT_PORT,
    DEFAULT_RPUS,
    Namespace,
    ServerlessSnapshot,
    Workgroup,
)
from localaws.gateway.errors import AwsError
from localaws.gateway.records import new_id
from localaws.lab import Lab

FOLDER = "redshift-serverless-snapshots"  # in the lab's directory
#: Members of CreateWorkgroup that are told as they were given.
_KEPT = (
    *("baseCapacity", "maxCapacity", "configParameters", "enhancedVpcRouting", "publiclyAccessible"),
    *("securityGroupIds", "subnetIds", "pricePerformanceTarget", "trackName", "ipAddressType"),
)


class ServerlessBackend(BaseBackend):
    """What the service holds in one region."""

    lab: ClassVar[Lab]

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.namespaces: dict[str, Namespace] = {}
        self.workgroups: dict[str, Workgroup] = {}
        self.snapshots: dict[str, ServerlessSnapshot] = {}

    @property
    def url_paths(self) -> dict[str, Callable[..., Any]]:
        from localaws.engines.redshiftserverless.responses import ServerlessResponse

        return {"/$": ServerlessResponse.dispatch}

    def _arn(self, kind: str, id: str) -> str:
        return f"arn:aws:redshift-serverless:{self.region_name}:{self.account_id}:{kind}/{id}"

    # Namespaces

    def namespace(self, name: str) -> Namespace:
        """Raises ResourceNotFoundException."""
        if name not in self.namespaces:
            raise _not_found("namespace", name)
        return self.namespaces[name]

    def create_namespace(self, settings: Mapping[str, Any]) -> Namespace:
        name = settings["namespaceName"]
        if name in self.namespaces:
            raise AwsError("ConflictException", f"The namespace {name} already exists.")
        self._check_admin(settings)
        made = Namespace(name, self.region_name, self.account_id, dict(settings), self.lab.clock.now())
        if settings.get("manageAdminPassword"):
            self._manage_password(made, settings.get("adminPasswordSecretKmsKeyId") or "")
        self.namespaces[name] = made
        return made

    def _check_admin(self, settings: Mapping[str, Any]) -> None:
        managed, password = settings.get("manageAdminPassword"), settings.get("adminUserPassword")
        if managed and password:
            raise _invalid("adminUserPassword cannot be given when manageAdminPassword is true.")
        try:
            if settings.get("adminUsername"):
                rules.check_master({"MasterUsername": settings["adminUsername"], "ManageMasterPassword": True})
            if password:
                rules.check_password(password)
        except AwsError as error:
            said = error.message.replace("MasterUserPassword", "adminUserPassword")
            raise _invalid(said.replace("MasterUsername", "adminUsername")) from None

    def _manage_password(self, namespace: Namespace, kms_key: str) -> None:
        namespace.secret = ManagedSecret(
            self.lab, self.region_name, namespace.name, namespace.master_username, "redshift-serverless", kms_key
        )
        namespace.master_user_password = namespace.secret.create({})

    def update_namespace(self, settings: Mapping[str, Any]) -> Namespace:
        namespace = self.namespace(settings["namespaceName"])
        self._check_admin(settings)
        if settings.get("manageAdminPassword") and not namespace.secret:
            self._manage_password(namespace, settings.get("adminPasswordSecretKmsKeyId") or "")
        elif settings.get("manageAdminPassword") is False and namespace.secret:
            namespace.secret.delete()
            namespace.secret = None
        if settings.get("adminUserPassword"):
            namespace.master_user_password = settings["adminUserPassword"]
        if namespace.master_user_password and namespace.process:
            namespace.put_master(namespace.process, namespace.master_user_password)
        if settings.get("iamRoles") is not None:
            namespace.iam_roles_arn = list(settings["iamRoles"])
        if settings.get("defaultIamRoleArn") is not None:
            namespace.default_iam_role_arn = settings["defaultIamRoleArn"]
        if settings.get("logExports") is not None:
            namespace.log_exports = list(settings["logExports"])
        return namespace

    def delete_namespace(self, name: str, snapshot: str | None, days: int | None) -> Namespace:
        namespace = self.namespace(name)
        if namespace.workgroup:
            said = f"The namespace {name} has the workgroup {namespace.workgroup.name}: delete that first."
            raise AwsError("ConflictException", said)
        if snapshot:
            self._fill(namespace, self.create_snapshot(name, snapshot, days, fill=False))
        if namespace.secret:
            namespace.secret.delete()
        namespace.destroy()
        namespace.is_deleting = True
        return self.namespaces.pop(name)

    # Workgroups

    def workgroup(self, name: str) -> Workgroup:
        """Raises ResourceNotFoundException."""
        if name not in self.workgroups:
            raise _not_found("workgroup", name)
        return self.workgroups[name]

    def create_workgroup(self, settings: Mapping[str, Any]) -> Workgroup:
        name, namespace = settings["workgroupName"], self.namespace(settings["namespaceName"])
        if name in self.workgroups:
            raise AwsError("ConflictException", f"The workgroup {name} already exists.")
        if namespace.workgroup:
            said = f"The namespace {namespace.name} already has the workgroup {namespace.workgroup.name}."
            raise AwsError("ConflictException", said)
        _check_capacity(settings)
        kept = {
            "baseCapacity": DEFAULT_RPUS, "enhancedVpcRouting": False, "publiclyAccessible": False,
            **{key: settings[key] for key in _KEPT if settings.get(key) is not None},
        }  # fmt: skip
        id = new_id()
        made = Workgroup(name, self._arn("workgroup", id), id, self.lab.clock.now(), namespace, kept)
        self.workgroups[name] = namespace.workgroup = made
        namespace.port = settings.get("port") or DEFAULT_PORT
        namespace.in_background("CREATING", namespace.start)
        return made

    def update_workgroup(self, settings: Mapping[str, Any]) -> Workgroup:
        workgroup = self.workgroup(settings["workgroupName"])
        self._require(workgroup)
        _check_capacity(settings)
        changes = {key: settings[key] for key in _KEPT if settings.get(key) is not None}
        port = settings.get("port")

        def change() -> None:
            workgroup.settings.update(changes)
            if port and port != workgroup.namespace.port:
                workgroup.namespace.port = port
                workgroup.namespace.reboot()

        workgroup.namespace.in_background("MODIFYING", change)
        return workgroup

    def delete_workgroup(self, name: str) -> Workgroup:
        workgroup = self.workgroup(name)
        if workgroup.namespace.status == "DELETING":
            self._require(workgroup)
        workgroup.namespace.in_background("DELETING", partial(self.finish_deletion, workgroup))
        return workgroup

    def finish_deletion(self, workgroup: Workgroup) -> None:
        workgroup.namespace.stop()
        with self.lab.state.changing("redshiftserverless"):
            self.workgroups.pop(workgroup.name, None)
            workgroup.namespace.workgroup = None

    def _require(self, workgroup: Workgroup) -> None:
        if workgroup.namespace.status != "AVAILABLE":
            said = f"The workgroup {workgroup.name} is {workgroup.namespace.status}; it has to be AVAILABLE."
            raise AwsError("ConflictException", said)

    def lend(self, name: str, user: str, database: str, seconds: int) -> Loan:
        """A password for a while: *user* is called after the caller's identity, and made if he is not there."""
        workgroup = self.workgroup(name)
        if not SHORTEST <= seconds <= LONGEST:
            raise _invalid(f"durationSeconds must be between {SHORTEST} and {LONGEST}.")
        process = workgroup.namespace.process
        if process is None:
            raise _invalid(f"The workgroup {name} is {workgroup.namespace.status}; it takes no connections now.")
        return lend(self.lab, process, user, user, database, [], True, seconds)

    # Snapshots

    def snapshot(self, name: str) -> ServerlessSnapshot:
        """Raises ResourceNotFoundException."""
        if name not in self.snapshots:
            raise _not_found("snapshot", name)
        return self.snapshots[name]

    def create_snapshot(
        self, namespace_name: str, name: str, days: int | None, fill: bool = True
    ) -> ServerlessSnapshot:
        namespace = self.namespace(namespace_name)
        if name in self.snapshots:
            raise AwsError("ConflictException", f"The snapshot {name} already exists.")
        id = new_id()
        made = ServerlessSnapshot(
            name, self._arn("snapshot", id), self.lab.directory / FOLDER / id, namespace.name, namespace.arn,
            namespace.master_username, namespace.db_name, self.account_id, self.lab.clock.now(), days or -1,
        )  # fmt: skip
        self.snapshots[name] = made
        if fill:
            self.lab.spawn(f"snapshot {name}", partial(self._fill, namespace, made), followed=True)
        return made

    def _fill(self, namespace: Namespace, snapshot: ServerlessSnapshot) -> None:
        try:
            namespace.copy_to(snapshot.folder)
        except BaseException:
            snapshot.status = "FAILED"
            raise
        with self.lab.state.changing("redshiftserverless"):
            snapshot.ready()
        self.expire(snapshot)

    def expire(self, snapshot: ServerlessSnapshot) -> None:
        """Have a snapshot deleted when its retention period is over."""
        if snapshot.days > 0:
            end = snapshot.created + timedelta(days=snapshot.days)
            forget = partial(self._forget, snapshot)
            self.lab.timer.at(end.timestamp(), f"end of snapshot {snapshot.name}", forget)

    def _forget(self, snapshot: ServerlessSnapshot) -> None:
        if self.snapshots.get(snapshot.name) is snapshot:
            with self.lab.state.changing("redshiftserverless"):
                self.delete_snapshot(snapshot.name)

    def delete_snapshot(self, name: str) -> ServerlessSnapshot:
        snapshot = self.snapshot(name)
        if snapshot.status == "CREATING":
            raise AwsError("ConflictException", f"The snapshot {name} is being created.")
        del self.snapshots[name]
        shutil.rmtree(snapshot.folder, ignore_errors=True)
        snapshot.status = "DELETED"
        return snapshot

    def restore(self, namespace_name: str, workgroup_name: str, snapshot: ServerlessSnapshot) -> Namespace:
        """Put a snapshot's data in the place of those of a namespace, whose workgroup then starts on them."""
        namespace, workgroup = self.namespace(namespace_name), self.workgroup(workgroup_name)
        if workgroup.namespace is not namespace:
            raise _invalid(f"The workgroup {workgroup_name} is not that of the namespace {namespace_name}.")
        if snapshot.status != "AVAILABLE":
            raise AwsError("ConflictException", f"The snapshot {snapshot.name} is {snapshot.status}.")
        self._require(workgroup)
        namespace.db_name, namespace.master_username = snapshot.database, snapshot.admin
        namespace.in_background("MODIFYING", partial(_replace, namespace, snapshot.folder))
        return namespace


def _replace(namespace: Namespace, files: Path) -> None:
    fresh = namespace.directory.with_name(f"{namespace.directory.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    shutil.copytree(files, fresh)
    namespace.destroy()
    fresh.replace(namespace.directory)
    namespace.start()


def _check_capacity(settings: Mapping[str, Any]) -> None:
    """RPUs: 4, or 8 to 1024 in steps of 8 ("Compute capacity for Amazon Redshift Serverless")."""
    for name in ("baseCapacity", "maxCapacity"):
        value = settings.get(name)
        if value is not None and value != 4 and not (8 <= value <= 1024 and value % 8 == 0):
            raise _invalid(f"{name} must be 4, or from 8 to 1024 in steps of 8; {value} is not.")
    port = settings.get("port")
    if port is not None and not (5431 <= port <= 5455 or 8191 <= port <= 8215):
        raise _invalid(f"port must lie in 5431-5455 or 8191-8215; {port} does not.")


def _not_found(kind: str, name: str) -> AwsError:
    fields = {"resourceName": name}
    return AwsError("ResourceNotFoundException", f"The {kind} {name} does not exist.", 400, fields)


def _invalid(said: str) -> AwsError:
    return AwsError("ValidationException", said)


redshiftserverless_backends = BackendDict(ServerlessBackend, "redshift-serverless")
