"""RDS's operations: what is asked is checked here and done in the background, as the statuses tell."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from moto.ec2.models.subnets import Subnet
from moto.rds.exceptions import (
    DBInstanceAlreadyExists,
    DBInstanceNotFoundError,
    InvalidParameterCombination,
    InvalidParameterValue,
    RDSClientError,
)
from moto.rds.models import DBParameterGroup, DBSnapshot, DBSubnetGroup, OptionGroup, RDSBackend

from localaws.engines.rds.accounts import (
    check_database,
    check_master,
    check_password,
)
from localaws.engines.rds.checks import check_coverage, check_engine, check_engine_name, plain, wrong_state
from localaws.engines.rds.instance import UP, PostgresInstance
from localaws.engines.rds.parameters import check_changes, parameter_table
from localaws.engines.rds.work import RDSWork, whole

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


class RDSEngine(RDSWork):
    """Instances that are PostgreSQL servers; everything that needs no server stays moto's."""

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
        with self.state_file.changing(self.databases):
            instance = self._add(settings)
            self._work(instance, "creating", lambda: self._create(instance))
        instance.add_event("DB_INSTANCE_CREATE")
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
        with self.state_file.changing(self.databases, self.db_parameter_groups, vars(instance), instance.settings):
            instance.db_parameter_groups()  # makes the default group known, by which it may be named
            moto_changes = {**changes, "db_instance_identifier": instance.resource_id}
            super().modify_db_instance(db_instance_identifier, moto_changes)
            if new_name:
                del self.databases[instance.db_instance_identifier]
                instance.db_instance_identifier = changes["db_instance_identifier"] = new_name
                self.databases[new_name] = instance
            instance.settings.update({name: value for name, value in changes.items() if value is not None})
            self._change_password(instance, password, managed, rotate)
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

        def stop() -> None:
            if snapshot:
                self._take(instance, snapshot)
            instance.server.stop()

        with self.state_file.changing(self.database_snapshots):
            snapshot = self._new_snapshot(instance, db_snapshot_identifier) if db_snapshot_identifier else None
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

        def delete() -> None:
            if final:
                self._take(instance, final)
            self._remove(instance)

        with self.state_file.changing(self.database_snapshots):
            final = self._new_snapshot(instance, final_db_snapshot_identifier) if final_db_snapshot_identifier else None
            self._work(instance, "deleting", delete, then="deleting")
        return instance

    # Snapshots

    def create_db_snapshot(
        self, db_instance_identifier: str, db_snapshot_identifier: str, *args: Any, **more: Any
    ) -> DBSnapshot:
        """Copy a running instance's files, consistent at one moment, while it goes on working."""
        instance = self._available(db_instance_identifier)
        with self.state_file.changing(self.database_snapshots):
            snapshot = self._new_snapshot(instance, db_snapshot_identifier, *args, **more)
            self._work(instance, "backing-up", lambda: self._take(instance, snapshot))
        return snapshot

    def copy_db_snapshot(
        self, source_db_snapshot_identifier: str, target_db_snapshot_identifier: str, *args: Any, **more: Any
    ) -> DBSnapshot:
        source = self.get_db_snapshot(source_db_snapshot_identifier)
        with self.state_file.lock:
            copy = super().copy_db_snapshot(source_db_snapshot_identifier, target_db_snapshot_identifier, *args, **more)
            copy.status = "creating"  # until its files are there the state file does not know it
            copy.settings = source.settings  # type: ignore[attr-defined]
        files = self.snapshot_files(copy)
        try:
            with whole(files) as fresh:
                shutil.copytree(self.snapshot_files(source), fresh, symlinks=True)
            with self.state_file.changing(vars(copy)):
                copy.status = "available"
        except BaseException:
            with self.state_file.lock:
                del self.database_snapshots[target_db_snapshot_identifier]
            shutil.rmtree(files, ignore_errors=True)
            raise
        return copy

    def delete_db_snapshot(self, db_snapshot_identifier: str) -> DBSnapshot:
        with self.state_file.changing(self.database_snapshots):
            snapshot = super().delete_db_snapshot(db_snapshot_identifier)
            self.state_file.then(lambda: shutil.rmtree(self.snapshot_files(snapshot), ignore_errors=True))
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
        with self.state_file.changing(self.databases):
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
        with self.state_file.changing(self.db_parameter_groups):
            return super().create_db_parameter_group(*args, **more)

    def copy_db_parameter_group(self, *args: Any, **more: Any) -> DBParameterGroup:
        with self.state_file.changing(self.db_parameter_groups):
            return super().copy_db_parameter_group(*args, **more)

    def delete_option_group(self, option_group_name: str) -> OptionGroup:
        """Raises InvalidOptionGroupStateFault for a default group, or one in use (API reference, DeleteOptionGroup)."""
        used = any(each.option_group_name == option_group_name for each in self.databases.values())
        if used or option_group_name.startswith("default:"):
            said = "is in use" if used else "is a default group"
            raise RDSClientError(
                "InvalidOptionGroupStateFault", f"Option group {option_group_name} cannot be deleted: it {said}."
            )
        return super().delete_option_group(option_group_name)

    def delete_db_parameter_group(self, db_parameter_group_name: str) -> DBParameterGroup:
        """Raises InvalidDBParameterGroupState for a default group, or one in use (DeleteDBParameterGroup)."""
        if db_parameter_group_name.startswith("default."):
            raise RDSClientError(
                "InvalidDBParameterGroupState", f"Default DBParameterGroup cannot be deleted: {db_parameter_group_name}"
            )
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
        with self.state_file.changing(self.db_parameter_groups):
            return super().delete_db_parameter_group(db_parameter_group_name)

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
        with self.changing_group(db_parameter_group_name):
            return super().modify_db_parameter_group(db_parameter_group_name, changes)

    @contextmanager
    def changing_group(self, name: str) -> Iterator[None]:
        """Change the group *name*, and give the servers that use it what takes effect without a reboot."""
        group = self.db_parameter_groups.get(name)
        parameters = [group.parameters, *group.parameters.values()] if group else []
        with self.state_file.changing(*parameters):
            yield
            self.state_file.then(lambda: self._apply_group(name))

    def default_group(self) -> DBParameterGroup:
        """The group of instances that name none; it cannot be changed."""
        family = f"postgres{self.binaries.major}"
        description = f"Default parameter group for {family}"
        return DBParameterGroup(self, f"default.{family}", description, family)  # type: ignore[abstract]

    def _apply_group(self, name: str) -> None:
        for instance in list(self.databases.values()):
            if instance.db_parameter_group_name == name and instance.status in UP:
                try:
                    self._reconfigure(instance)
                except OSError as error:  # the group is changed; the instance says "pending-reboot"
                    log.error("instance %s cannot be configured: %s", instance.resource_id, error)

    # Subnet groups

    def create_subnet_group(
        self, subnet_name: str, description: str, subnets: list[Any], tags: list[dict[str, str]]
    ) -> DBSubnetGroup:
        """Raises DBSubnetGroupAlreadyExists and DBSubnetGroupDoesNotCoverEnoughAZs (CreateDBSubnetGroup)."""
        if subnet_name in self.subnet_groups:
            said = f"The DB subnet group '{subnet_name}' already exists."
            raise RDSClientError("DBSubnetGroupAlreadyExists", said)
        check_coverage(subnets)
        with self.state_file.changing(self.subnet_groups):
            return super().create_subnet_group(subnet_name, description, subnets, tags)

    def modify_db_subnet_group(self, subnet_name: str, description: str, subnets: list[Subnet]) -> DBSubnetGroup:
        """Change a group; moto takes it away."""
        [group] = self.describe_db_subnet_groups(subnet_name)
        check_coverage(subnets)
        with self.state_file.changing(vars(group)):
            group._subnets = subnets
            group.vpc_id = subnets[0].vpc_id
            group.description = description if description is not None else group.description
        return group

    def delete_subnet_group(self, subnet_name: str) -> DBSubnetGroup:
        """Raises InvalidDBSubnetGroupStateFault for one in use (DeleteDBSubnetGroup); the text as users met it."""
        for instance in self.databases.values():
            if (instance._db_subnet_group_name or "").lower() == subnet_name.lower():
                raise RDSClientError(
                    "InvalidDBSubnetGroupStateFault",
                    f"Cannot delete the subnet group '{subnet_name}' because at least one database instance: "
                    f"{instance.resource_id} is still using it.",
                )
        with self.state_file.changing(self.subnet_groups):
            return super().delete_subnet_group(subnet_name)

    # Tags

    def add_tags_to_resource(self, arn: str, tags: list[dict[str, str]]) -> list[dict[str, str]]:
        with self.state_file.changing(vars(self._get_resource_for_tagging(arn))):
            return super().add_tags_to_resource(arn, tags)

    def remove_tags_from_resource(self, arn: str, tag_keys: list[str]) -> None:
        with self.state_file.changing(vars(self._get_resource_for_tagging(arn))):
            super().remove_tags_from_resource(arn, tag_keys)

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
