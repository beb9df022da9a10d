"""Redshift's SQL: a text's statements, and what each is in DuckDB's.

splitting ─▶ grammar ─▶ translating ─▶ dialect     statements, trees, parameters, DuckDB's text

checking         only what Redshift has can be named
type_inference   the type of every expression (column_types)
operators, casts, documents, names   what differs by syntax
functions        all functions, by themes: aggregates, datetimes (formats), json_calls, numbers, patterns, system, texts
macros.sql, natives   what DuckDB has not, in SQL and in Python; `installing` makes it known to a DuckDB
"""
