"""What requests are checked against, and how they are read."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from moto.ec2.models.subnets import Subnet
from moto.rds.exceptions import InvalidParameterValue, RDSClientError

from localaws.engines.rds.instance import PostgresInstance

_ENGINE_NAME = re.compile(r"[a-z0-9-]{1,50}")


def check_engine(settings: dict[str, Any]) -> None:
    """Raise InvalidParameterValue for an engine that cannot be had on this machine."""
    engine = settings.get("engine", "")
    if settings.get("db_cluster_identifier") or engine != "postgres":
        raise InvalidParameterValue(
            f"Invalid DB engine: {engine}. This lab starts real servers and has PostgreSQL only: use Engine=postgres, "
            "without a cluster."
        )


def check_engine_name(name: str) -> None:
    """Raise InvalidParameterValue for what cannot be an engine's name: moto makes the path of a file from it."""
    if not _ENGINE_NAME.fullmatch(name):
        raise InvalidParameterValue(f"Invalid DB engine: {name}")


def check_coverage(subnets: Sequence[Subnet]) -> None:
    """Raise DBSubnetGroupDoesNotCoverEnoughAZs (user guide, "Working with DB subnet groups"; text as users met it)."""
    zones = sorted({subnet.availability_zone for subnet in subnets})
    if len(zones) < 2:
        raise RDSClientError(
            "DBSubnetGroupDoesNotCoverEnoughAZs",
            "The DB subnet group doesn't meet Availability Zone (AZ) coverage requirement. Current AZ coverage: "
            f"{', '.join(zones)}. Add subnets to cover at least 2 AZs.",
        )


def wrong_state(instance: PostgresInstance, needed: str) -> RDSClientError:
    """The error of an operation on an instance that is not as *needed*."""
    return RDSClientError(
        "InvalidDBInstanceState", f"Instance {instance.resource_id} is {instance.status}; it must be {needed}."
    )


def plain(parameters: Any) -> dict[str, Any]:
    """A request's parameters under moto's names as an ordinary dictionary, which can be written down."""
    return {name: _as_sent(value) for name, value in dict(parameters).items()}


def _as_sent(value: Any) -> Any:
    if isinstance(value, list):
        return [_as_sent(item) for item in value]
    return value.original_dict() if hasattr(value, "original_dict") else value
