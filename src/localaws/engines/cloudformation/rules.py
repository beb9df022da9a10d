"""The section Rules: what the values of a template's parameters must be to each other.

Source: CloudFormation user guide, "Rules syntax" and "Rule functions". The docs do not give the sentence of a refusal.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from localaws.engines.cloudformation.coercion import items_of
from localaws.gateway.errors import AwsError


def check_rules(template: Mapping[str, Any], given: Mapping[str, Any], pseudo: Mapping[str, str]) -> None:
    """Raises ValidationError for a rule that the values *given* break, or that is none.

    *pseudo* are the values of AWS::Region and its like.
    """
    values: dict[str, Any] = dict(pseudo)
    for name, parameter in template.get("Parameters", {}).items():
        value = str(given.get(name, parameter.get("Default")))
        items = items_of(parameter, value)
        values[name] = value if items is None else items
    for name, rule in template.get("Rules", {}).items():
        if not isinstance(rule, dict) or not isinstance(rule.get("Assertions"), list):
            raise _error(f"rule {name} has no list of Assertions")
        if "RuleCondition" in rule and not _is_true(rule["RuleCondition"], values):
            continue
        for assertion in rule["Assertions"]:
            if not isinstance(assertion, dict):
                raise _error(f"rule {name} has an assertion that is no object")
            if not _is_true(assertion.get("Assert"), values):
                said = assertion.get("AssertDescription", "An assertion is not met.")
                raise _error(f"Rule {name} failed for the given parameters: {said}")


def _is_true(function: Any, values: Mapping[str, Any]) -> bool:
    """Raises ValidationError for what is no function of rules."""
    if not isinstance(function, dict) or len(function) != 1:
        raise _error("a rule takes one function that is true or false")
    [(name, arguments)] = function.items()
    if name in ("Fn::And", "Fn::Or", "Fn::Not"):
        if not isinstance(arguments, list) or not arguments:
            raise _error(f"{name} in a rule takes a list of functions")
        answers = [_is_true(each, values) for each in arguments]
        return all(answers) if name == "Fn::And" else any(answers) if name == "Fn::Or" else not answers[0]
    if name not in _COMPARISONS:
        known = ", ".join(["Fn::And", "Fn::Or", "Fn::Not", *_COMPARISONS])
        raise _error(f"this lab does not work out {name} in a rule; it does {known}")
    if not isinstance(arguments, list) or len(arguments) != 2:
        raise _error(f"{name} in a rule takes two arguments")
    return _COMPARISONS[name](*(_value(each, values) for each in arguments))


def _value(argument: Any, values: Mapping[str, Any]) -> Any:
    """A text or a list of texts."""
    if isinstance(argument, list):
        return [_value(each, values) for each in argument]
    if isinstance(argument, dict):
        if argument.keys() != {"Ref"} or argument["Ref"] not in values:
            raise _error(f"a rule refers to parameters alone: {argument}")
        return values[argument["Ref"]]
    return str(argument).lower() if isinstance(argument, bool) else str(argument)


_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "Fn::Contains": lambda texts, text: text in texts,
    "Fn::EachMemberEquals": lambda texts, text: all(each == text for each in texts),
    "Fn::EachMemberIn": lambda texts, others: all(each in others for each in texts),
    "Fn::Equals": lambda one, other: bool(one == other),
}


def _error(problem: str) -> AwsError:
    return AwsError("ValidationError", f"Template error: {problem}")
