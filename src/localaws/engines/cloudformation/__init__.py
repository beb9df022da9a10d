"""CloudFormation: templates are read as data (`templates`), and what fails becomes events of its stack (`stacks`)."""

from __future__ import annotations

import moto.cloudformation.models
import moto.cloudformation.parsing
import moto.cloudformation.responses
from moto.cloudformation.models import cloudformation_backends
from moto.cloudformation.responses import CloudFormationResponse

from localaws.engines import replace_backend, replace_responses
from localaws.engines.cloudformation.backend import CloudFormationEngine
from localaws.engines.cloudformation.custom import install_custom
from localaws.engines.cloudformation.made import install_makers
from localaws.engines.cloudformation.makers import MAKERS
from localaws.engines.cloudformation.resources import ResourceMapEngine, create
from localaws.engines.cloudformation.responses import CloudFormationEngineResponse
from localaws.engines.cloudformation.stacks import ChangeSetEngine, Stack
from localaws.engines.cloudformation.templates import TemplateYaml
from localaws.engines.cloudformation.unmade import with_unmade
from localaws.engines.cloudformation.working_out import with_functions
from localaws.lab import Lab


def install(lab: Lab) -> None:
    CloudFormationEngineResponse.lab = ResourceMapEngine.lab = lab
    install_makers(lab, MAKERS)
    install_custom(lab)
    models, parsing = moto.cloudformation.models, moto.cloudformation.parsing
    for module in (models, moto.cloudformation.responses):
        module.yaml = TemplateYaml  # type: ignore[attr-defined]
    models.ResourceMap = ResourceMapEngine  # type: ignore[attr-defined]
    models.ChangeSet = ChangeSetEngine  # type: ignore[misc]
    models.Stack = Stack  # type: ignore[misc, assignment]
    parsing.resource_class_from_type = with_unmade(parsing.resource_class_from_type)  # type: ignore[assignment]
    parsing.clean_json = with_functions(parsing.clean_json)  # type: ignore[assignment]
    parsing.parse_and_create_resource = create  # type: ignore[assignment]
    replace_backend(cloudformation_backends, CloudFormationEngine)
    replace_responses(CloudFormationResponse, CloudFormationEngineResponse)
