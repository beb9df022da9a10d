"""Requests that an honest client may send: every member filled with a value that its model allows.

They name things that do not exist, and then things that do: what the service answered when it made them is remembered
by the names of its members, and put wherever a member has that name.
"""

from __future__ import annotations

import re
import re._constants as syntax
import re._parser as regex
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from zlib import crc32

from botocore.awsrequest import HeadersDict
from botocore.model import ListShape, MapShape, OperationModel, Shape, StringShape, StructureShape
from botocore.parsers import create_parser

from tests.conftest import RunningLab
from tests.gateway.sweep import MANY_OPERATIONS, TEXTS, Sent, Sweeper, fits

#: What is filled in: the members that must be, all of them, or every second.
STYLES = ("required", "all", "some")
_LAST = ("Delete", "Terminate", "Stop", "Deregister", "Remove", "Disable", "Schedule", "Cancel", "Purge")
#: Codes that any operation of a service may answer (each API reference, "Common errors"), and codes that AWS's answers
#: show though the models lack them: the recorded suites, or the operation's page.
_COMMON = set(
    "AccessDenied AccessDeniedException ValidationException ValidationError InvalidParameterValue "
    "InvalidParameterCombination MissingParameter SerializationException InvalidAction UnknownOperationException "
    "MalformedQueryString MalformedInput InvalidParameter NotImplemented".split()
)
_OF_SERVICE = {
    "dms": {"InvalidParameterValueException", "InvalidParameterCombinationException"},
    "rds": {"InvalidSubnetID.NotFound"},
    "sqs": {"AWS.SimpleQueueService.NonExistentQueue", "InvalidParameterValue", "QueueDoesNotExist"},
}
#: Services whose models have no errors, or next to none: S3's are in its "Error responses", EC2's in "Error codes".
_OPEN = {"s3", "s3control", "ec2", "cloudwatch"}
#: Services that leave the message of some errors empty: InvalidCiphertextException, InvalidSnapshot.NotFound.
_TERSE = {"kms", "ec2"}


@dataclass(frozen=True)
class Call:
    """One request, and what is known of its operation."""

    label: str
    operation: OperationModel
    value: dict[str, Any]
    sent: Sent


class Plausible(Sweeper):
    """Makes the calls of one service, and learns from their answers."""

    def __init__(self, lab: RunningLab, service: str) -> None:
        super().__init__(lab, service)
        self._parser = create_parser(self._protocol)
        self._known: dict[str, str] = {}
        self._style, self._word, self._operation = "", "", ""

    def calls(self) -> Iterator[Call]:
        """Of things that do not exist, then of those that the first calls have made; what deletes comes last."""
        names = sorted(self._model.operation_names, key=lambda n: (n.startswith(_LAST), n[:6] != "Create"))
        for word in ("absent", "present"):
            for name in names:
                for style in self._styles(name, word):
                    self._style, self._word, self._operation = style, word, name
                    operation = self._model.operation_model(name)
                    value = self._of(operation.input_shape, "", ()) if operation.input_shape else {}
                    label = f"{self._service} {name}, {word}, {style}"
                    yield Call(label, operation, value, self.sent(operation, value))

    def _styles(self, name: str, word: str) -> tuple[str, ...]:
        if word == "present" and name.startswith("Create"):
            return STYLES
        if len(self._model.operation_names) <= MANY_OPERATIONS:
            return STYLES[1:]
        return (STYLES[1 + crc32(name.encode()) % 2],) if (word == "absent") == bool(crc32(name.encode()) & 4) else ()

    def fault(self, call: Call, status: int, headers: dict[str, str], body: bytes) -> str | None:
        """What is wrong with an answer: it cannot be parsed, or its error is none that the operation has."""
        streams = call.operation.has_streaming_output or call.operation.has_event_stream_output
        if (status < 300 and streams) or call.sent.method == "HEAD":
            return None
        answer = {"status_code": status, "headers": HeadersDict(headers), "body": body}
        try:
            parsed = self._parser.parse(answer, call.operation.output_shape)
        except Exception as error:
            return f"{status}, not parsed: {error!r:.200}"
        if status < 300:
            self._learn(parsed, call.operation.name)
            return None
        told = parsed.get("Error", {})
        code = told.get("Code", "")
        if not code or not (told.get("Message") or self._service in _TERSE):
            return f"{status}, no code or no message: {body[:150]!r}"
        if code not in self._codes(call.operation) and self._service not in _OPEN:
            return f"{status}, none of its errors: {body[:150]!r}"
        return None

    def _codes(self, operation: OperationModel) -> set[str]:
        shapes = operation.service_model.error_shapes
        modelled = {shape.name for shape in shapes} | {shape.metadata.get("error", {}).get("code") for shape in shapes}
        return modelled | _COMMON | _OF_SERVICE.get(self._service, set())

    def _learn(self, answer: Any, name: str) -> None:
        """Remember the ids, names and ARNs in an *answer*, under the names of their members."""
        if isinstance(answer, dict):
            for member, value in answer.items():
                if member != "ResponseMetadata":
                    self._learn(value, member)
        elif isinstance(answer, list):
            for item in answer[:1]:
                self._learn(item, name)
        elif isinstance(answer, str) and re.search("(arn|id|name|url)$", name, re.IGNORECASE):
            self._known.setdefault(name.casefold(), answer)

    def _of(self, shape: Shape, name: str, within: tuple[str, ...]) -> Any:
        least, most = shape.metadata.get("min"), shape.metadata.get("max")
        if isinstance(shape, StructureShape):
            members = {each: shape.members[each] for each in self._filled(shape, within)}
            return {each: self._of(member, each, (*within, shape.name)) for each, member in members.items()}
        if isinstance(shape, ListShape):
            return [self._of(shape.member, name, (*within, shape.name))] * max(1, int(least or 1))
        if isinstance(shape, MapShape):
            return {self._of(shape.key, name, within): self._of(shape.value, name, (*within, shape.name))}
        if isinstance(shape, StringShape):
            return self._text(shape, name, least or 0, most)
        match shape.type_name:
            case "boolean":
                return self._chance(name, 2) == 1
            case "blob":
                return b"x" * int(least or 1)
            case "timestamp":
                return 1_767_225_600
            case "float" | "double":
                return float(least or 1)
        return int(least or 1)

    def _filled(self, shape: StructureShape, within: tuple[str, ...]) -> list[str]:
        if shape.is_document_type:
            return []
        names = list(shape.members)
        if shape.is_tagged_union:
            return names[:1] if len(within) < 8 else []
        if self._style == "required" or len(within) > 6 or within.count(shape.name) > 1:
            return list(shape.required_members)
        if self._style == "some":
            return [each for each in names if each in shape.required_members or self._chance(each, 2)]
        return names

    def _text(self, shape: StringShape, name: str, least: int, most: int | None) -> str:
        if shape.enum:
            return str(shape.enum[self._chance(name, len(shape.enum))])
        pattern = shape.metadata.get("pattern")
        folded = name.casefold()
        texts = [text.format(self._model.signing_name).replace("sweep", self._word) for text in TEXTS]
        if folded.endswith("arn"):
            texts = texts[1:] + texts[:1]
        if pattern and not fits(pattern, texts[0]):
            texts.insert(0, _matching(pattern))
        if self._word == "present":
            aliases = (folded, folded.removesuffix("s"), folded.removesuffix("entifier"))
            texts = [self._known[each] for each in aliases if each in self._known] + texts
        fitting = (t for t in texts if fits(pattern, t) and least <= len(t) <= (most or len(t)))
        return next(fitting, "a" * max(least, 1))

    def _chance(self, name: str, number: int) -> int:
        """A number below *number*, the same in every run."""
        return crc32(f"{self._operation} {name} {self._style}".encode()) % number


def _matching(pattern: str) -> str:
    """A short text that *pattern* matches, as far as that can be told without its look-arounds."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _of_items(regex.parse(pattern))
    except re.error:
        return ""


def _of_items(items: Any) -> str:
    text = ""
    for operator, argument in items:
        if operator is syntax.LITERAL:
            text += chr(argument)
        elif operator in (syntax.ANY, syntax.NOT_LITERAL):
            text += "a"
        elif operator is syntax.IN:
            text += next((each for each in "a1A-/: " if _is_in(each, argument)), "a")
        elif operator in (syntax.MAX_REPEAT, syntax.MIN_REPEAT):
            least, most, repeated = argument
            times = max(least, 3) if most > 3 else most
            text += "".join(_of_items(repeated) for _ in range(min(times, 100)))
        elif operator is syntax.SUBPATTERN:
            text += _of_items(argument[3])
        elif operator is syntax.BRANCH:
            text += _of_items(argument[1][0])
    return text


def _is_in(letter: str, items: Any) -> bool:
    negated = items[0][0] is syntax.NEGATE
    classes = {
        syntax.CATEGORY_DIGIT: r"\d",
        syntax.CATEGORY_SPACE: r"\s",
        syntax.CATEGORY_WORD: r"\w",
        syntax.CATEGORY_NOT_DIGIT: r"\D",
        syntax.CATEGORY_NOT_SPACE: r"\S",
        syntax.CATEGORY_NOT_WORD: r"\W",
    }
    for operator, argument in items[negated:]:
        if operator is syntax.LITERAL and ord(letter) == argument:
            return not negated
        if operator is syntax.RANGE and argument[0] <= ord(letter) <= argument[1]:
            return not negated
        if operator is syntax.CATEGORY and re.fullmatch(classes[argument], letter):
            return not negated
    return bool(negated)
