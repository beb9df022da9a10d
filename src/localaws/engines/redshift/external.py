"""What a cluster asks of the Glue catalog for its external schemas, by the rights of their roles.

Sources: Redshift database developer guide, "Querying external data using Amazon Redshift Spectrum", "IAM policies for
Amazon Redshift Spectrum"; AWS's knowledge center, "How do I calculate the query charges in Amazon Redshift Spectrum?".
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from localaws.engines.lakeformation.backend import lake_of
from localaws.engines.redshift.rights import PRINCIPAL, Actor, acting
from localaws.gateway.records import Call
from localaws.warehouse.errors import RedshiftError, not_done
from localaws.warehouse.talking import Answers

if TYPE_CHECKING:
    from localaws.engines.redshift.questions import Questions
    from localaws.engines.redshift.warehouse import Warehouse

Rights = Mapping[str, str]
_HIDDEN, _LEFT = (".", "_", "#"), "~"
_MB = 1 << 20
_LEAST = 10 * _MB


class ExternalQuestions:
    """Those of *cluster*; *questions* reads its objects."""

    def __init__(self, cluster: Warehouse, questions: Questions) -> None:
        self._cluster, self._questions, self._lab = cluster, questions, cluster.lab

    @property
    def answers(self) -> Answers:
        return {
            "external_table": self.table,
            "external_tables": self.tables,
            "external_partitions": self.partitions,
            "external_files": self.files,
            "external_database": self.create_database,
            "external_create": self.create_table,
            "external_add": self.add_partitions,
            "external_drop": self.drop_table,
            "external_scanned": self.scanned,
        }

    def table(self, rights: Rights, database: str, table: str, user: str, region: str = "") -> Any:
        """What Glue says of a table; None where there is none."""
        with acting(self._cluster, rights, region) as actor:
            try:
                raw = actor.client("glue").get_table(DatabaseName=database, Name=table)["Table"]
            except ClientError as error:
                if error.response["Error"]["Code"] != "EntityNotFoundException":
                    raise
                return None
            self._check_whole(actor, database, table, region)
        return _plain(raw)

    def tables(self, rights: Rights, database: str, user: str, region: str = "") -> Any:
        """What Glue says of all tables of *database*."""
        with acting(self._cluster, rights, region) as actor:
            pages = actor.client("glue").get_paginator("get_tables").paginate(DatabaseName=database)
            return _plain([table for page in pages for table in page["TableList"]])

    def partitions(self, rights: Rights, database: str, table: str, user: str, region: str = "") -> list[Any]:
        """Of a table: values, location and columns of each partition."""
        with acting(self._cluster, rights, region) as actor:
            pages = (
                actor.client("glue").get_paginator("get_partitions").paginate(DatabaseName=database, TableName=table)
            )
            return [
                (each["Values"], each["StorageDescriptor"].get("Location", ""),
                 [(column["Name"], column.get("Type", "string"))
                  for column in each["StorageDescriptor"].get("Columns") or []])
                for page in pages for each in page["Partitions"]
            ]  # fmt: skip

    def files(
        self, rights: Rights, database: str, table: str, places: Sequence[str], user: str, region: str = ""
    ) -> list[list[Any]]:
        """The objects below each of *places* that hold rows, as files of this machine."""
        with acting(self._cluster, rights, region) as actor:
            s3 = actor.client("s3")
            listed = [self._keys(s3, place) for place in places]
            told = iter(self._questions.files(actor.credential, [uri for uris in listed for uri in uris]))
            return [[next(told) for _ in uris] for uris in listed]

    @staticmethod
    def _keys(s3: Any, place: str) -> list[str]:
        bucket, _, prefix = place.removeprefix("s3://").partition("/")
        prefix = f"{prefix.rstrip('/')}/" if prefix else ""
        found = []
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
            for item in page.get("Contents", []):
                parts = item["Key"][len(prefix) :].split("/")
                if item["Size"] and not any(part.startswith(_HIDDEN) or part.endswith(_LEFT) for part in parts):
                    found.append(f"s3://{bucket}/{item['Key']}")
        return found

    def create_database(self, rights: Rights, database: str, user: str, create: bool, region: str = "") -> bool:
        """Whether the catalog has *database*; it is made first if it is to be."""
        with acting(self._cluster, rights, region) as actor:
            glue = actor.client("glue")
            try:
                glue.get_database(Name=database)
            except ClientError as error:
                if error.response["Error"]["Code"] != "EntityNotFoundException":
                    raise
                if not create:
                    return False
                glue.create_database(DatabaseInput={"Name": database})
        return True

    def create_table(
        self, rights: Rights, database: str, table: dict[str, Any], user: str, region: str = ""
    ) -> None:  # fmt: skip
        """Raises RedshiftError for a table that is there."""
        with acting(self._cluster, rights, region) as actor:
            try:
                actor.client("glue").create_table(DatabaseName=database, TableInput=table)
            except ClientError as error:
                if error.response["Error"]["Code"] != "AlreadyExistsException":
                    raise
                raise RedshiftError("42P07", f'Relation "{table["Name"]}" already exists') from None

    def add_partitions(
        self, rights: Rights, database: str, table: str, partitions: Sequence[tuple[list[str], str]], skip: bool,
        user: str, region: str = "",
    ) -> None:  # fmt: skip
        """Add partitions, pairs of values and a location; those that are there are an error unless *skip*."""
        with acting(self._cluster, rights, region) as actor:
            glue = actor.client("glue")
            storage = glue.get_table(DatabaseName=database, Name=table)["Table"]["StorageDescriptor"]
            for values, location in partitions:
                given = {"Values": values, "StorageDescriptor": {**storage, "Location": location}}
                try:
                    glue.create_partition(DatabaseName=database, TableName=table, PartitionInput=given)
                except ClientError as error:
                    if error.response["Error"]["Code"] != "AlreadyExistsException":
                        raise
                    if not skip:
                        raise RedshiftError("42710", f"Partition {values} already exists") from None

    def drop_table(self, rights: Rights, database: str, table: str, user: str, region: str = "") -> None:
        with acting(self._cluster, rights, region) as actor:
            actor.client("glue").delete_table(DatabaseName=database, Name=table)

    def scanned(self, scanned: int) -> None:
        """Note that a query has read so many bytes: it is billed by the megabyte, 10 of them at least.

        Serverless bills the time of it instead ("Billing for Amazon Redshift Serverless", management guide).
        """
        billed = 0 if self._cluster.metered else max(_LEAST, -(-scanned // _MB) * _MB)
        call = Call.done_by(PRINCIPAL, self._lab.clock, "redshift", "SpectrumScan", self._cluster.region)
        call.account_id = self._lab.account_id
        call.resources = [f"arn:aws:redshift:{self._cluster.region}:{self._cluster.account_id}:cluster:"
                          f"{self._cluster.cluster_identifier}"]  # fmt: skip
        call.units = {"redshift:scanned_bytes": float(scanned), "redshift:billed_bytes": float(billed)}
        self._lab.record(call)

    def _check_whole(self, actor: Actor, database: str, table: str, region: str) -> None:
        """Raises RedshiftError for a table of which Lake Formation grants only a part: nobody here would cut it."""
        engine = lake_of(self._lab.account_id, region or self._cluster.region)
        access = engine.governor.access(actor.credential, database, table)
        if not (access.is_open or access.is_whole):
            raise not_done("external tables of which Lake Formation grants only some columns or rows")


def _plain(value: Any) -> Any:
    """*value* as JSON has it; dates are texts."""
    return json.loads(json.dumps(value, default=str))
