"""Batch's job definitions, for which moto asks for more than AWS does.

Source: CloudFormation template reference, AWS::Batch::JobDefinition.
"""

from __future__ import annotations

from localaws.engines.cloudformation.coercion import Api
from localaws.engines.cloudformation.made import Maker, deleted
from localaws.engines.cloudformation.updates import Changes, Properties


def _definition(api: Api, generated: str, properties: Properties) -> tuple[str, dict[str, str]]:
    wanted = {"JobDefinitionName": generated, **api.taken("RegisterJobDefinition", properties)}
    arn = api("RegisterJobDefinition", **wanted)["jobDefinitionArn"]
    return arn, {"JobDefinitionArn": arn}


JOBS = {
    "AWS::Batch::JobDefinition": Maker(
        _definition,
        deleted("DeregisterJobDefinition", "jobDefinition"),
        Changes("batch", [], frozenset({"JobDefinitionName"})),
        "JobDefinitionName",
        frozenset({"JobDefinitionArn"}),
    )
}
