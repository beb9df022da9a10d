"""polars over s3://: partitioned writing, lazy scans with predicates and globs, CSV. Argument: the bucket."""

import sys

import polars as pl

bucket = sys.argv[1]
flights = pl.DataFrame({"origin": ["JFK", "LGA", "JFK"], "month": [1, 1, 2], "delay": [5.0, None, 7.5]})
flights.write_parquet(f"s3://{bucket}/one.parquet")
flights.lazy().sink_parquet(f"s3://{bucket}/sunk.parquet")
flights.filter(pl.col("month") == 1).write_parquet(f"s3://{bucket}/lake/month=1/a.parquet")
flights.filter(pl.col("month") == 2).write_parquet(f"s3://{bucket}/lake/month=2/a.parquet")
print("one:", pl.read_parquet(f"s3://{bucket}/one.parquet").equals(flights))
lake = pl.scan_parquet(f"s3://{bucket}/lake/", hive_partitioning=True)
print("pruned:", lake.filter(pl.col("month") == 2).select(pl.col("delay").sum()).collect().item())
print("glob:", pl.scan_parquet(f"s3://{bucket}/lake/*/*.parquet").select(pl.len()).collect().item())
flights.write_csv(f"s3://{bucket}/flights.csv")
print("csv:", pl.scan_csv(f"s3://{bucket}/flights.csv").group_by("origin").len().sort("origin").collect().rows())
try:
    pl.read_parquet(f"s3://{bucket}/nothing.parquet")
except (FileNotFoundError, OSError, pl.exceptions.ComputeError) as error:
    print("missing:", type(error).__name__)
