"""redshift_connector: its ways to ask, to write and to look into the catalog."""

import datetime
import decimal
import sys
from typing import Any

import pandas as pd
import redshift_connector

host, port, user, password = sys.argv[1:]
DRIVEN = "CREATE TABLE driven (id int NOT NULL, word varchar(20), price decimal(8, 2), day date, at timestamp)"
login: dict[str, Any] = {"host": host, "port": int(port), "user": user, "password": password, "database": "dev"}

with redshift_connector.connect(**login, sslmode="verify-full") as connection, connection.cursor() as cursor:
    cursor.execute(
        "CREATE TABLE driven (id int NOT NULL, word varchar(20), price decimal(8, 2), day date, at timestamp)"
    )
    row = (1, "x", decimal.Decimal("1.50"), datetime.date(2013, 1, 1), datetime.datetime(2013, 1, 1, 5, 15))
    cursor.execute("INSERT INTO driven VALUES (%s, %s, %s, %s, %s)", row)
    cursor.executemany("INSERT INTO driven (id, word) VALUES (%s, %s)", [(2, "y"), (3, None)])
    connection.rollback()  # and so the table can be made again
    cursor.execute(
        "CREATE TABLE driven (id int NOT NULL, word varchar(20), price decimal(8, 2), day date, at timestamp)"
    )
    cursor.execute("INSERT INTO driven VALUES (%s, %s, %s, %s, %s)", row)
    cursor.executemany("INSERT INTO driven (id, word) VALUES (%s, %s)", [(2, "y"), (3, None)])
    connection.commit()
    cursor.execute("SELECT * FROM driven ORDER BY id")
    print("first:", tuple(cursor.fetchone() or ()) == row)
    print("rest:", [each[:2] for each in cursor.fetchmany(5)])
    print("columns:", [each[0] for each in cursor.description])
    print("frame:", cursor.execute("SELECT id, word FROM driven ORDER BY id").fetch_dataframe().to_dict("list"))
    print("array:", cursor.execute("SELECT id FROM driven ORDER BY id").fetch_numpy_array().ravel().tolist())
    cursor.execute("CREATE TABLE written (id int, word varchar(20))")
    cursor.write_dataframe(pd.DataFrame({"id": [4, 5], "word": ["a", "b"]}), "written")
    connection.commit()
    print("written:", list(cursor.execute("SELECT id, word FROM written ORDER BY id").fetchall()))
    print("tables:", [each[2] for each in cursor.get_tables(schema_pattern="public", table_name_pattern="driven")])
    found = cursor.get_columns(schema_pattern="public", tablename_pattern="driven")
    print("described:", [(each[3], each[5]) for each in found])
    print("schemas:", ["public"] in [list(each)[:1] for each in cursor.get_schemas()])
    print("catalogs:", "dev" in [each[0] for each in cursor.get_catalogs()])
    connection.rollback()

for style, text, given in (
    ("qmark", "SELECT word FROM driven WHERE id = ?", (1,)),
    ("numeric", "SELECT word FROM driven WHERE id = :1", (1,)),
    ("named", "SELECT word FROM driven WHERE id = :id", {"id": 1}),
    ("format", "SELECT word FROM driven WHERE id = %s", (1,)),
    ("pyformat", "SELECT word FROM driven WHERE id = %(id)s", {"id": 1}),
):
    with redshift_connector.connect(**login) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.paramstyle = style
            print(f"{style}:", cursor.execute(text, given).fetchall())
