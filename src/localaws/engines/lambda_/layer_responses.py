"""Layers on the wire (PublishLayerVersion and its like, API reference; answers as LocalStack's suite recorded them)."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any
from urllib.parse import unquote

from moto.awslambda.exceptions import UnknownLayerException

from localaws.engines.lambda_.wire import Answer, LambdaWire, invalid, missing


def _told(version: Any) -> dict[str, Any]:
    told: dict[str, Any] = version.get_layer_version()
    return {name: value for name, value in told.items() if name != "LicenseInfo" or value}


class LayerResponses(LambdaWire):
    """moto's layers, with AWS's statuses and words."""

    def publish_layer_version(self) -> Answer:
        asked = {"LayerName": self._layer_name, **self.json_body}
        return self.answer(_told(self.engine.publish_layer_version(asked)), 201)

    def get_layer_version(self) -> Answer:
        return self.answer(_told(self._version()))

    def get_layer_version_by_arn(self) -> Answer:
        version = self.engine.layers_versions_by_arn(self._get_param("Arn"))
        if version is None:
            raise missing()
        return self.answer(_told(version))

    def list_layer_versions(self) -> Answer:
        versions = sorted(self.engine.list_layer_versions(self._layer_name), key=lambda each: -each.version)
        told = [{k: v for k, v in _told(each).items() if k not in ("Content", "LayerArn")} for each in versions]
        return self.answer({"LayerVersions": told})

    def delete_layer_version(self) -> Answer:
        """What is not there is deleted too."""
        number = self._number()
        with suppress(UnknownLayerException):
            self.engine.delete_layer_version(self._layer_name, str(number))
        return self.nothing()

    def add_layer_version_permission(self) -> Any:
        self._version()
        return self.answer(json.loads(super().add_layer_version_permission()), 201)

    @property
    def _layer_name(self) -> str:
        return unquote(self.path.split("/")[3])

    def _number(self) -> int:
        number = int(self.path.split("/")[5])
        if number < 1:
            raise invalid("Layer Version Cannot be less than 1")
        return number

    def _version(self) -> Any:
        try:
            return self.engine.get_layer_version(self._layer_name, str(self._number()))
        except UnknownLayerException:
            raise missing() from None
