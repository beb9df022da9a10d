"""Brings back the instances that an earlier process of this lab had, and stops them with the lab."""

from __future__ import annotations

import secrets
import shutil
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from moto.rds.models import DBParameterGroup, DBSnapshot, DBSubnetGroup, rds_backends

from localaws.engines.rds.backend import RDSEngine
from localaws.engines.rds.instance import PostgresInstance
from localaws.engines.rds.places import data_directory
from localaws.lab import Lab
from localaws.state.state_file import StateFile


def install(lab: Lab) -> None:
    RDSEngine.state_file = StateFile(lab.directory / "rds", _collect)
    RDSEngine.admin_password = RDSEngine.state_file.loaded.get("admin_password") or secrets.token_urlsafe(24)
    RDSEngine.place = data_directory(lab.directory)
    lab.on_stop(_stop_everything)
    _bring_back(RDSEngine.state_file.loaded)


@dataclass
class KeptSubnet:
    """What a subnet group tells of a subnet: as databases, it is there also where what EC2 kept had to be put aside."""

    id: str
    availability_zone: str
    vpc_id: str

    @classmethod
    def of(cls, subnet: Any) -> KeptSubnet:
        return cls(subnet.id, subnet.availability_zone, subnet.vpc_id)


def _engines() -> list[RDSEngine]:
    return [backend for _, _, backend in rds_backends.iter_backends() if isinstance(backend, RDSEngine)]


def _collect() -> dict[str, Any]:
    """The state file's content: what is needed to have all of it again."""
    groups, subnet_groups, instances, snapshots = [], [], [], []
    for engine in _engines():
        where = {"account": engine.account_id, "region": engine.region_name}
        groups += [
            {**where, "name": group.name, "family": group.family, "description": group.description}
            | {"parameters": group.parameters, "tags": group.tags}
            for group in engine.db_parameter_groups.values()
            if not group.name.startswith("default.")
        ]
        subnet_groups += [
            {**where, "name": group.name, "description": group.description, "tags": group.tags}
            | {"subnets": [asdict(KeptSubnet.of(subnet)) for subnet in group._subnets]}
            for group in engine.subnet_groups.values()
        ]
        instances += [instance.record() for instance in engine.databases.values()]
        snapshots += [
            {**where, "name": snapshot.db_snapshot_identifier, "type": snapshot.snapshot_type}
            | {"created": snapshot.created.isoformat(), "settings": snapshot.settings, "tags": snapshot.tags}  # type: ignore[attr-defined]
            for snapshot in engine.database_snapshots.values()
            if snapshot.status == "available"
        ]
    groups_of_both_kinds = {"groups": groups, "subnet_groups": subnet_groups}
    password = RDSEngine.admin_password
    return {"admin_password": password, **groups_of_both_kinds, "instances": instances, "snapshots": snapshots}


def _bring_back(state: dict[str, Any]) -> None:
    """Have again what the state file tells, and remove files that it does not know."""

    def engine_of(record: dict[str, Any]) -> RDSEngine:
        backend = rds_backends[record["account"]][record["region"]]
        assert isinstance(backend, RDSEngine)
        return backend

    for record in state.get("groups", []):
        engine = engine_of(record)
        named = record["name"], record["description"], record["family"], record["tags"]
        group = DBParameterGroup(engine, *named)  # type: ignore[abstract]
        group.parameters.update(record["parameters"])
        engine.db_parameter_groups[record["name"]] = group
    for record in state.get("subnet_groups", []):
        engine = engine_of(record)
        name, description, tags = record["name"], record["description"], record["tags"]
        subnets: list[Any] = [KeptSubnet(**each) for each in record["subnets"]]
        engine.subnet_groups[name] = DBSubnetGroup(engine, name, description, subnets, tags)  # type: ignore[abstract]
    known = {record["resource_id"] for record in state.get("instances", [])}
    for record in state.get("snapshots", []):
        engine = engine_of(record)
        created = datetime.fromisoformat(record["created"])
        described = PostgresInstance(engine, record["settings"], created)  # type: ignore[abstract]
        snapshot = DBSnapshot(engine, described, record["name"], record["type"], record["tags"])
        snapshot.created = snapshot.original_snapshot_create_time = created
        snapshot.settings = record["settings"]  # type: ignore[attr-defined]
        engine.database_snapshots[record["name"]] = snapshot
        known.add(engine.snapshot_files(snapshot).name)
    # First all of them, then to work: the state file is written again at the first change.
    for instance in [engine_of(record).bring_back(record) for record in state.get("instances", [])]:
        backend = instance.backend
        assert isinstance(backend, RDSEngine)
        backend.go_on(instance)
    for kind in ("instances", "snapshots"):
        for directory in (RDSEngine.place / kind).glob("*"):
            if directory.name not in known:
                shutil.rmtree(directory, ignore_errors=True)


def _stop_everything() -> None:
    """First tell all servers, then wait for each. Their statuses stay: they are what the next start restores."""
    servers = [instance.server for engine in _engines() for instance in engine.databases.values()]
    for server in servers:
        server.ask_to_stop()
    for server in servers:
        server.stop()
