"""Trino's functions where DuckDB has others or none: as SQL (macros.sql), as other calls, or in Python."""
