"""Event selectors: which events a trail wants.

Sources: API reference, EventSelector, DataResource, AdvancedEventSelector and AdvancedFieldSelector; CloudTrail user
guide, "Logging data events".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from localaws.engines.cloudtrail.events import Event
from localaws.gateway.errors import AwsError

_Selector = Mapping[str, Any]
#: "By default, trails … are configured to log all read and write management events" (PutEventSelectors).
DEFAULT: _Selector = {
    "ReadWriteType": "All",
    "IncludeManagementEvents": True,
    "DataResources": [],
    "ExcludeManagementEventSources": [],
}
_MOST = 5
_MOST_VALUES = 500
_MOST_RESOURCES = 250
_EXCLUDED = frozenset({"kms.amazonaws.com", "rdsdata.amazonaws.com"})
#: Type of resource → (the service in ARNs, how the ARN of one begins after "arn:aws:", the value that means all).
_BASIC = {
    "AWS::S3::Object": ("s3", "arn:aws:s3"),
    "AWS::Lambda::Function": ("lambda", "arn:aws:lambda"),
    "AWS::DynamoDB::Table": ("dynamodb", "arn:aws:dynamodb"),
}
#: Service in ARNs → the type of resource of its data events.
_DATA_TYPES = {
    "cloudwatch": "AWS::CloudWatch::Metric",
    "dynamodb": "AWS::DynamoDB::Table",
    "kinesis": "AWS::Kinesis::Stream",
    "lambda": "AWS::Lambda::Function",
    "logs": "AWS::Logs::LogGroup",
    "s3": "AWS::S3::Object",
    "sns": "AWS::SNS::Topic",
    "sqs": "AWS::SQS::Queue",
}
_FIELDS = frozenset(
    "eventCategory eventName eventSource eventType readOnly resources.ARN resources.type "
    "sessionCredentialFromConsole userIdentity.arn".split()
)
_OPERATORS: dict[str, Callable[[str, str], bool]] = {
    "Equals": str.__eq__,
    "StartsWith": str.startswith,
    "EndsWith": str.endswith,
}


def check_basic(selectors: Sequence[_Selector]) -> list[dict[str, Any]]:
    """*selectors* with what they leave out. Raises InvalidEventSelectorsException for those that AWS refuses."""
    if len(selectors) > _MOST:
        raise _invalid(f"A trail can have at most {_MOST} event selectors.")
    complete = [{**DEFAULT, **selector} for selector in selectors]
    resources = [resource for selector in complete for resource in selector["DataResources"]]
    if sum(len(resource.get("Values", ())) for resource in resources) > _MOST_RESOURCES:
        raise _invalid(f"A trail can have at most {_MOST_RESOURCES} data resources in all its event selectors.")
    for resource in resources:
        kind = resource.get("Type")
        if kind not in _BASIC:
            raise _invalid(f"{kind} is no type of data resource for an event selector: use advanced event selectors.")
        for value in resource.get("Values", ()):
            if not value.startswith(_BASIC[kind][1]):
                raise _invalid(f"Value {value} for DataResources.Values is invalid.")
    for source in (each for selector in complete for each in selector["ExcludeManagementEventSources"]):
        if source not in _EXCLUDED:
            raise _invalid(f"Value {source} for ExcludeManagementEventSources is invalid.")
    return complete


def check_advanced(selectors: Sequence[_Selector]) -> list[dict[str, Any]]:
    """Raises InvalidEventSelectorsException for those that AWS refuses, and for those that the lab cannot serve."""
    fields = [field for selector in selectors for field in selector["FieldSelectors"]]
    if sum(len(values) for field in fields for values in field.values() if isinstance(values, list)) > _MOST_VALUES:
        raise _invalid(f"Advanced event selectors can have at most {_MOST_VALUES} values.")
    for field in fields:
        if field["Field"] not in _FIELDS:
            raise _invalid(f"Field {field['Field']} is invalid.")
        if field["Field"] in ("readOnly", "eventCategory", "resources.type") and set(field) != {"Field", "Equals"}:
            raise _invalid(f"Field {field['Field']} can only use the Equals operator.")
    for selector in selectors:
        equal = {field["Field"]: field.get("Equals", []) for field in selector["FieldSelectors"]}
        category = equal.get("eventCategory")
        if category not in (["Management"], ["Data"]):
            raise _invalid('A selector must have the field eventCategory equal to "Management" or "Data".')
        if category == ["Data"] and len(equal.get("resources.type", [])) != 1:
            raise _invalid("A selector of data events must have the field resources.type equal to one value.")
    return [dict(selector) for selector in selectors]


def wants_data(basic: Sequence[_Selector], advanced: Sequence[_Selector]) -> bool:
    """Whether any data event is wanted."""
    fields = [field for selector in advanced for field in selector["FieldSelectors"]]
    return any(selector["DataResources"] for selector in basic) or any(
        field["Field"] == "eventCategory" and field.get("Equals") == ["Data"] for field in fields
    )


def wants(event: Event, basic: Sequence[_Selector], advanced: Sequence[_Selector]) -> bool:
    """Whether a trail with these selectors wants *event*: "if the event matches any event selector"."""
    if advanced:
        return any(_is_meant(event, selector) for selector in advanced)
    return any(_fits(event, selector) for selector in basic or [DEFAULT])


def _fits(event: Event, selector: _Selector) -> bool:
    content = event.content
    if selector["ReadWriteType"] != "All" and content["readOnly"] != (selector["ReadWriteType"] == "ReadOnly"):
        return False
    if event.is_management:
        excluded = content["eventSource"] in selector["ExcludeManagementEventSources"]
        return bool(selector["IncludeManagementEvents"]) and not excluded
    return any(_is_named(event, resource) for resource in selector["DataResources"])


def _is_named(event: Event, resource: _Selector) -> bool:
    """Whether a DataResource names what a data event is about: all of a service, one function or table, or a prefix."""
    kind = resource["Type"]
    service, whole = _BASIC[kind]
    arns = [arn for arn in event.arns if arn.split(":")[2] == service]
    by_prefix = kind == "AWS::S3::Object"
    for value in resource.get("Values", ()):
        if value in (whole, f"{whole}:::"):
            return bool(arns)
        if any(arn.startswith(value) if by_prefix else arn == value for arn in arns):
            return True
        if by_prefix and any(f"{arn}/" == value for arn in arns):  # a listing of that bucket
            return True
    return False


def _is_meant(event: Event, selector: _Selector) -> bool:
    return all(_holds(field, _values(event, field["Field"])) for field in selector["FieldSelectors"])


def _holds(field: _Selector, values: Sequence[str]) -> bool:
    """Whether a field selector holds of an event's *values*: all of its operators, each with any of its texts."""
    for name, operator in _OPERATORS.items():
        if (wanted := field.get(name)) and not any(operator(value, text) for value in values for text in wanted):
            return False
        unwanted = field.get(f"Not{name}")
        if unwanted and any(operator(value, text) for value in values for text in unwanted):
            return False
    return True


def _values(event: Event, field: str) -> list[str]:
    content = event.content
    if field == "resources.ARN":
        return event.arns
    if field == "resources.type":
        return list({_DATA_TYPES.get(arn.split(":")[2], "") for arn in event.arns})
    if field == "userIdentity.arn":
        return [content["userIdentity"].get("arn", "")]
    if field == "sessionCredentialFromConsole":
        return ["false"]
    value = content[field]
    return [str(value).lower() if isinstance(value, bool) else value]


def _invalid(message: str) -> AwsError:
    return AwsError("InvalidEventSelectorsException", message)
