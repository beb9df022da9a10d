"""Each type of resource, made with boto3: listed, recorded with its name, in the ledger, there after a kill of the lab,
torn down, gone."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import boto3
import pytest

import dehelpers as de
from awsfacts import resources
from awsfacts.declaration import method_of
from dehelpers.errors import TeardownError
from dehelpers.process.lab import free_port
from dehelpers.words.ledger import Created
from dehelpers.words.teardown import types
from localaws.gateway.reference import type_of
from tests.awsfacts.minimal import ELSEWHERE, NAME, NEVER_DELETED, REQUESTS, WITHOUT_ARN, allow_delivery, filled
from tests.conftest import RunningLab
from tests.connected import connected
from tests.engines.lake_tools import be_administrator
from tests.engines.redshift_tools import await_available
from tests.roles import ADMINISTRATOR, permit


@dataclass
class Life:
    """What became of the resources of one session, by "service:type"."""

    ledger: dict[str, list[Created]] = field(default_factory=dict)
    listed: dict[str, list[str]] = field(default_factory=dict)
    records: list[dict[str, Any]] = field(default_factory=list)
    kept: dict[str, list[str]] = field(default_factory=dict)
    said: str = ""
    in_ledger: list[Created] = field(default_factory=list)
    left: dict[str, list[str]] = field(default_factory=dict)


@pytest.fixture(scope="module")
def life(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Life]:
    lab = RunningLab(tmp_path_factory.mktemp("lab"), "--port", str(free_port()))
    be_administrator(lab)
    with connected(lab, tmp_path_factory.mktemp("home"), prefix="made") as session:
        life = Life()
        _create(life, lab, session)
        life.listed, life.records = _listed(life), lab.calls()
        time.sleep(1)  # the age at which settings are kept
        lab.kill()
        lab.start()
        life.kept = _listed(life)
        try:
            de.teardown(timeout=20)
        except TeardownError as error:
            life.said = str(error)
        life.left, life.in_ledger = _listed(life), list(session.ledger)
        yield life
    lab.stop()


def _create(life: Life, lab: RunningLab, session: de.Session) -> None:
    names: dict[str, str] = {}
    for key, request in REQUESTS.items():
        if key == "cloudtrail:trail":
            allow_delivery(boto3.client("s3"))
        service, before = key.partition(":")[0], len(session.ledger)
        answer = method_of(boto3.client(service), resources()[key].create[0])(**filled(request, names))
        life.ledger[key] = list(session.ledger)[before:]
        if key == "iam:role":
            boto3.client("iam").attach_role_policy(RoleName=NAME, PolicyArn=ADMINISTRATOR)
        if key == "lambda:function":
            permit(lab, NAME, "logs", "secretsmanager")
        if key == "redshift:cluster":
            await_available(lab, NAME)  # of which there can be a snapshot then
        names[key] = life.ledger[key][-1].name or ""
        names[f"{key} ARN"] = answer.get("arn", "")


def _listed(life: Life) -> dict[str, list[str]]:
    """The session's own of all listings."""
    found = {}
    for key, entries in life.ledger.items():
        if key in types():
            own = {types()[key].key(entry.name or "") for entry in entries}
            found[key] = [name for name in map(types()[key].key, types()[key].names("us-east-1")) if name in own]
    return found


def test_each_type_is_made_here_or_for_a_reason_is_not() -> None:
    assert REQUESTS.keys() | ELSEWHERE.keys() == resources().keys()
    assert not REQUESTS.keys() & ELSEWHERE.keys()


@pytest.mark.parametrize("key", REQUESTS)
def test_what_was_made_is_in_the_ledger_by_its_name(life: Life, key: str) -> None:
    assert life.ledger[key]
    assert all(entry.name for entry in life.ledger[key])


@pytest.mark.parametrize("key", [key for key in REQUESTS if key in types()])
def test_what_was_made_is_listed_and_after_teardown_is_not(life: Life, key: str) -> None:
    assert len(life.listed[key]) == len(life.ledger[key])
    assert life.left[key] == [] or key in NEVER_DELETED


@pytest.mark.parametrize("key", [key for key in REQUESTS if key in types()])
def test_what_was_made_is_there_after_a_kill(life: Life, key: str) -> None:
    assert life.kept[key] == life.listed[key]


@pytest.mark.parametrize("key", REQUESTS)
def test_what_was_made_is_recorded(life: Life, key: str) -> None:
    """Its name is in the record: of what was asked, or of the answer for an id that AWS gives."""
    service, operation = key.partition(":")[0], resources()[key].create[0]
    records = [each for each in life.records if (each["service"], each["operation"]) == (service, operation)]
    name = (life.ledger[key][0].name or "").rpartition("/")[2]
    told = json.dumps([(each["request_parameters"], each["response_elements"]) for each in records])
    assert name in told


@pytest.mark.parametrize("key", REQUESTS)
def test_the_record_has_the_arn_of_what_was_made(life: Life, key: str) -> None:
    """As the service authorization reference writes it; what has no ARN itself is named by what it belongs to."""
    service, _, name = key.partition(":")
    operation, type = resources()[key].create[0], type_of(service, name)
    records = [each for each in life.records if (each["service"], each["operation"]) == (service, operation)]
    arns = [arn for each in records for arn in each["resources"]]
    if key in WITHOUT_ARN:
        assert not arns
    elif type:
        assert any(type.pattern.fullmatch(arn) and "*" not in arn for arn in arns), arns
    else:
        assert arns


def test_teardown_names_what_it_leaves_and_keeps_it_in_the_ledger(life: Life) -> None:
    """What it has no deletion for, and what this lab does not delete though AWS does."""
    left = {key for key in REQUESTS if not (resources()[key].delete or resources()[key].part_of)}
    unknown = [f"- {key.partition(':')[0]} {resources()[key].create[0]} " for key in left]
    refused = [f"- {resources()[key].title} " for key in NEVER_DELETED]
    for line in life.said.splitlines()[1:-1]:
        assert line.startswith(tuple(unknown)) or (line.startswith(tuple(refused)) and "This lab does not do" in line)
    assert life.in_ledger == [entry for key in REQUESTS if key in left | NEVER_DELETED for entry in life.ledger[key]]
