"""MERGE INTO an Iceberg table: the source joined with the target, each pair given to the first clause that it suits.

Source: "MERGE INTO" of the Athena user guide.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlglot import exp

from localaws.engines.athena.iceberg.reading import FILE, POSITION
from localaws.engines.athena.iceberg.target import (
    ACTION,
    CHANGES,
    DELETE,
    INSERT,
    UPDATE,
    Target,
    add_column,
    apply,
    assignments,
    by_place,
    check_types,
    find,
    named,
    target_of,
)
from localaws.engines.athena.job import Job
from localaws.engines.athena.sql.grammar import parse, position
from localaws.lake.errors import QueryFailure
from localaws.lake.quoting import internal, name

_CLAUSE = internal("clause")
_MISSING = "Merge column name does not exist in target table: {}"


@dataclass
class Clause:
    """WHEN …: its ``number`` from 1, what it does, for which pairs, and the new values of the columns it names."""

    number: int
    action: int
    condition: exp.Expr
    given: dict[str, exp.Expr]

    def value(self, column: str) -> str:
        """What the query calls this clause's value of a column."""
        return internal(f"{self.number} {column}")


def merge(job: Job) -> None:
    """MERGE INTO target USING source ON condition WHEN …"""
    target, clauses, sql = _planned(job, parse(job.sql))
    find(job, _changes(target, clauses, sql))
    twice = f"SELECT 1 FROM {CHANGES} WHERE {ACTION} <> {INSERT} GROUP BY {name(FILE)}, {name(POSITION)}"
    if job.session.run(f"{twice} HAVING count(*) > 1 LIMIT 1"):
        words = "One MERGE target table row matched more than one source row"
        raise QueryFailure("MERGE_TARGET_ROW_MULTIPLE_MATCHES", words)
    apply(job, target, exclusive=any(clause.action == INSERT for clause in clauses))


def explained(job: Job, statement: exp.Expr) -> str:
    """The query that finds what *statement*, a MERGE, would change."""
    target, clauses, sql = _planned(job, statement)
    return _changes(target, clauses, sql)


def _planned(job: Job, statement: exp.Expr) -> tuple[Target, list[Clause], str]:
    if not isinstance(statement, exp.Merge) or not isinstance(statement.this, exp.Table):
        raise QueryFailure("", "mismatched input 'MERGE'", (1, 1))
    target = target_of(job, statement.this, "Merging into")
    whens = statement.args["whens"].expressions
    clauses = [_clause(target, number, when) for number, when in enumerate(whens, 1)]
    sql, planned = job.plan(_query(target, statement, clauses))
    kinds = dict(planned)
    for clause in clauses:
        columns = [target.columns[each] for each in clause.given]
        words = f"MERGE table column types don't match for MERGE case {clause.number - 1}, SET expressions"
        check_types(columns, [kinds[clause.value(each)] for each in clause.given], words)
    values = [(clause.value(each), target.columns[each]) for clause in clauses for each in clause.given]
    return target, clauses, by_place(sql, {value: (kinds[value], column) for value, column in values})


def _clause(target: Target, number: int, when: exp.When) -> Clause:
    if when.args.get("source"):
        raise QueryFailure("", "mismatched input 'BY'. Expecting: 'AND', 'THEN'", position(when))
    matched = bool(when.args.get("matched"))
    here = exp.Is(this=target.column(POSITION), expression=exp.Null())
    condition: exp.Expr = exp.Not(this=here) if matched else here
    if when.args.get("condition") is not None:
        condition = exp.And(this=condition, expression=exp.Paren(this=when.args["condition"]))
    then = when.args["then"]
    if matched and isinstance(then, exp.Update):
        return Clause(number, UPDATE, condition, assignments(target, then.expressions, _MISSING))
    if matched and then.name.upper() == "DELETE":
        return Clause(number, DELETE, condition, {})
    if not matched and isinstance(then, exp.Insert) and isinstance(then.expression, exp.Tuple):
        return Clause(number, INSERT, condition, _inserted(target, then))
    word = "*" if isinstance(then, exp.Insert) and not matched else then.sql("trino").split()[0]
    expected = "'DELETE', 'UPDATE'" if matched else "'INSERT'"
    raise QueryFailure("", f"mismatched input '{word}'. Expecting: {expected}", position(when))


def _inserted(target: Target, then: exp.Insert) -> dict[str, exp.Expr]:
    values = then.expression.expressions
    columns = then.this.expressions if then.this is not None else [exp.column(each) for each in target.columns]
    if len(values) != len(columns):
        words = f"Insert query has {len(values)} expression(s) but expected {len(columns)} target column(s)"
        raise QueryFailure("TYPE_MISMATCH", words, position(then))
    given: dict[str, exp.Expr] = {}
    for column, value in zip(columns, values, strict=True):
        add_column(target, given, column, value, _MISSING)
    return given


def _query(target: Target, statement: exp.Merge, clauses: list[Clause]) -> exp.Select:
    """Of each pair of rows: which clause is its, where the target's row lies, and the values of that clause.

    A source row without a partner matters only if there is a clause for it.
    """
    chosen = exp.Case(ifs=[exp.If(this=clause.condition, true=exp.Literal.number(clause.number)) for clause in clauses])
    values = [
        named(
            # only the rows of this clause: its expressions may fail for others
            exp.Case(this=chosen.copy(), ifs=[exp.If(this=exp.Literal.number(clause.number), true=value)]),
            clause.value(column),
        )
        for clause in clauses
        for column, value in clause.given.items()
    ]
    kept = [named(target.column(column), internal(f"0 {column}")) for column in target.columns]
    side = "LEFT" if any(clause.action == INSERT for clause in clauses) else None
    join = exp.Join(this=target.node, on=statement.args["on"], side=side)
    return exp.Select(
        expressions=[named(chosen, _CLAUSE), *target.places, *values, *kept],
        from_=exp.From(this=statement.args["using"]),
        joins=[join],
    )


def _changes(target: Target, clauses: list[Clause], sql: str) -> str:
    """DuckDB's SQL that makes one row of what the clause of each pair says."""

    def cases(of: dict[int, str]) -> str:
        listed = " ".join(f"WHEN {number} THEN {value}" for number, value in of.items())
        return f"CASE {name(_CLAUSE)} {listed} END"

    items = [
        f"{cases({clause.number: str(clause.action) for clause in clauses})} AS {ACTION}",
        name(FILE),
        name(POSITION),
    ]
    for column, kind in target.columns.items():
        value = {}
        for clause in clauses:
            if column in clause.given:
                value[clause.number] = f"CAST({name(clause.value(column))} AS {kind.duckdb})"
            else:  # kept by an UPDATE; NULL in an INSERT, as it is for a pair without a target's row
                value[clause.number] = name(internal(f"0 {column}"))
        items.append(f"{cases(value)} AS {name(column)}")
    return f"SELECT {', '.join(items)} FROM ({sql}) WHERE {name(_CLAUSE)} IS NOT NULL"
