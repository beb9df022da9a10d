"""JSON without what only Python takes for it: NaN, Infinity and -Infinity (RFC 8259, section 6).

json.loads("[NaN]", parse_constant=no_constant) raises ValueError.
"""

from __future__ import annotations

from typing import NoReturn


def no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
