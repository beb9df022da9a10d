"""Of each type: what can be changed of its resources, and when another must be made in a resource's place.

Source: CloudFormation user guide, "Update behaviors of stack resources".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from moto.cloudformation.exceptions import CloudFormationError
from moto.cloudformation.parsing import resource_name_property_from_type

from localaws.engines.cloudformation.changes_networks import NETWORKS, OTHER_NETWORKS
from localaws.engines.cloudformation.changes_services import SERVICES
from localaws.engines.cloudformation.changes_storage import STORAGE
from localaws.engines.cloudformation.makers import MAKERS
from localaws.engines.cloudformation.updates import Changes

_CHANGES: Mapping[str, Changes] = {
    **STORAGE,
    **SERVICES,
    **NETWORKS,
    **{name: each.changes for name, each in MAKERS.items()},
}
#: For every other type: whatever is changed of it fails.
_NO_CHANGES = Changes("cloudformation", [])
#: What the event of a resource says that is replaced.
REPLACES = "Requested update requires the creation of a new physical resource; hence creating one."


def changes_of(resource_type: str) -> Changes:
    others = OTHER_NETWORKS if resource_type.startswith("AWS::EC2::") else _NO_CHANGES
    return _CHANGES.get(resource_type, others)


def check_replacement(resource_type: str, former: Mapping[str, Any], new: Mapping[str, Any]) -> None:
    """Raises CloudFormationError where the new resource would have the name of the former."""
    name = resource_name_property_from_type(resource_type)
    if name and name in new and former.get(name) == new[name]:
        said = "CloudFormation cannot update a stack when a custom-named resource requires replacing."
        raise CloudFormationError(f"{said} Rename {new[name]} and update the stack again.")
