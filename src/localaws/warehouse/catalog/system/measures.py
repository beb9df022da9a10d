"""A table measured: rows, how many lie on each slice, how many are in the order of its key, and its size.

DuckDB does not distribute rows. Which slice a row would lie on follows from the distribution style: by a hash of the
key (KEY), in turn (EVEN), or once on each node (ALL). So a bad key shows as skew, as it does on AWS.

Source: Redshift database developer guide, "Distribution styles", "SVV_TABLE_INFO", "STV_TBL_PERM".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from localaws.lake.quoting import literal, name
from localaws.warehouse.catalog.names import Named
from localaws.warehouse.catalog.objects import Relation

if TYPE_CHECKING:
    from localaws.warehouse.session import Session

#: From how many rows on AUTO no longer keeps a copy on every node. AWS does not tell its number.
AUTO_ROWS = 100_000
_BLOCK = 256 << 10  # bytes of a block of DuckDB's


@dataclass(frozen=True)
class Measures:
    """*slices* has the rows on each; of a table on every node, those of the first slice of each."""

    rows: int
    slices: tuple[int, ...]
    sorted: int
    megabytes: int

    @property
    def skew(self) -> float | None:
        """The rows of the fullest slice by those of the emptiest."""
        if not self.rows or min(self.slices) == max(self.slices):
            return 1.0 if self.rows else None
        return max(self.slices) / max(min(self.slices), 1)


def measure(session: Session, relation: Relation) -> Measures:
    """Of *relation* as the session's transaction sees it."""
    place = Named(session.database, relation.schema, relation.name).sql
    rows = int(session.execute(f"SELECT count(*) FROM {place}")[0][0])
    return Measures(rows, _slices(session, relation, place, rows), _sorted(session, relation, place, rows),
                    _megabytes(session, relation))  # fmt: skip


def diststyle(relation: Relation, rows: int) -> str:
    """As SVV_TABLE_INFO shows it."""
    if relation.diststyle == "KEY":
        return f"KEY({relation.distkey})"
    if relation.diststyle.startswith("AUTO"):
        return "AUTO(ALL)" if rows < AUTO_ROWS else "AUTO(EVEN)"
    return relation.diststyle


def slice_of(column: str, slices: int) -> str:
    """The slice of a row by its distribution key, in DuckDB's SQL."""
    return f"CAST(hash({name(column)}) % {slices} AS INTEGER)"


def _slices(session: Session, relation: Relation, place: str, rows: int) -> tuple[int, ...]:
    slices, style = session.node.slices, diststyle(relation, rows)
    if style in ("ALL", "AUTO(ALL)"):
        return (rows,)
    if relation.distkey and style.startswith("KEY"):
        of = slice_of(relation.distkey, slices)
        found = dict(session.execute(f"SELECT {of} AS slice, count(*) FROM {place} GROUP BY slice"))
        return tuple(int(found.get(each, 0)) for each in range(slices))
    return tuple(rows // slices + (each < rows % slices) for each in range(slices))


def _sorted(session: Session, relation: Relation, place: str, rows: int) -> int:
    """The rows before the first that is out of order."""
    if not relation.sortkey:
        return rows
    key = f"({', '.join(map(name, relation.sortkey))})"
    found = session.execute(
        f"SELECT min(place) FROM (SELECT row_number() OVER (ORDER BY rowid) - 1 AS place, row{key} AS key, "
        f"lag(row{key}) OVER (ORDER BY rowid) AS before FROM {place}) AS t WHERE key < before"
    )
    return rows if found[0][0] is None else int(found[0][0])


def _megabytes(session: Session, relation: Relation) -> int:
    if relation.temporary:
        return 1
    place = f"{session.database}.{relation.schema}.{relation.name}"
    if not place.replace(".", "").replace("_", "").isalnum():
        place = Named(session.database, relation.schema, relation.name).sql
    found = session.execute(
        f"SELECT count(DISTINCT block_id) FROM pragma_storage_info({literal(place)}) WHERE persistent AND block_id >= 0"
    )
    return max(1, -(-int(found[0][0]) * _BLOCK // (1 << 20)))
