"""CloudFormation: templates are read from S3 as its user would read them, and as data.

What S3 says is what a refusal says. moto reads YAML with a loader that runs whatever Python a template names.
"""

from __future__ import annotations

import re
from typing import Any, ClassVar
from urllib.parse import unquote, urlsplit

import moto.cloudformation.models
import moto.cloudformation.responses
import yaml
from botocore.exceptions import ClientError
from moto.cloudformation.responses import CloudFormationResponse
from moto.cloudformation.utils import yaml_tag_constructor
from yaml.constructor import ConstructorError

from localaws.engines import replace_responses
from localaws.gateway.errors import AwsError
from localaws.lab import Lab

_HELP = "For more information check http://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html"


class TemplateLoader(yaml.SafeLoader):
    """Plain data, and the short forms of CloudFormation's functions (!Ref, !Sub, …): nothing that Python would run."""


TemplateLoader.add_multi_constructor("!", lambda loader, name, node: yaml_tag_constructor(loader, f"!{name}", node))


class TemplateYaml:
    """In place of the module ``yaml`` in moto's: whatever loader it asks for, it gets `TemplateLoader`."""

    Loader = TemplateLoader

    @staticmethod
    def add_multi_constructor(*_: Any) -> None:
        """The loader knows CloudFormation's tags."""

    @staticmethod
    def load(text: Any, Loader: type[yaml.SafeLoader]) -> Any:
        """Raises ValidationError for a tag that is not CloudFormation's, and what moto expects of YAML's parser."""
        try:
            return yaml.load(text, Loader=TemplateLoader)
        except ConstructorError as error:
            raise AwsError("ValidationError", f"Template format error: {error.problem}") from None


class CloudFormationEngineResponse(CloudFormationResponse):
    """Overrides where templates come from."""

    lab: ClassVar[Lab]

    def _get_stack_from_s3_url(self, template_url: str) -> str:
        """The template's text; raises ValidationError for a URL that is not of S3, or that S3 has nothing for."""
        bucket, key = self._place(template_url)
        try:
            body: bytes = self.lab.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
        except ClientError as error:
            # AWS does not tell a caller whether there is such a bucket
            denied = error.response["Error"]["Code"] == "NoSuchBucket"
            said = "Access Denied" if denied else error.response["Error"]["Message"]
            raise AwsError("ValidationError", f"S3 error: {said}\n{_HELP}") from None
        return body.decode()

    def _place(self, template_url: str) -> tuple[str, str]:
        """Bucket and key of a URL in virtual-hosted or path style, at AWS's host or the lab's."""
        url = urlsplit(template_url)
        path = unquote(url.path.lstrip("/"))
        hosted = re.fullmatch(r"(.+)\.(?:s3[.-][\w.-]*amazonaws\.com|s3\.localhost|localhost)(?::\d+)?", url.netloc)
        if hosted and path:
            return hosted.group(1), path
        bucket, _, key = path.partition("/")
        ours = url.netloc == urlsplit(self.lab.endpoint).netloc or re.fullmatch(r"s3[\w.-]*amazonaws\.com", url.netloc)
        if not (ours and bucket and key):
            raise AwsError("ValidationError", "TemplateURL must be a supported URL.")
        return bucket, key


def install(lab: Lab) -> None:
    CloudFormationEngineResponse.lab = lab
    moto.cloudformation.models.yaml = TemplateYaml  # type: ignore[attr-defined]
    moto.cloudformation.responses.yaml = TemplateYaml  # type: ignore[attr-defined]
    replace_responses(CloudFormationResponse, CloudFormationEngineResponse)
