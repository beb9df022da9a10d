"""What the lab recorded of each call: the meter's raw material."""

from __future__ import annotations

import http.client
import json
import urllib.error
from typing import TYPE_CHECKING, Any

import boto3

from dehelpers.process.own_api import ask

if TYPE_CHECKING:
    from dehelpers.words.connect import Session


def calls(session: Session, since: int) -> list[dict[str, Any]] | None:
    """The records after number `since`, oldest first; None where nothing is recorded, as on real AWS."""
    answer = _ask(session, since)
    if answer is None:
        return None
    if int(answer.headers["x-localaws-newest"]) < since:  # the lab was started anew, and counts from one again
        answer.close()
        return calls(session, 0)
    with answer:
        return [json.loads(line) for line in answer]


def newest(session: Session) -> int:
    """The number of the last record; 0 where nothing is recorded."""
    answer = _ask(session, 1 << 62)
    if answer is None:
        return 0
    with answer:
        return int(answer.headers["x-localaws-newest"])


def _ask(session: Session, since: int) -> http.client.HTTPResponse | None:
    if session.endpoint is None or session.target == "aws":
        return None
    keys = boto3.Session().get_credentials()
    try:
        return ask(session.endpoint, session.region, keys, f"calls?since={since}")
    except urllib.error.HTTPError as error:
        if error.code in (400, 403, 404, 405, 501):  # an AWS of another kind, which does not know the question
            return None
        raise
