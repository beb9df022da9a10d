"""Athena's SQL as DuckDB's: parsed, typed and translated, so that the answer is Trino's."""
