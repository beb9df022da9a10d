"""EMR's clusters, of which moto leaves out the groups of instances, the applications and the steps.

Source: CloudFormation template reference, AWS::EMR::Cluster, whose names are here and there others than those of
RunJobFlow.
"""

from __future__ import annotations

from typing import Any

from localaws.engines.cloudformation.coercion import Api
from localaws.engines.cloudformation.made import Maker
from localaws.engines.cloudformation.updates import Changes, Properties, tagging

_GROUPS = {"MasterInstanceGroup": "MASTER", "CoreInstanceGroup": "CORE"}
#: What RunJobFlow silently drops. Fleets it drops too: their names in a template are none of RunJobFlow's.
_DROPPED = (
    "AdditionalInfo AutoTerminationPolicy LogEncryptionKmsKeyId ManagedScalingPolicy OSReleaseLabel "
    "PlacementGroupConfigs ScaleDownBehavior"
).split()
#: What a template calls otherwise than EMR's API, wherever it stands.
_OTHER_NAMES = {"ConfigurationProperties": "Properties", "StepProperties": "Properties"}


def _cluster(api: Api, name: str, properties: Properties) -> tuple[str, dict[str, str]]:
    wanted = {each: _renamed(value) for each, value in api.taken("RunJobFlow", properties, _DROPPED).items()}
    made = api("RunJobFlow", **{**wanted, "Instances": _instances(wanted["Instances"])})["JobFlowId"]
    told = api("DescribeCluster", ClusterId=made)["Cluster"]
    return made, {"Id": made, "MasterPublicDNS": str(told.get("MasterPublicDnsName", ""))}


def _instances(described: dict[str, Any]) -> dict[str, Any]:
    """In RunJobFlow the groups are one list."""
    instances = dict(described)
    groups = [{**instances.pop(each), "InstanceRole": role} for each, role in _GROUPS.items() if each in instances]
    groups += [{**each, "InstanceRole": "TASK"} for each in instances.pop("TaskInstanceGroups", [])]
    return {**instances, **({"InstanceGroups": groups} if groups else {})}


def _renamed(value: Any) -> Any:
    if isinstance(value, list):
        return [_renamed(each) for each in value]
    if isinstance(value, dict):
        return {_OTHER_NAMES.get(name, name): _renamed(each) for name, each in value.items()}
    return value


def _terminate(api: Api, cluster: str, properties: Properties) -> None:
    api("TerminateJobFlows", JobFlowIds=[cluster])


CLUSTERS = {
    "AWS::EMR::Cluster": Maker(
        _cluster,
        _terminate,
        Changes(
            "emr",
            [(["Tags"], tagging("AddTags", "RemoveTags", "ResourceId"))],
            frozenset(
                "Applications AutoScalingRole BootstrapActions Configurations CustomAmiId Instances JobFlowRole "
                "KerberosAttributes LogUri Name ReleaseLabel SecurityConfiguration ServiceRole Steps".split()
            ),
        ),
        attributes=frozenset({"Id", "MasterPublicDNS"}),
    )
}
