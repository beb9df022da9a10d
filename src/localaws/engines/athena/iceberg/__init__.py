"""Iceberg tables in Athena: pyiceberg keeps the metadata and commits, DuckDB reads and writes the data in place.

    Glue table ──metadata_location──▶ tables.load ─▶ pyiceberg's Table ──┬─▶ reading ──▶ DuckDB's SQL ─▶ the planner
       ▲                              (files.LakeIO: S3 as local files)  ├─▶ inspect  ("t$files", "t$snapshots" …)
       └── update_table with VersionId ◀── tables.committing ◀───────────┴─▶ creating, inserting, changes …

What other modules may rely on:

- `tables.load` (lake, database, name) → pyiceberg's ``Table``; `tables.catalog_of` (lake) → the lab's ``GlueCatalog``;
  `tables.committing` (table): a context in which a conflict becomes Athena's ICEBERG_COMMIT_ERROR.
- `files.LakeIO` (lake): pyiceberg's ``FileIO`` over the lab's objects.
- `reading.scan` (session, lake, table, …) → `reading.Scan`: SQL of the rows; with ``positions=True`` also where each
  row lies, in the columns `reading.FILE` (its object's URI) and `reading.POSITION` (from 0).
- `datafiles.write_rows` (job, table, sql, uploaded): rows as data files in S3, no part of the table yet.
- `commit.commit` (table, `commit.Change`): data files and position deletes added, files dropped, as one snapshot; fails
  with ICEBERG_COMMIT_ERROR if somebody changed the same files meanwhile.

Source: "Query Apache Iceberg tables" (athena/latest/ug/querying-iceberg.html), "Iceberg Table Spec", version 2.
"""
