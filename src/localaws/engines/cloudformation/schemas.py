"""AWS's own schemas of resource types: which types there are, and what may stand in the properties of one.

cfn-lint carries them, and comes with moto's server. They are read as data: cfn-lint itself takes seconds to import.
Source: "Resource type definition schema" (CloudFormation CLI user guide).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from moto.cloudformation.exceptions import CloudFormationError

#: Resource names of which users may give any property, whatever the schema says ("Custom resource properties").
_OPEN = {"AWS::CloudFormation::CustomResource"}


def is_aws(resource_type: str) -> bool:
    """Whether AWS has the type."""
    return resource_type in _files()


def check_properties(logical_id: str, resource_type: str, properties: dict[str, Any]) -> None:
    """Raises CloudFormationError, in AWS's words, for properties that the type does not have."""
    if resource_type in _OPEN or not is_aws(resource_type):
        return
    schema = _schema(resource_type)
    unknown = list(_unknown(properties, schema, schema, "#"))
    if unknown:
        said = f"Properties validation failed for resource {logical_id} with message:"
        raise CloudFormationError("\n".join([said, *unknown]))


def _unknown(value: Any, shape: dict[str, Any], schema: dict[str, Any], path: str) -> Iterator[str]:
    if "$ref" in shape:  # #/definitions/Name
        shape = schema["definitions"].get(shape["$ref"].rsplit("/", 1)[-1], {})
    if isinstance(value, list):
        for number, each in enumerate(value):
            yield from _unknown(each, shape.get("items", {}), schema, f"{path}/{number}")
    elif isinstance(value, dict):
        known = shape.get("properties", {})
        for name, each in value.items():
            if name in known:
                yield from _unknown(each, known[name], schema, f"{path}/{name}")
            elif known and shape.get("additionalProperties") is False and "patternProperties" not in shape:
                yield f"{path}: extraneous key [{name}] is not permitted"


@cache
def _schema(resource_type: str) -> dict[str, Any]:
    schema: dict[str, Any] = json.loads((_place() / "resources" / f"{_files()[resource_type]}.json").read_text())
    return schema


@cache
def _files() -> dict[str, str]:
    """The names of the schemas' files, by type; us-east-1 has every type."""
    files: dict[str, str] = json.loads((_place() / "providers" / "us-east-1.json").read_text())
    return files


@cache
def _place() -> Path:
    spec = find_spec("cfnlint")
    assert spec is not None and spec.origin is not None, "cfn-lint is not installed, though moto's server needs it"
    return Path(spec.origin).parent / "data" / "schemas"
