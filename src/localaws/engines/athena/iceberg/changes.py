"""UPDATE and DELETE of an Iceberg table.

Source: "UPDATE", "DELETE" of the Athena user guide.
"""

from __future__ import annotations

from sqlglot import exp

from localaws.engines.athena.errors import QueryFailure
from localaws.engines.athena.grammar import parse
from localaws.engines.athena.iceberg.commit import Change, commit
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

_ARGUMENTS = {"this", "where", "expressions", "using", "cluster"}


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
    given = assignments(target, statement.expressions, "The UPDATE SET target column {} doesn't exist")
    row = [exp.alias_(value, column, quoted=True)
           for column, value in zip(target.columns, target.row(given), strict=True)]  # fmt: skip
    sql, planned = job.plan(_query(target, [*target.places, *row], statement.args.get("where")))
    kinds = dict(planned)
    words = "UPDATE table column types don't match SET expressions"
    check_types([target.columns[each] for each in given], [kinds[each] for each in given], words)
    find(job, f"SELECT {UPDATE} AS action, * FROM ({sql})")
    apply(job, target)


def _parsed(job: Job, kind: type[exp.Expr]) -> exp.Expr:
    statement = parse(job.sql)
    if not isinstance(statement, kind) or not isinstance(statement.this, exp.Table):
        raise QueryFailure("", f"mismatched input '{job.sql.split()[0]}'", (1, 1))
    more = [key for key, value in statement.args.items() if value and key not in _ARGUMENTS]
    if more or statement.args.get("using") or statement.this.args.get("alias"):
        word = (more or ["using" if statement.args.get("using") else statement.this.alias])[0]
        raise QueryFailure("", f"mismatched input '{word}'", (1, max(job.sql.lower().find(word.lower()) + 1, 1)))
    return statement


def _query(target: Target, items: list[exp.Expr], where: exp.Expr | None) -> exp.Select:
    return exp.Select(expressions=items, from_=exp.From(this=target.node), where=where)


def _drop_all(job: Job, target: Target) -> bool:
    """Leave every file out of the next snapshot, which takes no reading; unless nobody knows how many rows that is."""
    tasks = list(target.table.scan().plan_files())
    counts = [live_rows(task) for task in tasks]
    if None in counts:
        return False
    files = {file.file_path: file for task in tasks for file in (task.file, *task.delete_files)}
    if files:
        commit(target.table, Change(dropped=list(files.values())))
    job.execution.rows_written = sum(count or 0 for count in counts)
    return True
