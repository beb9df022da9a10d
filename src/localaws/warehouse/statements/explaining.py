"""EXPLAIN.

Source: Redshift database developer guide, "EXPLAIN", "Evaluating the query plan".
"""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sqlglot import exp

from localaws.warehouse.binding import bind
from localaws.warehouse.catalog import names
from localaws.warehouse.catalog.objects import TABLE, Relation
from localaws.warehouse.catalog.system.spelling import plain
from localaws.warehouse.errors import SYNTAX, RedshiftError, not_done
from localaws.warehouse.explaining.plans import Plan
from localaws.warehouse.explaining.words import lines
from localaws.warehouse.session_protocol import Parameter, Result
from localaws.warehouse.sql.splitting import Statement
from localaws.warehouse.sql.translating import parse, translate
from localaws.warehouse.statements.kinds import Kinds
from localaws.warehouse.statements.reading import Reader
from localaws.warehouse.wire.types import Column

if TYPE_CHECKING:
    from localaws.warehouse.session import Session

#: What would make the plan tell of DuckDB's tricks instead of the query.
_OFF = (
    "statistics_propagation,compressed_materialization,distinct_aggregate_rewrite,common_subplan,late_materialization"
)
_OPTIMIZING = threading.Lock()  # the setting is one for all sessions; what runs meanwhile is only less clever
_EXPLAINED = (exp.Query, exp.Insert, exp.Update, exp.Delete, exp.Merge)
_COLUMNS = [Column("QUERY PLAN")]


class _Explain:
    def describe(
        self, session: Session, statement: Statement, types: Sequence[int]
    ) -> tuple[list[int], list[Column] | None]:
        return list(types), _COLUMNS

    def run(self, session: Session, statement: Statement, parameters: Sequence[Parameter]) -> Result:
        reader = Reader(statement, 1)
        if reader.take("VERBOSE"):
            raise not_done("EXPLAIN VERBOSE")
        text = reader.rest()
        if text.split(maxsplit=1)[0].upper() == "CREATE":  # CREATE TABLE … AS is explained by its query
            text = text[text.upper().index(" AS ") + 4 :]
        tree = parse(plain(text))
        if not isinstance(tree, _EXPLAINED):
            raise RedshiftError(SYNTAX, f'syntax error at or near "{text.split(maxsplit=1)[0]}"')
        bind(session, tree)
        document = _plan(session, translate(tree, parameters))
        plan = Plan(_finder(session), session.node.slices)
        told = list(lines(plan.step(document)))
        return Result("EXPLAIN", _COLUMNS, ((line,) for line in [*told, *_warnings(plan)]))


def _plan(session: Session, sql: str) -> Any:
    with _OPTIMIZING:
        session.execute(f"SET disabled_optimizers = '{_OFF}'")
        try:
            ((_, document),) = session.execute(f"EXPLAIN (FORMAT JSON) {sql}")
        finally:
            session.execute("RESET disabled_optimizers")
    return json.loads(document)[0]


def _finder(session: Session) -> Any:
    """What finds a relation by DuckDB's name of its table."""
    known: dict[str, list[Relation]] = {}
    for each in names.store_of(session).relations():
        known.setdefault(each.name, []).append(each)

    def find(table: str) -> tuple[Relation, int] | None:
        schema, _, called = table.replace('"', "").rpartition(".")
        for each in known.get(called, []):
            if each.temporary or schema.rpartition(".")[2] == each.schema:
                place = names.Named(session.database, each.schema, each.name)
                return each, int(session.execute(f"SELECT count(*) FROM {place.sql}")[0][0])
        return None

    return find


def _warnings(plan: Plan) -> list[str]:
    said = []
    missing = list(dict.fromkeys(each.name for each in plan.relations if each.kind == TABLE and each.analyzed < 0))
    if missing:
        said += [
            f" ----- Tables missing statistics: {', '.join(missing)} -----",
            " ----- Update statistics by running the ANALYZE command on these tables -----",
        ]
    if plan.nested:
        advice = "review the join predicates to avoid Cartesian products"
        said.append(f" ----- Nested Loop Join in the query plan - {advice} -----")
    return said


KINDS: Kinds = {("EXPLAIN",): _Explain()}
