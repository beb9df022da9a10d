"""Redshift's own clients, as people install them, on a cluster of the lab.

What they print is what they get of Redshift: redshift_connector's, psycopg's and sqlalchemy-redshift's documentation.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import RunningLab
from tests.engines.redshift_tools import PASSWORD, USER, Cluster, create


@pytest.fixture(scope="module")
def cluster(lab: RunningLab) -> Iterator[Cluster]:
    made = create(lab, "clients")
    yield made
    lab.client("redshift").delete_cluster(ClusterIdentifier="clients", SkipFinalClusterSnapshot=True)


@pytest.fixture
def environment(lab: RunningLab, environment: dict[str, str]) -> dict[str, str]:
    trusted = Path(lab.facts["ca_bundle"]).parent / "trusted"
    return {**environment, "SSL_CERT_DIR": f"{trusted}:{ssl.get_default_verify_paths().openssl_capath}"}


@pytest.fixture
def on_cluster(cluster: Cluster, program: Callable[..., dict[str, str]]) -> Callable[[str], dict[str, str]]:
    """Runs a program on the cluster."""
    return lambda name: program(name, "127.0.0.1", str(cluster.port), USER, PASSWORD)


def test_redshift_connector(on_cluster: Callable[[str], dict[str, str]]) -> None:
    told = on_cluster("redshift_connector_user.py")
    kinds = "[('id', 'int4'), ('word', 'varchar'), ('price', 'numeric'), ('day', 'date'), ('at', 'timestamp')]"
    styles = ("qmark", "numeric", "named", "format", "pyformat")
    assert told == {
        "first": "True",
        "rest": "[[2, 'y'], [3, None]]",
        "columns": "['id', 'word', 'price', 'day', 'at']",
        "frame": "{'id': [1, 2, 3], 'word': ['x', 'y', nan]}",
        "array": "[1, 2, 3]",
        "written": "[[4, 'a'], [5, 'b']]",
        "tables": "['driven']",
        "described": kinds,
        "schemas": "True",
        "catalogs": "True",
        **dict.fromkeys(styles, "(['x'],)"),
    }


def test_psycopg(on_cluster: Callable[[str], dict[str, str]]) -> None:
    told = on_cluster("psycopg_user.py")
    assert told == {
        "binary False": "True",
        "binary True": "True",
        "streamed": "True",
        "server side": "True",
        "asynchronous": "[0, 2, 4]",
        "psycopg2": "(10, 45)",
    }


def test_sqlalchemy_redshift(on_cluster: Callable[[str], dict[str, str]]) -> None:
    told = on_cluster("sqlalchemy_redshift_user.py")
    assert told == {
        "rows": "[(1, 'EWR', 2.5), (2, 'JFK', None)]",
        "tables": "True",
        "columns": "[('id', 'INTEGER', False), ('origin', 'VARCHAR(3)', False), ('delay', 'DOUBLE PRECISION', True)]",
        "key": "['id']",
        "reflected": "['id', 'origin', 'delay']",
        "views": "True",
        "dropped": "True",
    }
