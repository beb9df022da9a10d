"""DuckDB's plan as steps of Redshift's.

DuckDB chooses the order of joins and estimates rows; how rows lie follows from the tables' distribution styles, as
Redshift declares them. Costs are relative, as AWS's are: a hundredth for each row that a step looks at, more for rows
that travel between slices. They can be compared with one another, not with those of a cluster of AWS.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from localaws.warehouse.catalog import types
from localaws.warehouse.catalog.objects import Relation
from localaws.warehouse.catalog.system.facts import type_size
from localaws.warehouse.catalog.system.measures import diststyle
from localaws.warehouse.explaining.moving import Spread, move
from localaws.warehouse.explaining.words import Step

_ROW = 0.01
_MOVED_ROW = 1.0
_EQUAL = re.compile(r"\(?([\w$#]+) (?:=|IS NOT DISTINCT FROM) ([\w$#]+)\)?")
_JOINS = {"INNER": "Join", "LEFT": "Left Join", "RIGHT": "Right Join", "OUTER": "Full Join", "FULL": "Full Join",
          "SEMI": "IN Join", "RIGHT_SEMI": "IN Join", "ANTI": "NOT IN Join", "RIGHT_ANTI": "NOT IN Join",
          "MARK": "IN Join", "SINGLE": "Left Join"}  # fmt: skip
_PASSED = {
    "PROJECTION", "INSERT", "BATCH_INSERT", "DELETE", "UPDATE", "MERGE_INTO", "STREAMING_SAMPLE", "RESULT_COLLECTOR",
}  # fmt: skip
#: The relation of DuckDB's "database.schema.table", or None, and how many rows it has.
Find = Callable[[str], tuple[Relation, int] | None]


class Plan:
    """Steps for DuckDB's plan, a document. *slices* is how many parts rows are distributed to."""

    def __init__(self, find: Find, slices: int) -> None:
        self._find, self._slices = find, slices
        self._common: dict[str, Step] = {}
        self.relations: list[Relation] = []
        self.nested = False

    def step(self, node: Mapping[str, Any]) -> Step:
        """What *node* of DuckDB's and those below it are."""
        name, info, children = node["name"].strip(), node["extra_info"], node["children"]
        if name == "CTE":
            self._common[str(info.get("Table Index"))] = self.step(children[0])
            return self.step(children[1])
        if name == "CTE_SCAN" and (common := self._common.get(str(info.get("CTE Index")))):
            return _over("XN Subquery Scan", common)
        if name in ("SEQ_SCAN", "TABLE_SCAN", "INDEX_SCAN"):
            return self._scan(info)
        below = [self.step(each) for each in children]
        if not below:
            return Step("XN Result", _rows(info, 1), 0, 0.0, 0.01)
        if name.endswith("JOIN") or name == "CROSS_PRODUCT":
            return self._join(name, info, below)
        if name in _PASSED:
            return below[0]
        return self._other(name, info, below)

    def _scan(self, info: Mapping[str, Any]) -> Step:
        found = self._find(str(info.get("Table", "")))
        if found is None:  # a view of the system's
            return Step("LD Seq Scan", _rows(info, 1), 8, 0.0, 1.0)
        relation, rows = found
        self.relations.append(relation)
        style = diststyle(relation, rows)
        keys = frozenset({relation.distkey}) if relation.distkey and style.startswith("KEY") else frozenset[str]()
        wanted = _list(info.get("Projections"))
        width = sum(_width(each.type) for each in relation.columns if each.name in wanted)
        step = Step(f"XN Seq Scan on {relation.name}", _rows(info, rows), width, 0.0, max(rows * _ROW, 0.01),
                    spread=Spread("ALL" in style, keys),
                    sorted_by=relation.sortkey[0] if relation.sortkey else None)  # fmt: skip
        step.details += [f"Filter: {each}" for each in _list(info.get("Filters"))]
        return step

    def _join(self, name: str, info: Mapping[str, Any], below: Sequence[Step]) -> Step:
        outer, inner = below
        conditions, kind = _list(info.get("Conditions")), str(info.get("Join Type", "INNER"))
        equal = [(found[1], found[2]) for each in conditions if (found := _EQUAL.fullmatch(each))]
        swapped = outer.spread.everywhere and not inner.spread.everywhere and kind in ("INNER", "RIGHT", "LEFT")
        if swapped:  # the copy that every node has is the one to hash
            outer, inner = inner, outer
            equal = [(right, left) for left, right in equal]
            kind = {"LEFT": "RIGHT", "RIGHT": "LEFT"}.get(kind, kind)
        moved = move(outer.spread, inner.spread, equal, outer.rows, inner.rows, self._slices)
        rows = _rows(info, max(outer.rows, inner.rows))
        cost = outer.all + inner.all + moved.rows * _MOVED_ROW + rows * _ROW
        width = outer.width + inner.width
        if not equal:
            self.nested = True
            words = f"XN Nested Loop{'' if kind == 'INNER' else f' {_JOINS.get(kind, kind)}'} {moved.word}"
            cost += outer.rows * inner.rows * _ROW
            step = Step(words, rows or outer.rows * inner.rows, width, inner.all, cost, [], [outer, inner],
                        Spread(keys=outer.spread.keys))  # fmt: skip
            step.details += [f"Join Filter: {each}" for each in conditions]
            return step
        pairs = [f'("outer".{left} = "inner".{right})' for left, right in equal]
        condition = pairs[0] if len(pairs) == 1 else f"({' AND '.join(pairs)})"
        other = [each for each in conditions if not _EQUAL.fullmatch(each)]
        details = [f"Join Filter: {each}" for each in other]
        if moved.word == "DS_DIST_NONE" and any(
            outer.sorted_by == left and inner.sorted_by == right for left, right in equal
        ):
            return Step(f"XN Merge {_JOINS.get(kind, kind)} {moved.word}", rows, width, 0.0, cost,
                        [f"Merge Cond: {condition}", *details], [outer, inner], moved.spread)  # fmt: skip
        hashed = Step("XN Hash", inner.rows, inner.width, inner.all, inner.all, [], [inner])
        return Step(f"XN Hash {_JOINS.get(kind, kind)} {moved.word}", rows, width, inner.all, cost,
                    [f"Hash Cond: {condition}", *details], [outer, hashed], moved.spread)  # fmt: skip

    def _other(self, name: str, info: Mapping[str, Any], below: Sequence[Step]) -> Step:
        (child, *_), rows = below, _rows(info, below[0].rows)
        cost = child.all + child.rows * _ROW
        if name == "FILTER":
            child.details += [f"Filter: {each}" for each in _list(info.get("Expression"))]
            child.rows = rows
            return child
        if "GROUP_BY" in name:
            return Step("XN HashAggregate", rows, child.width, cost, cost, [], [child], child.spread)
        if name.endswith("AGGREGATE"):
            return Step("XN Aggregate", rows, child.width, cost, cost, [], [child])
        if name in ("ORDER_BY", "TOP_N"):
            return _sorted(child, _list(info.get("Order By")), rows if name == "TOP_N" else None)
        if "LIMIT" in name:
            return Step("XN Limit", rows, child.width, child.first, child.all, [], [child])
        if "WINDOW" in name:
            told = _list(info.get("Projections"))
            return Step("XN Window", rows, child.width, cost, cost, told, [child], child.spread)
        if name == "UNION":
            parts = [_over(f'XN Subquery Scan "*SELECT* {number}"', each) for number, each in enumerate(below, 1)]
            return Step("XN Append", sum(each.rows for each in below), child.width, 0.0,
                        sum(each.all for each in below), [], parts)  # fmt: skip
        return Step(f"XN {name.replace('_', ' ').title()}", rows, child.width, child.first, cost, [], list(below))


def _sorted(child: Step, order: Sequence[str], limit: int | None) -> Step:
    """Each slice sorts, the leader merges."""
    keys = ", ".join(each.removesuffix(" ASC") for each in order)
    cost = child.all + child.rows * _ROW * 2
    sort = Step("XN Sort", child.rows, child.width, cost, cost, [f"Sort Key: {keys}"], [child])
    network = Step("XN Network", child.rows, child.width, cost, cost, ["Send to leader"], [sort])
    merge = Step("XN Merge", child.rows, child.width, cost, cost, [f"Merge Key: {keys}"], [network])
    return merge if limit is None else Step("XN Limit", limit, child.width, cost, cost, [], [merge])


def _over(words: str, child: Step) -> Step:
    return Step(words, child.rows, child.width, child.first, child.all, [], [child], child.spread)


def _rows(info: Mapping[str, Any], otherwise: int) -> int:
    return max(int(info.get("Estimated Cardinality", otherwise)), 1)


def _list(value: Any) -> list[str]:
    found = value if isinstance(value, list) else [value]
    return [str(each).replace("count_star()", "count(*)") for each in found if each]


def _width(type: str) -> int:
    """Bytes that a value is taken to have; half of what a text may have, 16 at most."""
    size = type_size(type)
    if size > 0:
        return size
    limits = types.limits(type)
    return min(max(limits[0] // 2, 1), 16) if limits else 16
