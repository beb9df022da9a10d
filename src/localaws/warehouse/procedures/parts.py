"""What a procedure is made of. Expressions and statements of SQL are kept as they were written."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Variable:
    """*type* is "record", "%table.column%TYPE" or a type of Redshift's; *query* is that of a cursor."""

    name: str
    type: str
    value: str | None = None
    constant: bool = False
    not_null: bool = False


@dataclass
class Block:
    variables: list[Variable]
    body: list[Part]
    handler: list[Part] | None = None


@dataclass
class Assign:
    target: str
    expression: str


@dataclass
class If:
    """*branches* are conditions and what is done where they hold; the first that holds counts."""

    branches: list[tuple[str, list[Part]]]
    otherwise: list[Part] = field(default_factory=list)


@dataclass
class Loop:
    """LOOP, or WHILE with a *condition*."""

    condition: str
    body: list[Part]


@dataclass
class Count:
    """FOR i IN first..last LOOP"""

    variable: str
    first: str
    last: str
    step: str
    reverse: bool
    body: list[Part]


@dataclass
class Each:
    """FOR row IN query LOOP; *dynamic* where the query is an expression (EXECUTE)."""

    target: list[str]
    query: str
    dynamic: bool
    body: list[Part]


@dataclass
class Leave:
    """EXIT or CONTINUE, where the *condition* holds, or always for ""."""

    again: bool
    condition: str


@dataclass
class Return:
    pass


@dataclass
class Raise:
    level: str
    text: str
    arguments: list[str]


@dataclass
class Execute:
    expression: str
    into: list[str]


@dataclass
class Sql:
    """A statement; *into* are the variables that get its first row."""

    text: str
    into: list[str] = field(default_factory=list)


@dataclass
class Nothing:
    pass


@dataclass
class Rows:
    """GET DIAGNOSTICS x = ROW_COUNT"""

    target: str


Part = Block | Assign | If | Loop | Count | Each | Leave | Return | Raise | Execute | Sql | Nothing | Rows
