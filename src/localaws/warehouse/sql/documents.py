"""SUPER: parts of documents (``c.items[0].price``) and arrays as tables (``FROM t, t.items AS i``).

To DuckDB a document is JSON. Source: Redshift database developer guide, "Querying semistructured data".
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

from sqlglot import exp

from localaws.warehouse.errors import not_done
from localaws.warehouse.sql.building import call, cast, macro

if TYPE_CHECKING:
    from localaws.warehouse.sql.dialect import Translator


def part(translator: Translator, node: exp.Expr) -> exp.Expr:
    """``document[0].name``"""
    return call("json_extract", node.this, f"$.{json.dumps(node.expression.name)}")


def _at(translator: Translator, node: exp.Expr) -> exp.Expr:
    """``document[0]``, ``document['name']``: NULL where there is none."""
    place = node.expressions[0]
    if isinstance(place, exp.Literal) and place.is_string:
        return call("json_extract", node.this, f"$.{json.dumps(place.name)}")
    return call("json_extract", node.this, cast(place, "BIGINT"))


def _array(translator: Translator, node: exp.Expr) -> exp.Expr:
    return call("json_array", *node.expressions)


def _items(translator: Translator, node: exp.Expr) -> exp.Expr:
    """``FROM t, t.items AS i``: a row for each element."""
    alias = node.args["alias"]
    name = (alias.this or alias.columns[0]).name
    return _lateral(
        exp.select(exp.alias_(call("unnest", macro("items", node.expressions[0])), name, quoted=True)), name
    )


def _numbered_items(translator: Translator, node: exp.Expr) -> exp.Expr:
    """``FROM t, t.items AS i AT n``: with the element's place, from 0."""
    items, name, place = node.this.this, node.this.alias, node.expression.name
    listed = exp.select(
        exp.alias_(call("unnest", macro("items", items)), name, quoted=True),
        exp.alias_(call("unnest", call("range", call("len", macro("items", items.copy())))), place, quoted=True),
    )
    return _lateral(listed, name)


def _members(translator: Translator, node: exp.Expr) -> exp.Expr:
    """``FROM t, UNPIVOT t.document AS v AT k``: a row for each attribute; tables are DuckDB's own matter."""
    inner = node.this
    if not node.args.get("unpivot") or node.args.get("fields"):
        return node
    if not isinstance(inner, exp.AtIndex):
        raise not_done("UNPIVOT of a document without AT")
    document, name, place = inner.this.this, inner.this.alias, inner.expression.name
    keys = call("json_keys", document.copy())
    values = macro("members", document)
    listed = exp.select(
        exp.alias_(call("unnest", values), name, quoted=True), exp.alias_(call("unnest", keys), place, quoted=True)
    )
    return _lateral(listed, name)


def _lateral(query: exp.Select, name: str) -> exp.Expr:
    return exp.Lateral(this=query.subquery(), alias=exp.TableAlias(this=exp.to_identifier(name, quoted=True)))


def _numbered(translator: Translator, node: exp.Expr) -> exp.Expr:
    """``AT n`` by itself, and not within UNPIVOT, which has it whole."""
    return node if isinstance(node.parent, exp.Pivot) else _numbered_items(translator, node)


HANDLERS: dict[type[exp.Expr], Callable[[Translator, exp.Expr], exp.Expr]] = {
    exp.Array: _array,
    exp.Bracket: _at,
    exp.Unnest: _items,
    exp.AtIndex: _numbered,
    exp.Pivot: _members,
}
