"""What is around each node of a statement: looked up, not searched for.

A chain of ORs is as deep as it is long. Who climbs it once for every column climbs for minutes.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from sqlglot import exp

_KINDS = (exp.Select, exp.Lambda, exp.Order)
_Kind = TypeVar("_Kind", exp.Select, exp.Lambda, exp.Order)


class Enclosing:
    """The nearest SELECT, lambda and ORDER BY around a node."""

    def __init__(self) -> None:
        # A node's own id and, by kind, the nearest that it is or is in. It is kept, so it lends its id to no other.
        self._nearest: dict[int, tuple[exp.Expr, dict[type[exp.Expr], exp.Expr]]] = {}

    def note(self, nodes: Iterable[exp.Expr]) -> None:
        """Look at *nodes*, parents before their children."""
        nothing: tuple[None, dict[type[exp.Expr], exp.Expr]] = (None, {})
        for node in nodes:
            nearest = self._nearest.get(id(node.parent), nothing)[1]
            for kind in _KINDS:
                if isinstance(node, kind):
                    nearest = nearest | {kind: node}
            self._nearest[id(node)] = node, nearest

    def find(self, node: exp.Expr, kind: type[_Kind]) -> _Kind | None:
        """The nearest *kind* around *node*, which need not have been noted: a handler may just have made it."""
        ancestor = node.parent
        while ancestor is not None:
            if id(ancestor) in self._nearest:
                found = self._nearest[id(ancestor)][1].get(kind)
                assert found is None or isinstance(found, kind)
                return found
            if isinstance(ancestor, kind):
                return ancestor
            ancestor = ancestor.parent
        return None
