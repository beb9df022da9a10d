"""sqlalchemy-redshift: tables made, written, asked for and reflected, over redshift_connector."""

import sys

import sqlalchemy as sa

host, port, user, password = sys.argv[1:]
url = sa.URL.create("redshift+redshift_connector", user, password, host, int(port), "dev")
engine = sa.create_engine(url, connect_args={"sslmode": "verify-ca"})
metadata = sa.MetaData()
flights = sa.Table(
    "flights_of_sa", metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("origin", sa.String(3), nullable=False),
    sa.Column("delay", sa.Float),
    redshift_diststyle="KEY", redshift_distkey="id", redshift_sortkey=("origin", "id"),
)  # fmt: skip
metadata.create_all(engine)
with engine.begin() as connection:
    connection.execute(
        flights.insert(), [{"id": 1, "origin": "EWR", "delay": 2.5}, {"id": 2, "origin": "JFK", "delay": None}]
    )
with engine.connect() as connection:
    print("rows:", connection.execute(sa.select(flights).order_by(flights.c.id)).all())
inspector = sa.inspect(engine)
print("tables:", flights.name in inspector.get_table_names(schema="public"))
columns = inspector.get_columns(flights.name, schema="public")
print("columns:", [(each["name"], str(each["type"]), each["nullable"]) for each in columns])
print("key:", inspector.get_pk_constraint(flights.name, schema="public")["constrained_columns"])
reflected = sa.Table(flights.name, sa.MetaData(), autoload_with=engine, schema="public")
print("reflected:", [each.name for each in reflected.columns])
with engine.begin() as connection:
    connection.execute(sa.text(f"CREATE VIEW view_of_sa AS SELECT origin FROM public.{flights.name}"))
print("views:", sa.inspect(engine).get_view_names(schema="public") == ["view_of_sa"])
with engine.begin() as connection:
    connection.execute(sa.text("DROP VIEW view_of_sa"))
metadata.drop_all(engine)
print("dropped:", not sa.inspect(engine).has_table(flights.name, schema="public"))
