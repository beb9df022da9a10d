"""What a cluster's statements may ask of the lab: what lies in S3, by the rights of a role that the cluster has."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from moto.s3.models import s3_backends

from localaws.authorization import keys_of_call
from localaws.credentials import Credential
from localaws.engines.redshift.external import ExternalQuestions
from localaws.engines.redshift.rights import PRINCIPAL, Actor, acting
from localaws.engines.s3.backend import S3Engine
from localaws.gateway.errors import AwsError
from localaws.gateway.records import Call
from localaws.lake.access import record_reading
from localaws.warehouse.errors import INTERNAL, RedshiftError
from localaws.warehouse.talking import Answers

if TYPE_CHECKING:
    from localaws.engines.redshift.warehouse import Warehouse

#: Rights, as `loading.words.authorization` has them.
Rights = Mapping[str, str]


class Questions:
    """Those of *cluster*."""

    def __init__(self, cluster: Warehouse) -> None:
        self._cluster = cluster
        self._lab = cluster.lab

    @property
    def answers(self) -> Answers:
        own: Answers = {
            "read": self.read, "text": self.text, "has_any": self.has_any, "clear": self.clear, "put": self.put,
        }  # fmt: skip
        return {**own, **ExternalQuestions(self._cluster, self).answers}

    def read(self, rights: Rights, uri: str, user: str, region: str = "", manifest: bool = False) -> list[Any]:
        """The objects of a COPY as files of this machine: those whose keys begin as *uri*, or those of a *manifest*."""
        with acting(self._cluster, rights, region) as actor:
            if manifest:
                uris = self._listed(actor, uri)
            else:
                bucket, prefix = _split(uri)
                pages = actor.client("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
                uris = [f"s3://{bucket}/{item['Key']}" for page in pages for item in page.get("Contents", [])]
            return self.files(actor.credential, uris)

    def text(self, rights: Rights, uri: str, user: str, region: str = "") -> str:
        """The text of the object *uri*: a file of paths, say."""
        bucket, key = _split(uri)
        with acting(self._cluster, rights, region) as actor:
            body = actor.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
        return str(body.decode("utf-8", "replace"))

    def has_any(self, rights: Rights, uri: str, user: str, region: str = "") -> bool:
        """Whether there are objects whose keys begin as *uri*."""
        bucket, prefix = _split(uri)
        with acting(self._cluster, rights, region) as actor:
            found = actor.client("s3").list_objects_v2(Bucket=bucket, Prefix=prefix, MaxKeys=1)
        return bool(found.get("KeyCount"))

    def clear(self, rights: Rights, uris: Sequence[str], user: str, region: str = "") -> None:
        """Delete the objects whose keys begin as one of *uris*."""
        with acting(self._cluster, rights, region) as actor:
            s3 = actor.client("s3")
            for uri in uris:
                bucket, prefix = _split(uri)
                for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
                    if keys := [{"Key": item["Key"]} for item in page.get("Contents", [])]:
                        refused = s3.delete_objects(Bucket=bucket, Delete={"Objects": keys}).get("Errors")
                        if refused:
                            said = f"S3ServiceException:{refused[0]['Message']},Error {refused[0]['Code']}"
                            raise RedshiftError(INTERNAL, said)

    def put(
        self, rights: Rights, files: Sequence[tuple[str, str]], user: str, region: str = "", kms_key: str = ""
    ) -> None:
        """Put files of the cluster's own directory as objects: pairs of a path and a URI."""
        own = (self._cluster.directory / "scratch").resolve()
        sealed = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": kms_key} if kms_key else {}
        with acting(self._cluster, rights, region) as actor:
            s3 = actor.client("s3")
            for path, uri in files:
                source = Path(path).resolve()
                if not source.is_relative_to(own):
                    raise RedshiftError(INTERNAL, f"{uri} is not from the cluster")
                bucket, key = _split(uri)
                with source.open("rb") as body:
                    s3.put_object(Bucket=bucket, Key=key, Body=body, **sealed)

    def _listed(self, actor: Actor, uri: str) -> list[str]:
        """What the manifest *uri* lists and is there ("Using a manifest to specify data files")."""
        s3 = actor.client("s3")
        bucket, key = _split(uri)
        try:
            entries = json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())["entries"]
            wanted = [(str(each["url"]), bool(each.get("mandatory", False))) for each in entries]
        except ClientError as error:
            told = error.response["Error"]
            said = f"Problem reading manifest file - S3ServiceException:{told['Message']},Error {told['Code']}"
            raise RedshiftError(INTERNAL, said) from None
        except (ValueError, KeyError, TypeError):
            raise RedshiftError(INTERNAL, "Manifest file is not in correct json format") from None
        found = []
        for each, mandatory in wanted:
            bucket, key = _split(each)
            try:
                s3.head_object(Bucket=bucket, Key=key)
                found.append(each)
            except ClientError as error:
                if error.response["Error"]["Code"] not in ("404", "NoSuchKey") or mandatory:
                    said = f"Manifest entry {each} cannot be read: {error.response['Error']['Code']}"
                    raise RedshiftError(INTERNAL, said) from None
        return found

    def files(self, credential: Credential, uris: Sequence[str]) -> list[dict[str, Any]]:
        """The objects *uris* as files, once it is decided that *credential* may read them; each leaves a record."""
        if not uris:
            return []
        region = self._cluster.region
        call = Call.done_by(PRINCIPAL, self._lab.clock, "s3", "GetObject", region)
        arns = [f"arn:aws:s3:::{uri.removeprefix('s3://')}" for uri in uris]
        try:
            self._lab.authorize(credential, "s3", "s3:GetObject", arns, keys_of_call(call))
            found = [self._file(credential, uri) for uri in uris]
        except AwsError as refused:
            record_reading(self._lab, region, PRINCIPAL, credential, uris[:1], refused)
            said = f"S3ServiceException:{refused.message},Status {refused.status},Error {refused.code}"
            raise RedshiftError(INTERNAL, said) from None
        record_reading(self._lab, region, PRINCIPAL, credential, uris)
        return found

    def _file(self, credential: Credential, uri: str) -> dict[str, Any]:
        """One of them; what lies encrypted is decrypted into the cluster's own directory, and to be removed there."""
        stored = s3_backends[self._lab.account_id]["aws"].stored(*_split(uri))  # type: ignore[attr-defined]
        path = stored.path
        if stored.kms_key_id or stored.envelope:
            key = S3Engine.data_keys.open(stored, caller=credential)
            path = self._cluster.directory / "scratch" / f"unsealed-{secrets.token_hex(8)}"
            with path.open("xb") as target:
                for block in stored.blocks(0, stored.size, key):
                    target.write(block)
        return {"uri": uri, "path": str(path), "size": stored.size}


def _split(uri: str) -> tuple[str, str]:
    """Bucket and key. Raises RedshiftError for what is no place in S3."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    if not uri.startswith("s3://") or not bucket:
        raise RedshiftError(INTERNAL, f"The S3 location must look like s3://bucket/key, not {uri}")
    return bucket, key
