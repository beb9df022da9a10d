"""Types that AWS makes and this lab does not: how a resource of one fails."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.cloudformation.exceptions import CloudFormationError
from moto.cloudformation.parsing import NULL_MODELS, get_model_map
from moto.core.common_models import CloudFormationModel


class UnmadeResource(CloudFormationModel):
    """What cannot be made here, and says so."""

    @classmethod
    def has_cfn_attr(cls, attr: str) -> bool:
        return True

    @classmethod
    def create_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: dict[str, Any], account_id: str, region_name: str, **_: Any
    ) -> UnmadeResource:
        said = f"This lab does not make resources of the type {cloudformation_json['Type']}."
        raise CloudFormationError(f"{said} Take it out of the template, or make it with its service's own API.")


def is_made(resource_type: str) -> bool:
    return resource_type.startswith("Custom::") or resource_type in get_model_map() or resource_type in NULL_MODELS


def with_unmade(find: Callable[[str], Any]) -> Callable[[str], Any]:
    """moto's function *find*, which gives the class of a type, and a class that fails where it would give none."""
    return lambda resource_type: find(resource_type) if is_made(resource_type) else UnmadeResource
