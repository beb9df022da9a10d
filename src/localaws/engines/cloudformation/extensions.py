"""The transform AWS::LanguageExtensions: which templates have it, and its loops, which are expanded before all else.

Sources: CloudFormation template reference, "AWS::LanguageExtensions transform" and "Fn::ForEach".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import count
from typing import Any

from localaws.gateway.errors import AwsError

NAME = "AWS::LanguageExtensions"
_LOOP = "Fn::ForEach::"
#: What the loops of a template may make in all: nested ones multiply.
_MOST = 10_000


def transforms(template: Mapping[str, Any]) -> list[str]:
    """The names of the transforms that the template asks for."""
    asked = template.get("Transform", [])
    listed = asked if isinstance(asked, list) else [asked]
    return [str(each.get("Name")) if isinstance(each, dict) else str(each) for each in listed]


def check_transforms(template: Mapping[str, Any]) -> None:
    """Raises ValidationError for a transform that this lab would silently leave out."""
    for name in transforms(template):
        if name != NAME:
            said = f"This lab does not run the transform {name}: it knows {NAME} alone."
            raise AwsError("ValidationError", f"{said} Give the template that the transform would make.")


def expanded(template: dict[str, Any]) -> dict[str, Any]:
    """The template with what its loops make in their place. Raises ValidationError for a loop that is none."""
    if NAME not in transforms(template):
        return template
    rounds = count(1)
    parts = ("Conditions", "Resources", "Outputs")
    return {**template, **{part: _expand(template[part], {}, rounds) for part in parts if part in template}}


def _expand(value: Any, names: Mapping[str, str], rounds: count[int]) -> Any:
    """*value* with the items that *names* stand for, and its loops expanded."""
    if isinstance(value, str):
        return _replaced(value, names)
    if isinstance(value, list):
        return [_expand(each, names, rounds) for each in value]
    if not isinstance(value, dict):
        return value
    if value.keys() == {"Ref"} and isinstance(value["Ref"], str) and value["Ref"] in names:
        return names[value["Ref"]]
    made: dict[str, Any] = {}
    for name, each in value.items():
        if name.startswith(_LOOP):
            loop = _loop(name, each, names, rounds)
            if twice := sorted(made.keys() & loop.keys()):
                raise _failure(f"Duplicate {twice[0]} in {name}")
            made |= loop
        else:
            made[_replaced(name, names)] = _expand(each, names, rounds)
    if made.keys() in ({"Ref"}, {"Fn::GetAtt"}):  # where the transform allows functions
        return {name: _plain(each) for name, each in made.items()}
    return made


def _loop(name: str, arguments: Any, names: Mapping[str, str], rounds: count[int]) -> dict[str, Any]:
    fits = isinstance(arguments, list) and len(arguments) == 3
    if not fits or not isinstance(arguments[0], str) or not isinstance(arguments[2], dict):
        raise _failure(f"{name} layout is incorrect")
    identifier, items, fragment = arguments
    items = _expand(items, names, rounds)
    if not isinstance(items, list) or not all(isinstance(each, str) for each in items):
        said = f"This lab expands loops over lists of texts alone: that of {name} is none."
        raise AwsError("ValidationError", f"{said} Write its items in the template.")
    made: dict[str, Any] = {}
    for item in items:
        if next(rounds) > _MOST:
            raise _failure(f"{name} makes more than {_MOST} items")
        made |= _expand(fragment, {**names, identifier: item}, rounds)
    return made


def _replaced(text: str, names: Mapping[str, str]) -> str:
    """``${Name}`` becomes the item, and ``&{Name}`` its letters and digits."""
    for name, item in names.items():
        text = text.replace(f"${{{name}}}", item).replace(f"&{{{name}}}", re.sub("[^A-Za-z0-9]", "", item))
    return text


def _plain(value: Any) -> Any:
    """A text that Fn::Sub has nothing left to do in."""
    if isinstance(value, list):
        return [_plain(each) for each in value]
    text = value.get("Fn::Sub") if isinstance(value, dict) else None
    return text if isinstance(text, str) and "${" not in text else value


def _failure(problem: str) -> AwsError:
    return AwsError("ValidationError", f"Transform {NAME} failed with: {problem}")
