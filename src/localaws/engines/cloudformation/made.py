"""Resources of types that moto does not make: made, changed and deleted through their service's own API."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from moto.cloudformation.exceptions import UnformattedGetAttTemplateException
from moto.cloudformation.parsing import get_model_list, get_model_map, get_name_type_map
from moto.core.common_models import CloudFormationModel

from localaws.engines.cloudformation.coercion import Api
from localaws.engines.cloudformation.updates import Changes, Properties
from localaws.lab import Lab

#: Makes a resource of the given name (which is CloudFormation's where the template has none): its physical id, and what
#: Fn::GetAtt gives of it.
Create = Callable[[Api, str, Properties], tuple[str, dict[str, str]]]
#: Deletes the resource of a physical id, which has these properties.
Delete = Callable[[Api, str, Properties], None]


#: What Fn::GetAtt gives of the resource of a physical id.
Tell = Callable[[Api, str], dict[str, str]]


@dataclass(frozen=True)
class Maker:
    """How resources of a type come and go; *name* is the property that names one, *attributes* those of Fn::GetAtt.

    *tell* gives them anew, for a type of which a change of a resource may change them.
    """

    create: Create
    delete: Delete
    changes: Changes
    name: str = ""
    attributes: frozenset[str] = frozenset()
    tell: Tell | None = None


def deleted(operation: str, member: str, **more: Any) -> Delete:
    """Deletion by an *operation* that takes the physical id as its *member*."""

    def delete(api: Api, physical_id: str, properties: Properties) -> None:
        api(operation, **{member: physical_id}, **more)

    return delete


class MadeResource(CloudFormationModel):
    """A resource of a stack, of which the service itself keeps all the rest."""

    lab: ClassVar[Lab]
    maker: ClassVar[Maker]

    def __init__(self, physical_id: str, attributes: dict[str, str], properties: Properties) -> None:
        self.physical_resource_id = physical_id
        self.attributes = attributes
        self.properties = properties

    @classmethod
    def has_cfn_attr(cls, attr: str) -> bool:
        return attr in cls.maker.attributes

    def get_cfn_attribute(self, attribute_name: str) -> str:
        if attribute_name not in self.attributes:
            raise UnformattedGetAttTemplateException
        return self.attributes[attribute_name]

    @classmethod
    def create_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: dict[str, Any], account_id: str, region_name: str, **_: Any
    ) -> MadeResource:
        properties = cloudformation_json["Properties"]
        api = Api(cls.lab, cls.maker.changes.service, region_name)
        return cls(*cls.maker.create(api, resource_name, properties), properties)

    def changed(self, region_name: str, properties: Properties) -> None:
        """Note that the resource has these properties now."""
        self.properties = properties
        if self.maker.tell:
            api = Api(self.lab, self.maker.changes.service, region_name)
            self.attributes = self.maker.tell(api, self.physical_resource_id)

    def delete(self, account_id: str, region_name: str) -> None:
        api = Api(self.lab, self.maker.changes.service, region_name)
        self.maker.delete(api, self.physical_resource_id, self.properties)


def install_makers(lab: Lab, makers: Mapping[str, Maker]) -> None:
    MadeResource.lab = lab
    models: dict[str, Any] = get_model_map()
    models.pop(CloudFormationModel.cloudformation_type(), None)  # of the classes that stand for no type of their own
    get_model_list()[:] = [each for each in get_model_list() if each.cloudformation_type() not in makers]  # their names
    for resource_type, maker in makers.items():
        model = type(resource_type, (MadeResource,), {"maker": maker, "__module__": __name__})
        globals()[resource_type] = model  # where a stack that was kept finds it by its name
        models[resource_type] = model
        get_name_type_map()[resource_type] = maker.name
