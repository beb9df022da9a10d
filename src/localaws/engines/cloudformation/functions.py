"""The arguments of CloudFormation's functions, and which functions there are.

Sources: CloudFormation user guide, "Intrinsic function reference"; the sentences are those that users quote from
CreateStack.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from ipaddress import ip_network
from itertools import islice
from typing import Any

from localaws.engines.cloudformation.extensions import NAME, transforms
from localaws.gateway.errors import AwsError

_BOOLEAN = "Conditions can only be boolean operations on parameters and other conditions"
#: How many arguments the functions of conditions take, at least and at most.
_OPERANDS = {"Fn::And": (2, 10), "Fn::Or": (2, 10), "Fn::Not": (1, 1), "Fn::Equals": (2, 2)}


def _list_of(number: int) -> Callable[[Any], bool]:
    return lambda argument: isinstance(argument, list) and len(argument) == number


def _joins(argument: Any) -> bool:
    return _list_of(2)(argument) and isinstance(argument[0], str) and isinstance(argument[1], (list, dict))


def _splits(argument: Any) -> bool:
    if not _list_of(2)(argument) or not isinstance(argument[0], str):
        return False
    return bool(argument[0]) and isinstance(argument[1], (str, dict))


def _gets(argument: Any) -> bool:
    if isinstance(argument, str):  # YAML alone allows this form
        return "." in argument.strip(".")
    return isinstance(argument, list) and len(argument) >= 2 and isinstance(argument[0], str)


def _substitutes(argument: Any) -> bool:
    if _list_of(2)(argument):
        return isinstance(argument[0], str) and isinstance(argument[1], dict)
    return isinstance(argument, str)


def _selects(argument: Any) -> bool:
    if not _list_of(2)(argument) or not isinstance(argument[1], (list, dict)):
        return False
    return isinstance(argument[0], dict) or str(argument[0]).isdecimal()


def _finds(argument: Any) -> bool:
    """A map, its two keys and, by the transform, what to take where there are none."""
    if _list_of(4)(argument):
        return isinstance(argument[3], dict) and argument[3].keys() == {"DefaultValue"}
    return _list_of(3)(argument)


_TEXT = "must be a string or a function that returns a string"
#: Of each function: whether an argument will do, and what AWS says when it will not.
_FUNCTIONS: dict[str, tuple[Callable[[Any], Any], str]] = {
    "Fn::Base64": (lambda a: isinstance(a, (str, dict)), "every Fn::Base64 object must have a String-typed value."),
    "Fn::Cidr": (
        lambda a: isinstance(a, list) and len(a) in (2, 3),
        "every Fn::Cidr object requires two or three parameters, (1) an IP address block, (2) a number of blocks and "
        "(3) a number of subnet bits",
    ),
    "Fn::GetAtt": (
        _gets,
        "every Fn::GetAtt object requires two non-empty parameters, the resource name and the resource attribute",
    ),
    "Fn::GetAZs": (lambda a: isinstance(a, (str, dict)), f"the argument of Fn::GetAZs {_TEXT}"),
    "Fn::ImportValue": (lambda a: isinstance(a, (str, dict)), f"the attribute in Fn::ImportValue {_TEXT}"),
    "Fn::Join": (
        _joins,
        "every Fn::Join object requires two parameters, (1) a string delimiter and (2) a list of strings to be joined "
        "or a function that returns a list of strings (such as Fn::GetAZs) to be joined.",
    ),
    "Fn::Select": (
        _selects,
        "Fn::Select requires a list argument with two elements: an integer index and a list",
    ),
    "Fn::Split": (
        _splits,
        "every Fn::Split object requires two parameters, (1) a string delimiter and (2) a string to be split or a "
        "function that returns a string to be split.",
    ),
    "Fn::FindInMap": (
        _list_of(3),
        "every Fn::FindInMap object requires three parameters, the map name, map key and the attribute for return "
        "value",
    ),
    "Fn::Sub": (
        _substitutes,
        "One or more Fn::Sub intrinsic functions don't specify expected arguments. Specify a string as first argument, "
        "and an optional second argument to specify a mapping of values to replace in the string",
    ),
    "Fn::If": (_list_of(3), "Fn::If requires a list argument with three elements"),
}
#: The same of what the transform AWS::LanguageExtensions allows.
_EXTENSIONS: dict[str, tuple[Callable[[Any], Any], str]] = {
    "Fn::FindInMap": (
        _finds,
        f"{_FUNCTIONS['Fn::FindInMap'][1]}, and optionally (4) an object with the DefaultValue",
    ),
    "Fn::Length": (lambda a: isinstance(a, (list, dict)), "Fn::Length requires a list or a function that returns one"),
    "Fn::ToJsonString": (lambda a: isinstance(a, (list, dict)), "Fn::ToJsonString requires an object or an array"),
}


def walk(value: Any) -> Iterator[tuple[str, Any, dict[str, Any]]]:
    """Each member of each object within *value*, with the object that holds it."""
    if isinstance(value, list):
        for each in value:
            yield from walk(each)
    elif isinstance(value, dict):
        for name, each in value.items():
            yield str(name), each, value
            yield from walk(each)


def check_functions(template: dict[str, Any]) -> None:
    """Raises ValidationError for a function in Resources or Outputs that is none, or whose arguments are none."""
    conditions, mappings = template.get("Conditions", {}), template.get("Mappings", {})
    functions = _FUNCTIONS | _EXTENSIONS if NAME in transforms(template) else _FUNCTIONS
    for section in ("Resources", "Outputs"):
        for name, argument, holder in walk(template.get(section, {})):
            if name == "Ref" and len(holder) == 1 and not isinstance(argument, str):
                raise _error("every Ref object must have a single String value.")
            if name.startswith("Fn::") and len(holder) == 1:
                _check(name, argument, functions)
            if name == "Fn::If" and argument[0] not in conditions:
                raise _error(f"unresolved condition dependency {argument[0]} in Fn::If")
            is_plain = (
                name == "Fn::FindInMap" and len(argument) == 3 and all(isinstance(each, str) for each in argument)
            )
            if is_plain and "Fn::Transform" not in mappings.get(argument[0], {}):
                in_map(mappings, argument)


def check_condition(condition: Any, conditions: dict[str, Any]) -> Iterator[str]:
    """The names of the other conditions that *condition* asks. Raises ValidationError if it is none."""
    if not isinstance(condition, dict) or len(condition) != 1:
        raise AwsError("ValidationError", f"Template format error: {_BOOLEAN}")
    [(name, argument)] = condition.items()
    if name == "Condition":
        if not isinstance(argument, str) or argument not in conditions:
            raise AwsError("ValidationError", f"Template format error: Unresolved condition dependency {argument}")
        yield argument
        return
    least, most = _OPERANDS.get(name, (1, 0))
    if not isinstance(argument, list) or not least <= len(argument) <= most:
        raise AwsError("ValidationError", f"Template format error: {_BOOLEAN}")
    if name != "Fn::Equals":
        for each in argument:
            yield from check_condition(each, conditions)
        return
    for inner, value, holder in walk(argument):
        if inner.startswith("Fn::") and len(holder) == 1:
            _check(inner, value)
        if inner == "Ref" and not isinstance(value, str):
            raise _error("every Ref object must have a single String value.")


def in_map(mappings: Mapping[str, Any], keys: Sequence[str], *default: Any) -> Any:
    """What Fn::FindInMap finds by a map's name and two keys, or the *default*.

    Raises ValidationError where there is neither.
    """
    found: Any = mappings
    for key in keys:
        if not isinstance(found, dict) or key not in found:
            if default:
                return default[0]
            raise _error(f"Unable to get mapping for {'::'.join(keys)}")
        found = found[key]
    return found


def cidr_blocks(block: str, count: int, bits: int) -> list[str]:
    """The first *count* parts of *block*, each with 2 to the power of *bits* addresses (Fn::Cidr)."""
    network = ip_network(block, strict=False)
    parts = [str(each) for each in islice(network.subnets(new_prefix=network.max_prefixlen - bits), count)]
    if len(parts) < count:
        raise ValueError(f"{block} has no {count} blocks of {bits} bits")
    return parts


def _check(name: str, argument: Any, functions: Mapping[str, tuple[Callable[[Any], Any], str]] = _FUNCTIONS) -> None:
    if name not in functions:
        supported = ", ".join([*functions, "Ref"])
        raise _error(f"Encountered unsupported function: {name} Supported functions are: [{supported}]")
    fits, said = functions[name]
    if not fits(argument):
        raise _error(said)


def _error(problem: str) -> AwsError:
    return AwsError("ValidationError", f"Template error: {problem}")
