"""Puts the engine's reading, making and deleting in the place of moto's."""

from __future__ import annotations

import moto.cloudformation.models
import moto.cloudformation.parsing
import moto.cloudformation.responses

from localaws.engines.cloudformation.custom import install_custom
from localaws.engines.cloudformation.made import install_makers
from localaws.engines.cloudformation.makers import MAKERS
from localaws.engines.cloudformation.resources import create
from localaws.engines.cloudformation.templates import TemplateYaml
from localaws.engines.cloudformation.unmade import with_unmade
from localaws.engines.cloudformation.working_out import with_functions
from localaws.lab import Lab


def install(lab: Lab) -> None:
    install_makers(lab, MAKERS)
    install_custom(lab)
    models, parsing = moto.cloudformation.models, moto.cloudformation.parsing
    for module in (models, moto.cloudformation.responses):
        module.yaml = TemplateYaml  # type: ignore[attr-defined]
    parsing.resource_class_from_type = with_unmade(parsing.resource_class_from_type)  # type: ignore[assignment]
    parsing.clean_json = with_functions(parsing.clean_json)  # type: ignore[assignment]
    parsing.parse_and_create_resource = create  # type: ignore[assignment]
