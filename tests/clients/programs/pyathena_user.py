"""PyAthena by its cursors, through pandas, and through SQLAlchemy. Arguments: the bucket, the database.

Not by its ArrowCursor: Arrow's own S3 client knows no other endpoint than the one it is told in code.
"""

import sys

import pandas as pd
import sqlalchemy as sa
from pyathena import connect
from pyathena.error import OperationalError
from pyathena.pandas.cursor import PandasCursor

bucket, database = sys.argv[1:]
place = {"s3_staging_dir": f"s3://{bucket}/results/", "region_name": "us-east-1", "schema_name": database}

with connect(**place).cursor() as cursor:
    cursor.execute(f"CREATE DATABASE {database}")
    cursor.execute(
        f"""CREATE TABLE delays WITH (format = 'PARQUET', external_location = 's3://{bucket}/delays/') AS
        SELECT * FROM (VALUES ('JFK', 1, 4.5), ('LGA', 2, 0.5), ('EWR', 3, NULL)) AS t (origin, flight, minutes)"""
    )
    cursor.execute("SELECT flight FROM delays WHERE origin = %(origin)s", {"origin": "LGA"})
    print("parameter:", cursor.fetchall())
    cursor.execute("SELECT flight FROM delays WHERE origin = ?", ["'JFK'"], paramstyle="qmark")
    print("execution parameter:", cursor.fetchall())
    try:
        cursor.execute("SELECT * FROM nowhere")
    except OperationalError as error:
        print("error:", "TABLE_NOT_FOUND" in str(error))

frame = connect(**place, cursor_class=PandasCursor).cursor().execute("SELECT * FROM delays ORDER BY flight").as_pandas()
print("pandas:", frame.shape, frame["minutes"].isna().sum(), str(frame["flight"].dtype))

engine = sa.create_engine(
    f"awsathena+rest://:@athena.us-east-1.amazonaws.com:443/{database}?s3_staging_dir=s3%3A%2F%2F{bucket}%2Fresults%2F"
)
with engine.connect() as connection:
    inspector = sa.inspect(connection)
    print("has_table:", inspector.has_table("delays"), inspector.has_table("nowhere"))
    print("columns:", [(column["name"], str(column["type"])) for column in inspector.get_columns("delays")])
    table = sa.Table("delays", sa.MetaData(), autoload_with=connection)
    query = sa.select(table.c.origin).where(table.c.minutes > 1).limit(5)
    print("select:", connection.execute(query).all())
    pd.DataFrame({"name": ["a", "b"], "value": [1, 2]}).to_sql(
        "written", connection, schema=database, index=False, if_exists="replace", method="multi"
    )
    print("read_sql:", pd.read_sql("SELECT sum(value) AS total FROM written", connection)["total"].tolist())
