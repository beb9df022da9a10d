"""Redshift's SQL as DuckDB's, so that the answer is Redshift's.

What differs by syntax is here and in `operators`, `casts` and `documents`; what differs by function in `functions`.
Where the meaning depends on types (1.0 / 3, the average of integers) `type_inference` finds them first, on the
statement as it was written.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlglot import ErrorLevel, exp
from sqlglot.dialects.duckdb import DuckDB

from localaws.warehouse.errors import not_done
from localaws.warehouse.sql import aggregates, casts, datetimes, documents, inserting, operators
from localaws.warehouse.sql.building import Functions, call, cast, macro
from localaws.warehouse.sql.checking import check, undefined, written_by_users
from localaws.warehouse.sql.column_types import Type
from localaws.warehouse.sql.functions import FUNCTIONS
from localaws.warehouse.sql.names import output_name
from localaws.warehouse.sql.type_inference import Columns, TypeInference


@dataclass(frozen=True)
class Context:
    """What a statement's meaning depends on besides its text.

    Attributes:
        columns: tells a table's columns and their types, in DuckDB's words.
    """

    columns: Columns = lambda parts: None


class _DuckDb(DuckDB):
    """DuckDB with NULLs where Redshift has them, as `databases` sets it."""

    NULL_ORDERING = "nulls_are_large"


class Translator:
    """Translates one statement."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.functions: Functions = FUNCTIONS
        self.types = TypeInference(context.columns, self._type_of_call)

    def translate(self, root: exp.Expr) -> str:
        """DuckDB's SQL for *root*, which is changed. Raises RedshiftError."""
        check(root, self.functions)
        holder = exp.Paren(this=root)
        nodes = [node for node in written_by_users(holder) if node is not holder and not node.meta.get("as is")]
        for node in reversed(nodes):  # types first, on what the user wrote, and from within
            self.types.type_of(node)
            if isinstance(node, exp.Identifier):
                node.set("this", node.name.lower())  # names are folded, quoted ones too ("Names and identifiers")
        for node in nodes:
            if isinstance(node, exp.Select):
                self._name_columns(node)
        for node in reversed(nodes):  # children before their parents
            handler = self._handler(node)
            if handler is not None:
                parent, key, index = node.parent, node.arg_key, node.index  # a replacement may hold the node itself
                replacement = handler(self, node)
                if replacement is not node:
                    self.types.pass_on(node, replacement)
                    assert parent is not None and key is not None
                    parent.set(key, replacement, index)
        return holder.this.sql(_DuckDb, normalize_functions=False, unsupported_level=ErrorLevel.IGNORE, copy=False)

    def type_of(self, node: exp.Expr | None) -> Type | None:
        return self.types.type_of(node)

    def _type_of_call(self, node: exp.Anonymous, arguments: list[Type | None]) -> Type | None:
        found = self.functions.get(node.name.lower())
        return found.type_of(arguments) if found else None

    def _name_columns(self, select: exp.Select) -> None:
        """What has no name of its own gets Redshift's for it: ``?column?``, or the function's."""
        if isinstance(select.parent, exp.Exists | exp.In | exp.SetOperation) and select.arg_key != "this":
            return
        items = []
        for item in select.expressions:
            word = output_name(item)
            made = exp.alias_(item, word, quoted=True, copy=False) if word else item
            if made is not item:
                self.types.pass_on(item, made)
            items.append(made)
        select.set("expressions", items)

    @staticmethod
    def _handler(node: exp.Expr) -> Callable[[Translator, exp.Expr], exp.Expr] | None:
        for kind in type(node).__mro__:
            if kind in _HANDLERS:
                return _HANDLERS[kind]
        return None


def _call(translator: Translator, node: exp.Expr) -> exp.Expr:
    assert isinstance(node, exp.Anonymous)
    name = node.name.lower()
    if name not in translator.functions:
        raise undefined(node)
    return translator.functions[name].build(translator, node, list(node.expressions))


def _today(translator: Translator, node: exp.Expr) -> exp.Expr:
    return cast(macro("now"), "DATE")


def _now(translator: Translator, node: exp.Expr) -> exp.Expr:
    return macro("now") if node.args.get("sysdate") else call("now")


def _of_session(translator: Translator, node: exp.Expr) -> exp.Expr:
    raise not_done(f"{node.sql('redshift').strip('()')} but in queries")


def _dot(translator: Translator, node: exp.Expr) -> exp.Expr:
    """A function of the catalog's, or a part of a document."""
    return node.expression if isinstance(node.expression, exp.Anonymous) else documents.part(translator, node)


def _position(translator: Translator, node: exp.Expr) -> exp.Expr:
    return call("strpos", node.this, node.args["substr"])


def _refuse_transform(translator: Translator, node: exp.Expr) -> exp.Expr:
    raise not_done("OBJECT_TRANSFORM")


_HANDLERS: dict[type[exp.Expr], Callable[[Translator, exp.Expr], exp.Expr]] = {
    exp.Anonymous: _call,
    exp.CurrentDate: _today,
    exp.CurrentTimestamp: _now,
    **dict.fromkeys((exp.CurrentUser, exp.SessionUser, exp.CurrentSchema, exp.CurrentCatalog), _of_session),
    exp.Dot: _dot,
    exp.StrPosition: _position,
    exp.ObjectTransform: _refuse_transform,
    exp.Window: aggregates.over,
    exp.WithinGroup: aggregates.within_group,
    **casts.HANDLERS,
    **datetimes.HANDLERS,
    **documents.HANDLERS,
    **inserting.HANDLERS,
    **operators.HANDLERS,
}
