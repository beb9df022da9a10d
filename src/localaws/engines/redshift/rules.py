"""What names, passwords, nodes and ports a cluster may have (API reference, CreateCluster and ModifyCluster)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from localaws.gateway.errors import AwsError

NODE_TYPES = (
    *("dc2.large", "dc2.8xlarge", "rg.large", "rg.xlarge", "rg.4xlarge", "rg.12xlarge"),
    *("ra3.large", "ra3.xlplus", "ra3.4xlarge", "ra3.16xlarge"),
)
_IDENTIFIER = re.compile(r"[a-z](-?[a-z0-9]){0,62}")
_USER = re.compile(r"[a-z][a-z0-9_+.@-]{0,127}")
_DATABASE = re.compile(r"[a-z][a-z0-9_$]{0,63}")
_FORBIDDEN = set("'\"\\/@ ")
_MOST_NODES = 100


def invalid(said: str) -> AwsError:
    return AwsError("InvalidParameterValue", said)


def check_identifier(name: str, what: str = "ClusterIdentifier") -> None:
    if len(name) > 63 or not _IDENTIFIER.fullmatch(name):
        raise invalid(
            f"The parameter {what} is not a valid identifier. Identifiers have 1 to 63 small letters, digits and "
            "hyphens; they begin with a letter, do not end with a hyphen, and have no two hyphens in a row."
        )


def check_master(settings: Mapping[str, Any]) -> None:
    """The admin user and his password, which is either given or Secrets Manager's."""
    name = str(settings.get("MasterUsername"))
    if not _USER.fullmatch(name) or name == "public":
        raise invalid(
            f"The parameter MasterUsername is not valid: {name!r}. It has 1 to 128 small letters, digits and "
            "_ + . @ -, begins with a letter, and is no reserved word."
        )
    managed, password = settings.get("ManageMasterPassword"), settings.get("MasterUserPassword")
    if managed and password:
        raise AwsError(
            "InvalidParameterCombination", "MasterUserPassword cannot be given when ManageMasterPassword is true."
        )
    if not managed:
        check_password(password)


def check_password(password: str | None) -> None:
    if not password or not 8 <= len(password) <= 64:
        raise invalid("The parameter MasterUserPassword must have 8 to 64 characters.")
    for pattern, what in (("[A-Z]", "uppercase letter"), ("[a-z]", "lowercase letter"), ("[0-9]", "number")):
        if not re.search(pattern, password):
            raise invalid(f"The parameter MasterUserPassword must contain at least one {what}.")
    if set(password) & _FORBIDDEN or not (password.isascii() and password.isprintable()):
        raise invalid(
            "The parameter MasterUserPassword is not a valid password. Only printable ASCII characters besides "
            "'/', '@', '\"', ' ', '\\', ''' may be used."
        )


def check_nodes(settings: Mapping[str, Any]) -> None:
    """The type of nodes and their number, as far as they are named."""
    if (node_type := settings.get("NodeType")) is not None and node_type not in NODE_TYPES:
        raise invalid(f"Invalid node type: {node_type}")
    kind, number = settings.get("ClusterType"), settings.get("NumberOfNodes")
    if kind not in (None, "multi-node", "single-node"):
        raise invalid("Invalid cluster type. Cluster type can be one of multi-node or single-node")
    if kind == "multi-node" and (number or 0) < 2:
        said = "Number of nodes for cluster type multi-node must be greater than or equal to 2"
        raise AwsError("InvalidParameterCombination", said)
    if kind == "single-node" and (number or 1) != 1:
        said = "Number of nodes for cluster type single-node must be 1"
        raise AwsError("InvalidParameterCombination", said)
    if number is not None and not 1 <= number <= _MOST_NODES:
        raise invalid(f"NumberOfNodes must be from 1 to {_MOST_NODES}.")


def check_new(settings: Mapping[str, Any]) -> None:
    """All that a new cluster is asked for. Raises AwsError."""
    check_identifier(str(settings.get("ClusterIdentifier")))
    check_master(settings)
    check_nodes(settings)
    if (database := settings.get("DBName")) and not _DATABASE.fullmatch(database):
        raise invalid(f"The parameter DBName is not valid: {database!r}. It has 1 to 64 small letters and digits.")
    if settings.get("Encrypted") is False:
        raise invalid("Encrypted cannot be false: new clusters are encrypted.")
    check_port(settings)


def check_port(settings: Mapping[str, Any]) -> None:
    if (port := settings.get("Port")) is None:
        return
    ranges = ((1150, 65535),) if str(settings.get("NodeType")).startswith("dc") else ((5431, 5455), (8191, 8215))
    if not any(low <= port <= high for low, high in ranges):
        told = " or ".join(f"{low}-{high}" for low, high in ranges)
        raise invalid(f"Port {port} is not valid: for this type of nodes it lies in {told}.")
