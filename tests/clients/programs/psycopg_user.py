"""psycopg: plain, binary, asynchronous and server-side cursors, several statements at once, and psycopg2."""

import asyncio
import sys
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import psycopg
import psycopg2

host, port, user, password = sys.argv[1:]
place: dict[str, Any] = {
    "host": host,
    "port": port,
    "user": user,
    "password": password,
    "dbname": "dev",
    "sslmode": "require",
}

with psycopg.connect(**place) as connection:
    connection.execute("CREATE TABLE psycopg_rows (n int, day date, price decimal(8, 2), at timestamp, ok boolean)")
    rows = [(n, date(2013, 1, 1), Decimal("1.25"), datetime(2013, 1, 1, 12, 30), n % 2 == 0) for n in range(300)]
    with connection.cursor() as cursor:
        cursor.executemany("INSERT INTO psycopg_rows VALUES (%s, %s, %s, %s, %s)", rows)
    connection.commit()
    for binary in (False, True):
        with connection.cursor(binary=binary) as cursor:
            found = cursor.execute("SELECT * FROM psycopg_rows WHERE n < %s ORDER BY n", (3,)).fetchall()
            print(f"binary {binary}:", found == rows[:3])
    with connection.cursor() as cursor:
        streamed = [n for (n,) in cursor.stream("SELECT n FROM psycopg_rows ORDER BY n")]
        print("streamed:", streamed == list(range(300)))
    with connection.cursor(name="by_parts") as cursor:
        cursor.itersize = 100
        cursor.execute("SELECT n FROM psycopg_rows ORDER BY n")
        print("server side:", [n for (n,) in cursor] == list(range(300)))


async def ask() -> list[int]:
    async with await psycopg.AsyncConnection.connect(**place) as connection:
        cursor = await connection.execute("SELECT n FROM psycopg_rows WHERE ok ORDER BY n LIMIT 3")
        return [n for (n,) in await cursor.fetchall()]


print("asynchronous:", asyncio.run(ask()))
with psycopg2.connect(**place) as connection, connection.cursor() as cursor:
    cursor.execute("SELECT count(*), sum(n) FROM psycopg_rows WHERE n < %s", (10,))
    print("psycopg2:", cursor.fetchone())
