"""Redshift's SQL: a text's statements, and what each is in DuckDB's."""
