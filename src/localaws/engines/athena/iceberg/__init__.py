"""Iceberg tables in Athena: pyiceberg keeps the metadata and commits, DuckDB reads and writes the data in place.

    Glue's entry ──metadata_location──▶ tables ──▶ pyiceberg's Table
      ▲                                 (files: S3 as the lab's files)
      │                                      │
      │   reading a table      planning ─▶ travel (which snapshot), pushdown (which files), reading, layout ─▶ DuckDB
      │   telling of one       inspect ("t$files", "t$snapshots" …), showing (DESCRIBE, SHOW CREATE TABLE)
      │   making, filling      creating (partitioning, properties), inserting ──┬─▶ datafiles (hashing) ─▶ S3
      │   changing rows        changes, dropping, merge (target, deletes) ──────┤
      │   keeping in order     optimize, vacuum, evolution                      ▼
      └────────────────── UpdateTable with VersionId ◀── tables.committing ◀── commit

What the modules rely on:

- `tables.load` (lake, database, name) → pyiceberg's ``Table``; `tables.catalog_of` (lake) → the lab's ``GlueCatalog``;
  `tables.committing` (table): a context in which a conflict becomes Athena's ICEBERG_COMMIT_ERROR.
- `files.LakeIO` (lake): pyiceberg's ``FileIO`` over the lab's objects, always as the query's caller.
- `reading.scan` (session, lake, table, …) → `reading.Scan`: SQL of the rows; with ``positions=True`` also where each
  row lies, in the columns `reading.FILE` (its object's URI) and `reading.POSITION` (from 0).
- `datafiles.write_rows` (job, table, sql, uploaded): rows as data files in S3, no part of the table yet.
- `commit.commit` (table, `commit.Change`): data files and position deletes added, files dropped, as one snapshot; fails
  with ICEBERG_COMMIT_ERROR if somebody changed the same files meanwhile.

Source: "Query Apache Iceberg tables" (athena/latest/ug/querying-iceberg.html), "Iceberg Table Spec", version 2.
"""
