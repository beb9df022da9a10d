"""Finds the Trino type of every expression; unknown is None.

``SELECT a + 1 FROM t``, where the catalog says that ``a`` is a bigint: ``a`` is a bigint, ``1`` an integer, their sum
a bigint. A name is followed to the table, the subquery or the lambda that it comes from.
"""

from __future__ import annotations

from sqlglot import exp

from localaws.engines.athena.sql.cast_types import of_cast, of_datatype
from localaws.engines.athena.sql.enclosing import Enclosing
from localaws.engines.athena.sql.sources import (
    cte_of,
    free,
    joined_by_name,
    joined_columns,
    renamed,
    rows_stay_whole,
    select_sources,
    shown,
    under,
)
from localaws.engines.athena.sql.type_rules import (
    BIGINT,
    BOOLEAN,
    DATE,
    INTEGER,
    INTERVAL,
    JSON,
    MONTHS,
    RULES,
    TEXTS,
    TIME,
    TIMESTAMP,
    TIMESTAMP_TZ,
    VARBINARY,
    VARCHAR,
    Columns,
    arithmetic,
    array_of,
    common,
    element,
    in_zone,
    map_of,
)
from localaws.lake.column_types import Type
from localaws.lake.quoting import as_written, internal, repeated, unnamed

_OF_BODIES = {"zip_with", "map_zip_with", "transform_keys", "transform_values"}
_BOOLEANS = (exp.Predicate, exp.And, exp.Or, exp.Not, exp.Boolean, exp.Exists)
_ARITHMETIC = (exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod)


class TypeInference:
    """Answers for the type of any expression of one statement. Tables carry their columns in ``meta``."""

    def __init__(self) -> None:
        self.enclosing = Enclosing()
        self._types: dict[int, tuple[exp.Expr, Type | None]] = {}  # a node that is kept lends its id to no other
        self._sources: dict[int, dict[str, Columns]] = {}
        self._opening: set[int] = set()
        self.without_zone: dict[tuple[int, str], Columns] = {}
        """By a SELECT's id and a source's alias: the columns that are to get a zone because USING joins them."""

    def type_of(self, node: exp.Expr | None) -> Type | None:
        """The type of *node*, remembered."""
        if node is None:
            return None
        key = id(node)
        if key not in self._types:
            self._types[key] = node, None  # what depends on itself stays unknown
            self._types[key] = node, self._infer(node)
        return self._types[key][1]

    def pass_on(self, node: exp.Expr, replacement: exp.Expr) -> None:
        """A *replacement* has the type of the *node* whose place it takes."""
        self._types[id(replacement)] = replacement, self.type_of(node)

    def _infer(self, node: exp.Expr) -> Type | None:
        match node:
            case exp.Column():
                return self._column(node)
            case exp.Identifier():
                found = self._lambda_parameter(node)
                return found[0] if found else None
            case exp.Literal():
                return Type("varchar", precision=len(node.name)) if node.is_string else _number(node.name)
            case exp.Null():
                return Type("unknown")
            case exp.Interval():
                return MONTHS if str(node.args.get("unit") or "").upper().startswith(("MONTH", "YEAR")) else INTERVAL
            case exp.Cast():
                return of_cast(node)
            case exp.Neg() if isinstance(node.this, exp.Literal) and node.this.name in ("2147483648",):
                return INTEGER
            case exp.Paren() | exp.Neg() | exp.Alias() | exp.Distinct() | exp.Filter() | exp.Window():
                inner = node.this if node.this is not None else (node.expressions or [None])[0]
                return self.type_of(inner)
            case exp.Order() | exp.WithinGroup() | exp.IgnoreNulls() | exp.RespectNulls():
                return self.type_of(node.this)
            case exp.Case():
                branches = [each.args["true"] for each in node.args["ifs"]]
                if node.args.get("default") is not None:
                    branches.append(node.args["default"])
                return common([self.type_of(each) for each in branches])
            case exp.If():
                return common([self.type_of(each) for each in (node.args["true"], node.args.get("false")) if each])
            case exp.Coalesce():
                return common([self.type_of(each) for each in (node.this, *node.expressions)])
            case exp.Array():
                return array_of(common([self.type_of(each) for each in node.expressions]) if node.expressions else None)
            case exp.Bracket():
                return self._at(self.type_of(node.this), node.expressions[0])
            case exp.Tuple():
                return self._row(node.expressions)
            case exp.Escape():
                return BOOLEAN
            case exp.GroupConcat():
                return VARCHAR
            case exp.Dot():
                return self._field(self.type_of(node.this), node.expression.name)
            case exp.Subquery():
                outputs = self.outputs(node)
                return next(iter(outputs.values()), None)
            case exp.Any() | exp.All():
                return next(iter(self.outputs(node.this).values()), None)
            case exp.JSONValue():
                returning = node.args.get("returning")
                return of_datatype(returning) if returning else VARCHAR
            case exp.JSONExtract() | exp.JSONObject():
                return VARCHAR
            case exp.AtTimeZone():
                return in_zone([self.type_of(node.this)])
            case exp.DPipe():
                joined = common([self.type_of(node.left), self.type_of(node.right)])
                return VARCHAR if joined and joined.name in TEXTS else joined or self._appended(node)
            case exp.Extract() | exp.StrPosition():
                return BIGINT
            case exp.Trim() | exp.Substring():
                return VARCHAR
            case exp.CurrentDate():
                return DATE
            case exp.CurrentTimestamp():
                return TIMESTAMP_TZ
            case exp.CurrentTime() | exp.Localtime():
                return TIME
            case exp.Localtimestamp():
                return TIMESTAMP
            case exp.HexString():
                return VARBINARY
            case exp.ParseJSON():
                return JSON
            case exp.Anonymous():
                return self._call(node)
        if isinstance(node, _ARITHMETIC):
            return arithmetic(type(node), self.type_of(node.left), self.type_of(node.right))
        return BOOLEAN if isinstance(node, _BOOLEANS) else None

    def _appended(self, node: exp.DPipe) -> Type | None:
        """The array of ``array || element`` and ``element || array``."""
        types = (self.type_of(node.left), self.type_of(node.right))
        return next((column_type for column_type in types if column_type and column_type.name == "array"), None)

    def _call(self, node: exp.Anonymous) -> Type | None:
        name, arguments = node.name.lower(), node.expressions
        if name == "transform" and isinstance(arguments[-1], exp.Lambda):
            return array_of(self.type_of(arguments[-1].this))
        if name == "reduce" and len(arguments) == 4:
            last = arguments[3]
            return self.type_of(last.this if isinstance(last, exp.Lambda) else arguments[1])
        if name in _OF_BODIES and isinstance(arguments[-1], exp.Lambda):
            body, first = self.type_of(arguments[-1].this), self.type_of(arguments[0])
            key, value = first.parts if first and len(first.parts) == 2 else (None, None)
            if name == "zip_with":
                return array_of(body)
            return map_of(body, value) if name == "transform_keys" else map_of(key, body)
        if name == "row":
            return self._row(arguments)
        if name == "if":
            return common([self.type_of(each) for each in arguments[1:]])
        rule = RULES.get(name)
        return rule([self.type_of(each) for each in arguments]) if callable(rule) else rule

    def _row(self, values: list[exp.Expr]) -> Type | None:
        parts = [self.type_of(each) for each in values]
        known = tuple(each for each in parts if each)
        names = tuple(f"field{number}" for number in range(len(parts)))
        return Type("row", known, names) if len(known) == len(parts) else None

    @staticmethod
    def _at(holder: Type | None, place: exp.Expr) -> Type | None:
        """What is at a place of an array, a map or a row."""
        if holder is None or holder.name != "row":
            return element([holder])
        number = int(place.name) if isinstance(place, exp.Literal) and place.name.isdigit() else 0
        return holder.parts[number - 1] if 0 < number <= len(holder.parts) else None

    @staticmethod
    def _field(row: Type | None, name: str) -> Type | None:
        if row is None or row.name != "row":
            return None
        fields = dict(zip((each.lower() for each in row.fields), row.parts, strict=True))
        return fields.get(name.lower())

    # Names

    def _column(self, node: exp.Column) -> Type | None:
        parameter = self._lambda_parameter(node)
        if parameter is not None:
            return parameter[0]
        if isinstance(node.this, exp.Star) or node.db:
            return None
        select = self.enclosing.find(node, exp.Select)
        while select is not None:
            sources = self.sources(select)
            column, table = node.name.lower(), node.table.lower()
            if table:
                if table in sources and column in sources[table]:
                    return sources[table][column]
                for columns in sources.values():  # alias.field of a row
                    if table in columns:
                        return self._field(columns[table], column)
            else:
                for columns in sources.values():
                    if column in columns:
                        return columns[column]
            select = self.enclosing.find(select, exp.Select)
        return None

    def _lambda_parameter(self, node: exp.Column | exp.Identifier) -> tuple[Type | None] | None:
        """If *node* is a parameter of a lambda around it, a tuple of its type."""
        enclosing = self.enclosing.find(node, exp.Lambda)
        while enclosing is not None:
            names = [each.name.lower() for each in enclosing.expressions]
            table = node.table if isinstance(node, exp.Column) else ""
            wanted = (table or node.name).lower()
            if wanted in names:
                parts = self._parameters(enclosing)
                position = names.index(wanted)
                found = parts[position] if position < len(parts) else None
                return (self._field(found, node.name) if table else found,)
            enclosing = self.enclosing.find(enclosing, exp.Lambda)
        return None

    def _parameters(self, function: exp.Lambda) -> list[Type | None]:
        """What a lambda is called with: by the call that it is an argument of."""
        call = function.parent
        if not isinstance(call, exp.Anonymous) or not call.expressions:
            return []
        first, *others = [self.type_of(each) if not isinstance(each, exp.Lambda) else None for each in call.expressions]
        last = call.expressions[-1]
        match call.name.lower():
            case "reduce":
                return [others[0] if others else None, *([] if function is last else [element([first])])]
            case "reduce_agg":
                return [others[0] if others else None, others[0] if function is last else first]
            case "zip_with":
                return [element([first]), element(others[:1])]
            case "map_zip_with":
                return [first.parts[0] if first and first.parts else None, element([first]), element(others[:1])]
            case "array_sort":
                return [element([first])] * 2
            case "regexp_replace":
                return [array_of(VARCHAR)]
        return list(first.parts) if first else []

    def is_missing(self, node: exp.Column) -> bool:
        """Whether *node* certainly names no column: everything around it is known, and has it not."""
        if isinstance(node.this, exp.Star) or node.db or self._lambda_parameter(node) is not None:
            return False
        if isinstance(node.parent, exp.Anonymous) and node.parent.name.lower() == "normalize":
            return False  # the form's name
        column, table = node.name.lower(), node.table.lower()
        select = self.enclosing.find(node, exp.Select)
        if select is None:  # part of a condition, by itself
            return False
        while select is not None:
            sources = self.sources(select)
            if sources.get(table):
                return column not in sources[table]
            if not all(sources.values()) or any((table or column) in columns for columns in sources.values()):
                return False
            select = self.enclosing.find(select, exp.Select)
        return True

    def is_ambiguous(self, node: exp.Column) -> bool:
        """Whether the table that *node* comes from has its name more than once."""
        select = self.enclosing.find(node, exp.Select)
        if select is None or isinstance(node.this, exp.Star) or node.db or self._lambda_parameter(node) is not None:
            return False
        sources = self.sources(select)
        wanted = [sources.get(node.table.lower(), {})] if node.table else list(sources.values())
        return any(repeated(1, node.name.lower()) in columns for columns in wanted)

    def sources(self, select: exp.Select) -> dict[str, Columns]:
        """What FROM and JOIN bring in: columns by the alias that they are known under."""
        key = id(select)
        if key not in self._sources:
            self._sources[key] = {}
            found: dict[str, Columns] = {}
            for number, node in enumerate(select_sources(select)):
                alias = node.alias_or_name.lower() or f" {number}"
                found[alias] = self._columns_of(node)
                self._sources[key] = found
                self._join_moments(select, node, found)
        return self._sources[key]

    def _join_moments(self, select: exp.Select, node: exp.Expr, found: dict[str, Columns]) -> None:
        """JOIN *node* USING (m): the moments of all sides have a zone of their own if those of one side have it."""
        for each in node.parent.args.get("using") or [] if isinstance(node.parent, exp.Join) else []:
            column = each.name.lower()
            sides = {alias: columns[column] for alias, columns in found.items() if column in columns}
            whole = common(list(sides.values()))
            if whole is None or not whole.zoned:
                continue
            for alias, column_type in sides.items():
                if column_type is not None and not column_type.zoned:
                    self.without_zone.setdefault((id(select), alias), {})[column] = column_type
                    found[alias][column] = whole

    def _columns_of(self, node: exp.Expr) -> Columns:
        if isinstance(node, exp.Table):
            if "columns" in node.meta:
                return renamed(node, dict(node.meta["columns"]))
            cte = cte_of(node)
            if cte is not None and id(cte) in self._opening:  # a recursive query speaks of itself: what it begins with
                begun = cte.this.left if isinstance(cte.this, exp.SetOperation) else None
                return renamed(node, renamed(cte, self.outputs(begun))) if begun is not None else {}
            if cte is None:
                return {}
            self._opening.add(id(cte))
            try:
                return renamed(node, self.outputs(cte))
            finally:
                self._opening.discard(id(cte))
        if isinstance(node, exp.Lateral):
            return self._columns_of(node.this)
        if isinstance(node, exp.Unnest):
            types: list[Type | None] = []
            whole = rows_stay_whole(node, [self.type_of(each) for each in node.expressions])
            for each in node.expressions:
                column_type = self.type_of(each)
                inner = element([column_type])
                if column_type and column_type.name == "map":
                    types += column_type.parts
                elif inner and inner.name == "row" and not whole:
                    types += inner.parts
                else:
                    types.append(inner)
            types.append(BIGINT)  # the ordinality, if it is asked for
            alias = node.args.get("alias")
            names = [each.name.lower() for each in (alias.columns if alias else [])]
            ordinality = node.args.get("offset")
            if isinstance(ordinality, exp.Identifier):  # the grammar keeps its name apart
                names.append(ordinality.name.lower())
            return under(names, types)
        return renamed(node, self.outputs(node))

    def output_types(self, query: exp.Expr) -> list[Type | None]:
        """The types of a query's columns in order; nothing if they are not told one by one."""
        if isinstance(query, exp.Subquery | exp.Paren):
            return self.output_types(query.this)
        if isinstance(query, exp.SetOperation):
            sides = zip(self.output_types(query.left), self.output_types(query.right), strict=False)
            return [common([left, right]) for left, right in sides]
        if not isinstance(query, exp.Select):
            return list(self.outputs(query).values())
        types: list[Type | None] = []
        for each in query.expressions:
            if isinstance(each, exp.Star) or isinstance(each.this, exp.Star):
                sources = self.sources(query)
                if isinstance(each, exp.Star) and len(sources) > 1:  # USING makes one column of two
                    return list(self.outputs(query).values()) if len(query.expressions) == 1 else []
                alias = each.table.lower() if isinstance(each, exp.Column) else next(iter(sources), "")
                types += shown(sources.get(alias, {})).values()
            else:
                types.append(self.type_of(each))
        return types

    def outputs(self, query: exp.Expr) -> Columns:
        """The columns of a query's answer."""
        if isinstance(query, exp.CTE | exp.Subquery | exp.Paren):
            return renamed(query, self.outputs(query.this))
        if isinstance(query, exp.SetOperation):
            left, right = self.outputs(query.left), self.outputs(query.right)
            return {
                name: common([column_type, other])
                for (name, column_type), other in zip(left.items(), right.values(), strict=False)
            }
        if isinstance(query, exp.Values):
            rows = [each.expressions for each in query.expressions if isinstance(each, exp.Tuple)]
            columns = {
                unnamed(n): common([self.type_of(each) for each in cell])
                for n, cell in enumerate(zip(*rows, strict=False))
            }
            return renamed(query, columns)
        if not isinstance(query, exp.Select):
            return {}
        columns = {}
        joined = joined_by_name(query)
        for number, item in enumerate(query.expressions):
            if isinstance(item, exp.Star):
                sources = list(self.sources(query).values())
                for key in joined_columns(query):
                    columns[key] = next((source[key] for source in sources if key in source), None)
                for source in sources:
                    for name, column_type in shown(source).items():
                        if not (joined and name in columns):
                            columns[free(name, columns)] = column_type
            elif isinstance(item, exp.Column) and isinstance(item.this, exp.Star):
                for name, column_type in shown(self.sources(query).get(item.table.lower(), {})).items():
                    columns[free(name, columns)] = column_type
            else:
                columns[free((item.alias_or_name or unnamed(number)).lower(), columns)] = self.type_of(item)
        return columns

    def with_names_once(self, select: exp.Select) -> list[exp.Expr]:
        """The items of *select*, each under a name of its own, as a derived table has to have them for DuckDB.

        ``SELECT 1 AS a, 2 AS a`` and ``SELECT * FROM t JOIN u ON t.id = u.id`` have a name twice.
        """
        items = [each for item in select.expressions for each in self._spelled_out(select, item)]
        if len({item.alias_or_name.lower() for item in items}) == len(items):
            return select.expressions
        taken: dict[str, None] = {}
        for item in items:
            written = as_written(item.alias_or_name)
            name = free(written.lower(), taken)
            taken[name] = None
            if name != written.lower():
                item.set("alias", exp.to_identifier(name, quoted=True))
        return items

    def _spelled_out(self, select: exp.Select, item: exp.Expr) -> list[exp.Expr]:
        """The columns that a star stands for, if they are known; any other item as it is."""
        star = item.this if isinstance(item, exp.Column) else item
        if not isinstance(star, exp.Star) or joined_by_name(select):
            return [item]
        found: list[exp.Expr] = []
        for node, (alias, columns) in zip(select_sources(select), self.sources(select).items(), strict=True):
            if isinstance(item, exp.Column) and item.table.lower() != alias:
                continue
            if not columns:
                return [item]
            if alias.startswith(" "):  # no alias is written: one of our own
                alias = internal(f"source{alias.strip()}")
                node.set("alias", exp.TableAlias(this=exp.to_identifier(alias, quoted=True)))
            found += [
                exp.alias_(exp.column(name, table=alias, quoted=True), name, quoted=True) for name in shown(columns)
            ]
        return found


def _number(text: str) -> Type | None:
    if "." in text or "e" in text.lower():
        return Type("double")
    return INTEGER if int(text) < 2**31 else BIGINT
