"""An exercise on keys in five stores: the same key is written twice, and each store does something else."""

from __future__ import annotations

import uuid

import psycopg

from dehelpers.exercises.checks.items import fill, table
from dehelpers.exercises.checks.lake import lake
from dehelpers.exercises.checks.part02.booking import instance
from dehelpers.exercises.checks.part02.part import PART
from dehelpers.exercises.checks.warehouse import warehouse
from dehelpers.exercises.outcome import NotYet
from dehelpers.words.clients import client

GATES = {"first": "B31", "second": "C70"}
KEPT = {("B31",): "first", ("C70",): "second", ("B31", "C70"): "both"}
ADVICE = {
    "s3": "S3: an object is replaced as a whole by the next one of that name, if the bucket keeps no versions.",
    "iceberg": "Iceberg: is there a primary key in the CREATE TABLE of Athena?",
    "rds": "RDS: PostgreSQL says something to the second INSERT, and nothing is changed by it.",
    "dynamodb": "DynamoDB: PutItem without a condition. What does it do where an item has that key?",
    "redshift": "Redshift: the user guide says of its primary keys that they are informational only.",
}


@PART.exercise(
    "The same key twice",
    kind="predict",
    hints=(
        "Who looks whether the key is there already? That costs a look at each write.",
        "A store of files only appends: nobody looks. A store of items by key has one place for each.",
        "Two stores keep both, two the second one, and one refuses.",
    ),
)
def same_key(kept: dict[str, str]) -> str:
    if not isinstance(kept, dict) or not ADVICE.keys() <= kept.keys():
        raise NotYet(f"`kept` is a dict with a word for each of {', '.join(ADVICE)}.")
    said = {store: str(kept[store]).strip().lower() for store in ADVICE}
    if strange := [word for word in said.values() if word not in KEPT.values()]:
        raise NotYet(f"`{strange[0]:.20}` is none of the words: first, second or both.")
    real = {"s3": _s3(), "iceberg": _iceberg(), "rds": _rds(), "dynamodb": _dynamodb(), "redshift": _redshift()}
    for store, gates in real.items():
        if said[store] != KEPT[tuple(sorted(gates))]:
            raise NotYet(f"{sum(said[each] == KEPT[tuple(sorted(real[each]))] for each in real)} of 5. {ADVICE[store]}")
    return "All five were tried. Where both are kept, a MERGE or a clean-up has to know the key: the store does not."


def _s3() -> list[str]:
    with lake() as own:
        for gate in GATES.values():
            own.text("gates/UA1545", gate)
        listed = client("s3").list_objects_v2(Bucket=own.bucket, Prefix="gates/")["Contents"]
        bodies = [client("s3").get_object(Bucket=own.bucket, Key=each["Key"])["Body"] for each in listed]
        return [body.read().decode() for body in bodies]


def _iceberg() -> list[str]:
    with lake() as own:
        place = f"LOCATION '{own.uri('gates')}' TBLPROPERTIES ('table_type' = 'ICEBERG')"
        own(f"CREATE TABLE gates (flight string, gate string) {place}")
        for gate in GATES.values():
            own(f"INSERT INTO gates VALUES ('UA1545', '{gate}')")
        return [str(gate) for (gate,) in own("SELECT gate FROM gates").rows]


def _rds() -> list[str]:
    with psycopg.connect(**instance(), autocommit=True) as connection:
        gates = f"gates_{uuid.uuid4().hex[:8]}"
        connection.execute(f"CREATE TABLE {gates} (flight text PRIMARY KEY, gate text)")
        try:
            for gate in GATES.values():
                connection.execute(f"INSERT INTO {gates} VALUES ('UA1545', %s)", [gate])
        except psycopg.errors.UniqueViolation:
            pass
        found = connection.execute(f"SELECT gate FROM {gates}").fetchall()
        connection.execute(f"DROP TABLE {gates}")
    return [gate for (gate,) in found]


def _dynamodb() -> list[str]:
    with table("flight") as made:
        for gate in GATES.values():
            fill(made, [{"flight": "UA1545", "gate": gate}])
        return [item["gate"]["S"] for item in client("dynamodb").scan(TableName=made, ConsistentRead=True)["Items"]]


def _redshift() -> list[str]:
    with warehouse() as own:
        own("CREATE TABLE gates (flight varchar(8) PRIMARY KEY, gate varchar(4))")
        for gate in GATES.values():
            own(f"INSERT INTO gates VALUES ('UA1545', '{gate}')")
        return [str(gate) for (gate,) in own("SELECT gate FROM gates").rows]
