"""RDS's operations: what is asked is checked here and done in the background, as the statuses tell."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable, MutableMapping
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar

from moto.rds.exceptions import (
    DBInstanceAlreadyExists,
    DBInstanceNotFoundError,
    DBParameterGroupNotFoundError,
    DBSnapshotAlreadyExistsError,
    InvalidParameterCombination,
    InvalidParameterValue,
    RDSClientError,
)
from moto.rds.models import DBParameterGroup, DBSnapshot, RDSBackend

from localaws.engines.journal import Journal
from localaws.engines.rds.accounts import (
    check_database,
    check_master,
    check_password,
    first_statements,
)
from localaws.engines.rds.binaries import Binaries, NoServer, find_binaries
from localaws.engines.rds.checks import check_engine, check_engine_name, plain, wrong_state
from localaws.engines.rds.instance import UP, PostgresInstance
from localaws.engines.rds.parameters import check_changes, for_now, parameter_table
from localaws.engines.rds.secret import ManagedSecret
from localaws.engines.rds.server import PostgresServer, StartError
from localaws.gateway.errors import AwsError
from localaws.lab import Lab

log = logging.getLogger(__name__)


#: What a restored instance takes from the request, not from the instance that the snapshot was made of.
_NOT_RESTORED = {"db_parameter_group_name", "vpc_security_group_ids", "port", "tags", "deletion_protection"} | {
    "manage_master_user_password",
    "from_snapshot",
}


#: The fault of each kind of ARN that may bear tags (API reference, ListTagsForResource).
_NOT_FOUND = {
    "db": "DBInstanceNotFound",
    "snapshot": "DBSnapshotNotFound",
    "cluster": "DBClusterNotFoundFault",
    "cluster-snapshot": "DBSnapshotNotFound",
    "db-proxy": "DBProxyNotFoundFault",
}


class RDSEngine(RDSBackend):
    """Instances that are PostgreSQL servers; everything that needs no server stays moto's."""

    lab: ClassVar[Lab]
    journal: ClassVar[Journal]
    admin_password: ClassVar[str]  # of the administrator of all servers
    place: ClassVar[Path]
    databases: MutableMapping[str, PostgresInstance]  # type: ignore[assignment]

    @property
    def binaries(self) -> Binaries:
        """Raises InsufficientDBInstanceCapacity where no PostgreSQL can be had."""
        try:
            return find_binaries()
        except NoServer as error:
            raise AwsError("InsufficientDBInstanceCapacity", str(error)) from None

    # Instances

    def create_db_instance(self, db_kwargs: dict[str, Any]) -> PostgresInstance:
        """Start a server; the instance is ``creating`` until it takes connections.

        Raises what CreateDBInstance answers, and InvalidParameterValue for engines that this lab does not have.
        """
        settings = plain(db_kwargs)
        name = settings["db_instance_identifier"]
        if name in self.databases:
            raise DBInstanceAlreadyExists()
        self._validate_db_identifier(name)
        check_engine(settings)
        settings["engine_version"] = self._version_for(settings.get("engine_version"))
        managed = bool(settings.get("manage_master_user_password"))
        check_master(settings.get("master_username"), settings.get("master_user_password"), managed)
        if settings.get("db_name"):
            check_database(settings["db_name"])
        instance = self._add(settings)
        instance.add_event("DB_INSTANCE_CREATE")
        self._work(instance, "creating", lambda: self._create(instance))
        return instance

    def modify_db_instance(self, db_instance_identifier: str, db_kwargs: dict[str, Any]) -> PostgresInstance:
        instance = self._available(db_instance_identifier)
        changes = plain(db_kwargs)
        version = changes.pop("engine_version", None)
        if version:
            self._version_for(version)
        if changes.pop("db_port_number", None) not in (None, instance.port):
            raise InvalidParameterCombination("This lab chooses ports by itself: take the port that Endpoint gives.")
        password = changes.pop("master_user_password", None)
        managed = changes.pop("manage_master_user_password", None)
        rotate = changes.pop("rotate_master_user_password", None)
        if password:
            if instance.secret and managed is not False:
                raise InvalidParameterCombination(
                    "You can't specify MasterUserPassword for an instance with ManageMasterUserPassword enabled."
                )
            check_password(password)
        self._check_group(instance, changes.get("db_parameter_group_name"))
        new_name = changes.pop("new_db_instance_identifier", None)
        if new_name:
            if new_name in self.databases:
                raise DBInstanceAlreadyExists()
            self._validate_db_identifier(new_name)
        instance.db_parameter_groups()  # makes the default group known, by which it may be named
        super().modify_db_instance(db_instance_identifier, {**changes, "db_instance_identifier": instance.resource_id})
        if new_name:
            with self.journal.lock:
                del self.databases[instance.db_instance_identifier]
                instance.db_instance_identifier = changes["db_instance_identifier"] = new_name
                self.databases[new_name] = instance
        instance.settings.update({name: value for name, value in changes.items() if value is not None})
        self._change_password(instance, password, managed, rotate)
        self.journal.save()
        return instance

    def reboot_db_instance(self, db_instance_identifier: str) -> PostgresInstance:
        instance = self.find(db_instance_identifier)
        if instance.status not in ("available", "incompatible-parameters"):
            raise wrong_state(instance, "available")

        def reboot() -> None:
            instance.server.stop()
            self._start(instance)

        self._work(instance, "rebooting", reboot)
        return instance

    def stop_db_instance(
        self, db_instance_identifier: str, db_snapshot_identifier: str | None = None
    ) -> PostgresInstance:
        instance = self._available(db_instance_identifier)
        snapshot = self._new_snapshot(instance, db_snapshot_identifier) if db_snapshot_identifier else None

        def stop() -> None:
            if snapshot:
                self._take(instance, snapshot)
            instance.server.stop()

        self._work(instance, "stopping", stop, then="stopped")
        return instance

    def start_db_instance(self, db_instance_identifier: str) -> PostgresInstance:
        instance = self.find(db_instance_identifier)
        if instance.status != "stopped":
            raise wrong_state(instance, "stopped")
        self._work(instance, "starting", lambda: self._start(instance))
        return instance

    def delete_db_instance(
        self,
        db_instance_identifier: str,
        final_db_snapshot_identifier: str | None = None,
        skip_final_snapshot: bool | None = False,
        delete_automated_backups: bool | None = True,
    ) -> PostgresInstance:
        """Remove the server and its files, after a final snapshot unless *skip_final_snapshot*."""
        instance = self.find(db_instance_identifier)
        if instance.deletion_protection:
            raise InvalidParameterCombination(
                "Cannot delete protected DB Instance, please disable deletion protection and try again."
            )
        if skip_final_snapshot and final_db_snapshot_identifier:
            raise InvalidParameterCombination(
                "FinalDBSnapshotIdentifier can not be specified when deleting an instance with SkipFinalSnapshot."
            )
        if not skip_final_snapshot and not final_db_snapshot_identifier:
            raise InvalidParameterCombination(
                "FinalDBSnapshotIdentifier is required unless SkipFinalSnapshot is specified."
            )
        if instance.status == "deleting" or (final_db_snapshot_identifier and instance.status not in UP | {"stopped"}):
            raise wrong_state(instance, "available")
        final = self._new_snapshot(instance, final_db_snapshot_identifier) if final_db_snapshot_identifier else None

        def delete() -> None:
            if final:
                self._take(instance, final)
            self._remove(instance)

        self._work(instance, "deleting", delete, then="deleting")
        return instance

    # Snapshots

    def create_db_snapshot(
        self, db_instance_identifier: str, db_snapshot_identifier: str, *args: Any, **more: Any
    ) -> DBSnapshot:
        """Copy a running instance's files, consistent at one moment, while it goes on working."""
        instance = self._available(db_instance_identifier)
        snapshot = self._new_snapshot(instance, db_snapshot_identifier, *args, **more)
        self._work(instance, "backing-up", lambda: self._take(instance, snapshot))
        return snapshot

    def copy_db_snapshot(
        self, source_db_snapshot_identifier: str, target_db_snapshot_identifier: str, *args: Any, **more: Any
    ) -> DBSnapshot:
        source = self.get_db_snapshot(source_db_snapshot_identifier)
        with self.journal.lock:
            copy = super().copy_db_snapshot(source_db_snapshot_identifier, target_db_snapshot_identifier, *args, **more)
            copy.settings = source.settings  # type: ignore[attr-defined]
        shutil.copytree(self.snapshot_files(source), self.snapshot_files(copy), symlinks=True)
        self.journal.save()
        return copy

    def delete_db_snapshot(self, db_snapshot_identifier: str) -> DBSnapshot:
        with self.journal.lock:
            snapshot = super().delete_db_snapshot(db_snapshot_identifier)
        shutil.rmtree(self.snapshot_files(snapshot), ignore_errors=True)
        self.journal.save()
        return snapshot

    def restore_db_instance_from_db_snapshot(
        self, from_snapshot_id: str, overrides: dict[str, Any]
    ) -> PostgresInstance:
        """A new instance from a snapshot's files: same users, passwords and databases as when it was taken."""
        if from_snapshot_id.startswith("arn:"):
            from_snapshot_id = self.extract_snapshot_name_from_arn(from_snapshot_id)
        snapshot = self.describe_db_snapshots(None, from_snapshot_id)[0]
        asked = plain(overrides)
        if asked["db_instance_identifier"] in self.databases:
            raise DBInstanceAlreadyExists()
        self._validate_db_identifier(asked["db_instance_identifier"])
        if snapshot.status != "available":
            raise RDSClientError("InvalidDBSnapshotState", f"Snapshot {from_snapshot_id} is {snapshot.status}.")
        inherited = {name: value for name, value in snapshot.settings.items() if name not in _NOT_RESTORED}  # type: ignore[attr-defined]
        instance = self._add({**inherited, **asked, "from_snapshot": str(self.snapshot_files(snapshot))})
        self._work(instance, "creating", lambda: self._create(instance))
        return instance

    def restore_db_instance_to_point_in_time(self, *args: Any, **more: Any) -> Any:
        raise NotImplementedError("the lab keeps no transaction logs to restore from")

    def create_db_instance_read_replica(self, *args: Any, **more: Any) -> Any:
        raise NotImplementedError("the lab has no read replicas")

    def create_db_cluster(self, kwargs: dict[str, Any]) -> Any:
        raise InvalidParameterValue(
            f"Invalid DB engine: {kwargs.get('engine')}. This lab has no clusters: use CreateDBInstance with postgres."
        )

    # Parameter groups

    @staticmethod
    def describe_option_group_options(
        engine_name: str, major_engine_version: str | None = None
    ) -> list[dict[str, Any]]:
        check_engine_name(engine_name)
        options: list[dict[str, Any]] = RDSBackend.describe_option_group_options(engine_name, major_engine_version)
        return options

    def create_db_parameter_group(self, *args: Any, **more: Any) -> DBParameterGroup:
        with self.journal.lock:
            group = super().create_db_parameter_group(*args, **more)
        self.journal.save()
        return group

    def delete_db_parameter_group(self, db_parameter_group_name: str) -> DBParameterGroup:
        users = [
            each.resource_id
            for each in self.databases.values()
            if each.db_parameter_group_name == db_parameter_group_name
        ]
        if users:
            raise RDSClientError(
                "InvalidDBParameterGroupState",
                f"One or more database instances are still members of this parameter group "
                f"{db_parameter_group_name}, so the group cannot be deleted: {', '.join(users)}",
            )
        with self.journal.lock:
            group = super().delete_db_parameter_group(db_parameter_group_name)
        self.journal.save()
        return group

    def modify_db_parameter_group(
        self, db_parameter_group_name: str, db_parameter_group_parameters: Any
    ) -> DBParameterGroup:
        """Change parameters: dynamic ones in running servers at once where asked, the rest at the next reboot."""
        changes = [dict(each) for each in db_parameter_group_parameters]
        if db_parameter_group_name.startswith("default."):
            raise RDSClientError(
                "InvalidDBParameterGroupState", "Default parameter groups cannot be modified; make your own."
            )
        table = parameter_table(self.binaries)
        check_changes(table, changes)
        group = super().modify_db_parameter_group(db_parameter_group_name, changes)
        self.apply_group(db_parameter_group_name)
        return group

    def default_group(self) -> DBParameterGroup:
        """The group of instances that name none; it cannot be changed."""
        family = f"postgres{self.binaries.major}"
        description = f"Default parameter group for {family}"
        return DBParameterGroup(self, f"default.{family}", description, family)  # type: ignore[abstract]

    def apply_group(self, name: str) -> None:
        """Give the servers that use the group *name* what takes effect without a reboot."""
        self.journal.save()
        for instance in self.databases.values():
            if instance.db_parameter_group_name == name and instance.status in UP:
                self._reconfigure(instance)

    # The work

    def bring_back(self, record: dict[str, Any]) -> PostgresInstance:
        """Have an instance of the journal again, described as it was; `go_on` makes it so."""
        instance = self._add(record["settings"], datetime.fromisoformat(record["created"]), record["resource_id"])
        instance.port, instance.status = record["port"], record["status"]
        if record["secret_arn"]:
            instance.secret = ManagedSecret(self.lab, self.region_name, None, record["secret_arn"])
        return instance

    def go_on(self, instance: PostgresInstance) -> None:
        """Take up what an instance was at when the lab ended."""
        if instance.status == "creating":
            self._work(instance, "creating", lambda: self._create(instance))
        elif instance.status == "deleting":
            self._work(instance, "deleting", lambda: self._remove(instance), then="deleting")
        elif instance.status in ("stopped", "stopping", "failed"):
            instance.server.end_stray()
            instance.status = "stopped" if instance.status == "stopping" else instance.status
        else:
            self._work(instance, "starting", lambda: self._come_back(instance))

    def _come_back(self, instance: PostgresInstance) -> None:
        self._start(instance)
        if instance.secret and not instance.secret.exists():  # the lab's Secrets Manager forgets when it stops
            self._change_password(instance, None, True, None)

    def _add(
        self, settings: dict[str, Any], created: datetime | None = None, resource_id: str = ""
    ) -> PostgresInstance:
        since = created or self.lab.clock.now()
        instance = PostgresInstance(self, settings, since, resource_id)  # type: ignore[abstract]
        home = self.place / "instances" / instance.dbi_resource_id
        instance.server = PostgresServer(home, self.binaries, self.admin_password)
        self._check_group(instance, instance.db_parameter_group_name)
        with self.journal.lock:
            if instance.db_instance_identifier in self.databases:
                raise DBInstanceAlreadyExists()
            self.databases[instance.db_instance_identifier] = instance
        return instance

    def _work(
        self, instance: PostgresInstance, status: str, action: Callable[[], None], then: str = "available"
    ) -> None:
        """Do *action* in the background, under *status*; the instance is *then* so, or failed."""

        def run() -> None:
            with instance.working:
                try:
                    action()
                    instance.status = then
                except StartError as error:
                    log.warning("instance %s does not start: %s", instance.resource_id, error)
                    instance.status = "failed" if status == "creating" else "incompatible-parameters"
                except Exception:
                    log.exception("instance %s failed while %s", instance.resource_id, status)
                    instance.status = "failed"
            if not self.lab.stopping.is_set():  # what a stop has broken off is for the next start to finish
                self.journal.save()

        instance.status = status
        self.journal.save()
        self.lab.spawn(f"rds-{instance.resource_id}", run)

    def _create(self, instance: PostgresInstance) -> None:
        settings, server = instance.settings, instance.server
        if "from_snapshot" in settings:
            server.create_from(Path(settings["from_snapshot"]))
            self._start(instance)
            if settings.get("master_user_password") or settings.get("manage_master_user_password"):
                password = settings.pop("master_user_password", None)
                self._change_password(instance, password, settings.get("manage_master_user_password"), None)
            return
        server.create()
        self._start(instance)
        if settings.get("manage_master_user_password"):
            secret = ManagedSecret(self.lab, self.region_name, settings.get("master_user_secret_kms_key_id"))
            settings["master_user_password"] = secret.create(instance.arn, settings["master_username"])
            instance.secret = secret
        master = settings["master_username"]
        server.execute(*first_statements(master, settings.get("db_name")))
        server.set_password(master, settings.pop("master_user_password"))  # from here on the server alone knows it

    def _start(self, instance: PostgresInstance) -> None:
        wanted = instance.wanted
        asked = instance.settings.get("port") if instance.status == "creating" else instance.port
        instance.server.start(asked or 0, wanted)
        instance.port = instance.server.port
        instance.running_with = wanted

    def _reconfigure(self, instance: PostgresInstance) -> None:
        settings = for_now(parameter_table(self.binaries), instance.running_with, instance.group_parameters)
        if settings != instance.running_with:
            instance.server.configure(settings)
            instance.server.reload()
            instance.running_with = settings

    def _remove(self, instance: PostgresInstance) -> None:
        instance.server.destroy()
        if instance.secret:
            instance.secret.delete()
        with self.journal.lock:
            self.databases.pop(instance.db_instance_identifier, None)

    def _change_password(
        self, instance: PostgresInstance, password: str | None, managed: bool | None, rotate: bool | None
    ) -> None:
        username = instance.settings["master_username"]
        if managed:
            instance.secret = ManagedSecret(
                self.lab, self.region_name, instance.settings.get("master_user_secret_kms_key_id")
            )
            password = instance.secret.create(instance.arn, username)
        elif managed is False and instance.secret:
            instance.secret.delete()
            instance.secret = None
        elif rotate and instance.secret:
            password = instance.secret.rotate(username)
        if password:
            instance.server.set_password(username, password)

    def _new_snapshot(self, instance: PostgresInstance, name: str, *args: Any, **more: Any) -> DBSnapshot:
        with self.journal.lock:
            if name in self.database_snapshots:
                raise DBSnapshotAlreadyExistsError(name)
            snapshot = super().create_db_snapshot(instance.db_instance_identifier, name, *args, **more)
            snapshot.created = self.lab.clock.now().replace(tzinfo=None)
            snapshot.status = "creating"
            snapshot.settings = dict(instance.settings)  # type: ignore[attr-defined]
        return snapshot

    def _take(self, instance: PostgresInstance, snapshot: DBSnapshot) -> None:
        try:
            instance.server.back_up(self.snapshot_files(snapshot))
        except Exception:
            snapshot.status = "failed"
            raise
        snapshot.status = "available"

    def snapshot_files(self, snapshot: DBSnapshot) -> Path:
        """Where the snapshot's copy of the files lies."""
        return self.place / "snapshots" / f"{self.account_id}-{self.region_name}-{snapshot.db_snapshot_identifier}"

    # Tags

    def _get_resource_for_tagging(self, arn: str) -> Any:
        """Raises the fault of what *arn* names and is not there; moto would say that it has no tags."""
        resource = super()._get_resource_for_tagging(arn)
        if resource is None:
            kind, _, name = ":".join(arn.split(":")[5:]).partition(":")
            raise RDSClientError(_NOT_FOUND.get(kind, "InvalidParameterValue"), f"There is no {kind} {name}.")
        return resource

    # Checks

    def find(self, name: str) -> PostgresInstance:
        """The instance *name*. Raises DBInstanceNotFound."""
        if name not in self.databases:
            raise DBInstanceNotFoundError(name)
        return self.databases[name]

    def _available(self, name: str) -> PostgresInstance:
        instance = self.find(name)
        if instance.status != "available":
            raise wrong_state(instance, "available")
        return instance

    def _version_for(self, asked: str | None) -> str:
        have = self.binaries.version
        if asked and asked.split(".")[0] != self.binaries.major:
            raise InvalidParameterCombination(
                f"Cannot find version {asked} for postgres. This machine has {have}: leave EngineVersion out, or set "
                "PG_BIN to another server's bin directory before the lab starts."
            )
        return have

    def _check_group(self, instance: PostgresInstance, name: str | None) -> None:
        if not name or instance.is_default_parameter_group(name):
            return
        if name not in self.db_parameter_groups:
            raise DBParameterGroupNotFoundError(name)
        family = self.db_parameter_groups[name].family
        if family != f"postgres{self.binaries.major}":
            raise InvalidParameterCombination(
                f"The Parameter Group {name} with DBParameterGroupFamily {family} can't be used for this instance. "
                f"Please use a Parameter Group with DBParameterGroupFamily postgres{self.binaries.major}."
            )
