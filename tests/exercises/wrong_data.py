"""Wrong answers to the exercises of 06_security on keys and personal data."""

from __future__ import annotations

import hashlib
import hmac
import os
import uuid
from typing import Any

import pandas as pd
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tests.exercises.right_data import SHOWN, key_of, place


def seals(
    *, context: bool = True, spec: str = "AES_256", nonce: bytes = b"", extra: Any = None, **more: Any
) -> tuple[Any]:
    """An envelope that is wrong in one way."""

    def answer(kms: Any, key_id: str, data: bytes, named: dict[str, str]) -> dict[str, Any]:
        given = kms.generate_data_key(KeyId=key_id, KeySpec=spec, EncryptionContext=named if context else {})
        drawn = nonce or os.urandom(12)
        sealed = {
            "key": given["CiphertextBlob"],
            "nonce": drawn,
            "data": AESGCM(given["Plaintext"]).encrypt(drawn, data, extra),
        }
        return sealed | {name: each(given, data) for name, each in more.items()}

    return (answer,)


_KEPT: dict[str, Any] = {}


def one_key_for_all(kms: Any, key_id: str, data: bytes, context: dict[str, str]) -> dict[str, bytes]:
    """A data key for each table, and not for each message."""
    kept = f"{key_id}{context}"
    if kept not in _KEPT:
        _KEPT[kept] = kms.generate_data_key(KeyId=key_id, KeySpec="AES_256", EncryptionContext=context)
    nonce = os.urandom(12)
    data = AESGCM(_KEPT[kept]["Plaintext"]).encrypt(nonce, data, None)
    return {"key": _KEPT[kept]["CiphertextBlob"], "nonce": nonce, "data": data}


def by_kms_alone(kms: Any, key_id: str, data: bytes, context: dict[str, str]) -> dict[str, bytes]:
    sealed = kms.encrypt(KeyId=key_id, Plaintext=data, EncryptionContext=context)["CiphertextBlob"]
    return {"key": b"", "nonce": b"", "data": sealed}


def shares(rows: str = "origin = 'JFK'", *columns: str, table: Any = None, **excluded: Any) -> tuple[Any]:
    """A filter with these rows and columns; or a grant on what *table* names."""

    def answer(lakeformation: Any, account: str, database: str, analyst: str) -> None:
        where = place(account, database, "slip")
        chosen = {"ColumnNames": list(columns or SHOWN)} if not excluded else {"ColumnWildcard": excluded}
        row_filter: dict[str, Any] = {"FilterExpression": rows} if rows else {"AllRowsWildcard": {}}
        lakeformation.create_data_cells_filter(TableData={**where, "RowFilter": row_filter, **chosen})
        resource: dict[str, Any] = {"DataCellsFilter": where}
        if table is not None:
            resource = {"TableWithColumns": {"DatabaseName": database, "Name": "travellers", **table}}
        who = {"DataLakePrincipalIdentifier": analyst}
        lakeformation.grant_permissions(Principal=who, Resource=resource, Permissions=["SELECT"])

    return (answer,)


def filter_without_grant(lakeformation: Any, account: str, database: str, analyst: str) -> None:
    where = place(account, database, "ungranted")
    data = {**where, "RowFilter": {"FilterExpression": "origin = 'JFK'"}, "ColumnNames": SHOWN}
    lakeformation.create_data_cells_filter(TableData=data)


def named(value: Any) -> tuple[Any]:
    """A frame whose column has what *value* makes of a passport and the secret's key."""

    def answer(frame: pd.DataFrame, column: str, secret: str) -> pd.DataFrame:
        key = key_of(secret)
        return frame.assign(**{column: [value(each, key) for each in frame[column]]})

    return (answer,)


def numbered(frame: pd.DataFrame, column: str, secret: str) -> pd.DataFrame:
    """In the order in which they come: the same passport has another number in another table."""
    return frame.assign(**{column: [f"traveller {code}" for code in pd.factorize(frame[column])[0]]})


def in_place(frame: pd.DataFrame, column: str, secret: str) -> pd.DataFrame:
    key = key_of(secret)
    frame[column] = [hmac.new(key, each.encode(), "sha256").hexdigest() for each in frame[column]]
    return frame


def without_the_column(frame: pd.DataFrame, column: str, secret: str) -> pd.DataFrame:
    return frame.drop(columns=[column])


def choice(policy: str = "C", **decrypts: Any) -> tuple[dict[str, Any]]:
    right = {"A": ["analyst", "owner"], "B": ["loader"], "C": ["loader"]}
    return ({"policy": policy, **right, **decrypts},)


WRONG: dict[str, list[tuple[Any, str]]] = {
    "envelope": [
        ((by_kms_alone,), "at 'plaintext' failed"),
        (seals(context=False), "context that `seal` was given"),
        (seals(spec="AES_128"), "128 bits"),
        (seals(data_key=lambda given, data: given["Plaintext"]), "The data key itself"),
        (seals(plain=lambda given, data: data), "as it was"),
        (seals(nonce=b"000000000000"), "same nonce"),
        (seals(extra=b"bookings"), "nothing else"),
        (
            seals(data=lambda given, data: AESGCM(given["Plaintext"]).encrypt(b"0" * 12, b"x", None), nonce=b"0" * 12),
            "something else in it",
        ),
        (seals(key=lambda given, data: given["CiphertextBlob"].hex()), "should be bytes"),
        ((one_key_for_all,), "same data key"),
    ],
    "who_decrypts": [
        (choice(A=["loader", "analyst", "owner"]), "opens no door by itself"),
        (choice(B=["loader", "owner"]), "does it matter what IAM says"),
        (choice(C=["loader", "owner"]), "is decrypting in it"),
        (choice("A"), "reads the passengers"),
        (choice("B"), "One day the role is deleted"),
        (choice("D"), "is one of A, B, C"),
        (choice(A=["bo"]), "`bo` is nobody"),
        (choice(A=7), "should be a list"),
        (({"policy": "C"},), "four keys"),
    ],
    "no_names": [
        ((filter_without_grant,), "SELECT * fails"),
        (shares("", table={"ColumnWildcard": {}}), "`name` is among"),
        (shares("origin = 'JFK'", ExcludedColumnNames=["name", "email", "passport"]), "`born` is among"),
        (shares("origin = 'JFK'", *SHOWN[1:]), "does not see `passenger_id`"),
        (shares("", table={"ColumnNames": SHOWN}), "works for JFK"),
        (shares("origin = 'JFK' AND usd > 100"), "of 35 bookings"),
        (shares("origin = JFK"), "raised `"),
    ],
    "pseudonyms": [
        (named(lambda value, key: hashlib.sha256(value.encode()).hexdigest()), "what SHA256 makes"),
        (named(lambda value, key: hashlib.md5(value.encode()).hexdigest()[:12]), "what MD5 makes"),
        (named(lambda value, key: hmac.new(b"salt", value.encode(), "sha256").hexdigest()), "With another secret"),
        (named(lambda value, key: hmac.new(key, value.encode(), "sha256").hexdigest()[:4]), "same pseudonym"),
        (named(lambda value, key: uuid.uuid4().hex), "has two names"),
        ((numbered,), "to the wrong passengers"),
        (named(lambda value, key: f"{value[:3]}***{value}"), "plain values left"),
        ((in_place,), "work on a copy"),
        ((without_the_column,), "same columns"),
        (named(lambda value, key: value[::-1]), "what reversing makes"),
    ],
}
