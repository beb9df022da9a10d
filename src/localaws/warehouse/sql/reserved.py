"""Words that are no names unless they stand between double quotes."""

from __future__ import annotations

from sqlglot import exp

#: Of AWS's list those that PostgreSQL, from which Redshift comes, keeps to its grammar too. AWS lists more; some of
#: them are names in AWS's own examples (``type`` in pg_table_def), others are expressions (``sysdate``, ``user``).
#: Source: Redshift database developer guide, "Reserved words".
RESERVED = frozenset(
    (
        "all analyse analyze and any array as asc both case cast check collate column constraint create "
        "deferrable desc distinct do else end except for foreign freeze from full grant group having ilike in "
        "initially inner intersect into is isnull join leading left like limit natural not notnull off offset "
        "on only or order outer overlaps placing primary references right select similar some table then to "
        "trailing union unique using when where"
    ).split()
)


def reserved_name(tree: exp.Expr) -> str | None:
    """A reserved word that a statement has for a column or a table; after a dot, and behind AS, all words may stand."""
    for node in tree.find_all(exp.Column, exp.Table):
        name = node.this
        qualified = node.args.get("table") or node.args.get("db")
        if isinstance(name, exp.Identifier) and not name.quoted and not qualified and name.name.lower() in RESERVED:
            return name.name
    return None
