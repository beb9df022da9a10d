"""The operations on what lies in an archive."""

from __future__ import annotations

from localaws.engines.s3 import restoring
from localaws.engines.s3.documents import check_document, parse_document
from localaws.engines.s3.requests import Answer
from localaws.engines.s3.upload_responses import UploadResponse


class ArchiveResponse(UploadResponse):
    """Source: S3 user guide, "Working with archived objects"."""

    def restore_object(self) -> Answer:
        """Source: S3 API reference, RestoreObject: 202 for what begins, 200 for a copy that is here already."""
        self._bucket()
        body = self.request.get_data()
        check_document("RestoreObject", body)
        wish = restoring.wish_of(parse_document("RestoreObject", body))
        key = self._find(self.bucket_name, self.key_name, self.querystring.get("versionId", [None])[0])
        with self.backend.lock:
            here = restoring.restore(self.backend, key, wish)
        return (200 if here else 202), {}, ""
