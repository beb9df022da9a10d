"""A DB instance: moto's description of it, and the server behind it."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from moto.rds.models import DBInstance, RDSBackend

from localaws.engines.rds.parameters import settings_of
from localaws.engines.rds.secret import ManagedSecret
from localaws.engines.rds.server import PostgresServer

#: Statuses in which the server runs ("Viewing Amazon RDS DB instance status").
UP = {"available", "modifying", "backing-up", "resetting-master-credentials"}


class PostgresInstance(DBInstance):
    """``settings`` are CreateDBInstance's parameters, kept up to date; moto derives what it describes from them.

    ``running_with`` is the configuration of the server since its last start, with what was changed at once since.
    """

    def __init__(self, backend: RDSBackend, settings: dict[str, Any], created: datetime, resource_id: str = "") -> None:
        shown = {name: value for name, value in settings.items() if name not in _NOT_MOTOS}
        super().__init__(backend, license_model="postgresql-license", **shown)
        self.settings = settings
        self.created = self.instance_create_time = created.replace(tzinfo=None)
        # Resource ids name the files, for they stay when an instance is renamed.
        self.dbi_resource_id = resource_id or f"db-{secrets.token_hex(13).upper()}"
        self.status = "creating"
        self.working = threading.Lock()  # held while the server is changed
        self.manage_master_user_password = False
        self.server: PostgresServer
        self.running_with: dict[str, str] = {}

    @property
    def address(self) -> str:
        return "127.0.0.1"

    @property
    def endpoint(self) -> dict[str, Any] | None:  # type: ignore[override]
        """Unknown until the instance is available for the first time, as on AWS."""
        return None if self.status == "creating" else {"Address": self.address, "Port": self.port}

    @property
    def wanted(self) -> dict[str, str]:
        """The configuration that the parameter group asks for."""
        return settings_of(self.group_parameters)

    @property
    def group_parameters(self) -> Mapping[str, Mapping[str, Any]]:
        return self.db_parameter_groups()[0].parameters

    @property
    def db_parameter_group_status_list(self) -> list[dict[str, str]]:
        in_sync = self.status not in UP or self.wanted == self.running_with
        return [
            {
                "DBParameterGroupName": self.db_parameter_groups()[0].name,
                "ParameterApplyStatus": "in-sync" if in_sync else "pending-reboot",
            }
        ]

    @property
    def secret(self) -> ManagedSecret | None:
        return getattr(self, "master_user_secret", None)

    @secret.setter
    def secret(self, secret: ManagedSecret | None) -> None:
        self.manage_master_user_password = secret is not None
        if secret:
            self.master_user_secret = secret  # type: ignore[assignment]  # AWS leaves it out where there is none
        elif self.secret:
            del self.master_user_secret

    @property
    def settings_of_snapshot(self) -> dict[str, Any]:
        """Without the subnet group, which may be deleted before the snapshot."""
        return {name: value for name, value in self.settings.items() if name != "db_subnet_group_name"}

    def record(self) -> dict[str, Any]:
        """What the state file keeps. The password only until the server itself knows it."""
        settings = {**self.settings, "tags": self.tags}
        if self.status != "creating":
            settings.pop("master_user_password", None)
        return {
            "account": self.account_id,
            "region": self.region,
            "settings": settings,
            "resource_id": self.dbi_resource_id,
            "created": self.created.isoformat(),
            "status": self.status,
            "port": self.port,
            "secret_arn": self.secret.secret_arn if self.secret else "",
        }

    def delete(self, account_id: str, region_name: str) -> None:
        """CloudFormation's way to delete."""
        self.backend.delete_db_instance(self.db_instance_identifier, skip_final_snapshot=True)


#: Parameters that this engine acts on, which moto would act on in its own way.
_NOT_MOTOS = {
    "manage_master_user_password",
    "master_user_secret_kms_key_id",
    "master_user_password",
    "license_model",
    "from_snapshot",
    "apply_immediately",
}
