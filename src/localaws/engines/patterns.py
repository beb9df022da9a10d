"""moto's matching of a stranger's patterns, where it makes regular expressions of them that may never end.

Each function loads what it needs: Glue's grammar and Arrow take a second, which every start of a lab would pay.
"""

from __future__ import annotations

import copy
import re
from typing import Any

from localaws.wildcards import fits, matches

#: A character of EventBridge's patterns, with the backslash before it if it stands for itself.
_LETTER = re.compile(r"\\[*\\]|.", re.DOTALL)


def of_events() -> None:
    """EventBridge's wildcard ("Comparison operators for use in event patterns")."""
    from moto.events.models import EventPattern

    EventPattern._wildcard_match = staticmethod(  # type: ignore[method-assign]
        lambda item, pattern: isinstance(item, str) and fits(pieces(pattern), item)
    )


def pieces(pattern: str) -> list[str]:
    """What is between the stars of EventBridge's *pattern*; a star or backslash after a backslash is itself."""
    found = [""]
    for letter in _LETTER.findall(pattern):
        if letter == "*":
            found.append("")
        else:
            found[-1] += letter[-1]
    return found


def names_like(expression: str, names: list[str]) -> list[str]:
    """The *names* that fit the expression of Glue's GetTables: a regular expression, in which a lone * is anything.

    Arrow's library, RE2, takes one pass. Raises ValueError for an expression that is none.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    anything = re.sub(r"(?<![.)\]])\*", ".*", expression)
    fitting = pc.match_substring_regex(pa.array(names, pa.string()), f"^(?:{anything})")
    return [name for name, fits_it in zip(names, fitting.to_pylist(), strict=True) if fits_it]


def of_partitions() -> None:
    """LIKE in the expression of Glue's GetPartitions: % is any characters, _ any single one."""
    from moto.glue.utils import _Like

    checked = _Like.eval

    def eval_(self: Any, part_keys: list[dict[str, str]], part_input: dict[str, Any]) -> bool:
        harmless = copy.copy(self)
        harmless.literal = ""
        checked(harmless, part_keys, part_input)  # refuses numbers and dates
        return matches(str(self.literal), str(self.ident.eval(part_keys, part_input)), "%", "_")

    _Like.eval = eval_  # type: ignore[method-assign]
