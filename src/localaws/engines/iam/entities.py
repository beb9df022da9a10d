"""Users, groups and roles by their ARNs."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from moto.iam.models import IAMBackend

from localaws.engines.iam.attachments import Holder
from localaws.gateway.errors import AwsError
from localaws.policies.principals import Principal

_ENTITY = re.compile(
    r"arn:(?P<partition>aws[\w-]*):iam::(?P<account>\d{12}):(?P<kind>user|group|role)/(.*/)?(?P<name>.+)"
)


def entity_of(iam: IAMBackend, arn: str) -> Holder:
    """Whom *arn* names. Raises NoSuchEntity, and InvalidInput for what is no such ARN."""
    found = _parsed(arn)
    look: Mapping[str, Callable[[str], Any]] = {"user": iam.get_user, "group": iam.get_group, "role": iam.get_role}
    entity: Holder = look[found["kind"]](found["name"])
    if entity.arn != arn:
        raise AwsError("NoSuchEntity", f"The {found['kind']} with ARN {arn} cannot be found.", 404)
    return entity


def principal_of(arn: str, unique_id: str = "") -> Principal:
    """The user, the group or the role *arn* as one who calls. Raises InvalidInput for what is no such ARN."""
    found = _parsed(arn)
    return Principal(arn, found["account"], unique_id, arn if found["kind"] == "role" else "")


def _parsed(arn: str) -> re.Match[str]:
    found = _ENTITY.fullmatch(arn)
    if not found:
        raise AwsError("InvalidInput", f"Invalid Entity Arn: {arn} does not clearly define entity type and name.")
    return found
