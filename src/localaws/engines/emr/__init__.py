"""Amazon EMR: `backend` says what the engine does otherwise than moto."""

from __future__ import annotations

from localaws.engines.declaration import Engine

ENGINE = Engine(
    package=__name__,
    service="emr",
    moto="emr",
    backend="backend:EmrEngine",
    models=("backend:InstanceGroupEngine", "backend:StepEngine", "backend:ClusterEngine"),
    reaches=frozenset({"ec2", "sts"}),
)
