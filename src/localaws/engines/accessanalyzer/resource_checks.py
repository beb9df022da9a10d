"""Checks of ``Resource`` and ``NotResource``: what an ARN has to have ("Amazon Resource Names", General Reference)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import botocore.session

from localaws.engines.accessanalyzer.elements import redundant, texts
from localaws.engines.accessanalyzer.findings import Finding
from localaws.gateway.reference import prefixes, types_with
from localaws.policies.located import Path
from localaws.policies.patterns import Context, arn_fits, filled_in
from localaws.wildcards import overlap

_FIELDS = 6
_ACCOUNT = re.compile(r"\d{12}|aws|")
_NO_KEYS = Context({})


def resource_findings(statement: dict[str, Any], path: Path) -> Iterator[Finding]:
    for name in ("Resource", "NotResource"):
        if statement.get(name) == []:
            details = "This statement includes no resources and does not affect the policy. Specify resources."
            yield Finding("EMPTY_ARRAY_RESOURCE", details, (*path, name))
        listed = list(texts(statement, path, name))
        for arn, place in listed:
            yield from _of_arn(arn, place)
        if found := redundant(listed, _covers):
            details = f"{len(found)} resource ARN(s) are redundant because others name the same resource."
            yield Finding("REDUNDANT_RESOURCE", details, found[0][1])


def _of_arn(arn: str, place: Path) -> Iterator[Finding]:
    if arn == "*" or "${" in arn.rpartition(":")[0]:
        return
    prefix, *fields = arn.split(":", _FIELDS - 1)
    if prefix != "arn":
        if not overlap(prefix, "arn"):
            yield Finding("INVALID_ARN_PREFIX", "Add the required prefix (arn) to the resource ARN.", place)
        return
    if len(fields) < _FIELDS - 1:
        if not arn.endswith("*"):
            structure = "arn:partition:service:region:account:resource"
            details = f"Resource ARNs must include at least {_FIELDS} fields in the following structure: {structure}"
            yield Finding("MISSING_ARN_FIELD", details, place)
        return
    partition, service, region, account, _ = fields
    if any(wildcard in service for wildcard in "*?"):
        return
    if "*" not in partition and partition not in _partitions():
        known = ", ".join(_partitions())
        details = f"The resource ARN does not support the partition {partition}. Use the supported values: {known}"
        yield Finding("INVALID_PARTITION", details, place)
    elif service.lower() not in prefixes() and not types_with(service.lower()):
        yield Finding("INVALID_SERVICE", f"The service {service} does not exist. Use a valid service name.", place)
    elif service != service.lower():
        details = f"Update the service name {service} in the resource ARN to use all lowercase letters."
        yield Finding("INVALID_ARN_SERVICE_CASE", details, place)
    elif not _is_wild(account) and not _ACCOUNT.fullmatch(account):
        details = f"The resource ARN account ID {account} is not valid. Provide a 12-digit account ID."
        yield Finding("INVALID_ARN_ACCOUNT", details, place)
    elif not _is_wild(region) and region and region not in _regions():
        yield Finding("INVALID_ARN_REGION", f"The Region {region} is not valid for this resource.", place)
    else:
        yield from _of_service(service, region, account, place)


def _of_service(service: str, region: str, account: str, place: Path) -> Iterator[Finding]:
    """What no type of the service's resources has in its ARN; an account's bucket may be one of all types."""
    patterns = [each.arn.split(":", _FIELDS - 1) for each in types_with(service)]
    if not patterns:
        return
    if region and not any(fields[3] for fields in patterns):
        details = f"The service {service} does not support specifying a Region in the resource ARN."
        yield Finding("ARN_REGION_NOT_ALLOWED", details, place)
    elif not region and all(fields[3] for fields in patterns):
        yield Finding("MISSING_ARN_REGION", f"Add a Region to the {service} resource ARN.", place)
    elif account and not any(fields[4] for fields in patterns):
        details = f"The service {service} does not support specifying an account ID in the resource ARN."
        yield Finding("ARN_ACCOUNT_NOT_ALLOWED", details, place)


@cache
def _partitions() -> tuple[str, ...]:
    return tuple(botocore.session.get_session().get_available_partitions())


@cache
def _regions() -> frozenset[str]:
    session = botocore.session.get_session()
    return frozenset(
        region for partition in _partitions() for region in session.get_available_regions("ec2", partition)
    )


def _is_wild(field: str) -> bool:
    return "*" in field or "?" in field or "${" in field


def _covers(pattern: str, arn: str) -> bool:
    filled = filled_in(pattern, _NO_KEYS, variables=False)
    return "${" not in pattern and "?" not in arn and filled is not None and arn_fits(arn, filled)
