"""UPDATE and DELETE of an Iceberg table.

Source: "UPDATE", "DELETE" of the Athena user guide.
"""

from __future__ import annotations

from sqlglot import exp

from localaws.engines.athena.errors import line_and_column, position_of
from localaws.engines.athena.iceberg.dropping import drop_files
from localaws.engines.athena.iceberg.target import (
    ACTION,
    DELETE,
    UPDATE,
    Target,
    apply,
    assignments,
    by_place,
    check_types,
    find,
    target_of,
)
from localaws.engines.athena.job import Job
from localaws.engines.athena.sql.grammar import parse
from localaws.lake.errors import QueryFailure

_ARGUMENTS = {"this", "where", "expressions"}


def delete(job: Job) -> None:
    """DELETE FROM table [WHERE condition]."""
    statement = parse(job.sql)
    target = _target(job, statement, exp.Delete, "Deleting from")
    if drop_files(job, target, statement.args.get("where")):
        return
    find(job, f"SELECT {DELETE} AS {ACTION}, * FROM ({_to_delete(job, target, statement)})")
    apply(job, target, rows=False)


def update(job: Job) -> None:
    """UPDATE table SET column = expression, … [WHERE condition]."""
    statement = parse(job.sql)
    target = _target(job, statement, exp.Update, "Updating")
    find(job, f"SELECT {UPDATE} AS {ACTION}, * FROM ({_to_update(job, target, statement)})")
    apply(job, target)


def explained(job: Job, statement: exp.Expr) -> str:
    """The query that finds what *statement*, an UPDATE or a DELETE, would change."""
    if isinstance(statement, exp.Delete):
        return _to_delete(job, _target(job, statement, exp.Delete, "Deleting from"), statement)
    return _to_update(job, _target(job, statement, exp.Update, "Updating"), statement)


def _to_delete(job: Job, target: Target, statement: exp.Expr) -> str:
    sql, _ = job.plan(_query(target, target.places, statement.args.get("where")))
    return sql


def _to_update(job: Job, target: Target, statement: exp.Expr) -> str:
    if not statement.expressions:
        raise QueryFailure("", "mismatched input '<EOF>'", line_and_column(job.sql, len(job.sql)))
    given = assignments(target, statement.expressions, "The UPDATE SET target column {} doesn't exist")
    sql, planned = job.plan(_query(target, [*target.places, *target.row(given)], statement.args.get("where")))
    kinds = dict(planned)
    words = "UPDATE table column types don't match SET expressions"
    check_types([target.columns[each] for each in given], [kinds[each] for each in given], words)
    return by_place(sql, {each: (kinds[each], target.columns[each]) for each in given})


def _target(job: Job, statement: exp.Expr, kind: type[exp.Expr], verb: str) -> Target:
    if not isinstance(statement, kind) or not isinstance(statement.this, exp.Table):
        raise QueryFailure("", f"mismatched input '{job.sql.split()[0]}'", (1, 1))
    foreign = [key.strip("_").upper() for key, value in statement.args.items() if value and key not in _ARGUMENTS]
    foreign += [statement.this.alias] if statement.this.args.get("alias") else []
    if foreign:  # what sqlglot reads and Trino does not
        raise QueryFailure("", f"mismatched input '{foreign[0]}'", position_of(job.sql, foreign[0]))
    return target_of(job, statement.this, verb)


def _query(target: Target, items: list[exp.Expr], where: exp.Expr | None) -> exp.Select:
    return exp.Select(expressions=items, from_=exp.From(this=target.node), where=where)
