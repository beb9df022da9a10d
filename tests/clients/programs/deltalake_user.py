"""delta-rs on S3, whose commits are conditional puts: append, merge, time travel, vacuum. Argument: the bucket."""

import sys
from concurrent.futures import ThreadPoolExecutor

import pyarrow as pa
from deltalake import DeltaTable, QueryBuilder, write_deltalake

table = f"s3://{sys.argv[1]}/flights"


def rows(*values: int) -> pa.Table:
    return pa.table({"flight": pa.array(values, pa.int64()), "delay": pa.array([0] * len(values), pa.int64())})


def ask(sql: str, version: int | None = None) -> list[int]:
    query = QueryBuilder().register("t", DeltaTable(table, version=version))
    return pa.table(query.execute(sql).read_all())[0].to_pylist()


write_deltalake(table, rows(1, 2))
with ThreadPoolExecutor(4) as pool:  # each must find that another was first, and commit as the next version
    list(pool.map(lambda value: write_deltalake(table, rows(value), mode="append"), range(10, 14)))
print("appended:", ask("SELECT flight FROM t ORDER BY flight"))
source = pa.table({"flight": pa.array([1, 99], pa.int64()), "delay": pa.array([7, 9], pa.int64())})
merge = DeltaTable(table).merge(source, "t.flight = s.flight", source_alias="s", target_alias="t")
merge.when_matched_update_all().when_not_matched_insert_all().execute()
print("merged:", ask("SELECT delay FROM t WHERE flight IN (1, 99) ORDER BY delay"), ask("SELECT count(*) FROM t"))
print("first version:", ask("SELECT flight FROM t ORDER BY flight", version=0))
DeltaTable(table).optimize.compact()
removed = DeltaTable(table).vacuum(retention_hours=0, enforce_retention_duration=False, dry_run=False)
print("vacuumed:", bool(removed), ask("SELECT count(*) FROM t"))
