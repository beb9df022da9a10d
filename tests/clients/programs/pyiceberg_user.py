"""pyiceberg with the Glue catalog: partition, append, evolve, delete. Arguments: bucket, database."""

import sys
from datetime import date

import pyarrow as pa
from pyiceberg.catalog import load_catalog
from pyiceberg.exceptions import NoSuchTableError, TableAlreadyExistsError
from pyiceberg.partitioning import PartitionField, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.transforms import MonthTransform
from pyiceberg.types import DateType, LongType, NestedField, StringType

bucket, database = sys.argv[1:]
settings = {"type": "glue", "warehouse": f"s3://{bucket}/warehouse", "py-io-impl": "pyiceberg.io.fsspec.FsspecFileIO"}
catalog = load_catalog("glue", **settings)
catalog.create_namespace(database)
schema = Schema(NestedField(1, "day", DateType()), NestedField(2, "flights", LongType()))
spec = PartitionSpec(PartitionField(source_id=1, field_id=1000, transform=MonthTransform(), name="day_month"))
table = catalog.create_table(f"{database}.daily", schema, partition_spec=spec)
rows = pa.table({"day": [date(2013, 1, 1), date(2013, 2, 1)], "flights": pa.array([842, 926], pa.int64())})
table.append(rows)
table.append(rows)
print("rows:", catalog.load_table(f"{database}.daily").scan().to_arrow().num_rows)
print("pruned files:", len(list(table.scan(row_filter="day < '2013-02-01'").plan_files())))
with table.update_schema() as update:
    update.add_column("carrier", StringType())
table.delete("day = '2013-02-01'")
print("after delete:", table.scan().to_arrow().column_names, table.scan().to_arrow().num_rows)
print("snapshots:", len(table.snapshots()) >= 3)
try:
    catalog.create_table(f"{database}.daily", schema)
except TableAlreadyExistsError:
    print("again: TableAlreadyExistsError")
try:
    catalog.load_table(f"{database}.nothing")
except NoSuchTableError:
    print("missing: NoSuchTableError")
catalog.drop_table(f"{database}.daily")
print("tables:", catalog.list_tables(database))
