"""Route 53's records, alone and in groups.

Source: CloudFormation template reference, AWS::Route53::RecordSet and AWS::Route53::RecordSetGroup.
"""

from __future__ import annotations

from typing import Any

from localaws.engines.cloudformation.coercion import Api
from localaws.engines.cloudformation.made import Maker
from localaws.engines.cloudformation.updates import Changes, Properties, Target

_ZONE = ("HostedZoneId", "HostedZoneName")
_VALUES = (
    "AliasTarget CidrRoutingConfig Failover GeoLocation GeoProximityLocation HealthCheckId MultiValueAnswer Region "
    "ResourceRecords TTL Weight"
).split()


def _alone(api: Api, name: str, properties: Properties) -> tuple[str, dict[str, str]]:
    _apply(api, "CREATE", properties)
    return properties["Name"], {}


def _group(api: Api, name: str, properties: Properties) -> tuple[str, dict[str, str]]:
    _apply(api, "CREATE", properties)
    return name, {}


def _change_alone(record: Target) -> None:
    _apply(record.api, "UPSERT", record.new)


def _change_group(group: Target) -> None:
    kept = [(each["Name"], each["Type"]) for each in group.new["RecordSets"]]
    gone = [each for each in group.former["RecordSets"] if (each["Name"], each["Type"]) not in kept]
    if gone:
        _apply(group.api, "DELETE", {**group.former, "RecordSets": gone})
    _apply(group.api, "UPSERT", group.new)


def _delete(api: Api, name: str, properties: Properties) -> None:
    _apply(api, "DELETE", properties)


def _apply(api: Api, action: str, properties: Properties) -> None:
    """Change the records of the *properties*, which are those of a group or of one record."""
    given = {name: properties[name] for name in properties if name not in (*_ZONE, "Comment")}
    records = given.get("RecordSets", [given])
    changes = [{"Action": action, "ResourceRecordSet": _record(each)} for each in records]
    batch = {"Changes": changes, **({"Comment": properties["Comment"]} if "Comment" in properties else {})}
    api("ChangeResourceRecordSets", HostedZoneId=_zone(api, properties), ChangeBatch=batch)


def _record(described: dict[str, Any]) -> dict[str, Any]:
    """A record as Route 53's API has it, in which values are objects and nothing has a default."""
    record = dict(described)
    if "ResourceRecords" in record:
        record["ResourceRecords"] = [{"Value": each} for each in record["ResourceRecords"]]
    if "AliasTarget" in record:
        record["AliasTarget"] = {"EvaluateTargetHealth": False, **record["AliasTarget"]}
    return record


def _zone(api: Api, properties: Properties) -> str:
    """HostedZoneName is the name of the one zone that has it."""
    if "HostedZoneId" in properties:
        return str(properties["HostedZoneId"])
    name = properties["HostedZoneName"]
    zones = api("ListHostedZonesByName", DNSName=name)["HostedZones"]
    return str(next(each["Id"] for each in zones if each["Name"].rstrip(".") == name.rstrip(".")))


NAMES = {
    "AWS::Route53::RecordSet": Maker(
        _alone,
        _delete,
        Changes("route53", [(_VALUES, _change_alone)], frozenset({*_ZONE, "Name", "Type", "SetIdentifier"})),
    ),
    "AWS::Route53::RecordSetGroup": Maker(
        _group,
        _delete,
        Changes("route53", [(["RecordSets"], _change_group)], frozenset(_ZONE)),
    ),
}
