"""Iceberg tables in Athena: pyiceberg keeps the metadata and commits, DuckDB reads and writes the data in place.

    Glue's entry ──metadata_location──▶ tables ──▶ pyiceberg's Table
      ▲                                 (files: S3 as the lab's files)
      │                                      │
      │   reading a table      planning ─▶ travel (snapshot), tasks, pushdown (files), reading, layout ─▶ DuckDB
      │   telling of one       inspect ("t$files", "t$snapshots" …), showing (DESCRIBE, SHOW CREATE TABLE)
      │   making, filling      creating (partitioning, properties), inserting ──┬─▶ datafiles (hashing) ─▶ S3
      │   changing rows        changes, dropping, merge (target, deletes) ──────┤
      │   keeping in order     optimize, vacuum, evolution                      ▼
      └────────────────── UpdateTable with VersionId ◀── tables.committing ◀── commit

What the modules rely on:

- `tables.of` (session, lake, Glue's entry) → pyiceberg's ``Table``; `tables.LakeCatalog` (session, lake): its
  ``GlueCatalog``; `tables.committing` (table): a context in which a conflict becomes Athena's ICEBERG_COMMIT_ERROR.
- `files.LakeIO` (session, lake): pyiceberg's ``FileIO`` over the lab's objects, always as the query's caller.
- `manifests.manifests_of` (snapshot, io), `manifests.live_entries_of` (manifest, io): what a stranger's manifests tell,
  unpacked in the query's worker (`unpacking`). pyiceberg's own ways to read them are not used: they end for nobody.
- `bounds`: how much of a table's metadata is read at all; `Session.checked` is to go around what a stranger made many.
- `reading.scan` (session, lake, table, …) → `reading.Scan`: SQL of the rows; with ``positions=True`` also where each
  row lies, in the columns `reading.FILE` (its object's URI) and `reading.POSITION` (from 0).
- `datafiles.write_rows` (job, table, sql, uploaded): rows as data files in S3, no part of the table yet.
- `commit.commit` (table, `commit.Change`): data files and position deletes added, files dropped, as one snapshot; fails
  with ICEBERG_COMMIT_ERROR if somebody changed the same files meanwhile.

Source: "Query Apache Iceberg tables" (athena/latest/ug/querying-iceberg.html), "Iceberg Table Spec", version 2.
"""
