"""Filter patterns of CloudWatch Logs: which messages have the terms that a pattern asks for.

    ERROR "not found" -debug    →  both of the first and not the last
    ?ERROR ?WARN                →  one of them

Source: CloudWatch Logs user guide, "Filter pattern syntax" ("unstructured log events"). Patterns for JSON (``{…}``),
for columns (``[…]``) and regular expressions (``%…%``) are refused: to overlook them would let everything through.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from localaws.gateway.errors import AwsError

_TERM = re.compile(r'\s*([?-]?)(?:"((?:[^"\\]|\\.)*)"|(\w+))(?=\s|$)', re.ASCII)


_OTHER_KINDS = {"{": "JSON", "[": "columns", "%": "regular expressions"}


@dataclass(frozen=True)
class FilterPattern:
    """The terms that a message must have, of which it must have one, and that it must not have."""

    all: tuple[str, ...]
    any: tuple[str, ...]
    none: tuple[str, ...]

    def matches(self, message: str) -> bool:
        if any(term not in message for term in self.all) or any(term in message for term in self.none):
            return False
        # "CloudWatch Logs ignores the question mark" beside other terms
        alone = not self.all and not self.none
        return not (self.any and alone) or any(term in message for term in self.any)


@lru_cache(maxsize=64)
def parse_pattern(text: str | None) -> FilterPattern:
    """Raises InvalidParameterException for what is no pattern, NotImplemented for one of another kind."""
    text = (text or "").strip()
    if text == "[]":  # no columns to look at
        text = ""
    if text[:1] in _OTHER_KINDS:
        kind = _OTHER_KINDS[text[0]]
        said = f"This lab does no filter patterns for {kind}: look for terms, or filter what you have read."
        raise AwsError("NotImplemented", said, 501)
    terms: dict[str, list[str]] = {"": [], "?": [], "-": []}
    place = 0
    while place < len(text):
        found = _TERM.match(text, place)
        if found is None:
            said = f"Invalid filter pattern at {text[place : place + 20]!r}: put terms with other signs into quotes"
            raise AwsError("InvalidParameterException", said)
        sign, quoted, word = found.groups()
        terms[sign].append(word if quoted is None else re.sub(r"\\(.)", r"\1", quoted))
        place = found.end()
    return FilterPattern(tuple(terms[""]), tuple(terms["?"]), tuple(terms["-"]))
