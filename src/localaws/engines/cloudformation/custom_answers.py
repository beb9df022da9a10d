"""Where a custom resource's provider answers: a presigned URL of S3, as on AWS, to a bucket that is there meanwhile.

Source: CloudFormation user guide, "Custom resource response objects".
"""

from __future__ import annotations

import json
import time
import uuid
from types import TracebackType
from typing import Any, Self

from botocore.auth import S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from moto.cloudformation.exceptions import CloudFormationError

from localaws.client import on_behalf_of
from localaws.lab import Lab

SERVICE = "cloudformation.amazonaws.com"
#: Seconds to wait for an answer that does not come while the function runs. AWS waits for ServiceTimeout, which is an
#: hour; here the caller of CreateStack waits meanwhile, and clients do so for a minute.
_PATIENCE = 45.0
#: Seconds from one look for the answer to the next.
_PAUSE = 0.2
#: "The total size of the response object can't exceed 4,096 bytes."
_LARGEST = 4096
_KEY = "answer"
_NONE_CAME = (
    "CloudFormation did not receive a response from your Custom Resource. Please check your logs for requestId [{}]. "
    "If you are using the Python cfn-response module, you may need to update your Lambda function code so that "
    "CloudFormation can attach the updated version."
)


class AnswerBox:
    """A bucket for one answer; *url* is where to put it."""

    def __init__(self, lab: Lab, region: str) -> None:
        self._lab = lab
        self._s3 = lab.client("s3")
        self._bucket = f"cloudformation-custom-resource-response-{uuid.uuid4().hex[:12]}"
        request = AWSRequest("PUT", f"{lab.endpoint}/{self._bucket}/{_KEY}")
        owner = Credentials(lab.owner.access_key_id, lab.owner.secret_access_key)
        S3SigV4QueryAuth(owner, "s3", region, expires=7200).add_auth(request)
        self.url: str = request.url

    def __enter__(self) -> Self:
        with on_behalf_of(self._lab.owner, SERVICE):  # the bucket is AWS's, not the caller's
            self._s3.create_bucket(Bucket=self._bucket)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with on_behalf_of(self._lab.owner, SERVICE):
            self._s3.delete_object(Bucket=self._bucket, Key=_KEY)
            self._s3.delete_bucket(Bucket=self._bucket)

    def answer(self, request_id: str, seconds: float) -> dict[str, Any]:
        """What the provider answers within *seconds*. Raises CloudFormationError for none, or none that can be read."""
        end = time.monotonic() + min(seconds, _PATIENCE)
        while (body := self._look()) is None:
            if time.monotonic() > end or self._lab.stopping.wait(_PAUSE):
                raise CloudFormationError(_NONE_CAME.format(request_id))
        if len(body) > _LARGEST:
            raise CloudFormationError("Response object is too long.")
        try:
            answer = json.loads(body)
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            raise CloudFormationError("Response is not valid JSON")
        return answer

    def _look(self) -> bytes | None:
        try:
            with on_behalf_of(self._lab.owner, SERVICE):
                body: bytes = self._s3.get_object(Bucket=self._bucket, Key=_KEY)["Body"].read()
        except ClientError as error:
            if error.response["Error"]["Code"] != "NoSuchKey":
                raise
            return None
        return body
