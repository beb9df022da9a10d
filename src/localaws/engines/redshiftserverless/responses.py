"""The operations of Redshift Serverless (its API reference)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, ClassVar

from moto.core.responses import ActionResult, BaseResponse

from localaws.engines.redshift.credentials import SHORTEST, user_of
from localaws.engines.redshiftserverless.backend import ServerlessBackend, redshiftserverless_backends
from localaws.engines.redshiftserverless.namespace import ServerlessSnapshot
from localaws.gateway.errors import AwsError
from localaws.gateway.records import current_call
from localaws.lab import Lab

_MOST_LISTED = 100


class ServerlessResponse(BaseResponse):
    """Answers each operation."""

    lab: ClassVar[Lab]

    def __init__(self) -> None:
        super().__init__(service_name="redshift-serverless")
        self.automated_parameter_parsing = True

    @property
    def backend(self) -> ServerlessBackend:
        return redshiftserverless_backends[self.current_account][self.region]

    @property
    def _request(self) -> dict[str, Any]:
        return dict(self.params)

    # Namespaces

    def create_namespace(self) -> ActionResult:
        made = self.backend.create_namespace(self._request)
        made.tags = _tags(self._request)
        return ActionResult({"namespace": made.described()})

    def get_namespace(self) -> ActionResult:
        return ActionResult({"namespace": self.backend.namespace(self._request["namespaceName"]).described()})

    def list_namespaces(self) -> ActionResult:
        return self._page("namespaces", [each.described() for each in self.backend.namespaces.values()])

    def update_namespace(self) -> ActionResult:
        return ActionResult({"namespace": self.backend.update_namespace(self._request).described()})

    def delete_namespace(self) -> ActionResult:
        request = self._request
        snapshot, days = request.get("finalSnapshotName"), request.get("finalSnapshotRetentionPeriod")
        gone = self.backend.delete_namespace(request["namespaceName"], snapshot, days)
        return ActionResult({"namespace": gone.described()})

    # Workgroups

    def create_workgroup(self) -> ActionResult:
        made = self.backend.create_workgroup(self._request)
        made.tags = _tags(self._request)
        return ActionResult({"workgroup": made.described()})

    def get_workgroup(self) -> ActionResult:
        return ActionResult({"workgroup": self.backend.workgroup(self._request["workgroupName"]).described()})

    def list_workgroups(self) -> ActionResult:
        return self._page("workgroups", [each.described() for each in self.backend.workgroups.values()])

    def update_workgroup(self) -> ActionResult:
        return ActionResult({"workgroup": self.backend.update_workgroup(self._request).described()})

    def delete_workgroup(self) -> ActionResult:
        return ActionResult({"workgroup": self.backend.delete_workgroup(self._request["workgroupName"]).described()})

    def get_credentials(self) -> ActionResult:
        request, caller = self._request, current_call.get().credential
        assert caller
        if not request.get("workgroupName"):
            raise AwsError("ValidationException", "workgroupName is required: the lab has no custom domain names.")
        seconds = request.get("durationSeconds") or SHORTEST
        loan = self.backend.lend(request["workgroupName"], user_of(caller), request.get("dbName") or "", seconds)
        told = {"dbUser": loan.name, "dbPassword": loan.password, "expiration": loan.end}
        return ActionResult({**told, "nextRefreshTime": loan.end - timedelta(seconds=seconds / 2)})

    # Snapshots

    def create_snapshot(self) -> ActionResult:
        request = self._request
        made = self.backend.create_snapshot(
            request["namespaceName"], request["snapshotName"], request.get("retentionPeriod")
        )
        made.tags = _tags(request)
        return ActionResult({"snapshot": made.described()})

    def get_snapshot(self) -> ActionResult:
        return ActionResult({"snapshot": self._snapshot().described()})

    def list_snapshots(self) -> ActionResult:
        wanted = self._request.get("namespaceName")
        found = [each for each in self.backend.snapshots.values() if wanted in (None, each.namespace_name)]
        return self._page("snapshots", [each.described() for each in found])

    def update_snapshot(self) -> ActionResult:
        snapshot = self._snapshot()
        if (days := self._request.get("retentionPeriod")) is not None:
            snapshot.days = days
            self.backend.expire(snapshot)
        return ActionResult({"snapshot": snapshot.described()})

    def delete_snapshot(self) -> ActionResult:
        return ActionResult({"snapshot": self.backend.delete_snapshot(self._request["snapshotName"]).described()})

    def restore_from_snapshot(self) -> ActionResult:
        request, snapshot = self._request, self._snapshot()
        namespace = self.backend.restore(request["namespaceName"], request["workgroupName"], snapshot)
        told = {"namespace": namespace.described(), "snapshotName": snapshot.name, "ownerAccount": snapshot.owner}
        return ActionResult(told)

    def _snapshot(self) -> ServerlessSnapshot:
        arn = self._request.get("snapshotArn")
        for each in self.backend.snapshots.values():
            if arn and each.arn == arn:
                return each
        return self.backend.snapshot(self._request.get("snapshotName") or str(arn))

    # Tags

    def tag_resource(self) -> ActionResult:
        self._tagged().tags.update(_tags(self._request))
        return ActionResult({})

    def untag_resource(self) -> ActionResult:
        tagged, keys = self._tagged(), self._request["tagKeys"]
        tagged.tags = {key: value for key, value in tagged.tags.items() if key not in keys}
        return ActionResult({})

    def list_tags_for_resource(self) -> ActionResult:
        return ActionResult({"tags": [{"key": key, "value": value} for key, value in self._tagged().tags.items()]})

    def _tagged(self) -> Any:
        arn, backend = self._request["resourceArn"], self.backend
        known: list[Any] = [*backend.namespaces.values(), *backend.workgroups.values(), *backend.snapshots.values()]
        for each in known:
            if each.arn == arn:
                return each
        fields = {"resourceName": arn}
        raise AwsError("ResourceNotFoundException", f"The resource {arn} does not exist.", 400, fields)

    def _page(self, name: str, items: Sequence[Any]) -> ActionResult:
        """The *items* from where nextToken points, at most maxResults of them."""
        try:
            start = int(base64.b64decode(self._request.get("nextToken") or "MA==", validate=True))
        except (ValueError, binascii.Error):
            raise AwsError("ValidationException", "The nextToken is not one that was given.") from None
        end = start + (self._request.get("maxResults") or _MOST_LISTED)
        more = {"nextToken": base64.b64encode(str(end).encode()).decode()} if end < len(items) else {}
        return ActionResult({name: items[start:end], **more})


def _tags(request: dict[str, Any]) -> dict[str, str]:
    return {each["key"]: each.get("value", "") for each in request.get("tags") or []}
