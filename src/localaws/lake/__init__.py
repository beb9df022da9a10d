"""The data lake: tables of the Glue catalog, the S3 objects behind them, and DuckDB to work on both.

What several engines need who read or write such tables. No SQL dialect is here, and nothing of one service's API.

    catalog ─▶ Table ─┐
    objects ─▶ files ─┴▶ files/scan ─▶ SQL ─▶ runtime ─▶ processes/
    Glue       S3        objects as rows       a session, in a process of DuckDB that can be ended

    column_types   Hive's, Trino's and DuckDB's names of a column's type
    access         who may read an object in place, and the record of it
    quoting        texts and names inside SQL
    errors         why a query fails

An engine gives the runtime the functions of its own SQL: the name of a module with ``prepare(database)``.
"""
