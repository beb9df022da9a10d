"""boto3 clients made once: making one takes as long as ten calls to the lab."""

from __future__ import annotations

import os
from typing import Any
from weakref import WeakKeyDictionary

import boto3

_made: WeakKeyDictionary[boto3.Session, dict[tuple[str | None, ...], Any]] = WeakKeyDictionary()


def client(service: str, region: str | None = None, **place: str) -> Any:
    """boto3's client of *service* in *region*, or in the session's own, at *place* (`https()`); the same one each time.

    It is the default session's, so there are new ones after `connect`. Clients may be shared between threads (Boto3
    guide, "Multithreading or multiprocessing with clients").
    """
    if boto3.DEFAULT_SESSION is None:
        boto3.setup_default_session()
    made = _made.setdefault(boto3.DEFAULT_SESSION, {})
    key = (service, region, os.environ.get("AWS_ENDPOINT_URL"), *place.values())
    if key not in made:
        made[key] = boto3.client(service, region_name=region, **place)
    return made[key]
