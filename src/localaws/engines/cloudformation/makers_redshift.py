"""Redshift's clusters and their groups, whose references moto resolves to objects of its own, and never deletes.

Source: CloudFormation template reference, AWS::Redshift::Cluster, AWS::Redshift::ClusterParameterGroup and
AWS::Redshift::ClusterSubnetGroup.
"""

from __future__ import annotations

from localaws.engines.cloudformation.coercion import Api
from localaws.engines.cloudformation.made import Maker, deleted
from localaws.engines.cloudformation.updates import Changes, Properties


def _cluster(api: Api, name: str, properties: Properties) -> tuple[str, dict[str, str]]:
    """A cluster's *name* is in small letters (CreateCluster, API reference, ClusterIdentifier)."""
    wanted = {"ClusterIdentifier": name.lower(), **properties}
    api("CreateCluster", **wanted)
    api.wait("cluster_available", ClusterIdentifier=wanted["ClusterIdentifier"])
    [made] = api("DescribeClusters", ClusterIdentifier=wanted["ClusterIdentifier"])["Clusters"]
    endpoint = made["Endpoint"]
    attributes = {f"Endpoint.{part}": str(endpoint[part]) for part in ("Address", "Port")}
    return wanted["ClusterIdentifier"], attributes


def _delete_cluster(api: Api, name: str, properties: Properties) -> None:
    """Until it is gone: what it uses can then be deleted."""
    api("DeleteCluster", ClusterIdentifier=name, SkipFinalClusterSnapshot=True)
    api.wait("cluster_deleted", ClusterIdentifier=name)


def _parameter_group(api: Api, name: str, properties: Properties) -> tuple[str, dict[str, str]]:
    wanted = {"ParameterGroupName": name.lower(), **properties}
    parameters = wanted.pop("Parameters", None)
    api("CreateClusterParameterGroup", **wanted)
    if parameters:
        api("ModifyClusterParameterGroup", ParameterGroupName=wanted["ParameterGroupName"], Parameters=parameters)
    return wanted["ParameterGroupName"], {}


def _subnet_group(api: Api, name: str, properties: Properties) -> tuple[str, dict[str, str]]:
    api("CreateClusterSubnetGroup", ClusterSubnetGroupName=name.lower(), **properties)
    return name.lower(), {}


REDSHIFT = {
    "AWS::Redshift::Cluster": Maker(
        _cluster,
        _delete_cluster,
        Changes("redshift", [], frozenset({"ClusterIdentifier", "DBName", "MasterUsername"})),
        "ClusterIdentifier",
        frozenset({"Endpoint.Address", "Endpoint.Port"}),
    ),
    "AWS::Redshift::ClusterParameterGroup": Maker(
        _parameter_group,
        deleted("DeleteClusterParameterGroup", "ParameterGroupName"),
        Changes("redshift", [], frozenset({"ParameterGroupName", "ParameterGroupFamily", "Description"})),
        "ParameterGroupName",
    ),
    "AWS::Redshift::ClusterSubnetGroup": Maker(
        _subnet_group,
        deleted("DeleteClusterSubnetGroup", "ClusterSubnetGroupName"),
        Changes("redshift", []),
    ),
}
