"""Forms of Redshift's statements, and what is answered: the tables of `redshift_forms`.

Each form names the page of the Redshift database developer guide that it holds to. It runs in a schema of its own,
after the statements that are *given*; *do* is then answered by a *tag*, *rows*, an *error*, or something *said* beside,
and what it has done is seen by *then*.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml

from tests.conftest import RunningLab
from tests.engines.redshift_tools import Cluster, create

_FORMS = [
    pytest.param(form, id=f"{path.stem}-{number}-{form['do'][:40]}")
    for path in sorted((Path(__file__).parent / "redshift_forms").glob("*.yaml"))
    for number, form in enumerate(yaml.safe_load(path.read_text()))
]
#: What a form may say; a word that is none of these is a mistake in the table.
_WORDS = {"page", "given", "do", "tag", "rows", "error", "code", "said", "then"}


@pytest.fixture(scope="module")
def connection(lab: RunningLab) -> Iterator[psycopg.Connection]:
    cluster: Cluster = create(lab, "forms")
    with cluster.connect() as connection:
        yield connection
    lab.client("redshift").delete_cluster(ClusterIdentifier="forms", SkipFinalClusterSnapshot=True)


@pytest.fixture
def schema(connection: psycopg.Connection, request: pytest.FixtureRequest) -> Iterator[None]:
    name = f"form_{abs(hash(request.node.name)) % 10**9}"
    connection.execute(f"CREATE SCHEMA {name}")
    connection.execute(f"SET search_path TO {name}")
    yield
    with contextlib.suppress(psycopg.Error):
        connection.execute("ROLLBACK")
    connection.execute("RESET search_path")
    connection.execute(f"DROP SCHEMA {name} CASCADE")


def shown(value: Any) -> Any:
    if isinstance(value, Decimal):
        return float(value)
    return value if value is None or isinstance(value, bool | int | float | list) else str(value)


@pytest.mark.usefixtures("schema")
@pytest.mark.parametrize("form", _FORMS)
def test_a_form_is_answered(connection: psycopg.Connection, form: dict[str, Any]) -> None:
    assert set(form) <= _WORDS and form["page"]
    for each in form.get("given", []):
        connection.execute(each)
    said: list[str] = []

    def note(told: psycopg.errors.Diagnostic) -> None:
        said.append(told.message_primary or "")

    connection.add_notice_handler(note)
    try:
        if "error" in form:
            with pytest.raises(psycopg.Error) as error:
                connection.execute(form["do"])
            assert form["error"] in str(error.value)
            assert form.get("code") in (None, error.value.sqlstate)
            return
        cursor = connection.execute(form["do"])
        assert form.get("tag") in (None, cursor.statusmessage)
        if "rows" in form:
            assert [[shown(value) for value in row] for row in cursor.fetchall()] == form["rows"]
        if "said" in form:
            assert form["said"] in said
        for query, rows in form.get("then", {}).items():
            cursor = connection.execute(query)
            while cursor.nextset():  # of several statements, the last tells
                pass
            assert [[shown(value) for value in row] for row in cursor.fetchall()] == rows
    finally:
        connection.remove_notice_handler(note)


def test_there_are_enough_of_them() -> None:
    assert len(_FORMS) >= 150
