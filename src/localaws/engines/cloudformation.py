"""CloudFormation: templates are read from S3 as its user would read them, and what S3 says is what a refusal says."""

from __future__ import annotations

import re
from typing import ClassVar
from urllib.parse import unquote, urlsplit

from botocore.exceptions import ClientError
from moto.cloudformation.responses import CloudFormationResponse

from localaws.engines import replace_responses
from localaws.gateway.errors import AwsError
from localaws.lab import Lab

_HELP = "For more information check http://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html"


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
    replace_responses(CloudFormationResponse, CloudFormationEngineResponse)
