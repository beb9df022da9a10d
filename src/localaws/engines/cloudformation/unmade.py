"""Types that this lab does not make: which may be AWS's, and how a resource of one fails.

Nothing offline tells all of AWS's types; botocore tells its services, by names that are mostly those of the types.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from botocore.loaders import create_loader
from moto.cloudformation.exceptions import CloudFormationError
from moto.cloudformation.parsing import NULL_MODELS, get_model_map
from moto.core.common_models import CloudFormationModel

#: Namespaces of types whose service botocore calls otherwise.
_OTHER_NAMES = {
    "amazonmq",
    "certificatemanager",
    "cognito",
    "elasticloadbalancing",
    "elasticloadbalancingv2",
    "elasticsearch",
    "kinesisfirehose",
    "msk",
    "opensearchservice",
}


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


def may_exist(resource_type: str) -> bool:
    """Whether *resource_type* has the form AWS::service::thing, with a service of AWS's."""
    parts = resource_type.split("::")
    return len(parts) == 3 and parts[0] == "AWS" and parts[2].isalnum() and parts[1].lower() in _services()


def with_unmade(find: Callable[[str], Any]) -> Callable[[str], Any]:
    """moto's function *find*, which gives the class of a type, and a class that fails where it would give none."""
    return lambda resource_type: find(resource_type) if is_made(resource_type) else UnmadeResource


@cache
def _services() -> set[str]:
    names = create_loader().list_available_services("service-2")
    return {name.replace("-", "") for name in names} | _OTHER_NAMES
