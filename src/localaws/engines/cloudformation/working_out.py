"""The functions and references that a template's values are worked out by, where moto does not, or otherwise than AWS.

Source: CloudFormation template reference, "Intrinsic function reference".
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from moto.cloudformation.parsing import ResourceMap

from localaws.engines.cloudformation.dynamic_references import resolve
from localaws.engines.cloudformation.functions import cidr_blocks, in_map
from localaws.engines.cloudformation.resources import ResourceMapEngine


def with_functions(clean: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """moto's function *clean*, which works out functions; and what it does not know, or knows otherwise."""

    def worked_out(value: Any, resources_map: Any) -> Any:
        if isinstance(value, dict) and len(value) == 1:
            [(name, argument)] = value.items()
            found = _worked_out(name, argument, resources_map, worked_out)
            value = found[0] if found else clean(value, resources_map)
        else:
            value = clean(value, resources_map)
        if isinstance(value, str) and isinstance(resources_map, ResourceMapEngine):
            return resolve(resources_map.lab, resources_map._region_name, value)
        return value

    return worked_out


def _worked_out(name: str, argument: Any, resources_map: Any, clean: Callable[[Any, Any], Any]) -> list[Any]:
    """What the function of this name gives; nothing for one that is moto's."""
    if name == "Fn::Cidr":
        block, number, *bits = clean(argument, resources_map)
        return [cidr_blocks(block, int(number), int(bits[0]) if bits else 8)]
    if name == "Fn::FindInMap":
        known = resources_map._parsed_resources if isinstance(resources_map, ResourceMap) else resources_map
        keys = [str(clean(each, resources_map)) for each in argument[:3]]
        default = [clean(each["DefaultValue"], resources_map) for each in argument[3:]]
        return [] if "Fn::Transform" in known.get(keys[0], {}) else [in_map(known, keys, *default)]
    if name == "Fn::Length":
        return [len(clean(argument, resources_map))]
    if name == "Fn::ToJsonString":
        return [json.dumps(clean(argument, resources_map), separators=(",", ":"))]
    return []
