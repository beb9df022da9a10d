"""Workgroups: settings that queries share, and that a team may be held to.

Source: "Use workgroups to control query access and costs" of the Athena user guide.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from moto.athena.models import WorkGroup

from localaws.engines.athena.managed import is_managed
from localaws.engines.athena.wire import invalid, page

if TYPE_CHECKING:
    from localaws.engines.athena.backend import AthenaEngine

LEAST_CUTOFF = 10_000_000
_NAME = re.compile(r"[a-zA-Z0-9._-]{1,128}")


class WorkGroups:
    """The operations on workgroups, of the response class."""

    engine: AthenaEngine
    if TYPE_CHECKING:

        def _get_param(self, name: str, default: Any = None) -> Any: ...

    def create_work_group(self) -> str:
        name = self._get_param("Name") or ""
        if not _NAME.fullmatch(name):
            raise invalid(f"{name!r} is not a name for a workgroup: letters, digits and ._- only, at most 128")
        if name in self.engine.work_groups:
            raise invalid("WorkGroup is already created")
        configuration = self._get_param("Configuration") or {}
        _check(configuration)
        self.engine.create_work_group(
            name, configuration, self._get_param("Description") or "", self._get_param("Tags") or []
        )
        self.engine.created[name] = self.engine.lab.clock.time()
        return "{}"

    def get_work_group(self) -> str:
        return json.dumps({"WorkGroup": self._describe(self._group(), whole=True)})

    def list_work_groups(self) -> str:
        groups = sorted(self.engine.work_groups.values(), key=lambda group: group.name)
        listed, token = page(groups, self._get_param("MaxResults"), self._get_param("NextToken"))
        answer: dict[str, Any] = {"WorkGroups": [self._describe(group, whole=False) for group in listed]}
        return json.dumps(answer | ({"NextToken": token} if token else {}))

    def update_work_group(self) -> str:
        """Changes what is given and leaves the rest; Remove… takes a setting away (UpdateWorkGroup)."""
        group = self._group()
        updates = self._get_param("ConfigurationUpdates") or {}
        _check(updates)
        configuration = dict(group.configuration)
        results = dict(configuration.get("ResultConfiguration") or {})
        for key, value in (updates.pop("ResultConfigurationUpdates", None) or {}).items():
            if key.startswith("Remove"):
                if value:
                    results.pop(key.removeprefix("Remove"), None)
            else:
                results[key] = value
        managed = dict(configuration.get("ManagedQueryResultsConfiguration") or {})
        for key, value in (updates.pop("ManagedQueryResultsConfigurationUpdates", None) or {}).items():
            if key == "RemoveEncryptionConfiguration":
                if value:
                    managed.pop("EncryptionConfiguration", None)
            else:
                managed[key] = value
        if managed:
            configuration["ManagedQueryResultsConfiguration"] = managed
        for key, value in updates.items():
            if key.startswith("Remove"):
                if value:
                    configuration.pop(key.removeprefix("Remove"), None)
            else:
                configuration[key] = value
        changed = {**configuration, "ResultConfiguration": results}
        _check(changed)
        group.configuration = changed
        if self._get_param("Description") is not None:
            group.description = self._get_param("Description")
        if self._get_param("State"):
            group.state = self._get_param("State")
        return "{}"

    def delete_work_group(self) -> str:
        group = self._group()
        if group.name == "primary":
            raise invalid("The primary WorkGroup cannot be deleted")
        held = any(query.workgroup is group for query in self.engine.named_queries.values())
        used = any(query.workgroup == group.name for query in self.engine.queries.values())
        if (held or used) and not self._get_param("RecursiveDeleteOption"):
            raise invalid(f"WorkGroup {group.name} is not empty")
        self.engine.delete_work_group(group.name)
        for query_id, query in list(self.engine.named_queries.items()):
            if query.workgroup is group:
                del self.engine.named_queries[query_id]
        for key in [key for key in self.engine.prepared if key[0] == group.name]:
            del self.engine.prepared[key]
        return "{}"

    def _group(self) -> WorkGroup:
        name = self._get_param("WorkGroup") or ""
        if name not in self.engine.work_groups:
            raise invalid(f"WorkGroup {name} is not found.")
        return self.engine.work_groups[name]

    def _describe(self, group: WorkGroup, whole: bool) -> dict[str, Any]:
        described = {
            "Name": group.name,
            "State": group.state,
            "Description": group.description,
            "CreationTime": self.engine.created.get(group.name, 0.0),
        }
        if whole:
            described["Configuration"] = group.configuration
        else:
            described["EngineVersion"] = group.configuration["EngineVersion"]
        return described


def _check(configuration: dict[str, Any]) -> None:
    cutoff = configuration.get("BytesScannedCutoffPerQuery")
    if cutoff is not None and cutoff < LEAST_CUTOFF:
        raise invalid(f"BytesScannedCutoffPerQuery is at least {LEAST_CUTOFF} bytes, not {cutoff}")
    results = configuration.get("ResultConfiguration") or configuration.get("ResultConfigurationUpdates") or {}
    location = results.get("OutputLocation")
    if location is not None and not location.startswith("s3://"):
        raise invalid(f"outputLocation is not a valid S3 path: {location}")
    if location is not None and is_managed(configuration):
        raise invalid("A workgroup has either an output location or managed query results, not both")
