"""Systems Manager: a document is an object, and a patch group is one of Windows unless the request says otherwise.

Source: API reference, CreateDocument and GetPatchBaselineForPatchGroup.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

import yaml
from botocore.exceptions import ClientError
from moto.ssm.models import Document, ParameterDict, SimpleSystemManagerBackend
from moto.ssm.responses import SimpleSystemManagerResponse

from localaws.bounded_yaml import BoundedLoader
from localaws.client import on_behalf_of
from localaws.gateway.errors import AwsError
from localaws.gateway.records import current_call
from localaws.lab import Lab

#: How the name of a parameter begins that is a secret.
_SECRETS = "/aws/reference/secretsmanager/"


class DocumentEngine(Document):
    """Raises InvalidDocumentContent for what is no object."""

    def __init__(self, *, content: Any, **described: Any) -> None:
        try:  # JSON is YAML too
            is_object = isinstance(yaml.load(content, Loader=BoundedLoader), dict)
        except (yaml.YAMLError, RecursionError):
            is_object = False
        if not is_object:
            raise AwsError("InvalidDocumentContent", "The content for the document is not valid.")
        super().__init__(content=content, **described)


class ParametersEngine(ParameterDict):
    """Reads a secret that a parameter's name refers to as who asks for the parameter.

    Source: "Referencing AWS Secrets Manager secrets from Parameter Store parameters" (Systems Manager user guide).
    """

    lab: ClassVar[Lab]

    def __contains__(self, name: str) -> bool:  # type: ignore[override]
        """Raises AccessDeniedException where the caller may not read the secret."""
        if name and name.startswith(_SECRETS):
            secrets = self.lab.client("secretsmanager", region=self.region_name)
            call = current_call.get(None)  # a stack's parameters are looked at without one
            with on_behalf_of(call.credential if call else None, "ssm.amazonaws.com"):
                try:
                    secrets.get_secret_value(SecretId=name.removeprefix(_SECRETS))
                except ClientError as error:
                    if error.response["Error"]["Code"] == "AccessDeniedException":
                        raise AwsError("AccessDeniedException", error.response["Error"]["Message"]) from None
        return super().__contains__(name)


class SsmEngine(SimpleSystemManagerBackend):
    """Forgets a parameter that was only looked for; moto keeps an empty list of it, which nothing can read."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self._changing = threading.RLock()

    def put_parameter(self, *args: Any, **kwargs: Any) -> Any:
        with self._changing_parameters():
            return super().put_parameter(*args, **kwargs)

    def label_parameter_version(self, *args: Any, **kwargs: Any) -> Any:
        with self._changing_parameters():
            return super().label_parameter_version(*args, **kwargs)

    def unlabel_parameter_version(self, *args: Any, **kwargs: Any) -> Any:
        with self._changing_parameters():
            return super().unlabel_parameter_version(*args, **kwargs)

    @contextmanager
    def _changing_parameters(self) -> Iterator[None]:
        with self._changing:
            try:
                yield
            finally:
                for name in [name for name, versions in self._parameters.items() if not versions]:
                    del self._parameters[name]


class SsmEngineResponse(SimpleSystemManagerResponse):
    """Fills in what a request may leave out."""

    def _get_param(self, param_name: str, if_none: Any = None) -> Any:
        of_group = self._get_action() == "GetPatchBaselineForPatchGroup"
        default = "WINDOWS" if of_group and param_name == "OperatingSystem" else if_none
        return super()._get_param(param_name, default)
