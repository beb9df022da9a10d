"""COPY and UNLOAD: rows from objects into tables, and back.

words ──▶ request            what a COPY says
  │          │
  │    target ─▶ values      the columns, and the SQL that makes a text a value of one
  │          │
  │    fields                objects as rows of texts, read by DuckDB as they are (quick) ...
  │    records               ... or record by record (careful), which knows line numbers and finds what is wrong
  │    columnar              Parquet and ORC, whose values have types of their own
  │          │
  │    reasons               why a text is no value, in Redshift's words
  │    history               what was loaded and what was rejected, for the system tables
  └──▶ output                what an UNLOAD writes
"""
