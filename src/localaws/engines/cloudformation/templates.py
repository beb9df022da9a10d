"""Templates: read as data, and refused as CloudFormation refuses them before it makes anything.

moto reads YAML with a loader that runs whatever Python a template names, and stops with Python's own errors where a
template has another shape than it expects. Source of the sentences: AWS's answers that LocalStack's suite recorded
(test_validations, test_templates).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import yaml
from moto.cloudformation.utils import yaml_tag_constructor
from yaml.constructor import ConstructorError

from localaws.bounded_yaml import AliasError, BoundedLoader
from localaws.gateway.errors import AwsError


class TemplateLoader(BoundedLoader):
    """Plain data, and the short forms of CloudFormation's functions (!Ref, !Sub, …): nothing that Python would run."""


TemplateLoader.add_multi_constructor("!", lambda loader, name, node: yaml_tag_constructor(loader, f"!{name}", node))


class TemplateYaml:
    """In place of the module ``yaml`` in moto's: whatever loader it asks for, it gets `read_template`."""

    Loader = TemplateLoader

    @staticmethod
    def add_multi_constructor(*_: Any) -> None:
        """The loader knows CloudFormation's tags."""

    @staticmethod
    def load(text: Any, Loader: type[yaml.SafeLoader]) -> dict[str, Any]:
        return read_template(text)


def read_template(text: Any) -> dict[str, Any]:
    """The template that *text* is, in YAML or JSON. Raises ValidationError, as CreateStack does, for any other text."""
    if text is None:
        raise AwsError("ValidationError", "Either Template URL or Template Body must be specified.")
    template = _parse(text) if isinstance(text, str) else text
    if not isinstance(template, dict):
        raise refusal("unsupported structure.")
    _check_resources(template)
    _check_references(template)
    return template


def refusal(problem: str) -> AwsError:
    return AwsError("ValidationError", f"Template format error: {problem}")


def _parse(text: str) -> Any:
    """YAML, or JSON that is no YAML because of its tabs for instance."""
    try:
        return yaml.load(text, Loader=TemplateLoader)
    except AliasError:
        message = "Template error: YAML aliases are not allowed in CloudFormation templates"
        raise AwsError("ValidationError", message) from None
    except ConstructorError as error:
        if not text.lstrip().startswith("{"):
            raise refusal(str(error.problem)) from None
    except yaml.MarkedYAMLError as error:
        if not text.lstrip().startswith("{"):
            raise refusal(f"YAML not well-formed.{_place(error)}") from None
    except (yaml.YAMLError, RecursionError, ValueError, TypeError):  # characters, depth, dates and keys that are none
        if not text.lstrip().startswith("{"):
            raise refusal("YAML not well-formed.") from None
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:  # AWS counts the character that it did not expect as read
        raise refusal(f"JSON not well-formed. (line {error.lineno}, column {error.colno + 1})") from None
    except RecursionError:
        raise refusal("JSON not well-formed.") from None


def _place(error: yaml.MarkedYAMLError) -> str:
    mark = error.problem_mark
    return f" (line {mark.line + 1}, column {mark.column + 1})" if mark else ""


def _check_resources(template: dict[str, Any]) -> None:
    for section in ("Resources", "Outputs"):
        for path in _nulls(template.get(section, {}), f"/{section}"):
            raise AwsError("ValidationError", f"[{path}] 'null' values are not allowed in templates")
    if not template.get("Resources"):
        raise refusal("At least one Resources member must be defined.")
    for section in ("Resources", "Parameters", "Conditions", "Outputs", "Mappings"):
        if not isinstance(template.get(section, {}), dict):
            raise refusal("unsupported structure.")
    for name, resource in template["Resources"].items():
        if not isinstance(resource, dict):
            raise refusal("Any Resources member must be an object.")
        if not isinstance(resource.get("Type"), str):
            raise refusal(f"[/Resources/{name}] Every Resources object must contain a Type member.")
    for output in template.get("Outputs", {}).values():
        if not isinstance(output, dict) or "Value" not in output:
            raise refusal("Every Outputs member must contain a Value object")
    for name, parameter in template.get("Parameters", {}).items():
        if not isinstance(parameter, dict) or not isinstance(parameter.get("Type"), str):
            raise refusal(f"Every Parameters object must contain a Type member: {name}")


def _nulls(value: Any, path: str) -> Iterator[str]:
    if value is None:
        yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, each in items:
        yield from _nulls(each, f"{path}/{name}")


def _check_references(template: dict[str, Any]) -> None:
    """Every resource or parameter that Ref, Fn::GetAtt and DependsOn name must be there."""
    resources = template["Resources"]
    known = resources.keys() | template.get("Parameters", {}).keys()
    for section in ("Resources", "Outputs"):
        named = set(_references(template.get(section, {})))
        missing = sorted(name for name in named - known if not name.startswith("AWS::"))
        if missing:
            names = ", ".join(missing)
            raise refusal(f"Unresolved resource dependencies [{names}] in the {section} block of the template")


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for each in value:
            yield from _references(each)
    elif isinstance(value, dict):
        for name, each in value.items():
            if name == "Ref" and len(value) == 1 and isinstance(each, str):
                yield each
            elif name == "Fn::GetAtt" and isinstance(each, list) and each and isinstance(each[0], str):
                yield each[0]
            elif name == "DependsOn" and "Type" in value:
                yield from [each] if isinstance(each, str) else each
            else:
                yield from _references(each)
