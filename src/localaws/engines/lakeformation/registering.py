"""Settings, and the locations of S3 that Lake Formation has under its control.

Sources: Lake Formation API reference, PutDataLakeSettings, RegisterResource, UpdateResource; developer guide, "Using
service-linked roles for Lake Formation".
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from localaws.engines.lakeformation.backend import caller
from localaws.engines.lakeformation.granting import Granting
from localaws.engines.lakeformation.resources import invalid
from localaws.engines.lakeformation.service_role import arn_of, let_it_reach
from localaws.gateway.errors import AwsError

if TYPE_CHECKING:
    from localaws.engines.lakeformation.backend import LakeFormationEngine

_LISTS = ("DataLakeAdmins", "ReadOnlyAdmins", "CreateDatabaseDefaultPermissions", "CreateTableDefaultPermissions",
          "TrustedResourceOwners", "ExternalDataFilteringAllowList", "AuthorizedSessionTagValueList")  # fmt: skip
_NOT_SERVED = ("HybridAccessEnabled", "WithFederation", "WithPrivilegedAccess")


class Registering:
    """The operations on settings and locations, of the response class."""

    if TYPE_CHECKING:

        @property
        def engine(self) -> LakeFormationEngine: ...
        def _get_param(self, name: str, default: Any = None) -> Any: ...
        def _page(self, everything: list[Any], member: str) -> str: ...

    def get_data_lake_settings(self) -> str:
        return json.dumps({"DataLakeSettings": self.engine.current_settings})

    def put_data_lake_settings(self) -> str:
        """All settings are replaced: a list that is left out is empty from now on."""
        given = self._get_param("DataLakeSettings") or {}
        granting = Granting(self.engine, caller())
        for name in ("DataLakeAdmins", "ReadOnlyAdmins"):
            for each in given.get(name) or ():
                granting.check_principal(each)
        settings = {"AllowExternalDataFiltering": False} | given
        self.engine.settings[self.engine.account_id] = {name: [] for name in _LISTS} | settings
        return "{}"

    def get_data_lake_principal(self) -> str:
        return json.dumps({"Identity": caller().principal})

    def register_resource(self) -> str:
        """Raises InvalidInputException without a role, and AlreadyExistsException."""
        arn = self._place()
        if arn in self.engine.locations:
            raise AwsError("AlreadyExistsException", "Resource is already registered", 400)
        for name in _NOT_SERVED:
            if self._get_param(name) is True:
                raise NotImplementedError(name)
        role = self._get_param("RoleArn")
        if not role and self._get_param("UseServiceLinkedRole") is not True:
            raise invalid("Either RoleArn or UseServiceLinkedRole must be given.")
        self._keep(arn, role or arn_of(self.engine.account_id))
        return "{}"

    def update_resource(self) -> str:
        self._held()
        self._keep(self._place(), self._get_param("RoleArn"))
        return "{}"

    def _keep(self, arn: str, role: str) -> None:
        now = self.engine.lab.clock.time()
        self.engine.locations[arn] = {"ResourceArn": arn, "RoleArn": role, "LastModified": now}
        self._tell_service_role()

    def _tell_service_role(self) -> None:
        """Let the service-linked role reach what is registered with it, and nothing else."""
        account = self.engine.account_id
        let_it_reach(
            account, [arn for arn, each in self.engine.locations.items() if each["RoleArn"] == arn_of(account)]
        )

    def describe_resource(self) -> str:
        return json.dumps({"ResourceInfo": self._held()})

    def deregister_resource(self) -> str:
        self._held()
        del self.engine.locations[self._place()]
        self._tell_service_role()
        return "{}"

    def list_resources(self) -> str:
        return self._page(list(self.engine.locations.values()), "ResourceInfoList")

    def _place(self) -> str:
        arn = str(self._get_param("ResourceArn")).rstrip("/")
        if not arn.startswith("arn:aws:s3:::"):
            raise invalid(f"{arn} is not the ARN of a location in Amazon S3.")
        return arn

    def _held(self) -> dict[str, Any]:
        held = self.engine.locations.get(self._place())
        if held is None:
            raise AwsError("EntityNotFoundException", "Entity not found", 400)
        return held
