"""Gives the Data API its paths of today, and closes its connections with the lab."""

from __future__ import annotations

import moto.rdsdata.urls
from moto.rdsdata.models import rdsdata_backends

from localaws.engines.rdsdata.backend import RDSDataEngine
from localaws.lab import Lab


def install(lab: Lab) -> None:
    paths = moto.rdsdata.urls.url_paths
    for path in ("BatchExecute", "BeginTransaction", "CommitTransaction", "RollbackTransaction"):
        paths[f"{{0}}/{path}$"] = paths["{0}/Execute$"]
    lab.on_stop(_close_everything)


def _close_everything() -> None:
    for _, _, backend in rdsdata_backends.iter_backends():
        if isinstance(backend, RDSDataEngine):
            backend.close()
