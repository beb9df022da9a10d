"""A policy's JSON as statements, and whether a statement fits a request.

Source: IAM user guide, "Grammar of the IAM JSON policy language". What has come this far has been checked when it was
written; a document that has not (an older lab's, say) raises ValueError, and whoever asks has to refuse.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any, Literal

from localaws.policies.conditions import Condition
from localaws.policies.patterns import Context, action_fits, arn_fits, filled_in, may_fit, variables_in
from localaws.policies.principals import Match, Principal

#: The version that knows variables.
NEW_VERSION = "2012-10-17"


@dataclass(frozen=True)
class Wish:
    """What a caller wants: one action on one resource.

    ``resource`` is its ARN, "*" where the action acts on no resource in particular; ``owner`` is its account.
    """

    principal: Principal
    action: str
    resource: str
    owner: str
    context: Context


@dataclass(frozen=True)
class Element:
    """``Action``, ``Resource`` or ``Principal``, or, ``negated``, the element that means all but these."""

    value: Any
    negated: bool = False

    @cached_property
    def is_everything(self) -> bool:
        """Whether it is ``"*"``, alone or among others."""
        return not self.negated and "*" in self.value


@dataclass(frozen=True)
class Statement:
    """One statement; elements that it has not are None."""

    effect: Literal["Allow", "Deny"]
    sid: str = ""
    actions: Element | None = None
    resources: Element | None = None
    principals: Element | None = None
    conditions: tuple[Condition, ...] = ()
    variables: bool = True

    def fits(self, wish: Wish) -> bool:
        """Whether it is about the *wish*, whoever has it; whom a resource's means is `names`."""
        return (
            self.means_action(wish.action)
            and self._means_resource(wish.resource, wish.context)
            and all(condition.holds(wish.context, self.variables) for condition in self.conditions)
        )

    def keys(self) -> Iterator[str]:
        """The condition keys that it asks for, in conditions and by variables; some more than once."""
        if self.variables and self.resources is not None:
            for text in self.resources.value:
                yield from variables_in(text)
        for condition in self.conditions:
            yield condition.key
            if self.variables:
                for text in condition.values:
                    yield from variables_in(text)

    def lacks(self, wish: Wish) -> Iterator[str]:
        """Those of its keys without which it cannot be told whether it is about the *wish*."""
        if not self.means_action(wish.action):
            return
        missing = [key for key in self.keys() if key not in wish.context]
        if missing and self._may_mean(wish.resource, wish.context):
            yield from missing

    def names(self, principal: Principal) -> Match:
        """How its ``Principal`` names the caller; one without names nobody."""
        if self.principals is None:
            return Match.NOT
        named = principal.named_by(self.principals.value)
        if self.principals.negated:
            return Match.NOT if named else Match.ROLE
        return named

    def means_action(self, action: str) -> bool:
        """Whether it is about the *action*, on some resource and under some condition."""
        if self.actions is None or self.actions.is_everything:
            return True
        return self.actions.negated != any(action_fits(action, pattern) for pattern in self.actions.value)

    def _may_mean(self, resource: str, context: Context) -> bool:
        """Whether it means the *resource*, or would with one value or another for what the *context* lacks."""
        if self._means_resource(resource, context):
            return True
        texts = self.resources.value if self.resources and self.variables else ()
        return any(may_fit(resource, each) for each in texts if variables_in(each))

    def _means_resource(self, resource: str, context: Context) -> bool:
        if self.resources is None:  # a role's trust policy is about the role that has it
            return True
        if self.resources.is_everything:
            return True
        near = (each for each in self.resources.value if may_fit(resource, each))
        patterns = (filled_in(each, context, self.variables) for each in near)
        return self.resources.negated != any(each is not None and arn_fits(resource, each) for each in patterns)


@dataclass(frozen=True)
class Policy:
    """Statements under the ``name`` by which a reader finds them: an ARN, or the name of an inline policy."""

    name: str
    statements: tuple[Statement, ...] = field(default=())

    @cached_property
    def by_effect(self) -> dict[str, tuple[Statement, ...]]:
        """Those that allow, and those that deny."""
        return {effect: tuple(s for s in self.statements if s.effect == effect) for effect in ("Allow", "Deny")}


def read(name: str, document: str | Mapping[str, Any]) -> Policy:
    """The policy of a *document* in JSON, or as JSON has it. Raises ValueError for what is no policy."""
    return _read(name, document if isinstance(document, str) else json.dumps(document))


@lru_cache(maxsize=1024)
def _read(name: str, text: str) -> Policy:
    try:
        document = json.loads(text)
        variables = document.get("Version") == NEW_VERSION
        return Policy(name, tuple(_statement(each, variables) for each in _listed(document["Statement"])))
    except (AttributeError, LookupError, TypeError, RecursionError) as error:
        raise ValueError(f"{name} is no policy: {error!r}") from None


def _statement(written: Mapping[str, Any], variables: bool) -> Statement:
    if written["Effect"] not in ("Allow", "Deny"):
        raise ValueError(f"no effect: {written['Effect']!r}")
    conditions = tuple(
        Condition.read(operator, key, tuple(_text(value) for value in _listed(values)))
        for operator, keys in written.get("Condition", {}).items()
        for key, values in keys.items()
    )
    return Statement(
        written["Effect"],
        str(written.get("Sid", "")),
        _element(written, "Action"),
        _element(written, "Resource"),
        _element(written, "Principal"),
        conditions,
        variables,
    )


def _element(written: Mapping[str, Any], name: str) -> Element | None:
    for each, negated in ((name, False), (f"Not{name}", True)):
        if each in written:
            value = written[each]
            if isinstance(value, Mapping):
                return Element({kind: tuple(map(_text, _listed(texts))) for kind, texts in value.items()}, negated)
            if name == "Principal":
                return Element(_text(value), negated)
            return Element(tuple(map(_text, _listed(value))), negated)
    return None


def _listed(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else [value]


def _text(value: Any) -> str:
    """Numbers and booleans stand in conditions as they are in JSON."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str | int | float):
        return str(value)
    raise TypeError(f"{value!r} is no text")
