"""Methods of REST APIs, with what each calls and answers; moto asks all for the HTTP method of a backend.

Source: CloudFormation template reference, AWS::ApiGateway::Method.
"""

from __future__ import annotations

from localaws.engines.cloudformation.coercion import Api
from localaws.engines.cloudformation.made import Maker
from localaws.engines.cloudformation.updates import Changes, Properties

_OWN = ("RestApiId", "ResourceId", "HttpMethod")


def _method(api: Api, name: str, properties: Properties) -> tuple[str, dict[str, str]]:
    own = {member: properties[member] for member in _OWN}
    api("PutMethod", **api.taken("PutMethod", properties))
    for answer in properties.get("MethodResponses", []):
        api("PutMethodResponse", **own, **answer)
    integration = dict(properties.get("Integration", {}))
    answers = integration.pop("IntegrationResponses", [])
    if integration:
        api("PutIntegration", **own, **integration)
    for answer in answers:
        api("PutIntegrationResponse", **own, **answer)
    return name, {}


def _delete_method(api: Api, name: str, properties: Properties) -> None:
    api("DeleteMethod", **{member: properties[member] for member in _OWN})


APIS = {"AWS::ApiGateway::Method": Maker(_method, _delete_method, Changes("apigateway", [], frozenset(_OWN)))}
