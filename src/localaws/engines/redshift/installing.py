"""Brings back the clusters that an earlier process of this lab had, and stops them with the lab."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from functools import partial

from moto.redshift.models import redshift_backends

from localaws.engines.redshift.backend import RedshiftEngine
from localaws.engines.redshift.cluster import RedshiftCluster
from localaws.engines.redshift.snapshots import FOLDER, RedshiftSnapshot
from localaws.engines.redshift.warehouse import Warehouse
from localaws.lab import Lab


def install(lab: Lab) -> None:
    for folder in ("redshift", FOLDER):
        (lab.directory / folder).mkdir(exist_ok=True, mode=0o700)
    lab.on_stop(stop_everything)


def resume(lab: Lab) -> None:
    """Start what ran, let go on what was under way, and remove files that nothing has."""
    known: set[str] = set()
    for engine in _engines():
        for cluster in list(engine.clusters.values()):
            assert isinstance(cluster, RedshiftCluster)
            known.add(cluster.unique_cluster_id)
            _go_on(engine, cluster)
        for snapshot in engine.snapshots.values():
            assert isinstance(snapshot, RedshiftSnapshot)
            known.add(snapshot.folder)
            if snapshot.status == "creating":
                snapshot.status = "failed"
            engine.expire(snapshot)
    for folder in ("redshift", FOLDER):
        for directory in (lab.directory / folder).iterdir():
            if directory.name not in known:
                shutil.rmtree(directory, ignore_errors=True)


def _go_on(engine: RedshiftEngine, cluster: RedshiftCluster) -> None:
    if cluster.status == "creating":
        cluster.in_background("creating", partial(engine.start_new, cluster))
    elif cluster.status == "deleting":
        cluster.in_background("deleting", partial(engine.finish_deletion, cluster), "deleting")
    elif cluster.status in ("paused", "pausing"):
        cluster.status = "paused"
    else:
        cluster.apply_pending()
        cluster.in_background("rebooting", cluster.start)


def _engines() -> Iterator[RedshiftEngine]:
    for _, _, backend in redshift_backends.iter_backends():
        if isinstance(backend, RedshiftEngine):
            yield backend


def stop_everything() -> None:
    """First tell all of them, then wait for each."""
    processes = list(Warehouse.processes.values())
    for process in processes:
        process.ask_to_stop()
    for process in processes:
        process.stop()
