"""UPDATE and DELETE of an Iceberg table.

Source: "UPDATE", "DELETE" of the Athena user guide.
"""

from __future__ import annotations

from sqlglot import exp

from localaws.engines.athena.errors import QueryFailure, line_and_column, position_of
from localaws.engines.athena.grammar import parse
from localaws.engines.athena.iceberg.commit import Change, commit, live_entries
from localaws.engines.athena.iceberg.deletes import live_rows
from localaws.engines.athena.iceberg.target import (
    DELETE,
    UPDATE,
    Target,
    apply,
    assignments,
    check_types,
    find,
    target_of,
)
from localaws.engines.athena.runner import Job

_ARGUMENTS = {"this", "where", "expressions"}


def delete(job: Job) -> None:
    """DELETE FROM table [WHERE condition]."""
    statement = _parsed(job, exp.Delete)
    target = target_of(job, statement.this, "Deleting from")
    if statement.args.get("where") is None and _drop_all(job, target):
        return
    sql, _ = job.plan(_query(target, target.places, statement.args.get("where")))
    find(job, f"SELECT {DELETE} AS action, * FROM ({sql})")
    apply(job, target, rows=False)


def update(job: Job) -> None:
    """UPDATE table SET column = expression, … [WHERE condition]."""
    statement = _parsed(job, exp.Update)
    target = target_of(job, statement.this, "Updating")
    if not statement.expressions:
        raise QueryFailure("", "mismatched input '<EOF>'", line_and_column(job.sql, len(job.sql)))
    given = assignments(target, statement.expressions, "The UPDATE SET target column {} doesn't exist")
    sql, planned = job.plan(_query(target, [*target.places, *target.row(given)], statement.args.get("where")))
    kinds = dict(planned)
    words = "UPDATE table column types don't match SET expressions"
    check_types([target.columns[each] for each in given], [kinds[each] for each in given], words)
    find(job, f"SELECT {UPDATE} AS action, * FROM ({sql})")
    apply(job, target)


def _parsed(job: Job, kind: type[exp.Expr]) -> exp.Expr:
    statement = parse(job.sql)
    if not isinstance(statement, kind) or not isinstance(statement.this, exp.Table):
        raise QueryFailure("", f"mismatched input '{job.sql.split()[0]}'", (1, 1))
    foreign = [key.strip("_").upper() for key, value in statement.args.items() if value and key not in _ARGUMENTS]
    foreign += [statement.this.alias] if statement.this.args.get("alias") else []
    if foreign:  # what sqlglot reads and Trino does not
        raise QueryFailure("", f"mismatched input '{foreign[0]}'", position_of(job.sql, foreign[0]))
    return statement


def _query(target: Target, items: list[exp.Expr], where: exp.Expr | None) -> exp.Select:
    return exp.Select(expressions=items, from_=exp.From(this=target.node), where=where)


def _drop_all(job: Job, target: Target) -> bool:
    """Leave every file out of the next snapshot, which takes no reading; unless nobody knows how many rows that is."""
    table = target.table
    counts = [live_rows(task) for task in table.scan().plan_files()]
    if None in counts:
        return False
    files = [entry.data_file for entry in live_entries(table.current_snapshot(), table.io)]
    if files:
        commit(table, Change(dropped=files))
    job.execution.rows_written = sum(count or 0 for count in counts)
    return True
