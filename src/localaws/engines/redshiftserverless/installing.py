"""Brings back the workgroups that an earlier process of this lab had."""

from __future__ import annotations

import shutil
from functools import partial

from localaws.engines.redshift.installing import stop_everything
from localaws.engines.redshiftserverless.backend import FOLDER, ServerlessBackend, redshiftserverless_backends
from localaws.engines.redshiftserverless.namespace import Namespace
from localaws.lab import Lab


def install(lab: Lab) -> None:
    Namespace.lab = lab
    for folder in ("redshift-serverless", FOLDER):
        (lab.directory / folder).mkdir(exist_ok=True, mode=0o700)
    lab.on_stop(stop_everything)


def resume(lab: Lab) -> None:
    """Start what ran, let go on what was under way, and remove files that nothing has."""
    known: set[str] = set()
    for _, _, backend in redshiftserverless_backends.iter_backends():
        assert isinstance(backend, ServerlessBackend)
        for namespace in backend.namespaces.values():
            known.add(namespace.unique_cluster_id)
            _go_on(backend, namespace)
        for snapshot in backend.snapshots.values():
            known.add(snapshot.folder.name)
            snapshot.status = "FAILED" if snapshot.status == "CREATING" else snapshot.status
            backend.expire(snapshot)
    for folder in ("redshift-serverless", FOLDER):
        for directory in (lab.directory / folder).iterdir():
            if directory.name not in known:
                shutil.rmtree(directory, ignore_errors=True)


def _go_on(backend: ServerlessBackend, namespace: Namespace) -> None:
    workgroup = namespace.workgroup
    if workgroup is None:
        return
    if namespace.status == "DELETING":
        namespace.in_background("DELETING", partial(backend.finish_deletion, workgroup))
    else:
        namespace.in_background("CREATING" if namespace.status == "CREATING" else "MODIFYING", namespace.start)
