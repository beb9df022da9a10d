"""Event source mappings on the wire: AWS answers 202 with the state that a mapping passes through."""

from __future__ import annotations

from typing import Any

from localaws.engines.lambda_.wire import Answer, LambdaWire, missing
from localaws.gateway.errors import AwsError


class MappingResponses(LambdaWire):
    """The engine's mappings, whose states take a moment to change."""

    def create_event_source_mapping(self) -> Answer:
        return self._told(self.engine.create_event_source_mapping(self.json_body), 202)

    def get_event_source_mapping(self) -> Answer:
        return self._told(self.engine.get_event_source_mapping(self._uuid), 200)

    def update_event_source_mapping(self) -> Answer:
        self._check_settled("update")
        return self._told(self.engine.update_event_source_mapping(self._uuid, self.json_body), 202)

    def delete_event_source_mapping(self) -> Answer:
        self._check_settled("delete")
        return self._told(self.engine.delete_event_source_mapping(self._uuid), 202)

    @property
    def _uuid(self) -> str:
        return self.path.rstrip("/").rsplit("/", 1)[-1]

    def _check_settled(self, act: str) -> None:
        """Raises ResourceInUseException while an earlier change is under way.

        Source: UpdateEventSourceMapping and DeleteEventSourceMapping, "Errors"; the text as users met it on AWS.
        """
        mapping = self.engine.get_event_source_mapping(self._uuid)
        if mapping is not None and mapping.changing:
            said = f"Cannot {act} the event source mapping because it is in use."
            raise AwsError("ResourceInUseException", said)

    def _told(self, mapping: Any, status: int) -> Answer:
        if mapping is None:
            raise missing()
        return self.answer(mapping.get_configuration(), status)
