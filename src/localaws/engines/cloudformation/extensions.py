"""The transform AWS::LanguageExtensions: which templates have it, and its loops, which are expanded before all else.

Sources: CloudFormation template reference, "AWS::LanguageExtensions transform" and "Fn::ForEach".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType
from typing import Any

from localaws.engines.cloudformation.coercion import items_of
from localaws.gateway.errors import AwsError

NAME = "AWS::LanguageExtensions"
_LOOP = "Fn::ForEach::"
#: What the loops of a template may make in all: nested ones multiply.
_MOST = 10_000
#: What is given for the parameters of the template that is being read.
_values: ContextVar[Mapping[str, Any]] = ContextVar("values", default=MappingProxyType({}))


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


@contextmanager
def expanding_with(parameters: Mapping[str, Any]) -> Iterator[None]:
    """Templates that are read meanwhile have loops over these values of their parameters."""
    token = _values.set(parameters)
    try:
        yield
    finally:
        _values.reset(token)


def expanded(template: dict[str, Any]) -> dict[str, Any]:
    """The template with what its loops make in their place. Raises ValidationError for a loop that is none."""
    if NAME not in transforms(template):
        return template
    lists = {}
    for name, parameter in template.get("Parameters", {}).items():
        value = _values.get().get(name, parameter.get("Default"))
        if value is not None and (items := items_of(parameter, value)) is not None:
            lists[name] = items
    expansion = _Expansion(lists)
    parts = ("Conditions", "Resources", "Outputs")
    return {**template, **{part: expansion.expand(template[part], {}) for part in parts if part in template}}


class _Expansion:
    """Of one template, with *lists* by the names of its parameters."""

    def __init__(self, lists: Mapping[str, list[str]]) -> None:
        self._lists = lists
        self._rounds = 0

    def expand(self, value: Any, names: Mapping[str, str]) -> Any:
        """*value* with the items that *names* stand for, and its loops expanded."""
        if isinstance(value, str):
            return _replaced(value, names)
        if isinstance(value, list):
            return [self.expand(each, names) for each in value]
        if not isinstance(value, dict):
            return value
        if value.keys() == {"Ref"} and isinstance(value["Ref"], str) and value["Ref"] in names:
            return names[value["Ref"]]
        made: dict[str, Any] = {}
        for name, each in value.items():
            if name.startswith(_LOOP):
                loop = self._loop(name, each, names)
                if twice := sorted(made.keys() & loop.keys()):
                    raise _failure(f"Duplicate {twice[0]} in {name}")
                made |= loop
            else:
                made[_replaced(name, names)] = self.expand(each, names)
        if made.keys() in ({"Ref"}, {"Fn::GetAtt"}):  # where the transform allows functions
            return {name: _plain(each) for name, each in made.items()}
        return made

    def _loop(self, name: str, arguments: Any, names: Mapping[str, str]) -> dict[str, Any]:
        fits = isinstance(arguments, list) and len(arguments) == 3
        if not fits or not isinstance(arguments[0], str) or not isinstance(arguments[2], dict):
            raise _failure(f"{name} layout is incorrect")
        identifier, collection, fragment = arguments
        made: dict[str, Any] = {}
        for item in self._items(name, collection, names):
            self._rounds += 1
            if self._rounds > _MOST:
                raise _failure(f"{name} makes more than {_MOST} items")
            made |= self.expand(fragment, {**names, identifier: item})
        return made

    def _items(self, name: str, collection: Any, names: Mapping[str, str]) -> list[str]:
        """A list's, or those of a parameter that is a list."""
        if isinstance(collection, dict) and collection.keys() == {"Ref"} and collection["Ref"] in self._lists:
            return self._lists[collection["Ref"]]
        items = self.expand(collection, names)
        if not isinstance(items, list) or not all(isinstance(each, str) for each in items):
            said = f"This lab expands loops over lists of texts and parameters alone: that of {name} is over neither."
            raise AwsError("ValidationError", f"{said} Write its items in the template.")
        return items


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
