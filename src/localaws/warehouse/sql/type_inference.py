"""Finds the type of every expression; None is a type that is not known.

``SELECT a / 2 FROM t``, where ``a`` is a decimal(8, 2): ``a / 2`` is a decimal(21, 13). A name is followed to the
table, the subquery or the common table expression that it comes from.

Source: Redshift database developer guide, "Computations with numeric values".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlglot import exp

from localaws.warehouse.sql import column_types as of
from localaws.warehouse.sql.building import common
from localaws.warehouse.sql.column_types import Type
from localaws.warehouse.sql.names import output_name

#: The columns of a table by the parts of its name, as DuckDB tells them; None for a table that is not there.
Columns = Callable[[Sequence[str]], dict[str, str] | None]
_BOOLEANS = (exp.Predicate, exp.And, exp.Or, exp.Not, exp.Boolean, exp.Exists, exp.Escape)
_ARITHMETIC = (exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod)
_WRAPPED = (exp.Paren, exp.Alias, exp.Distinct, exp.Filter, exp.Window, exp.Order, exp.WithinGroup, exp.IgnoreNulls,
            exp.RespectNulls)  # fmt: skip
_MOST_DIGITS = 38


class TypeInference:
    """Answers for any expression of one statement, as it was written. *columns* tells those of tables."""

    def __init__(self, columns: Columns, types: Callable[[exp.Anonymous, list[Type | None]], Type | None]) -> None:
        self._columns, self._call = columns, types
        self._types: dict[int, tuple[exp.Expr, Type | None]] = {}  # a node that is kept lends its id to no other
        self._sources: dict[int, tuple[exp.Expr, dict[str, dict[str, Type | None]]]] = {}

    def type_of(self, node: exp.Expr | None) -> Type | None:
        if node is None:
            return None
        if id(node) not in self._types:
            self._types[id(node)] = node, None  # what depends on itself stays unknown
            self._types[id(node)] = node, self._infer(node)
        return self._types[id(node)][1]

    def pass_on(self, node: exp.Expr, replacement: exp.Expr) -> None:
        """A *replacement* has the type of the *node* whose place it takes."""
        self._types[id(replacement)] = replacement, self.type_of(node)

    def _infer(self, node: exp.Expr) -> Type | None:
        match node:
            case exp.Column():
                return self._column(node)
            case exp.Literal():
                return Type("varchar", len(node.name.encode())) if node.is_string else _number(node.name)
            case exp.Null():
                return of.UNKNOWN
            case exp.Interval():
                return of.INTERVAL
            case exp.Cast():
                return of.of_words(node.to)
            case exp.Neg():
                return self.type_of(node.this)
            case exp.Bracket() | exp.Dot():
                return of.SUPER if not isinstance(node.expression, exp.Anonymous) else self.type_of(node.expression)
            case exp.Case():
                branches = [each.args["true"] for each in node.args["ifs"]]
                last = node.args.get("default")
                return common([self.type_of(each) for each in [*branches, *([last] if last is not None else [])]])
            case exp.Subquery():
                return next(iter(self._outputs(node.this).values()), None)
            case exp.DPipe() | exp.Trim() | exp.Substring():
                return of.VARCHAR
            case exp.StrPosition():
                return of.INTEGER
            case exp.Extract():
                return of.INTEGER
            case exp.CurrentDate():
                return of.DATE
            case exp.CurrentTimestamp():
                return of.TIMESTAMP if node.args.get("sysdate") else of.TIMESTAMPTZ
            case exp.AtTimeZone():
                return of.TIMESTAMP if self.type_of(node.this) == of.TIMESTAMPTZ else of.TIMESTAMPTZ
            case exp.Array():
                return of.SUPER
            case exp.Anonymous():
                return self._call(node, [self.type_of(each) for each in node.expressions])
        if isinstance(node, _WRAPPED):
            inner = node.this if node.this is not None else (node.expressions or [None])[0]
            return self.type_of(inner)
        if isinstance(node, _ARITHMETIC):
            return arithmetic(type(node), self.type_of(node.left), self.type_of(node.right))
        return of.BOOLEAN if isinstance(node, _BOOLEANS) else None

    # Names

    def _column(self, node: exp.Column) -> Type | None:
        if isinstance(node.this, exp.Star):
            return None
        select = node.find_ancestor(exp.Select, exp.Update, exp.Delete, exp.Merge)
        while select is not None:
            sources = self.sources(select)
            parts = [part.name.lower() for part in node.parts]
            for first in range(len(parts)):
                columns = sources.get(parts[first])
                if columns is not None and first + 1 < len(parts):
                    found = columns.get(parts[first + 1])
                    return found if first + 2 == len(parts) else of.SUPER
            for columns in sources.values():
                if parts[0] in columns:
                    return columns[parts[0]] if len(parts) == 1 else of.SUPER
            select = select.find_ancestor(exp.Select, exp.Update, exp.Delete, exp.Merge)
        return None

    def sources(self, select: exp.Expr) -> dict[str, dict[str, Type | None]]:
        """What a statement's FROM and JOIN bring in: columns by the name that they are known under."""
        if id(select) not in self._sources:
            found: dict[str, dict[str, Type | None]] = {}
            self._sources[id(select)] = select, found
            for each in _relations(select):
                element = _element_of(each)
                found[element or each.alias_or_name.lower()] = _Element(element) if element else self._of_relation(each)
        return self._sources[id(select)][1]

    def _of_relation(self, node: exp.Expr) -> dict[str, Type | None]:
        alias = node.args.get("alias")
        renamed = [each.name.lower() for each in alias.columns] if alias else []
        if isinstance(node, exp.Subquery):
            found = self._outputs(node.this)
        elif isinstance(node, exp.Table):
            query = _cte_of(node)
            if query is not None:
                found = self._outputs(query.this)
                renamed = renamed or [each.name.lower() for each in query.args["alias"].columns]
            else:
                told = self._columns([part.name for part in node.parts]) or {}
                found = {name.lower(): of.of_duckdb(each) for name, each in told.items()}
        else:
            found = {}
        if renamed and found:
            values = list(found.values())
            found = dict(zip(renamed, values, strict=False)) | dict(list(found.items())[len(renamed) :])
        return found

    def _outputs(self, query: exp.Expr) -> dict[str, Type | None]:
        """The columns of a query, by name; a second one of a name counts under one that nobody writes."""
        while isinstance(query, exp.Subquery | exp.Paren):
            query = query.this
        if isinstance(query, exp.SetOperation):
            left, right = self._outputs(query.left), self._outputs(query.right)
            if len(left) != len(right):
                return left
            pairs = zip(left.items(), right.values(), strict=True)
            return {name: common([one, two]) if two else one for (name, one), two in pairs}
        if not isinstance(query, exp.Select):
            return {}
        found: dict[str, Type | None] = {}
        for number, item in enumerate(query.expressions):
            star = item.this if isinstance(item, exp.Column) else item
            if isinstance(star, exp.Star):
                left_out = {each.name.lower() for each in star.args.get("except_") or []}
                for alias, columns in self.sources(query).items():
                    if item is star or item.table.lower() == alias:
                        found |= {name: each for name, each in columns.items() if name not in left_out}
            else:
                name = (output_name(item) or item.alias_or_name).lower()
                found[name if name not in found else f" {number}"] = self.type_of(item)
        return found


def _relations(select: exp.Expr) -> list[exp.Expr]:
    """What FROM, JOIN, USING and the changed table of a statement are."""
    found = [select.this] if isinstance(select, exp.Update | exp.Delete | exp.Merge) else []
    source = select.args.get("from_")
    if source is not None:
        found.append(source.this)
    using = select.args.get("using")
    found += using if isinstance(using, list) else [using]
    found += [join.this for join in select.args.get("joins") or []]
    return [each for each in found if isinstance(each, exp.Expr)]


class _Element(dict[str, Type | None]):
    """What an element of a document has: whatever one asks for."""

    def __init__(self, name: str) -> None:
        super().__init__({name: of.SUPER})

    def get(self, key: str, default: object = None) -> Type | None:
        return of.SUPER


def _element_of(relation: exp.Expr) -> str:
    """The name of an array's elements, ``FROM t, t.items AS i``; "" for other relations."""
    if isinstance(relation, exp.Pivot) and relation.args.get("unpivot"):
        relation = relation.this
    if isinstance(relation, exp.AtIndex):
        relation = relation.this
        return str(relation.alias).lower()
    alias = relation.args.get("alias") if isinstance(relation, exp.Unnest) else None
    return (alias.this or alias.columns[0]).name.lower() if alias else ""


def _cte_of(table: exp.Table) -> exp.CTE | None:
    """The common table expression that *table* names."""
    if table.args.get("db"):
        return None
    around: exp.Expr | None = table
    while around is not None:
        held = around.args.get("with_")
        for each in held.expressions if held else []:
            if each.alias.lower() == table.name.lower():
                return each
        around = around.parent
    return None


def _number(text: str) -> Type:
    if "e" in text.lower():
        return of.DOUBLE
    whole, point, fraction = text.partition(".")
    if point:
        return Type("decimal", max(len(whole.lstrip("0")) + len(fraction), 1), len(fraction))
    value = int(text) if text.isdigit() else 0
    if value < 2**31:
        return of.INTEGER
    return of.BIGINT if value < 2**63 else Type("decimal", min(len(text), _MOST_DIGITS))


def arithmetic(operation: type[exp.Expr], left: Type | None, right: Type | None) -> Type | None:
    """The type of a sum, difference, product, quotient or rest."""
    if left is None or right is None:
        return None
    if left.is_exact and right.is_exact:
        if left.is_integer and right.is_integer:
            return common([left, right])
        return _decimal(operation, left.as_decimal(), right.as_decimal())
    if left.is_number and right.is_number:
        return of.REAL if left == right == of.REAL else of.DOUBLE
    if operation is exp.Sub and left.is_moment and right.is_moment:
        return of.INTEGER if left == right == of.DATE else of.INTERVAL
    if left.is_moment or right.is_moment:
        moment, other = (left, right) if left.is_moment else (right, left)
        if other.name in ("interval", "time"):
            return of.TIMESTAMP if moment == of.DATE else moment
        return moment if other.is_number else None
    if of.SUPER in (left, right):
        return of.SUPER
    if "unknown" in (left.name, right.name):
        return right if left.name == "unknown" else left
    if left.is_text != right.is_text and (left.is_number or right.is_number):  # '5' + 1
        return left if left.is_number else right
    return of.INTERVAL if of.INTERVAL in (left, right) else None


def _decimal(operation: type[exp.Expr], left: Type, right: Type) -> Type:
    p1, s1, p2, s2 = left.precision, left.scale, right.precision, right.scale
    if operation is exp.Mul:
        precision, scale = p1 + p2 + 1, s1 + s2
    elif operation is exp.Div:
        scale = max(4, s1 + p2 - s2 + 1)
        precision = p1 - s1 + s2 + scale
        if precision > _MOST_DIGITS:  # what stands before the point is kept
            scale = max(4, scale - (precision - _MOST_DIGITS))
    else:
        scale = max(s1, s2)
        precision = max(p1 - s1, p2 - s2) + 1 + scale
    return Type("decimal", min(precision, _MOST_DIGITS), min(scale, _MOST_DIGITS))
