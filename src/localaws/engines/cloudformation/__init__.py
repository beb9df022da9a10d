"""CloudFormation: templates are read as data (`templates`), and what fails becomes events of its stack (`stacks`)."""

from __future__ import annotations

from localaws.engines.declaration import Engine

ENGINE = Engine(
    package=__name__,
    service="cloudformation",
    moto="cloudformation",
    backend="backend:CloudFormationEngine",
    responses="responses:CloudFormationEngineResponse",
    models=("stacks:ChangeSetEngine", "stacks:Stack", "resources:ResourceMapEngine"),
    reaches=frozenset({"organizations", "s3", "sns", "ssm"}),
)
