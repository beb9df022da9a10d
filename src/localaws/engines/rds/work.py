"""The work behind RDS's operations: done in the background, told by statuses, taken up again after a crash.

The state file is written first and clients see a status afterwards: what they have seen is there after a start.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar

from moto.rds.exceptions import (
    DBInstanceAlreadyExists,
    DBParameterGroupNotFoundError,
    DBSnapshotAlreadyExistsError,
    InvalidParameterCombination,
)
from moto.rds.models import DBSnapshot, RDSBackend

from localaws.engines.rds.accounts import first_statements
from localaws.engines.rds.binaries import Binaries, NoServer, find_binaries
from localaws.engines.rds.instance import PostgresInstance
from localaws.engines.rds.parameters import for_now, parameter_table
from localaws.engines.rds.secret import ManagedSecret
from localaws.engines.rds.server import PostgresServer, StartError
from localaws.gateway.errors import AwsError
from localaws.lab import Lab
from localaws.state.state_file import StateFile

log = logging.getLogger(__name__)

#: Seconds between two tries to write to a disk that is full.
_AGAIN = 0.5


@contextmanager
def whole(directory: Path) -> Iterator[Path]:
    """A place to make *directory*, which is there with all its files or not at all; a start removes what is left."""
    fresh = directory.with_name(f"{directory.name}.new")
    try:
        yield fresh
        fresh.replace(directory)
    except BaseException:
        shutil.rmtree(fresh, ignore_errors=True)
        raise


class RDSWork(RDSBackend):
    """What happens to instances and snapshots once an operation has been accepted."""

    lab: ClassVar[Lab]
    state_file: ClassVar[StateFile]
    admin_password: ClassVar[str]  # of the administrator of all servers
    place: ClassVar[Path]
    databases: MutableMapping[str, PostgresInstance]  # type: ignore[assignment]

    def __getstate__(self) -> dict[str, Any]:
        """What moto alone keeps, such as clusters and event subscriptions: the rest has the state file."""
        filed = {"databases", "database_snapshots", "db_parameter_groups", "subnet_groups", "resource_map"}
        return {name: value for name, value in vars(self).items() if name not in filed}

    def __setstate__(self, state: dict[str, Any]) -> None:
        for name, value in state.items():
            held = vars(self).get(name)
            if isinstance(held, MutableMapping):  # which moto's map of resources holds too
                held.clear()
                held.update(value)
            else:
                setattr(self, name, value)

    @property
    def binaries(self) -> Binaries:
        """Raises InsufficientDBInstanceCapacity where no PostgreSQL can be had."""
        try:
            return find_binaries()
        except NoServer as error:
            raise AwsError("InsufficientDBInstanceCapacity", str(error)) from None

    def bring_back(self, record: dict[str, Any]) -> PostgresInstance:
        """Have an instance of the state file again, described as it was; `go_on` makes it so."""
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
        with self.state_file.lock:
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
                    outcome = then
                except StartError as error:
                    log.warning("instance %s does not start: %s", instance.resource_id, error)
                    outcome = "failed" if status == "creating" else "incompatible-parameters"
                except Exception:
                    log.exception("instance %s failed while %s", instance.resource_id, status)
                    outcome = "failed"
                self._settle(lambda: setattr(instance, "status", outcome), vars(instance))

        with self.state_file.changing(vars(instance)):
            instance.status = status
            self.state_file.then(lambda: self.lab.spawn(f"rds-{instance.resource_id}", run))

    def _settle(self, change: Callable[[], object], *tables: MutableMapping[Any, Any]) -> None:
        """Make a *change* of the work's when it can be written down: what clients have seen is there after a start.

        Until the disk has room they see the work going on. What a stop breaks off is for the next start to finish.
        """
        while not self.lab.stopping.is_set():
            try:
                with self.state_file.changing(*tables):
                    change()
                return
            except OSError as error:
                log.error("the state of RDS cannot be written: %s", error)
                self.lab.stopping.wait(_AGAIN)

    def _create(self, instance: PostgresInstance) -> None:
        settings, server = instance.settings, instance.server
        managed = bool(settings.get("manage_master_user_password"))
        if server.complete:  # the lab ended before it could note so; since then the database may be in use
            self._start(instance)
            settings.pop("master_user_password", None)
            self._change_password(instance, None, managed or None, None)
        elif "from_snapshot" in settings:
            server.create_from(Path(settings["from_snapshot"]))
            self._start(instance)
            password = settings.pop("master_user_password", None)
            self._change_password(instance, password, managed or None, None)
        else:
            server.create()
            self._start(instance)
            if managed:
                secret = ManagedSecret(self.lab, self.region_name, settings.get("master_user_secret_kms_key_id"))
                settings["master_user_password"] = secret.create(instance.arn, settings["master_username"])
                instance.secret = secret
            master = settings["master_username"]
            server.execute(*first_statements(master, settings.get("db_name")))
            server.set_password(master, settings.pop("master_user_password"))  # from here on the server alone knows it
        server.mark_complete()

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
        self._settle(lambda: self.databases.pop(instance.db_instance_identifier, None), self.databases)

    def _change_password(
        self, instance: PostgresInstance, password: str | None, managed: bool | None, rotate: bool | None
    ) -> None:
        username = instance.settings["master_username"]
        server, old = instance.server, instance.secret
        with self.state_file.changing(vars(instance)):
            if managed:
                instance.secret = ManagedSecret(
                    self.lab, self.region_name, instance.settings.get("master_user_secret_kms_key_id")
                )
                password = instance.secret.create(instance.arn, username)
            elif managed is False and old:
                self.state_file.then(old.delete)
                instance.secret = None
            elif rotate and old:
                self.state_file.then(lambda: server.set_password(username, old.rotate(username)))
            if password:
                self.state_file.then(lambda: server.set_password(username, password))

    def _new_snapshot(self, instance: PostgresInstance, name: str, *args: Any, **more: Any) -> DBSnapshot:
        with self.state_file.lock:
            if name in self.database_snapshots:
                raise DBSnapshotAlreadyExistsError(name)
            snapshot = super().create_db_snapshot(instance.db_instance_identifier, name, *args, **more)
            snapshot.created = self.lab.clock.now().replace(tzinfo=None)
            snapshot.status = "creating"
            snapshot.settings = instance.settings_of_snapshot  # type: ignore[attr-defined]
        return snapshot

    def _take(self, instance: PostgresInstance, snapshot: DBSnapshot) -> None:
        try:
            with whole(self.snapshot_files(snapshot)) as fresh:
                instance.server.back_up(fresh)
        except Exception:
            snapshot.status = "failed"
            raise
        self._settle(lambda: setattr(snapshot, "status", "available"), vars(snapshot))

    def snapshot_files(self, snapshot: DBSnapshot) -> Path:
        """Where the snapshot's copy of the files lies."""
        return self.place / "snapshots" / f"{self.account_id}-{self.region_name}-{snapshot.db_snapshot_identifier}"

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
