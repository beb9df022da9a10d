"""Templates: read as data, and refused as CloudFormation refuses them before it makes anything.

moto reads YAML with a loader that runs whatever Python a template names, and stops with Python's own errors where a
template has another shape than it expects. Source of the sentences: AWS's answers that LocalStack's suite recorded
(test_validations, test_templates).
"""

from __future__ import annotations

import json
from typing import Any

import yaml
from yaml.constructor import ConstructorError

from localaws.bounded_yaml import AliasError, BoundedLoader
from localaws.engines.cloudformation.checks import check_template, refusal
from localaws.engines.cloudformation.extensions import check_transforms, expanded
from localaws.engines.cloudformation.functions import walk
from localaws.gateway.errors import AwsError


class TemplateLoader(BoundedLoader):
    """Plain data, and the short forms of CloudFormation's functions (!Ref, !Sub, …): nothing that Python would run."""


def _short_form(loader: yaml.SafeLoader, name: str, node: yaml.Node) -> dict[str, Any]:
    """The object that a tag such as !Sub stands for ("Intrinsic function reference", YAML short form)."""
    argument: Any
    if isinstance(node, yaml.SequenceNode):
        argument = loader.construct_sequence(node, deep=True)
    elif isinstance(node, yaml.MappingNode):
        argument = loader.construct_mapping(node, deep=True)
    else:
        argument = node.value
    return {name if name in ("Ref", "Condition") else f"Fn::{name}": argument}


TemplateLoader.add_multi_constructor("!", _short_form)


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
    try:
        check_transforms(template)
        template = expanded(template)
        check_template(template)
    except RecursionError:  # JSON may be deeper than YAML
        raise refusal("JSON not well-formed.") from None
    for name, argument, holder in walk(template["Resources"] | template.get("Outputs", {})):
        if name == "Fn::GetAtt" and isinstance(argument, str):  # moto reads the form with a list
            holder[name] = argument.split(".", 1)
    return template


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
