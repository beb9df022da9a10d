"""What a cluster's statements may ask of the lab: what lies in S3, by the rights of a role that the cluster has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from moto.s3.models import s3_backends

from localaws.authorization import keys_of_call
from localaws.client import credential_of_role
from localaws.gateway.errors import AwsError
from localaws.gateway.records import Call
from localaws.lake.access import record_reading
from localaws.warehouse.errors import INTERNAL, RedshiftError
from localaws.warehouse.talking import Answers

if TYPE_CHECKING:
    from localaws.engines.redshift.cluster import RedshiftCluster

_PRINCIPAL = "redshift.amazonaws.com"
_SESSION = "RedshiftIamRoleSession"


class Questions:
    """Those of *cluster*."""

    def __init__(self, cluster: RedshiftCluster) -> None:
        self._cluster = cluster
        self._lab = cluster.lab

    @property
    def answers(self) -> Answers:
        return {"read": self.read}

    def read(self, role: str, uri: str, user: str) -> list[dict[str, Any]]:
        """The objects whose keys begin as *uri* does, as files of this machine that *role* may read."""
        bucket, _, prefix = uri.removeprefix("s3://").partition("/")
        arn = self._role(role)
        try:
            s3 = self._lab.client("s3", region=self._cluster.region, role_arn=arn, session_name=_SESSION, by="redshift")
            pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
            keys = [item["Key"] for page in pages for item in page.get("Contents", []) if item["Size"]]
            credential = credential_of_role(self._lab, arn, _SESSION, "redshift")
        except ClientError as error:
            told = error.response["Error"]
            raise RedshiftError(INTERNAL, f"S3ServiceException:{told['Message']},Error {told['Code']}") from None
        if not keys:
            return []
        call = Call.done_by(_PRINCIPAL, self._lab.clock, "s3", "GetObject", self._cluster.region)
        arns = [f"arn:aws:s3:::{bucket}/{key}" for key in keys]
        uris = [f"s3://{bucket}/{key}" for key in keys]
        try:
            self._lab.authorize(credential, "s3", "s3:GetObject", arns, keys_of_call(call))
        except AwsError as refused:
            record_reading(self._lab, self._cluster.region, _PRINCIPAL, credential, uris[:1], refused)
            raise RedshiftError(INTERNAL, f"S3ServiceException:{refused.message},Error {refused.code}") from None
        record_reading(self._lab, self._cluster.region, _PRINCIPAL, credential, uris)
        stored = [s3_backends[self._lab.account_id]["aws"].stored(bucket, key) for key in keys]  # type: ignore[attr-defined]
        return [{"uri": uri, "path": str(each.path), "size": each.size} for uri, each in zip(uris, stored, strict=True)]

    def _role(self, role: str) -> str:
        """The ARN of the role that a statement names. Raises RedshiftError for one that the cluster has not."""
        arn = self._cluster.default_role if role.lower() == "default" else role
        if arn not in self._cluster.iam_roles_arn:
            said = f"User arn:aws:redshift:{self._cluster.region}:{self._cluster.account_id}:dbuser:" \
                   f"{self._cluster.cluster_identifier}/{self._cluster.master_username} is not authorized to assume " \
                   f"IAM Role {arn}"  # fmt: skip
            raise RedshiftError(INTERNAL, said)
        return arn
