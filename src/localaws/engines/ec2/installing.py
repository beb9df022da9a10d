"""Has moto find the tags of what a request makes under either name that the API gives them."""

from __future__ import annotations

from typing import Any

from moto.ec2.models import fleets, instances, launch_templates, spot_requests, traffic_mirrors
from moto.ec2.responses import _base_response as base_response

from localaws.lab import Lab


def install(lab: Lab) -> None:
    for module in (fleets, instances, launch_templates, spot_requests, traffic_mirrors, base_response):
        assert hasattr(module, "convert_tag_spec")
        module.convert_tag_spec = _tags_by_type  # type: ignore[attr-defined]


def _tags_by_type(specifications: list[dict[str, Any]], tag_key: str = "Tags") -> dict[str, dict[str, str]]:
    """The tags of each type of resource; moto reads them under one of two names, and not always the right one."""
    tags: dict[str, dict[str, str]] = {}
    for each in specifications:
        found = each.get("Tags", each.get("Tag")) or []
        tags.setdefault(each.get("ResourceType", ""), {}).update({tag["Key"]: tag.get("Value", "") for tag in found})
    return tags
