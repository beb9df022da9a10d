"""Wrong answers to the exercises of 06_security on incidents."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from tests.exercises.right_incidents import from_all_that_were_made, history, putter


def made(cloudtrail: Any, since: datetime, by: str = "") -> list[str]:
    """The keys that were made, *by* a key or by any."""
    found = history(cloudtrail, since, "AccessKeyId" if by else "EventName", by or "CreateAccessKey")
    made = [each for each in found if each["eventName"] == "CreateAccessKey" and each["responseElements"]]
    return [str(each["responseElements"]["accessKey"]["accessKeyId"]) for each in made]


def one_step(cloudtrail: Any, leaked: str, since: datetime) -> list[str]:
    return [leaked, *made(cloudtrail, since, leaked)]


def all_of_that_hour(cloudtrail: Any, leaked: str, since: datetime) -> list[str]:
    return [leaked, *made(cloudtrail, since)]


def only_what_was_made(cloudtrail: Any, leaked: str, since: datetime) -> list[str]:
    return from_all_that_were_made(cloudtrail, leaked, since)[1:]


def only_the_leaked_one(cloudtrail: Any, leaked: str, since: datetime) -> set[str]:
    return {leaked}


def a_text(cloudtrail: Any, leaked: str, since: datetime) -> str:
    return leaked


def and_users(cloudtrail: Any, leaked: str, since: datetime) -> list[str]:
    return [*from_all_that_were_made(cloudtrail, leaked, since), "the intruder"]


def last_to_put(cloudtrail: Any, bucket: str, account: str, since: datetime) -> str:
    [newest, *_] = history(cloudtrail, since, "ResourceName", bucket)
    return taker(cloudtrail, newest["userIdentity"]["accessKeyId"], since)


def taker(cloudtrail: Any, key: str, since: datetime) -> str:
    for event in history(cloudtrail, since, "EventName", "AssumeRole"):
        if event["responseElements"] and event["responseElements"]["credentials"]["accessKeyId"] == key:
            return str(event["userIdentity"]["userName"])
    raise LookupError(key)


def the_role(cloudtrail: Any, bucket: str, account: str, since: datetime) -> str:
    return str(putter(cloudtrail, bucket, account, since)["arn"])


def the_key(cloudtrail: Any, bucket: str, account: str, since: datetime) -> str:
    return str(putter(cloudtrail, bucket, account, since)["accessKeyId"])


def asks(where: str, what: str = "useridentity.arn AS who") -> tuple[Any]:
    """A question with the conditions of *where*."""

    def question(bucket: str, key: str) -> str:
        of_bucket = f"json_extract_scalar(requestparameters, '$.bucketName') = '{bucket}'"
        of_key = f"json_extract_scalar(requestparameters, '$.key') = '{key}'"
        return f"SELECT {what} FROM trail WHERE " + where.format(bucket=of_bucket, key=of_key)

    return (question,)


DONE = "eventname = 'DeleteObject' AND errorcode IS NULL"

WRONG: dict[str, list[tuple[Any, str]]] = {
    "leaked_key": [
        ((one_step,), "does not end there"),
        ((all_of_that_hour,), "somebody else made"),
        ((only_what_was_made,), "has to go, too"),
        ((only_the_leaked_one,), "and would keep it"),
        ((and_users,), "is none of the keys"),
        ((a_text,), "a list or a set"),
    ],
    "who_deleted": [
        (asks(f"{DONE} AND {{key}}"), "in another bucket"),
        (asks(f"{DONE} AND {{bucket}}"), "another file of the bucket"),
        (asks("eventname = 'DeleteObject' AND {bucket} AND {key}"), "was refused"),
        (asks("eventname = 'PutObject' AND {bucket} AND {key}"), "and did not delete it"),
        (asks("{bucket}", what="eventname"), "a column `who`"),
        ((lambda bucket, key: None,), "should return SQL"),
    ],
    "behind_the_role": [
        ((last_to_put,), "let in nobody new"),
        ((the_role,), "That is the role"),
        ((the_key,), "the name of a user"),
    ],
}
