"""Brings back the clusters that an earlier process of this lab had, and stops them with the lab."""

from __future__ import annotations

import shutil

from moto.redshift.models import RedshiftBackend, redshift_backends

from localaws.engines.redshift.cluster import RedshiftCluster
from localaws.lab import Lab


def install(lab: Lab) -> None:
    (lab.directory / "redshift").mkdir(exist_ok=True)
    lab.on_stop(_stop_everything)


def resume(lab: Lab) -> None:
    """Start what ran, and remove files that no cluster has."""
    clusters = _clusters()
    for cluster in clusters:
        if cluster.status not in ("paused", "deleting"):
            cluster.status = "available" if cluster.status == "available" else "creating"
            cluster.start_in_background()
    known = {cluster.unique_cluster_id for cluster in clusters}
    for directory in (lab.directory / "redshift").iterdir():
        if directory.name not in known:
            shutil.rmtree(directory, ignore_errors=True)


def _clusters() -> list[RedshiftCluster]:
    return [
        cluster
        for _, _, backend in redshift_backends.iter_backends()
        if isinstance(backend, RedshiftBackend)
        for cluster in backend.clusters.values()
        if isinstance(cluster, RedshiftCluster)
    ]


def _stop_everything() -> None:
    """First tell all of them, then wait for each."""
    processes = list(RedshiftCluster.processes.values())
    for process in processes:
        process.ask_to_stop()
    for process in processes:
        process.stop()
