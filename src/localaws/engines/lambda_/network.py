"""The network that a function is placed in: looked up when the function is given one, and told with it."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from localaws.gateway.errors import AwsError
from localaws.lab import Lab


def placed(lab: Lab, region: str, config: dict[str, Any]) -> dict[str, Any]:
    """*config*, a request's VpcConfig, as answers tell it (API reference, VpcConfigResponse).

    Raises InvalidParameterValueException for a subnet or a group that there is not; the text as users met it.
    """
    subnets, groups = config.get("SubnetIds") or [], config.get("SecurityGroupIds") or []
    ec2, network = lab.client("ec2", region=region, by="lambda"), ""
    try:
        if subnets:
            network = ec2.describe_subnets(SubnetIds=subnets)["Subnets"][0]["VpcId"]
        if groups:
            ec2.describe_security_groups(GroupIds=groups)
    except ClientError as error:
        told = error.response["Error"]
        said = f"EC2 Error Code: {told['Code']}. EC2 Error Message: {told['Message']}"
        message = f"Error occurred while {error.operation_name}. {said}"
        raise AwsError("InvalidParameterValueException", message) from None
    return {**config, "SubnetIds": subnets, "SecurityGroupIds": groups, "VpcId": network}
