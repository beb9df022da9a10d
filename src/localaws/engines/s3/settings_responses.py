"""The operations on what a bucket is to do by itself."""

from __future__ import annotations

from localaws.engines.s3 import configurations, lifecycle_requests, replication_rules
from localaws.engines.s3.documents import check_document, parse_document
from localaws.engines.s3.lock_responses import LockResponse
from localaws.engines.s3.requests import Answer
from localaws.gateway.records import current_call


class SettingsResponse(LockResponse):
    """Life cycles, replication, and configurations that have ids."""

    def _configuration(self) -> Answer:
        operation = current_call.get().operation
        self._bucket()
        return configurations.respond(self.backend, operation, self.bucket_name, self.region, self.request)

    def _lifecycle(self) -> Answer:
        self._bucket()
        return lifecycle_requests.respond(self.backend, self.bucket_name, self.region, self.request)

    def _replication(self) -> Answer:
        bucket, name = self._bucket(), replication_rules.NAME

        def remember(body: str | None) -> None:
            kept = None if body is None else {"query": name, "region": self.region, "headers": {}, "body": body}
            self.backend.remember_configuration(self.bucket_name, name, kept)

        document = None
        if self.request.method == "PUT":
            check_document("PutBucketReplication", self.request.get_data())
            document = parse_document("PutBucketReplication", self.request.get_data())
            replication_rules.check_replication(document, bucket, self.backend.buckets.get)
        kept = self.backend.configurations.get(self.bucket_name, {}).get(name)
        return replication_rules.respond(self.request.method, kept, remember, document)
