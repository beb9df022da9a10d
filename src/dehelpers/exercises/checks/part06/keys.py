"""Exercises on KMS: envelope encryption by hand, and who may decrypt under which key policy."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from botocore.exceptions import ClientError
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from dehelpers.exercises.checks.part06.part import PART
from dehelpers.exercises.checks.people import Person, Statement, allow, document, refusal, role
from dehelpers.exercises.outcome import NotYet
from dehelpers.exercises.running import run
from dehelpers.words.clients import client
from dehelpers.words.connect import current
from dehelpers.words.show import Picture, stacked, table

WEEK = 7  # days, the shortest time in which KMS deletes a key
NONCE, TAG = 12, 16  # bytes, of AES-GCM


@contextmanager
def key(*statements: Statement, keeper: Person | None = None) -> Iterator[str]:
    """A key of KMS, which is deleted at the end, as soon as KMS does that. Its ARN.

    Parameters:
        statements: its policy; by default that of KMS, with which policies of IAM decide.
        keeper: who has to open it again for its deletion, if whoever works on the notebook may not.
    """
    own = {"Policy": document(*statements), "BypassPolicyLockoutSafetyCheck": True} if statements else {}
    made = client("kms").create_key(Description="of an exercise", **own)["KeyMetadata"]["Arn"]
    try:
        yield str(made)
    finally:
        if keeper:
            account = {"AWS": f"arn:aws:iam::{current().account_id}:root"}
            usual = document(allow("kms:*", Principal=account))
            keeper.client("kms").put_key_policy(KeyId=made, PolicyName="default", Policy=usual)
        client("kms").schedule_key_deletion(KeyId=made, PendingWindowInDays=WEEK)


Sealed = dict[str, Any]


@PART.exercise(
    "Seal an envelope",
    kind="write",
    hints=(
        "GenerateDataKey gives the same key twice: `Plaintext` to encrypt with, `CiphertextBlob` to keep.",
        "The encryption context goes to GenerateDataKey. Whoever decrypts has to say the same, or KMS refuses.",
        "`AESGCM(data_key).encrypt(nonce, data, None)`, with 12 bytes from `os.urandom` as the nonce.",
    ),
)
def envelope(seal: Callable[[Any, str, bytes, dict[str, str]], Sealed]) -> str:
    first, second = os.urandom(100_000), b"passengers of UA 1714"
    with key() as made:
        sealed = [
            _sealed(seal, made, data, {"table": name}) for data, name in ((first, "bookings"), (second, "people"))
        ]
        again = _sealed(seal, made, second, {"table": "people"})
        for each, data, name in zip(sealed, (first, second), ("bookings", "people"), strict=True):
            if _closed(made, each, {"table": name}):
                raise NotYet("KMS does not decrypt `key` with the encryption context that `seal` was given.")
            if not _closed(made, each, {}):
                raise NotYet("KMS decrypts `key` without an encryption context: it is bound to no table.")
            _open(each, data, {"table": name})
        if sealed[1]["key"] == again["key"]:
            raise NotYet("Two messages have the same data key. Each should have one of its own.")
        if again["nonce"] == sealed[1]["nonce"]:
            raise NotYet("Two messages have the same nonce. AES-GCM is safe only if it is drawn anew each time.")
    return f"{len(first):,} bytes never went to KMS, and come back only for who may use the key and names the table."


def _sealed(seal: Callable[..., Any], made: str, data: bytes, context: dict[str, str]) -> Sealed:
    answer = run(seal, client("kms"), made, data, dict(context))
    if not isinstance(answer, dict) or not {"key", "nonce", "data"} <= answer.keys():
        raise NotYet("`seal` should return a dict with `key`, `nonce` and `data`.")
    if not all(isinstance(answer[name], bytes | bytearray) for name in ("key", "nonce", "data")):
        raise NotYet("`key`, `nonce` and `data` should be bytes.")
    if data in b"".join(bytes(value) for value in answer.values() if isinstance(value, bytes | bytearray)):
        raise NotYet("The data is in what `seal` returned as it was: it is not encrypted.")
    return answer


def _closed(made: str, sealed: Sealed, context: dict[str, str]) -> bool:
    try:
        client("kms").decrypt(KeyId=made, CiphertextBlob=bytes(sealed["key"]), EncryptionContext=context)
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("InvalidCiphertextException", "IncorrectKeyException"):
            raise
        return True
    return False


def _open(sealed: Sealed, data: bytes, context: dict[str, str]) -> None:
    data_key = client("kms").decrypt(CiphertextBlob=bytes(sealed["key"]), EncryptionContext=context)["Plaintext"]
    kept = b"".join(bytes(value) for value in sealed.values() if isinstance(value, bytes | bytearray))
    if data_key in kept:
        raise NotYet("The data key itself is in what `seal` returned: whoever finds the envelope can open it.")
    if len(data_key) != 32:
        raise NotYet(f"The data key has {8 * len(data_key)} bits, and AES-256 was wanted.")
    try:
        opened = AESGCM(data_key).decrypt(bytes(sealed["nonce"]), bytes(sealed["data"]), None)
    except (InvalidTag, ValueError):
        raise NotYet(
            f"The data key opens, and `data` does not: it should be what AES-256-GCM makes with that key, a nonce of "
            f"{NONCE} bytes and nothing else, the tag of {TAG} bytes at its end."
        ) from None
    if opened != data:
        raise NotYet("The envelope opens, and there is something else in it than what `seal` was given.")


#: The statements of each key policy: whom it names, and for what.
CHOICES = {
    "A": (("the account", "kms:*"),),
    "B": (("loader", "kms:*"),),
    "C": (
        ("the account", "kms:Describe*, kms:PutKeyPolicy, kms:EnableKey, kms:DisableKey, kms:ScheduleKeyDeletion"),
        ("loader", "kms:GenerateDataKey, kms:Decrypt"),
    ),
}
PEOPLE = ("loader", "analyst", "owner")
REFUSED = {
    "A": "Anybody to whom some policy of IAM gives `kms:Decrypt` on everything reads the passengers under it.",
    "B": "One day the role is deleted: who could change the policy of the key then?",
}
EXPLAINED = {
    "A": "To name the account opens no door by itself: it lets policies of IAM count. Who has one?",
    "B": "A key policy that does not name the account: does it matter what IAM says?",
    "C": "What of the account's part may be given on by IAM, and is decrypting in it?",
}


def _scene() -> Picture:
    shown = [
        {"key policy": letter, "principal": whom, "allowed actions": actions}
        for letter, statements in CHOICES.items()
        for whom, actions in statements
    ]
    who = [
        {"who": "loader", "policies in IAM": "none"},
        {"who": "analyst", "policies in IAM": "Allow kms:Decrypt on *"},
        {"who": "owner", "policies in IAM": "AdministratorAccess"},
    ]
    return stacked(
        table(shown, "Three key policies, each of which allows only what stands here."), table(who, "Who asks.")
    )


@PART.exercise(
    "Who can decrypt",
    kind="choose",
    stage=_scene,
    hints=(
        "The policy of a key decides first: without it no policy of IAM gives anything.",
        "To name the account (`arn:aws:iam::ACCOUNT:root`) is to say: for these actions IAM's policies count, too.",
        "AdministratorAccess is a policy of IAM like any other: go through each key policy, and ask for `kms:Decrypt`.",
    ),
)
def who_decrypts(choice: dict[str, Any]) -> str:
    if not isinstance(choice, dict) or not {"policy", *CHOICES} <= choice.keys():
        raise NotYet("`choice` needs the four keys that it began with.")
    said = {letter: _names(choice[letter], letter) for letter in CHOICES}
    letter = str(choice["policy"]).strip().upper()
    if letter not in CHOICES:
        raise NotYet(f"`policy` is one of {', '.join(CHOICES)}.")
    real = _try_all()
    if wrong := [each for each in CHOICES if said[each] != real[each]]:
        right = len(CHOICES) - len(wrong)
        raise NotYet(
            f"{right} of 3 key policies let decrypt whom you say. Look at {wrong[0]} again. {EXPLAINED[wrong[0]]}"
        )
    if letter in REFUSED:
        raise NotYet(f"You know who decrypts under each. Why not {letter}: {REFUSED[letter]}")
    return "Only the loader decrypts, IAM alone cannot change that, and the account can still manage the key."


def _names(answer: Any, letter: str) -> set[str]:
    answer = [answer] if isinstance(answer, str) else answer
    if not isinstance(answer, list | tuple | set | frozenset):
        raise NotYet(f"`{letter}` should be a list of those who can decrypt, out of {', '.join(PEOPLE)}.")
    names = {str(name).strip().lower() for name in answer} - {""}
    if strange := sorted(names - set(PEOPLE)):
        raise NotYet(f"`{strange[0]:.20}` is nobody: under `{letter}` stand some of {', '.join(PEOPLE)}.")
    return names


def _try_all() -> dict[str, set[str]]:
    """Who can decrypt under each key policy: all of them try it."""
    with ExitStack() as stack:
        loader, analyst = stack.enter_context(role()), stack.enter_context(role(allow("kms:Decrypt")))
        sessions = {"loader": loader.session(), "analyst": analyst.session()}
        people = {"owner": client("kms")} | {name: each.client("kms") for name, each in sessions.items()}
        arns = {"loader": loader.arn, "the account": f"arn:aws:iam::{current().account_id}:root"}
        found: dict[str, set[str]] = {}
        for letter, statements in CHOICES.items():
            rules = [allow(actions.split(", "), Principal={"AWS": arns[whom]}) for whom, actions in statements]
            named = {whom for whom, _ in statements}
            keeper = None if "the account" in named else sessions["loader"]
            made = stack.enter_context(key(*rules, keeper=keeper))
            writer = people["loader" if "loader" in named else "owner"]
            sealed = writer.generate_data_key(KeyId=made, KeySpec="AES_256")["CiphertextBlob"]
            found[letter] = {name for name, kms in people.items() if not refusal(kms.decrypt, CiphertextBlob=sealed)}
    return found
