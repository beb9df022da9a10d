"""The workgroup that a request means."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from moto.athena.models import athena_backends

from localaws.engines.athena.backend import AthenaEngine
from localaws.resource_policies import backend_of

#: Members that name a query, or several.
_QUERIES = ("QueryExecutionId", "QueryExecutionIds")
_NAMED = ("NamedQueryId", "NamedQueryIds")


def implied(parameters: Mapping[str, Any], account: str, region: str) -> Sequence[str]:
    """The workgroups of the queries that it names by their ids; for a new query without a workgroup "primary".

    API reference, StartQueryExecution and CreateNamedQuery, WorkGroup: what is not said is the primary workgroup.
    """
    names = dict.fromkeys(_workgroups(parameters, account, region))
    if not names and "QueryString" in parameters:
        names = {"primary": None}
    return [f"arn:aws:athena:{region}:{account}:workgroup/{name}" for name in names]


def _workgroups(parameters: Mapping[str, Any], account: str, region: str) -> Iterator[str]:
    """The workgroups of the queries that *parameters* have ids of."""
    backend = backend_of(athena_backends, f"arn:aws:athena:{region}:{account}:")
    if not isinstance(backend, AthenaEngine):  # nothing was asked of Athena yet
        return
    for members, held in ((_QUERIES, backend.queries), (_NAMED, backend.named_queries)):
        for each in _ids(parameters, members):
            if each in held:
                workgroup = held[each].workgroup
                yield str(getattr(workgroup, "name", workgroup))


def _ids(parameters: Mapping[str, Any], members: Sequence[str]) -> list[str]:
    values = [parameters[member] for member in members if member in parameters]
    listed = [each for value in values for each in (value if isinstance(value, list) else [value])]
    return [each for each in listed if isinstance(each, str)]
