"""The wire of Firehose, where moto passes too little on."""

from __future__ import annotations

from moto.core.responses import ActionResult
from moto.firehose.exceptions import InvalidArgumentException
from moto.firehose.responses import FirehoseResponse

#: What moto stores without delivering anything, or drops on the way to its backend.
_NOT_HERE = (
    "RedshiftDestination",
    "ElasticsearchDestination",
    "AmazonopensearchserviceDestination",
    "AmazonOpenSearchServerlessDestination",
    "SplunkDestination",
    "HttpEndpointDestination",
    "SnowflakeDestination",
    "IcebergDestination",
    "MSKSource",
    "DatabaseSource",
)


class FirehoseEngineResponse(FirehoseResponse):
    """Refuses destinations and sources that this lab would have to pretend."""

    def create_delivery_stream(self) -> ActionResult:
        self._refuse_what_is_not_here("Configuration")
        return super().create_delivery_stream()

    def update_destination(self) -> ActionResult:
        self._refuse_what_is_not_here("Update")
        return super().update_destination()

    def _refuse_what_is_not_here(self, suffix: str) -> None:
        for name in _NOT_HERE:
            if self._get_param(name + suffix):
                raise InvalidArgumentException(
                    f"{name}{suffix} is refused: this lab's Firehose delivers to S3 only, from direct puts or from a "
                    "Kinesis stream. Use ExtendedS3DestinationConfiguration."
                )
