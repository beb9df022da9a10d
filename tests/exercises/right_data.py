"""Right answers to the exercises of 06_security on keys and personal data."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets as chance
from typing import Any

import boto3
import pandas as pd
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes


def in_pieces(kms: Any, key_id: str, data: bytes, context: dict[str, str]) -> dict[str, bytes]:
    """With the cipher that AESGCM is made of; the key's length in bytes."""
    given = kms.generate_data_key(KeyId=key_id, NumberOfBytes=32, EncryptionContext=context)
    nonce = chance.token_bytes(12)
    cipher = Cipher(algorithms.AES(given["Plaintext"]), modes.GCM(nonce)).encryptor()
    sealed = cipher.update(data) + cipher.finalize() + cipher.tag
    return {"data": sealed, "nonce": nonce, "key": given["CiphertextBlob"]}


def key_without_plaintext(kms: Any, key_id: str, data: bytes, context: dict[str, str]) -> dict[str, Any]:
    """Has a key made without seeing it, and decrypts it when it is needed; keeps the context beside it."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    asked = {"KeyId": key_id, "EncryptionContext": context}
    blob = kms.generate_data_key_without_plaintext(KeySpec="AES_256", **asked)["CiphertextBlob"]
    data_key = kms.decrypt(CiphertextBlob=blob, **asked)["Plaintext"]
    nonce = chance.token_bytes(12)
    return {"key": blob, "nonce": nonce, "data": AESGCM(data_key).encrypt(nonce, data, b""), "context": context}


def place(account: str, database: str, name: str) -> dict[str, str]:
    return {"TableCatalogId": account, "DatabaseName": database, "TableName": "travellers", "Name": name}


SHOWN = "passenger_id flight_date carrier flight origin dest seat usd".split()


def names_of_columns(lakeformation: Any, account: str, database: str, analyst: str) -> None:
    where = place(account, database, "kennedy")
    rows = {"FilterExpression": "origin IN ('JFK')"}
    lakeformation.create_data_cells_filter(TableData={**where, "RowFilter": rows, "ColumnNames": SHOWN})
    entry = {
        "Id": "1",
        "Principal": {"DataLakePrincipalIdentifier": analyst},
        "Resource": {"DataCellsFilter": where},
        "Permissions": ["SELECT"],
    }
    lakeformation.batch_grant_permissions(Entries=[entry])


def two_filters(lakeformation: Any, account: str, database: str, analyst: str) -> None:
    """Several grants are a union."""
    for name, rows in (("dear", "origin = 'JFK' AND usd >= 200"), ("cheap", "origin = 'JFK' AND usd < 200")):
        where = place(account, database, name)
        data = {**where, "RowFilter": {"FilterExpression": rows}, "ColumnNames": SHOWN}
        boto3.client("lakeformation").create_data_cells_filter(TableData=data)
        who = {"DataLakePrincipalIdentifier": analyst}
        lakeformation.grant_permissions(Principal=who, Resource={"DataCellsFilter": where}, Permissions=["SELECT"])


def key_of(secret: str) -> bytes:
    return str(boto3.client("secretsmanager").get_secret_value(SecretId=secret)["SecretString"]).encode()


def by_blake(frame: pd.DataFrame, column: str, secret: str) -> pd.DataFrame:
    """A hash with a key of its own, short, and by Series.map."""
    key, copied = key_of(secret), frame.copy()
    hashed = lambda value: hashlib.blake2b(value.encode(), key=key, digest_size=16).hexdigest()  # noqa: E731
    copied[column] = copied[column].map(hashed)
    return copied


def by_values(frame: pd.DataFrame, column: str, secret: str) -> pd.DataFrame:
    """Each value once, in Base64, and a prefix that says what it is."""
    key = key_of(secret)
    digests = {value: hmac.digest(key, value.encode(), "sha512") for value in set(frame[column])}
    names = {value: "traveller-" + base64.urlsafe_b64encode(digest[:18]).decode() for value, digest in digests.items()}
    return frame.assign(**{column: frame[column].map(names)})


def choice(policy: Any, **decrypts: Any) -> tuple[dict[str, Any]]:
    return ({"policy": policy, **decrypts},)


RIGHT: dict[str, list[Any]] = {
    "envelope": [(in_pieces,), (key_without_plaintext,)],
    "who_decrypts": [
        choice("c", A={"owner", "analyst"}, B={"loader"}, C={"loader"}),
        choice("C", A=("Owner", "Analyst"), B="loader", C="Loader"),
    ],
    "no_names": [(names_of_columns,), (two_filters,)],
    "pseudonyms": [(by_blake,), (by_values,)],
}
