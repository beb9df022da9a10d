"""Which error each service has for a request that does not fit its model: data, by service and protocol.

Sources: the "Common errors" of each service's API reference, and recorded answers of AWS.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

from botocore.exceptions import UnknownServiceError
from botocore.model import OperationNotFoundError, Shape
from moto.core.utils import get_service_model

from localaws.gateway.constraints import NOT_AN_ARN, Fault, WrongTypeError
from localaws.gateway.errors import AwsError
from localaws.gateway.records import current_call


@dataclass(frozen=True)
class Codes:
    """A service's codes: for a body that cannot be read, a wrong type, a missing member, a constraint not met."""

    malformed: str = "SerializationException"
    wrong_type: str = "SerializationException"
    missing: str = "ValidationException"
    constraint: str = "ValidationException"


_BY_PROTOCOL = {
    "json": Codes(),
    "rest-json": Codes(),
    "query": Codes("MalformedQueryString", "MalformedInput", "ValidationError", "ValidationError"),
    "rest-xml": Codes("MalformedXML", "MalformedXML", "InvalidRequest", "InvalidRequest"),
    "s3": Codes("MalformedXML", "MalformedXML", "MalformedXML", "MalformedXML"),
}
_PARAMETERS = {
    "malformed": "MalformedQueryString",
    "wrong_type": "InvalidParameterValue",
    "missing": "MissingParameter",
    "constraint": "InvalidParameterValue",
}
#: Where a service differs from its protocol: recorded of AWS by LocalStack's suite (cloudwatch, lambda, logs, sqs,
#: transcribe) or tested on AWS by moto's authors (cognito-idp, ecr, resource-groups, route53), else its API reference.
_BY_SERVICE: dict[str, dict[str, str]] = {
    "athena": dict.fromkeys(("missing", "constraint"), "InvalidRequestException"),
    "cloudwatch": dict.fromkeys(("missing", "constraint"), "ValidationError"),
    "cognito-idp": dict.fromkeys(("missing", "constraint"), "InvalidParameterException"),
    "ec2": _PARAMETERS,
    "ecr": dict.fromkeys(("missing", "constraint"), "InvalidParameterException"),
    "lambda": {"malformed": "InvalidRequestContentException"},
    "logs": dict.fromkeys(("missing", "constraint"), "InvalidParameterException"),
    "rds": _PARAMETERS,
    "rds-data": dict.fromkeys(("malformed", "wrong_type", "missing", "constraint"), "BadRequestException"),
    "redshift": _PARAMETERS,
    "resource-groups": dict.fromkeys(("missing", "constraint"), "BadRequestException"),
    "route53": dict.fromkeys(("malformed", "wrong_type", "missing", "constraint"), "InvalidInput"),
    "sqs": {"missing": "MissingParameter", "constraint": "InvalidParameterValue"},
    "transcribe": dict.fromkeys(("missing", "constraint"), "BadRequestException"),
}

#: Enums that the services do not hold a request against, or whose faults they tell in words of their own.
OPEN_ENUMS: dict[str, set[str]] = {
    "lambda": {"Runtime"},  # InvalidParameterValueException, "… or be a valid ARN"
    "s3": {"BucketLocationConstraint", "Event", "FilterRuleName"},  # InvalidLocationConstraint, InvalidArgument
    "sqs": {"QueueAttributeName", "MessageSystemAttributeName"},  # InvalidAttributeName
}

#: Services whose enums take small and capital letters alike.
_CASELESS = {"dms"}

#: Services that hold every ARN against its form; the others' models have patterns, or they look the ARN up.
_CHECK_ARNS = {"dynamodb", "dynamodbstreams", "logs", "rds", "sns"}

#: Members called an ARN that take a name too (RDS API reference, StartExportTask).
_ARN_OR_NAME = {"IamRoleArn"}

#: Items that AWS lists with a further constraint, "Member must not be null".
NEVER_NULL = {"Architecture", "LayerVersionArn", "Weight"}

#: Members that an engine holds against the model itself: batches read in one pass, and limits with their own words.
READ_BY_ENGINE = {
    ("athena", "GetQueryResults"): {"MaxResults"},
    ("kinesis", "PutRecord"): {"Data"},
    ("kinesis", "PutRecords"): {"Records"},
}


def is_closed(service: str, shape: Shape) -> bool:
    """Whether *service* holds values of *shape* against its enum."""
    return service not in _CASELESS and shape.name not in OPEN_ENUMS.get(service, ())


def is_only_an_arn(service: str, member: str) -> bool:
    """Whether *service* refuses a text that has not the form of an ARN in its *member*."""
    return service in _CHECK_ARNS and member.lower().endswith("arn") and member not in _ARN_OR_NAME


@cache
def codes_of(service: str, protocol: str) -> Codes:
    return replace(_BY_PROTOCOL.get(protocol, Codes()), **_BY_SERVICE.get(service, {}))


def malformed(service: str, protocol: str, reason: str) -> AwsError:
    """The error for a body that cannot be read."""
    if protocol == "s3":
        return _malformed_xml()
    if service == "lambda":
        reason = f"Could not parse request body into json: {reason}"
    return AwsError(codes_of(service, protocol).malformed, reason)


def missing_body(service: str, protocol: str) -> AwsError:
    if protocol == "s3":
        return AwsError("MissingRequestBodyError", "Request Body is empty")
    return malformed(service, protocol, "The request has no body.")


def wrong_type(service: str, protocol: str, error: WrongTypeError) -> AwsError:
    if protocol == "s3":
        return _malformed_xml()
    return AwsError(codes_of(service, protocol).wrong_type, str(error))


def wrong_argument(service: str, protocol: str, name: str, error: WrongTypeError) -> AwsError:
    """The error for a wrong type outside of the body: in the URL or a header."""
    if protocol == "s3":
        return AwsError("InvalidArgument", f"Provided {name} is not valid: {error.value}")
    return wrong_type(service, protocol, error)


def not_met(service: str, protocol: str, faults: list[Fault]) -> AwsError:
    """The error that lists *faults*."""
    codes = codes_of(service, protocol)
    first = faults[0]
    if protocol == "s3":
        return _malformed_xml()
    if codes.missing == "MissingParameter" and first.missing:
        name = first.where.rpartition(".")[2]
        name = name[:1].upper() + name[1:]
        return AwsError(codes.missing, f"The request must contain the parameter {name}.")
    if service == "sns" and first.constraint.startswith(NOT_AN_ARN):
        name = first.where.rpartition(".")[2]
        return AwsError(
            "InvalidParameter", f"Invalid parameter: {name[:1].upper()}{name[1:]} Reason: {first.constraint}"
        )
    code = _declared(service, codes.missing if first.missing else codes.constraint)
    plural = "s" if len(faults) > 1 else ""
    return AwsError(code, f"{len(faults)} validation error{plural} detected: {'; '.join(map(str, faults))}")


def _declared(service: str, code: str) -> str:
    """*code*, or ValidationException where the operation has that and not the other: of later ones, in older services.

    LocalStack's suite recorded it of CloudWatch Logs' deliveries (test_logs_delivery).
    """
    try:
        operation = get_service_model(service).operation_model(current_call.get().operation)
    except (UnknownServiceError, OperationNotFoundError):
        return code
    declared = {shape.name for shape in operation.error_shapes}
    return "ValidationException" if "ValidationException" in declared and code not in declared else code


def _malformed_xml() -> AwsError:
    code = "MalformedACLError" if current_call.get().operation.endswith("Acl") else "MalformedXML"
    return AwsError(code, "The XML you provided was not well-formed or did not validate against our published schema")
