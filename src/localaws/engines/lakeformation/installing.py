"""Gives Lake Formation the paths of operations that moto has not."""

from __future__ import annotations

import moto.lakeformation.urls

from localaws.lab import Lab

_PATHS = (
    "CreateDataCellsFilter GetDataCellsFilter UpdateDataCellsFilter DeleteDataCellsFilter UpdateResource "
    "GetEffectivePermissionsForPath GetDataLakePrincipal SearchDatabasesByLFTags SearchTablesByLFTags"
)


def install(lab: Lab) -> None:
    paths = moto.lakeformation.urls.url_paths
    for operation in _PATHS.split():
        paths[f"{{0}}/{operation}$"] = paths["{0}/ListResources$"]
