"""A function whose code is checked when it arrives and lies on disk, ready to be run.

moto keeps the configuration. Sources: CreateFunction, API reference; Lambda developer guide, "Lambda quotas".
"""

from __future__ import annotations

import base64
import binascii
import copy
import hashlib
import re
import uuid
from pathlib import Path
from typing import Any, ClassVar, Self

from botocore.exceptions import ClientError
from moto.awslambda.exceptions import CrossAccountNotAllowed, InvalidParameterValueException, InvalidRoleFormat
from moto.awslambda.models import LambdaFunction, LayerVersion
from moto.awslambda.utils import get_backend

from localaws.client import is_trusted, on_behalf_of
from localaws.engines.lambda_.archives import Archived, keep_archive
from localaws.engines.lambda_.environment import check_variables
from localaws.engines.lambda_.packages import LARGEST_UNZIPPED, LARGEST_ZIP, check_size, unzip, unzipped_size
from localaws.engines.lambda_.worker import Sandbox
from localaws.gateway.errors import AwsError
from localaws.gateway.records import current_call
from localaws.lab import Lab

#: CreateFunction, API reference: allowed seconds and megabytes.
TIMEOUTS = range(1, 901)
MEMORY_SIZES = range(128, 10_241)
#: Bytes of all code in a region ("Lambda quotas").
TOTAL_CODE_SIZE = 80_530_636_800
#: AWS's runtimes, in the order in which its errors list them.
RUNTIMES = (
    "nodejs20.x python3.14 provided.al2023 python3.12 python3.13 nodejs24.x nodejs22.x java25 python3.10 python3.11 "
    "java21 ruby3.3 ruby3.4 ruby3.2 python3.8 python3.9 java17 nodejs16.x dotnet10 dotnet8 java11 dotnet6 nodejs18.x "
    "provided.al2 java8.al2"
).split()


class FunctionEngine(Archived, LambdaFunction):
    """moto's function, which can say what to run."""

    lab: ClassVar[Lab]
    directory: ClassVar[Path]

    def __init__(self, account_id: str, spec: dict[str, Any], region: str, version: str | int = 1) -> None:
        self.renew()
        self.dead_letter_arn: str = ""
        self._has_environment = spec.get("Environment") is not None
        self.log_group: str = ""
        _check_settings({"Timeout": 3, "MemorySize": 128, "Runtime": None, "Handler": None, **spec})
        if spec.get("PackageType", "Zip") != "Zip":
            raise InvalidParameterValueException("This lab runs functions of PackageType Zip: it has no containers.")
        _check_role(self.lab, spec["Role"], account_id)
        super().__init__(account_id, {**spec, "Code": zip_code(self.lab, spec["Code"], region)}, region, version)
        self.code.pop("ZipFile")
        self._keep(spec)
        self._check_total_size()

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        """moto copies a function to tell of it by another ARN or version, and with it all that CloudWatch Logs has."""
        return copy.copy(self)

    @property
    def vpc_config(self) -> dict[str, Any] | None:
        """As `placed` has found it."""
        return self._vpc_config or None

    @property
    def places(self) -> list[Path]:
        """Where the code lies unzipped, and then, if there are any, the layers over one another."""
        code = self.directory / "code" / self.code_digest
        digests = "".join(version.code_digest for version in self._layer_versions())
        layers = self.directory / "layers" / hashlib.sha256(digests.encode()).hexdigest()
        return [code, layers] if digests else [code]

    def sandbox(self) -> Sandbox:
        """What an execution environment of this function, as it is now, is made for; its code is on disk."""
        code, *layers = self.places
        if not code.exists():
            unzip([self.code_bytes], code)
        for place in layers:
            if not place.exists():
                unzip([version.code_bytes for version in self._layer_versions()], place)
        return Sandbox(
            account_id=self.account_id,
            region=self.region,
            name=self.function_name,
            version=str(self.version),
            runtime=self.run_time or "",
            handler=self.handler or "",
            role=self.role,
            memory_mb=int(self.memory_size),
            timeout=int(self.timeout),
            storage_mb=int(self.ephemeral_storage),
            code=code,
            layers=layers[0] if layers else None,
            variables=tuple(sorted(self.environment_vars.items())),
            log_group=self.log_group or self.logs_group_name,
        )

    def get_configuration(self, on_create: bool = False) -> dict[str, Any]:
        """The configuration as AWS tells it; *on_create*, of a function that is still being made."""
        configuration = super().get_configuration(on_create)
        if not self.layers:
            del configuration["Layers"]
        if self._has_environment:
            configuration["Environment"] = {"Variables": self.environment_vars}
        if self.dead_letter_arn:
            configuration["DeadLetterConfig"] = {"TargetArn": self.dead_letter_arn}
        configuration["LoggingConfig"] = {"LogFormat": "Text", "LogGroup": self.log_group or self.logs_group_name}
        digest = hashlib.sha256(str(self.run_time).encode()).hexdigest()
        arn = f"arn:{self.partition}:lambda:{self.region}::runtime:{digest}"
        configuration["RuntimeVersionConfig"] = {"RuntimeVersionArn": arn}
        configuration["RevisionId"] = self.revision_id
        if on_create:
            creating = {
                "State": "Pending",
                "StateReason": "The function is being created.",
                "StateReasonCode": "Creating",
            }
            configuration |= creating
        return configuration

    def renew(self) -> None:
        """Every change makes another revision."""
        self.revision_id = str(uuid.uuid4())

    def update_configuration(self, config_updates: dict[str, Any]) -> dict[str, Any]:
        """Change settings; environments made for the former ones serve no further calls."""
        _check_settings(config_updates)
        if role_arn := config_updates.get("Role"):
            _check_role(self.lab, role_arn, self.account_id)
        if "Environment" in config_updates:
            config_updates = {**config_updates, "Environment": {"Variables": {}, **config_updates["Environment"]}}
            self._has_environment = True
        former = self.layers
        super().update_configuration(config_updates)
        try:
            self._check_total_size()
        except InvalidParameterValueException:
            self.layers = former
            raise
        if "EphemeralStorage" in config_updates:
            self.ephemeral_storage = config_updates["EphemeralStorage"]["Size"]
        self._keep(config_updates)
        self._touch()
        return self.get_configuration()

    def update_function_code(self, updated_spec: dict[str, Any]) -> dict[str, Any]:
        """Change the code, or with ``DryRun`` only check it."""
        code = zip_code(self.lab, updated_spec, self.region)
        super().update_function_code({**code, "DryRun": updated_spec.get("DryRun", False)})
        self.code.pop("ZipFile", None)
        self._check_total_size()
        self._touch()
        return self.get_configuration()

    def _keep(self, spec: dict[str, Any]) -> None:
        """Keep the settings that moto has no place for."""
        if "DeadLetterConfig" in spec:
            self.dead_letter_arn = spec["DeadLetterConfig"].get("TargetArn", "")
        if "LoggingConfig" in spec:
            self.log_group = spec["LoggingConfig"].get("LogGroup", self.log_group)

    def _touch(self) -> None:
        self.renew()
        self.last_modified = self.lab.clock.now().strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "+0000"

    def _layer_versions(self) -> list[LayerVersion]:
        backend = get_backend(self.account_id, self.region)
        versions = [backend.layers_versions_by_arn(layer["Arn"]) for layer in self.layers]
        return [version for version in versions if version is not None]

    def _check_total_size(self) -> None:
        check_size(unzipped_size([self.code_bytes, *(version.code_bytes for version in self._layer_versions())]))


def zip_code(lab: Lab, code: dict[str, Any], region: str) -> dict[str, Any]:
    """*code* as the request gave it (``ZipFile``, or ``S3Bucket`` and ``S3Key``) as ``{"ZipFile": base64}``, checked.

    Raises InvalidParameterValueException for what is no safe zip archive or is not there.
    """
    if "S3Bucket" in code:
        archive = _from_s3(lab, code, region)
    elif "ZipFile" in code:
        try:
            archive = base64.b64decode(code["ZipFile"])
        except (binascii.Error, ValueError):
            raise InvalidParameterValueException("ZipFile is not base64.") from None
        if len(archive) > LARGEST_ZIP:
            raise AwsError(
                "RequestEntityTooLargeException",
                f"A .zip file in a request must be smaller than {LARGEST_ZIP} bytes: put larger ones into S3.",
                413,
            )
    else:
        raise InvalidParameterValueException("Please provide ZipFile, or S3Bucket and S3Key.")
    unzip([archive], FunctionEngine.directory / "code" / keep_archive(archive))
    return {"ZipFile": base64.b64encode(archive).decode()}


def _from_s3(lab: Lab, code: dict[str, Any], region: str) -> bytes:
    """Of a larger object than any archive may be only the beginning is read, which says enough."""
    place = {"Bucket": code["S3Bucket"], "Key": code["S3Key"], "Range": f"bytes=0-{LARGEST_UNZIPPED}"}
    if code.get("S3ObjectVersion"):
        place["VersionId"] = code["S3ObjectVersion"]
    try:
        with on_behalf_of(current_call.get().credential, "lambda.amazonaws.com"):
            answer = lab.client("s3", region=region).get_object(**place)
    except ClientError as error:
        details = error.response["Error"]
        if details["Code"] == "InvalidRange":
            return b""  # an empty object has not even a first byte
        raise InvalidParameterValueException(
            f"Error occurred while GetObject. S3 Error Code: {details['Code']}. S3 Error Message: {details['Message']}"
        ) from None
    content: bytes = answer["Body"].read()
    check_size(len(content))
    return content


def _check_role(lab: Lab, role_arn: str, account_id: str) -> None:
    """Raises InvalidParameterValueException unless Lambda can take the role, AccessDeniedException if it is another's.

    Source: "Defining Lambda function permissions with an execution role" (Lambda developer guide).
    """
    if not re.match(InvalidRoleFormat.pattern, role_arn):
        raise InvalidRoleFormat(role_arn)
    if role_arn.split(":")[4] != account_id:
        raise CrossAccountNotAllowed
    if lab.credentials.find_role_id(role_arn) is None or not is_trusted(lab, role_arn, "lambda"):
        raise InvalidParameterValueException("The role defined for the function cannot be assumed by Lambda.")


def _check_settings(spec: dict[str, Any]) -> None:
    """Raises InvalidParameterValueException for settings that AWS, or this lab, cannot run."""
    if "Runtime" in spec:
        _check_runtime(spec["Runtime"])
    if "Handler" in spec and not spec["Handler"]:
        raise InvalidParameterValueException("Handler is required for functions with PackageType Zip.")
    for name, allowed in (("Timeout", TIMEOUTS), ("MemorySize", MEMORY_SIZES)):
        if spec.get(name) is not None and spec[name] not in allowed:
            raise AwsError(
                "ValidationException",
                f"1 validation error detected: Value '{spec[name]}' at '{name[0].lower() + name[1:]}' failed to "
                f"satisfy constraint: Member must have value between {allowed.start} and {allowed.stop - 1}",
            )
    if (spec.get("LoggingConfig") or {}).get("LogFormat", "Text") != "Text":
        raise InvalidParameterValueException("This lab writes function logs in the LogFormat Text only.")
    check_variables((spec.get("Environment") or {}).get("Variables", {}))


def _check_runtime(runtime: str | None) -> None:
    if runtime not in RUNTIMES:
        raise InvalidParameterValueException(
            f"Value {runtime} at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: "
            f"[{', '.join(RUNTIMES)}] or be a valid ARN"
        )
    if not runtime.startswith("python"):
        raise InvalidParameterValueException(
            f"This lab runs Python functions: the runtime must be python3.x, not {runtime!r}."
        )
