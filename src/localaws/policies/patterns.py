"""Wildcards and variables in the texts of a policy.

Sources: IAM user guide, "IAM JSON policy elements: Resource" (wildcards), "… Variables and tags" (``${aws:username}``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property, lru_cache

from localaws.wildcards import matches

# What the wildcards of a policy become: no policy can have these letters, so the value of a variable has none either.
_ANYTHING, _ONE = "\ue000", "\ue001"
_WILDCARDS = str.maketrans({"*": _ANYTHING, "?": _ONE})
_VARIABLE = re.compile(r"\$\{(?P<key>[^},]*)(?:,\s*'(?P<default>[^']*)')?\s*\}")
_NOT_LITERAL = re.compile(r"\$\{.*?\}|[*?]")
#: Condition keys that have to be looked up elsewhere: tags, organizations, the account of the resource.
_LATE = re.compile(r"tag/|:(principal|resource)org|:resourceaccount$")
#: ``${*}`` stands for the letter itself.
_LETTERS = frozenset("*?$")
_COMPONENTS = 6  # arn:partition:service:region:account:resource


#: By the names of condition keys: one value, or those of a key that may have several.
Values = Mapping[str, str | Iterable[str]]


class Context(Mapping[str, tuple[str, ...]]):
    """The values of condition keys, whose names are the same in capitals and small letters.

    What has no values is not there. *values* may be a function, which is called when the first key is looked up: most
    policies look at none.
    """

    def __init__(self, values: Values | Callable[[], Values]) -> None:
        self._given = values

    @cached_property
    def _values(self) -> dict[str, tuple[str, ...]]:
        given = self._given() if callable(self._given) else self._given
        texts = ((key, (value,) if isinstance(value, str) else tuple(value)) for key, value in given.items())
        return {key.lower(): each for key, each in texts if each}

    def __getitem__(self, key: str) -> tuple[str, ...]:
        return self._values[key.lower()]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


class ResourceContext(Context):
    """The context *given*, and keys of the resource, its tags and whose it is: *late*, when one is asked for."""

    def __init__(self, given: Context, late: Callable[[], Values]) -> None:
        super().__init__(late)
        self._context = given

    def __getitem__(self, key: str) -> tuple[str, ...]:
        if (values := self._context.get(key)) is not None:
            return values
        if not _LATE.search(key.lower()):
            raise KeyError(key)
        return super().__getitem__(key)

    def __iter__(self) -> Iterator[str]:
        yield from self._context
        yield from super().__iter__()

    def __len__(self) -> int:
        return len(self._context) + super().__len__()


def filled_in(text: str, context: Context, variables: bool) -> str | None:
    """*text* with values in the place of its variables, ready for `fits`; None if one of them has no single value.

    *variables* is whether the policy is of the version that knows them: in an older one they are plain text.
    """
    if not variables or "${" not in text:
        return text.translate(_WILDCARDS)
    pieces, end = [], 0
    for variable in _VARIABLE.finditer(text):
        value = _value_of(variable["key"].strip(), variable["default"], context)
        if value is None:
            return None
        pieces += [text[end : variable.start()].translate(_WILDCARDS), value]
        end = variable.end()
    return "".join(pieces) + text[end:].translate(_WILDCARDS)


def _value_of(key: str, default: str | None, context: Context) -> str | None:
    if key in _LETTERS:
        return key
    values = context.get(key, ())
    return values[0] if len(values) == 1 else default if not values else None


def variables_in(text: str) -> list[str]:
    """The condition keys whose values *text* asks for: of ``home/${aws:username}/*`` it is "aws:username"."""
    keys = (variable["key"].strip() for variable in _VARIABLE.finditer(text))
    return [key for key in keys if key not in _LETTERS]


def plain(text: str) -> str:
    """*text* of `filled_in` where its operator knows no wildcards: they are letters like any other."""
    return text.replace(_ANYTHING, "*").replace(_ONE, "?")


def may_fit(text: str, pattern: str) -> bool:
    """Whether *text* has what is neither a wildcard nor a variable in *pattern*, which is as a policy writes it.

    Most statements are about something else, and need no closer look.
    """
    beginning, longest = _literals(pattern)
    return text.startswith(beginning) and longest in text


@lru_cache(maxsize=4096)
def _literals(pattern: str) -> tuple[str, str]:
    """What a text that fits begins with, and the longest text that it has after that."""
    beginning, *others = _NOT_LITERAL.split(pattern)
    return beginning, max(others, key=len, default="")


def fits(text: str, pattern: str) -> bool:
    """Whether *text* fits *pattern*, which `filled_in` has made."""
    return matches(pattern, text, anything=_ANYTHING, one=_ONE)


def arn_fits(arn: str, pattern: str) -> bool:
    """The same for ARNs: a wildcard stands for a part of one of the six components.

    At the end of a component ``*`` reaches beyond it, so that ``arn:aws:s3:*`` means every bucket and object.
    """
    if pattern in (_ANYTHING, arn):
        return True
    wanted, given = pattern.split(":", _COMPONENTS - 1), arn.split(":", _COMPONENTS - 1)
    if len(wanted) == len(given) and all(map(fits, given, wanted)):
        return True
    return any(component.endswith(_ANYTHING) for component in wanted[: _COMPONENTS - 1]) and fits(arn, pattern)


@lru_cache(maxsize=4096)
def action_fits(action: str, pattern: str) -> bool:
    """Whether *pattern*, as it stands in a policy, means the *action*; neither is held to its capitals."""
    return matches(pattern.lower(), action.lower(), one="?")
