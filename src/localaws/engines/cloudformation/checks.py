"""What CloudFormation refuses in a template before it makes anything: sections of another shape, names that nothing
has, resource types that it does not know, resources that wait for each other.

Source of the sentences: AWS's answers that LocalStack's suite recorded (test_validations, test_templates), and answers
that users quote from CreateStack and ValidateTemplate.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from typing import Any

from localaws.engines.cloudformation.functions import check_condition, check_functions, walk
from localaws.engines.cloudformation.policies import check_policies
from localaws.engines.cloudformation.schemas import is_aws
from localaws.engines.cloudformation.unmade import is_made
from localaws.gateway.errors import AwsError

#: CloudFormation user guide, "CloudFormation template sections".
_SECTIONS = (
    "AWSTemplateFormatVersion Description Metadata Parameters Rules Mappings Conditions Transform Hooks Resources "
    "Outputs"
).split()
#: "Parameters syntax", Type, and "Supported AWS-specific parameter types".
_PARAMETER_TYPE = r"String|Number|CommaDelimitedList|List<(Number|String|AWS::[\w:]+)>|AWS::[\w:]+(<[\w:<>]+>)?"


def refusal(problem: str) -> AwsError:
    return AwsError("ValidationError", f"Template format error: {problem}")


def check_template(template: dict[str, Any]) -> None:
    """Raises ValidationError for a *template* of which no stack can come."""
    _check_shapes(template)
    _check_types(template["Resources"])
    check_policies(template["Resources"])
    _check_conditions(template)
    check_functions(template)
    _check_references(template)
    _check_circles(template["Resources"])


def references(value: Any) -> Iterator[str]:
    """What Ref, Fn::GetAtt, Fn::Sub and DependsOn in *value* name."""
    for name, argument, holder in walk(value):
        if name == "Ref" and len(holder) == 1:
            yield argument
        elif name == "Fn::GetAtt":
            yield (argument if isinstance(argument, list) else argument.split("."))[0]
        elif name == "Fn::Sub":
            text, own = argument if isinstance(argument, list) else (argument, {})
            found = re.findall(r"\$\{([^!}.][^}.]*)[^}]*\}", text)
            yield from (each.strip() for each in found if each.strip() not in own)
        elif name == "DependsOn" and "Type" in holder:
            yield from depended(holder)


def depended(resource: Mapping[str, Any]) -> list[str]:
    """The names in a resource's DependsOn, which is one or a list."""
    names = resource.get("DependsOn", [])
    return [names] if isinstance(names, str) else list(names)


def _check_shapes(template: dict[str, Any]) -> None:
    unknown = [str(section) for section in template if section not in _SECTIONS]
    if unknown:
        raise AwsError("ValidationError", f"Invalid template property or properties [{', '.join(unknown)}]")
    for section in ("Resources", "Outputs"):
        for path in _nulls(template.get(section, {}), f"/{section}"):
            raise AwsError("ValidationError", f"[{path}] 'null' values are not allowed in templates")
    if not template.get("Resources"):
        raise refusal("At least one Resources member must be defined.")
    for section in ("Resources", "Parameters", "Conditions", "Outputs", "Mappings"):
        if not isinstance(template.get(section, {}), dict):
            raise refusal("unsupported structure.")
    for name, resource in template["Resources"].items():
        _check_resource(name, resource)
    for output in template.get("Outputs", {}).values():
        if not isinstance(output, dict) or "Value" not in output:
            raise refusal("Every Outputs member must contain a Value object")
        if "Export" in output and not (isinstance(output["Export"], dict) and output["Export"].get("Name")):
            raise refusal("Every Export member must contain a Name object")
    for name, parameter in template.get("Parameters", {}).items():
        if not isinstance(parameter, dict) or not isinstance(parameter.get("Type"), str):
            raise refusal(f"Every Parameters object must contain a Type member: {name}")
        if not re.fullmatch(_PARAMETER_TYPE, parameter["Type"]):
            raise refusal(f"Unrecognized parameter type: {parameter['Type']}")
    for name, mapping in template.get("Mappings", {}).items():
        if not isinstance(mapping, dict) or not all(isinstance(each, (dict, str)) for each in mapping.values()):
            raise refusal(f"Every Mappings member {name} must be a map of maps")


def _check_resource(name: Any, resource: Any) -> None:
    if not isinstance(resource, dict):
        raise refusal("Any Resources member must be an object.")
    if not re.fullmatch("[A-Za-z0-9]+", str(name)):
        raise refusal(f"Resource name {name} is non alphanumeric.")
    if not isinstance(resource.get("Type"), str):
        raise refusal(f"[/Resources/{name}] Every Resources object must contain a Type member.")
    names = resource.get("DependsOn", [])
    named = isinstance(names, str) or (isinstance(names, list) and all(isinstance(each, str) for each in names))
    if not named or not isinstance(resource.get("Properties", {}), dict):
        raise refusal(f"[/Resources/{name}] resource definition is malformed")


def _nulls(value: Any, path: str) -> Iterator[str]:
    if value is None:
        yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, each in items:
        yield from _nulls(each, f"{path}/{name}")


def _check_types(resources: dict[str, Any]) -> None:
    """A resource of a type that only AWS makes fails when it is to be made."""
    types = {each["Type"] for each in resources.values()}
    unknown = sorted(each for each in types if not is_made(each) and not is_aws(each))
    if unknown:
        raise refusal(f"Unrecognized resource types: [{', '.join(unknown)}]")


def _check_conditions(template: dict[str, Any]) -> None:
    conditions = template.get("Conditions", {})
    needs = {name: set(check_condition(condition, conditions)) for name, condition in conditions.items()}
    _in_order(needs, lambda names: refusal(f"Circular dependency between conditions: [{names}]"))
    missing = sorted(set(references(conditions)) - template.get("Parameters", {}).keys())
    missing = [name for name in missing if not name.startswith("AWS::")]
    if missing:
        said = f"Unresolved dependencies [{', '.join(missing)}]. Cannot reference resources in the Conditions block"
        raise refusal(f"{said} of the template")
    for section in ("Resources", "Outputs"):
        for member in template.get(section, {}).values():
            name = member.get("Condition")
            if name is not None and (not isinstance(name, str) or name not in conditions):
                raise refusal(f"Unresolved condition dependency {name} in the {section} block of the template")


def _check_references(template: dict[str, Any]) -> None:
    """Every resource or parameter that a function or DependsOn names must be there."""
    known = template["Resources"].keys() | template.get("Parameters", {}).keys()
    for section in ("Resources", "Outputs"):
        named = set(references(template.get(section, {})))
        missing = sorted(name for name in named - known if not name.startswith("AWS::"))
        if missing:
            names = ", ".join(missing)
            raise refusal(f"Unresolved resource dependencies [{names}] in the {section} block of the template")


def _check_circles(resources: dict[str, Any]) -> None:
    needs = {name: {each for each in references(resource) if each in resources} for name, resource in resources.items()}
    _in_order(needs, lambda names: AwsError("ValidationError", f"Circular dependency between resources: [{names}]"))


def _in_order(needs: Mapping[str, set[str]], refuse: Callable[[str], AwsError]) -> None:
    try:
        TopologicalSorter(needs).prepare()
    except CycleError as error:
        raise refuse(", ".join(sorted(set(error.args[1])))) from None
