"""State machines: their definition is a text, an object or a file in S3, with what is to be put in it.

Source: CloudFormation template reference, AWS::StepFunctions::StateMachine.
"""

from __future__ import annotations

from localaws.engines.cloudformation.coercion import Api, as_text
from localaws.engines.cloudformation.made import Maker, deleted
from localaws.engines.cloudformation.updates import Changes, Properties, Target, tagging


def _machine(api: Api, name: str, properties: Properties) -> tuple[str, dict[str, str]]:
    made = api(
        "CreateStateMachine",
        **api.taken("CreateStateMachine", properties),
        name=name,
        definition=_definition(api, properties),
        type=properties.get("StateMachineType"),
    )
    return made["stateMachineArn"], {"Arn": made["stateMachineArn"], "Name": name}


def _definition(api: Api, properties: Properties) -> str:
    """DefinitionSubstitutions: ``${key}`` becomes the value."""
    place = properties.get("DefinitionS3Location")
    if place:
        stored = api.other("s3")("GetObject", Bucket=place["Bucket"], Key=place["Key"], VersionId=place.get("Version"))
        text = stored["Body"].read().decode()
    else:
        text = as_text(properties["Definition"] if "Definition" in properties else properties["DefinitionString"])
    for key, value in properties.get("DefinitionSubstitutions", {}).items():
        text = text.replace(f"${{{key}}}", as_text(value))
    return text


def _change(machine: Target) -> None:
    machine.api(
        "UpdateStateMachine",
        **machine.api.taken("UpdateStateMachine", machine.new),
        stateMachineArn=machine.id,
        definition=_definition(machine.api, machine.new),
    )


MACHINES = {
    "AWS::StepFunctions::StateMachine": Maker(
        _machine,
        deleted("DeleteStateMachine", "stateMachineArn"),
        Changes(
            "stepfunctions",
            [
                (
                    "Definition DefinitionString DefinitionS3Location DefinitionSubstitutions RoleArn "
                    "LoggingConfiguration TracingConfiguration EncryptionConfiguration".split(),
                    _change,
                ),
                (["Tags"], tagging("TagResource", "UntagResource", "resourceArn", "tags", "tagKeys")),
            ],
            frozenset({"StateMachineName", "StateMachineType"}),
        ),
        "StateMachineName",
        frozenset({"Arn", "Name"}),
    )
}
