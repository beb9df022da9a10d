"""EXPLAIN: DuckDB's plan as Redshift would tell its own.

plans   DuckDB's plan as steps of Redshift's: scans, joins, aggregates, with estimated rows
moving  which rows a join would have to move between slices, by the keys that tables declare
words   steps as the lines that EXPLAIN shows
"""
