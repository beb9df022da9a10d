"""The physical ids of resources to which moto gives none: without one a stack could tell nothing of them.

Source: CloudFormation template reference, "Return values" (Ref) under each type's name.
"""

from __future__ import annotations

from typing import Any

from moto.cloudformation.parsing import generate_resource_name

#: Which attribute of moto's model is what Ref returns.
_ATTRIBUTES = {
    "AWS::ApiGateway::Deployment": "id",
    "AWS::AutoScaling::ScheduledAction": "scheduled_action_name",
    "AWS::EFS::AccessPoint": "access_point_id",
    "AWS::Events::Archive": "name",
    "AWS::Events::EventBus": "name",
    "AWS::IoT::BillingGroup": "billing_group_name",
    "AWS::IoT::Policy": "name",
    "AWS::IoT::RoleAlias": "role_alias",
    "AWS::IoT::Thing": "thing_name",
    "AWS::IoT::ThingType": "thing_type_name",
    "AWS::RDS::DBParameterGroup": "name",
    "AWS::RDS::DBSecurityGroup": "name",
    "AWS::RDS::DBSubnetGroup": "name",
}


def with_physical_id(resource: Any, resource_type: str, stack_name: str, logical_id: str) -> None:
    """Give the *resource* its physical id, if it has none: a name of CloudFormation's where AWS's is only an id."""
    if not hasattr(resource, "physical_resource_id"):
        own = getattr(resource, _ATTRIBUTES.get(resource_type, ""), None)
        resource.physical_resource_id = own or generate_resource_name(resource_type, stack_name, logical_id)
