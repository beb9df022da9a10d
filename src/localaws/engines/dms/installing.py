"""Brings back what an earlier process of this lab had, and ends tasks with the lab."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Any

from moto.dms.models import dms_backends

from localaws.engines.dms.backend import Connection, DMSEngine
from localaws.lab import Lab
from localaws.state.state_file import StateFile


def install(lab: Lab) -> None:
    DMSEngine.state_file = StateFile(lab.directory / "dms", _collect)
    lab.on_stop(_stop_everything)
    for record in DMSEngine.state_file.loaded.get("accounts", []):
        _bring_back(record)


def _engines() -> list[DMSEngine]:
    return [backend for _, _, backend in dms_backends.iter_backends() if isinstance(backend, DMSEngine)]


def _collect() -> dict[str, Any]:
    """The state file's content; from copies of the lists, which other requests may be changing."""
    return {
        "accounts": [
            {
                "account": engine.account_id,
                "region": engine.region_name,
                "subnet_groups": [
                    {"id": name, "description": group.description, "subnets": group.subnets}
                    | {"tags": engine.tagger.list_tags_for_resource(name)["Tags"]}
                    for name, group in list(engine.replication_subnet_groups.items())
                ],
                "instances": [each.settings for each in list(engine.replication_instances.values())],  # type: ignore[attr-defined]
                "endpoints": [{"id": each.id, "settings": each.settings} for each in list(engine.endpoints.values())],
                "connections": [
                    [each.replication_instance_arn, each.endpoint_arn]
                    for each in engine.connections
                    if each.status == "successful"
                ],
                "tasks": [task.record() for task in list(engine.replication_tasks.values())],
            }
            for engine in _engines()
        ]
    }


def _bring_back(record: dict[str, Any]) -> None:
    engine = dms_backends[record["account"]][record["region"]]
    assert isinstance(engine, DMSEngine)
    for group in record.get("subnet_groups", []):
        engine.add_subnet_group(group["id"], group["description"], group["subnets"])
        engine.tagger.tag_resource(group["id"], group["tags"])
    for settings in record["instances"]:
        engine.add_instance(settings)
    for endpoint in record["endpoints"]:
        engine.add_endpoint(endpoint["settings"], endpoint["id"])
    for instance_arn, endpoint_arn in record["connections"]:
        connection = Connection(engine.replication_instances[instance_arn], engine.endpoint(endpoint_arn))
        connection.status = "successful"
        engine.connections.append(connection)
    for each in record["tasks"]:
        created = datetime.fromisoformat(each["created"])
        task = engine.add_task(each["settings"], created, each.get("tags", []))
        task.bring_back(each)
        if task.status == "deleting":
            engine.lab.spawn(f"dms-{task.id}", partial(engine.finish_deleting, task))


def _stop_everything() -> None:
    """Tasks end between two files; what they have not written waits at the source."""
    tasks = [task for engine in _engines() for task in list(engine.replication_tasks.values())]
    for task in tasks:
        task.wait()
