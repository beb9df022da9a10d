"""Exercises on personal data: what an analyst may see of a table, and pseudonyms by which tables still join."""

from __future__ import annotations

import base64
import hashlib
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pandas as pd

from dehelpers.exercises.checks.lake import FINAL, Lake, lake
from dehelpers.exercises.checks.part06.part import PART
from dehelpers.exercises.checks.people import Role, allow, document, role
from dehelpers.exercises.checks.resources import unique
from dehelpers.exercises.outcome import NotYet
from dehelpers.exercises.running import run
from dehelpers.words import data
from dehelpers.words.clients import client
from dehelpers.words.waiting import wait

SEED = 20130711
PERSONAL = ("name", "email", "passport", "born")
SHOWN = ("passenger_id", "flight_date", "carrier", "flight", "origin", "dest", "seat", "usd")
ORIGIN = "JFK"


def _travellers(number: int) -> pd.DataFrame:
    people = data.passengers(number, SEED)
    return people.merge(data.bookings(people, SEED), on="passenger_id")[[*PERSONAL, *SHOWN]]


@contextmanager
def _governed() -> Iterator[tuple[Lake, Role, pd.DataFrame]]:
    """A lake in which Lake Formation decides, an analyst without any grant, and what the table `travellers` has.

    The objects are read by the role with which their place is registered: the analyst cannot go past the grants.
    """
    formation, glue = client("lakeformation"), client("glue")
    with lake() as own:
        everybody = {"DataLakePrincipalIdentifier": "IAM_ALLOWED_PRINCIPALS"}
        database = {"Database": {"Name": own.database}}
        bucket = f"arn:aws:s3:::{own.bucket}"
        place = f"{bucket}/travellers"
        asks = (
            allow(["athena:*", "glue:Get*", "lakeformation:GetDataAccess"]),
            allow(["s3:GetBucketLocation", "s3:ListBucket"], bucket),
            allow(["s3:GetObject", "s3:PutObject"], f"{bucket}/results/*"),
        )
        trust = document(
            {"Effect": "Allow", "Principal": {"Service": "lakeformation.amazonaws.com"}, "Action": "sts:AssumeRole"}
        )
        reads = allow(["s3:GetObject", "s3:ListBucket"], [f"{bucket}/*", bucket])
        with role(*asks) as analyst, role(reads, trusted=trust) as reader:
            nobody = {"Name": own.database, "CreateTableDefaultPermissions": []}
            glue.update_database(Name=own.database, DatabaseInput=nobody)
            formation.revoke_permissions(Principal=everybody, Resource=database, Permissions=["ALL"])
            rows = _travellers(40)
            own.csv("travellers/part.csv", rows)
            kinds = {"flight": "int", "usd": "int"}
            own.csv_table("travellers", ", ".join(f"{name} {kinds.get(name, 'string')}" for name in rows.columns))
            formation.register_resource(ResourceArn=place, RoleArn=reader.arn)
            try:
                yield own, analyst, rows
            finally:
                formation.deregister_resource(ResourceArn=place)


@PART.exercise(
    "No names for the analyst",
    kind="write",
    hints=(
        "A data cells filter of Lake Formation has columns and rows: `create_data_cells_filter`. Then it is granted.",
        "`TableData` needs TableCatalogId (the account), DatabaseName, TableName, Name, a RowFilter, and columns.",
        "Grant SELECT on `{'DataCellsFilter': …}` to the ARN of the analyst's role. A row filter reads like a WHERE.",
    ),
)
def no_names(share: Callable[[Any, str, str, str], Any]) -> str:
    with _governed() as (own, analyst, rows):
        account = analyst.arn.split(":")[4]
        run(share, client("lakeformation"), account, own.database, analyst.arn)
        columns, found = _read(own, analyst)
    if seen := [name for name in PERSONAL if name in columns]:
        raise NotYet(f"The analyst reads {found[0][columns.index(seen[0])]!r}: `{seen[0]}` is among the columns.")
    if missing := [name for name in SHOWN if name not in columns]:
        raise NotYet(f"The analyst does not see `{missing[0]}`, and needs it.")
    origins = {row[columns.index("origin")] for row in found}
    if strange := sorted(str(origin) for origin in origins - {ORIGIN}):
        raise NotYet(f"The analyst sees flights from {strange[0]}, and works for {ORIGIN}.")
    wanted = int((rows["origin"] == ORIGIN).sum())
    if len(found) != wanted:
        raise NotYet(f"The analyst sees {len(found)} of {wanted} bookings from {ORIGIN}.")
    return f"{wanted} of {len(rows)} bookings and {len(SHOWN)} of {len(rows.columns)} columns: no name among them."


def _read(own: Lake, analyst: Role) -> tuple[list[str], list[list[str | None]]]:
    """What the analyst gets for SELECT *: names of columns, and rows."""
    athena = analyst.session().client("athena")
    query = athena.start_query_execution(
        QueryString="SELECT * FROM travellers",
        QueryExecutionContext={"Database": own.database},
        ResultConfiguration={"OutputLocation": own.uri("results")},
    )
    place = {"QueryExecutionId": query["QueryExecutionId"]}
    status: dict[str, Any] = {}

    def state() -> str:
        status.update(athena.get_query_execution(**place)["QueryExecution"]["Status"])
        return str(status["State"])

    wait(state, until=FINAL, what="query of the analyst", quiet=True)
    if status["State"] != "SUCCEEDED":
        raise NotYet(f"The analyst's SELECT * fails. Athena says: {status.get('StateChangeReason', '')}")
    answer = athena.get_query_results(**place)["ResultSet"]["Rows"]
    names, *found = ([cell.get("VarCharValue") for cell in row["Data"]] for row in answer)
    return [str(name) for name in names], found


@contextmanager
def _secret(value: str) -> Iterator[str]:
    """A secret, gone at the end without delay. Its ARN."""
    secrets = client("secretsmanager")
    made = secrets.create_secret(Name=unique("function"), SecretString=value)["ARN"]
    try:
        yield str(made)
    finally:
        secrets.delete_secret(SecretId=made, ForceDeleteWithoutRecovery=True)


@PART.exercise(
    "Pseudonyms that join",
    kind="write",
    hints=(
        "The same passport must become the same pseudonym in every table; nobody may find the way back.",
        "There are 45 million such passports. Whoever hashes them all finds each. What must he not know?",
        "`hmac.new(key, value.encode(), 'sha256').hexdigest()`, with a key that is read once from the secret.",
    ),
)
def pseudonyms(pseudonymise: Callable[[pd.DataFrame, str, str], pd.DataFrame]) -> str:
    people, trips = _people_and_trips()
    with _secret(uuid.uuid4().hex) as secret, _secret(uuid.uuid4().hex) as another:
        left = _renamed(pseudonymise, people, "passport", secret)
        right = _renamed(pseudonymise, trips, "traveller", secret)
        other = _renamed(pseudonymise, people.head(50), "passport", another)
    if left["passport"].nunique() != people["passport"].nunique():
        raise NotYet("Two passengers have the same pseudonym: their journeys would be mixed up.")
    joined = left.merge(right, left_on="passport", right_on="traveller")
    if len(joined) != len(trips):
        raise NotYet(
            f"{len(joined):,} of {len(trips):,} bookings find their passenger: the same passport has two names."
        )
    right_ones = people.merge(trips, left_on="passport", right_on="traveller")
    if _pairs(joined) != _pairs(right_ones):
        raise NotYet("Bookings have come to the wrong passengers.")
    if way := _guessable(people["passport"].iloc[0], str(left["passport"].iloc[0])):
        raise NotYet(f"`{people['passport'].iloc[0]}` became what {way} makes of it: anybody can try all passports.")
    if (left["passport"].head(50).to_numpy() == other["passport"].to_numpy()).any():
        raise NotYet("With another secret the pseudonyms are the same: what keeps them secret is not in the secret.")
    return f"All {len(trips):,} bookings find their passenger, and without the secret nobody finds out who that is."


def _people_and_trips() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Passengers by their passport, and bookings in another order, with the passport as `traveller`."""
    people = data.passengers(2_000, SEED)
    trips = data.bookings(people, SEED).sample(frac=1, random_state=SEED)
    passports = dict(zip(people["passenger_id"], people["passport"], strict=True))
    trips = trips.assign(traveller=trips["passenger_id"].map(passports))
    return people[["passport", "born"]], trips[["flight_date", "usd", "traveller"]].reset_index(drop=True)


def _pairs(joined: pd.DataFrame) -> Counter[tuple[Any, ...]]:
    """Who was born when has booked which flights."""
    return Counter(joined[["born", "flight_date", "usd"]].itertuples(index=False, name=None))


def _renamed(answer: Callable[..., Any], frame: pd.DataFrame, column: str, secret: str) -> pd.DataFrame:
    given = frame.copy()
    made = run(answer, given, column, secret)
    if not isinstance(made, pd.DataFrame):
        raise NotYet(f"`pseudonymise` should return a DataFrame, and returned `{type(made).__name__}`.")
    if list(made.columns) != list(frame.columns) or len(made) != len(frame):
        raise NotYet("The frame should have the same columns and as many rows as before.")
    rest = [name for name in frame.columns if name != column]
    if not made[rest].reset_index(drop=True).equals(frame[rest].reset_index(drop=True)):
        raise NotYet("Another column than the one that was named has changed.")
    texts = made[column].astype(str)
    if any(plain in text for plain, text in zip(frame[column], texts, strict=True)):
        raise NotYet("There are plain values left in the column.")
    if not given.equals(frame):
        raise NotYet("The frame that `pseudonymise` was given has changed: work on a copy.")
    return made


def _guessable(value: str, pseudonym: str) -> str:
    """By which way, that needs no secret, *value* became *pseudonym*; "" if by none."""
    raw = value.encode()
    made = {"Base64": base64.b64encode(raw).decode(), "hexadecimal": raw.hex(), "reversing": value[::-1]}
    for name in ("md5", "sha1", "sha224", "sha256", "sha384", "sha512", "sha3_256", "blake2b", "blake2s"):
        digest = hashlib.new(name, raw)
        made[name.upper()] = digest.hexdigest()
        made[f"{name.upper()} in Base64"] = base64.b64encode(digest.digest()).decode()
    said = pseudonym.lower()
    return next((way for way, text in made.items() if len(said) >= 6 and text.lower().startswith(said[:16])), "")
