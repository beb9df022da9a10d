"""The values that a stack's user gives for its template's parameters, and the permissions that a template asks for.

Sources: CloudFormation user guide, "Parameters syntax"; CreateStack, API reference, Parameters and Capabilities; the
sentences are those that users quote from CreateStack.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from localaws.engines.cloudformation.extensions import transforms
from localaws.gateway.errors import AwsError

_IAM = {
    f"AWS::IAM::{name}"
    for name in "AccessKey Group InstanceProfile ManagedPolicy Policy Role User UserToGroupAddition".split()
}
_IAM_NAMES = {"GroupName", "InstanceProfileName", "ManagedPolicyName", "RoleName", "UserName"}


def check_parameters(template: Mapping[str, Any], given: Mapping[str, Any]) -> None:
    """Raises ValidationError where the values *given* do not fit the *template*."""
    declared = template.get("Parameters", {})
    missing = [name for name, parameter in declared.items() if name not in given and "Default" not in parameter]
    if missing:
        raise AwsError("ValidationError", f"Parameters: [{', '.join(missing)}] must have values")
    unknown = [name for name in given if name not in declared]
    if unknown:
        raise AwsError("ValidationError", f"Parameters: [{', '.join(unknown)}] do not exist in the template")
    for name, parameter in declared.items():
        value = given.get(name, parameter.get("Default"))
        if value is None:
            raise AwsError("ValidationError", f"Parameters: [{name}] must have values")
        allowed = parameter.get("AllowedValues")
        if isinstance(allowed, list) and str(value) not in [str(each) for each in allowed]:
            raise AwsError("ValidationError", f"Parameter '{name}' must be one of AllowedValues")
        if parameter["Type"] == "Number" and not _is_number(value):
            raise AwsError("ValidationError", f"Parameter '{name}' must be a number.")
        if parameter["Type"] == "List<Number>" and not all(_is_number(each) for each in str(value).split(",")):
            raise AwsError("ValidationError", f"Parameter '{name}' must be a list of numbers.")


def resolved(given: list[dict[str, Any]], previous: Mapping[str, Any]) -> dict[str, Any]:
    """The values by key, those with UsePreviousValue from *previous*. Raises ValidationError where there is none."""
    values = {}
    for number, each in enumerate(given, 1):
        key = each.get("ParameterKey")
        if key is None:
            said = f"1 validation error detected: Value null at 'parameters.{number}.member.parameterKey'"
            raise AwsError("ValidationError", f"{said} failed to satisfy constraint: Member must not be null")
        if str(each.get("UsePreviousValue", False)).lower() != "true":
            if "ParameterValue" not in each:
                raise AwsError("ValidationError", f"Parameters: [{key}] must have values")
            values[key] = each["ParameterValue"]
            continue
        said = f"Invalid input for parameter key {key}. Cannot specify usePreviousValue as true"
        if each.get("ParameterValue"):
            raise AwsError("ValidationError", f"{said} and non empty value for a parameter")
        if key not in previous:
            raise AwsError("ValidationError", f"{said} for a parameter key not in the previous template")
        values[key] = previous[key]
    return values


def check_expansion(template: Mapping[str, Any], granted: Collection[str] | None) -> None:
    """Raises InsufficientCapabilitiesException for a stack made without a change set of what a transform makes.

    *granted* is as in `check_capabilities`.
    """
    if granted is not None and transforms(template) and "CAPABILITY_AUTO_EXPAND" not in granted:
        raise AwsError("InsufficientCapabilitiesException", "Requires capabilities : [CAPABILITY_AUTO_EXPAND]")


def check_capabilities(template: Mapping[str, Any], granted: Collection[str] | None) -> None:
    """Raises InsufficientCapabilitiesException for IAM's resources that the caller did not acknowledge.

    *granted* is the request's Capabilities; None asks for nothing, as for a stack that another makes.
    """
    resources = [each for each in template["Resources"].values() if each["Type"] in _IAM]
    if granted is None or not resources or "CAPABILITY_NAMED_IAM" in granted:
        return
    is_named = any(_IAM_NAMES & each.get("Properties", {}).keys() for each in resources)
    if is_named or "CAPABILITY_IAM" not in granted:
        needed = "CAPABILITY_NAMED_IAM" if is_named else "CAPABILITY_IAM"
        raise AwsError("InsufficientCapabilitiesException", f"Requires capabilities : [{needed}]")


def _is_number(value: Any) -> bool:
    try:
        float(value)
    except (TypeError, ValueError):
        return False
    return True
