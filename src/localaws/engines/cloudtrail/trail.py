"""A trail: where it delivers to, and whether CloudTrail may.

Sources: API reference, CreateTrail and UpdateTrail; CloudTrail user guide, "Amazon S3 bucket policy for CloudTrail",
"Amazon SNS topic policy for CloudTrail", "Using AWS KMS keys".
"""

from __future__ import annotations

import base64
import json
from typing import Any, ClassVar

from botocore.exceptions import ClientError
from moto.cloudtrail.models import Trail
from moto.s3.exceptions import S3ClientError
from moto.s3.models import s3_backends
from moto.sns.models import sns_backends

from localaws.authorization import keys_of_source
from localaws.client import on_behalf_of
from localaws.engines.cloudtrail import selectors
from localaws.engines.cloudtrail.events import Event
from localaws.engines.cloudtrail.names import GLOBAL
from localaws.gateway.errors import AwsError
from localaws.gateway.records import current_call
from localaws.lab import Lab

PRINCIPAL = "cloudtrail.amazonaws.com"
_LONGEST_PREFIX = 200
#: What a trail may leave out by IncludeGlobalServiceEvents.
_GLOBAL = frozenset(f"{name}.amazonaws.com" for name in (*GLOBAL, "sts"))


class TrailEngine(Trail):
    """Delivers only to where CloudTrail may."""

    lab: ClassVar[Lab]

    recursive_logging = True

    def check_bucket_exists(self) -> None:
        """Raises S3BucketDoesNotExistException, and InsufficientS3BucketPolicyException where the policy is wrong."""
        if self.s3_key_prefix and len(self.s3_key_prefix) > _LONGEST_PREFIX:
            raise AwsError("InvalidS3PrefixException", f"S3 prefix is longer than maximum length: {_LONGEST_PREFIX}")
        try:
            bucket = s3_backends[self.account_id][self.partition].get_bucket(self.bucket_name)
        except S3ClientError:
            missing = f"S3 bucket {self.bucket_name} does not exist!"
            raise AwsError("S3BucketDoesNotExistException", missing) from None
        wanted = {"s3:GetBucketAcl": bucket.arn, "s3:PutObject": f"{bucket.arn}/{self.folder}"}
        headers = {"s3:x-amz-acl": "bucket-owner-full-control"}
        if not all(self._may(action, arn, headers) for action, arn in wanted.items()):
            said = f"Incorrect S3 bucket policy is detected for bucket: {self.bucket_name}"
            raise AwsError("InsufficientS3BucketPolicyException", said)

    def check_topic_exists(self) -> None:
        """Raises InsufficientSnsTopicPolicyException."""
        if not (arn := self.topic_arn):
            return
        topic = sns_backends[self.account_id][arn.split(":")[3]].topics.get(arn)
        if topic is None or not self._may("sns:Publish", arn, {}):
            said = "SNS Topic does not exist or the topic policy is incorrect!"
            raise AwsError("InsufficientSnsTopicPolicyException", said)

    def _may(self, action: str, arn: str, keys: dict[str, str]) -> bool:
        """Whether the policy of *arn* lets CloudTrail do *action* for this trail."""
        return self.lab.allows("cloudtrail", action, arn, {**keys_of_source(self.arn, self.account_id), **keys})

    def check_others(self) -> None:
        """Raises the errors of a KMS key, a log group or a role that does not do; the key becomes its ARN."""
        if self.kms_key_id:
            self.kms_key_id = self._key()
        if bool(self.cw_log_group_arn) != bool(self.cw_role_arn):
            name = "RoleArn" if self.cw_log_group_arn else "LogGroupArn"
            said = f"You must specify a CloudWatchLogs{name} along with the other."
            raise AwsError(f"InvalidCloudWatchLogs{name}Exception", said)
        if self.cw_log_group_arn:
            self._try_log_group()

    def _try_log_group(self) -> None:
        """Make the stream of the trail's own region, as CloudTrail does to see whether it may."""
        if self.lab.credentials.find_role_id(self.cw_role_arn) is None:
            said = "Access denied. Check the trust relationships for your role."
            raise AwsError("InvalidCloudWatchLogsRoleArnException", said)
        logs = self.logs()
        unknown = AwsError(
            "InvalidCloudWatchLogsLogGroupArnException", "CloudTrail cannot validate the specified log group ARN."
        )
        if not self.log_group:
            raise unknown
        try:
            logs.create_log_stream(logGroupName=self.log_group, logStreamName=self.log_stream(self.region_name))
        except logs.exceptions.ResourceAlreadyExistsException:
            pass
        except logs.exceptions.ResourceNotFoundException:
            raise unknown from None
        except ClientError:
            said = "Access denied. Check the permissions for your role."
            raise AwsError("InvalidCloudWatchLogsRoleArnException", said) from None

    def logs(self) -> Any:
        """A client of CloudWatch Logs that acts as the trail's role."""
        role = {"role_arn": self.cw_role_arn, "session_name": "CloudTrail"}
        return self.lab.client("logs", region=self.region_name, by="cloudtrail", **role)

    def log_stream(self, region: str) -> str:
        """What the stream with the events of *region* is called."""
        return f"{self.account_id}_CloudTrail_{region}"

    def _key(self) -> str:
        call = current_call.get(None)
        with on_behalf_of(call.credential if call else None, PRINCIPAL):
            kms = self.lab.client("kms", region=self.region_name)
            try:
                key = kms.describe_key(KeyId=self.kms_key_id)["KeyMetadata"]
            except ClientError:
                raise AwsError("KmsKeyNotFoundException", f"KMS key {self.kms_key_id} does not exist.") from None
        if key["KeyState"] != "Enabled":
            raise AwsError("KmsKeyDisabledException", f"KMS key {self.kms_key_id} is not enabled.")
        arn = str(key["Arn"])
        context = {"kms:EncryptionContext:aws:cloudtrail:arn": self.arn}
        if not self._may("kms:GenerateDataKey", arn, context):
            said = f"Insufficient permissions to access S3 bucket {self.bucket_name} or KMS key {arn}."
            raise AwsError("InsufficientEncryptionPolicyException", said)
        return arn

    def update(self, *args: Any, **kwargs: Any) -> None:
        before = dict(vars(self))
        try:
            super().update(*args, **kwargs)
            if self.is_multi_region and not self.include_global_service_events:
                said = "Multi-Region trail must include global service events."
                raise AwsError("InvalidParameterCombinationException", said)
            self.check_bucket_exists()
            self.check_topic_exists()
            self.check_others()
        except BaseException:
            vars(self).update(before)
            raise

    @property
    def topic_arn(self) -> str | None:
        name = self.sns_topic_name
        return name if name and name.startswith("arn:") else super().topic_arn

    @property
    def log_group(self) -> str:
        """The name of the log group that it writes to too; "" if it does not."""
        return (self.cw_log_group_arn or "").partition(":log-group:")[2].removesuffix(":*")

    @property
    def folder(self) -> str:
        """What the keys of its objects begin with."""
        return f"{self.s3_key_prefix}/" * bool(self.s3_key_prefix) + f"AWSLogs/{self.account_id}/"

    @property
    def encryption(self) -> dict[str, str]:
        """How its objects are to be encrypted, as parameters of PutObject."""
        if not self.kms_key_id:
            return {}
        context = base64.b64encode(json.dumps({"aws:cloudtrail:arn": self.arn}).encode()).decode()
        key = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": self.kms_key_id}
        return {**key, "SSEKMSEncryptionContext": context}

    def select(self, basic: list[dict[str, Any]], advanced: list[dict[str, Any]]) -> None:
        """Want what these selectors do. Raises InvalidEventSelectorsException."""
        if bool(basic) == bool(advanced):
            said = "Specify either EventSelectors or AdvancedEventSelectors."
            raise AwsError("InvalidEventSelectorsException", said)
        self.event_selectors = selectors.check_basic(basic or [])
        self.advanced_event_selectors = selectors.check_advanced(advanced or [])

    @property
    def wants_data(self) -> bool:
        """Whether it wants any data event."""
        return selectors.wants_data(self.event_selectors, self.advanced_event_selectors)

    def wants(self, event: Event) -> bool:
        """Whether *event* goes into its files."""
        region, source = event.content["awsRegion"], event.content["eventSource"]
        if event.account != self.account_id or not (self.is_multi_region or region == self.region_name):
            return False
        if source in _GLOBAL and not self.include_global_service_events:
            return False
        record = event.record
        if not self.recursive_logging and PRINCIPAL in (record["principal"], record["via"]):
            return False
        return selectors.wants(event, self.event_selectors, self.advanced_event_selectors)

    def description(self, include_region: bool = False) -> dict[str, Any]:
        told = {**super().description(include_region=True), "RecursiveLogging": self.recursive_logging}
        told["HasCustomEventSelectors"] = bool(self.event_selectors or self.advanced_event_selectors)
        return {name: value for name, value in told.items() if value is not None}
