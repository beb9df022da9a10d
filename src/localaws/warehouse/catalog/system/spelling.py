"""How PostgreSQL's tools spell what every schema can see: ``pg_catalog.f(x)``, ``a OPERATOR(pg_catalog.~) b``."""

from __future__ import annotations

import re
from itertools import pairwise

from localaws.warehouse.sql.splitting import split

_OPERATOR = re.compile(r"operator\s*\(\s*pg_catalog\s*\.\s*([^\s)]+)\s*\)", re.IGNORECASE)
_COLLATION = re.compile(r"collate\s+pg_catalog\s*\.\s*\"?default\"?", re.IGNORECASE)


def plain(sql: str) -> str:
    """One statement without them; texts in it stay as they are."""
    if "pg_catalog" not in sql.lower():
        return sql
    sql = _COLLATION.sub("", _OPERATOR.sub(r"\1", sql))
    tokens = split(sql)[0].tokens if sql.strip() else ()
    for token, after in reversed(list(pairwise(tokens))):
        if token.text.lower() == "pg_catalog" and after.text == ".":
            sql = sql[: token.start] + sql[after.end + 1 :]
    return sql
