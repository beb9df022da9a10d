"""Parameters of Systems Manager, which moto makes without a name of CloudFormation's.

Source: CloudFormation template reference, AWS::SSM::Parameter (Name: "If you don't specify a name, CloudFormation
generates a unique physical ID").
"""

from __future__ import annotations

from typing import Any

from moto.cloudformation.parsing import get_model_map
from moto.cloudformation.utils import random_suffix
from moto.ssm.models import Parameter


def install_creations() -> None:
    models: dict[str, Any] = get_model_map()
    models["AWS::SSM::Parameter"] = ParameterResource


class ParameterResource(Parameter):
    """A parameter, with a name of CloudFormation's where the template gives none."""

    @classmethod
    def create_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **more: Any
    ) -> Parameter:
        cloudformation_json["Properties"].setdefault("Name", f"CFN-{more.get('LogicalId')}-{random_suffix()}")
        return super().create_from_cloudformation_json(
            resource_name, cloudformation_json, account_id, region_name, **more
        )
