"""A template is data: whatever tags its YAML has, no code runs by it, and CloudFormation's own short forms work.

Source: CloudFormation user guide, "Template format: YAML" and "Intrinsic function reference".
"""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.conftest import RunningLab


@pytest.fixture
def formation(lab: RunningLab) -> Any:
    return lab.client("cloudformation")


@pytest.mark.parametrize("call", ["create_stack", "validate_template", "get_template_summary", "create_change_set"])
@pytest.mark.parametrize("tag", ["!!python/object/apply:os.system", "!!python/object/new:os.system"])
def test_no_code_runs_by_a_template(formation: Any, tmp_path: Path, call: str, tag: str) -> None:
    ran = tmp_path / "ran"
    template = f'Description: {tag} ["touch {ran}"]\nResources:\n  Queue: {{Type: AWS::SQS::Queue}}\n'
    names = {
        "create_stack": {"StackName": f"attack-{uuid.uuid4().hex[:8]}"},
        "create_change_set": {
            "StackName": f"attack-{uuid.uuid4().hex[:8]}",
            "ChangeSetName": "c",
            "ChangeSetType": "CREATE",
        },
    }
    with pytest.raises(ClientError) as caught:
        getattr(formation, call)(TemplateBody=template, **names.get(call, {}))
    assert caught.value.response["Error"]["Code"] == "ValidationError"
    assert not ran.exists()


def test_short_forms_of_functions(formation: Any, lab: RunningLab) -> None:
    name = f"short-{uuid.uuid4().hex[:8]}"
    template = f"""
Parameters:
  Name: {{Type: String, Default: {name}}}
Resources:
  Queue:
    Type: AWS::SQS::Queue
    Properties: {{QueueName: !Join ["-", [!Ref Name, queue]]}}
Outputs:
  Arn: {{Value: !GetAtt Queue.Arn}}
"""
    formation.create_stack(StackName=name, TemplateBody=template)
    [stack] = formation.describe_stacks(StackName=name)["Stacks"]
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    assert stack["Outputs"][0]["OutputValue"].endswith(f":{name}-queue")
