"""How rows lie on the slices, and what a join has to move.

Source: Redshift database developer guide, "Evaluating the query plan" (DS_DIST_NONE and its like).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Spread:
    """How the rows of a step lie: a copy on every node, or by the values of columns that join equal, or anyhow.

    Attributes:
        everywhere: whether every node has all of them (DISTSTYLE ALL).
        keys: columns by any of which the rows are distributed; none for EVEN.
    """

    everywhere: bool = False
    keys: frozenset[str] = field(default_factory=frozenset)


@dataclass(frozen=True)
class Move:
    """What a join moves: AWS's word for it, how many rows, and how the result lies."""

    word: str
    rows: int
    spread: Spread


def move(
    outer: Spread, inner: Spread, equal: Sequence[tuple[str, str]], outer_rows: int, inner_rows: int, slices: int
) -> Move:
    """For a join whose columns *equal* are pairs of an outer and an inner one. The cheapest way is taken."""
    if inner.everywhere:
        return Move("DS_DIST_ALL_NONE", 0, outer)
    if outer.everywhere:
        return Move("DS_DIST_ALL_INNER", inner_rows, inner)
    for left, right in equal:
        if left in outer.keys and right in inner.keys:
            return Move("DS_DIST_NONE", 0, Spread(keys=outer.keys | inner.keys))
    ways = [Move("DS_BCAST_INNER", inner_rows * slices, outer)]
    for left, right in equal:
        if left in outer.keys:
            ways.append(Move("DS_DIST_INNER", inner_rows, Spread(keys=outer.keys | {right})))
        if right in inner.keys:
            ways.append(Move("DS_DIST_OUTER", outer_rows, Spread(keys=inner.keys | {left})))
        ways.append(Move("DS_DIST_BOTH", outer_rows + inner_rows, Spread(keys=frozenset({left, right}))))
    return min(ways, key=lambda way: way.rows)
