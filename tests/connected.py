"""This process connected as a notebook is, and put back as it was."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import boto3
import pytest

import dehelpers as de
from dehelpers.words import hooks
from tests.conftest import RunningLab

KEYS = {"AWS_ACCESS_KEY_ID": "access_key_id", "AWS_SECRET_ACCESS_KEY": "secret_access_key"}


def keys_of(lab: RunningLab) -> dict[str, str]:
    """The environment of somebody whose AWS account is *lab*."""
    return {name: lab.facts[fact] for name, fact in KEYS.items()}


@contextmanager
def process(home: Path, environment: Mapping[str, str] | None = None) -> Iterator[None]:
    """Give this process other variables, and the project *home* as its root; take everything back at the end."""
    before = dict(os.environ)
    with pytest.MonkeyPatch.context() as patch:
        connect = import_module("dehelpers.words.connect")  # by attribute this name is the function
        patch.setattr(connect, "root", lambda: home)
        patch.setattr(connect, "_current", None)
        patch.setattr(connect, "_restore", {})
        patch.setattr("dehelpers.words.stage.root", lambda: home)
        os.environ.update(environment or {})
        try:
            yield
        finally:
            os.environ.clear()
            os.environ.update(before)
            hooks._session = None
            boto3.DEFAULT_SESSION = None


@contextmanager
def connected(lab: RunningLab, home: Path, **options: Any) -> Iterator[de.Session]:
    """A session on *lab*, which runs already, with a ledger that no other test has written in or will read."""
    ledger = lab.directory / "ledger.jsonl"
    ledger.unlink(missing_ok=True)
    try:
        with process(home):
            yield de.connect(directory=lab.directory, **options)
    finally:
        ledger.unlink(missing_ok=True)
