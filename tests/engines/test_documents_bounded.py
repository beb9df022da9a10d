"""A client's YAML, JSON and XML take no more time and memory than their size: others are served meanwhile.

CWE-776 (entities and aliases that grow) and CWE-674 (depth). CloudFormation refuses aliases altogether (user guide,
"CloudFormation template format"; the sentence is AWS's own answer).
"""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psutil
import pytest
from botocore.exceptions import ClientError

from tests.conftest import RunningLab
from tests.gateway.wire import send, signer

SOON = 5.0  # seconds, with room for a loaded machine; the bomb never ended, and the depth took 10 to 25
GROWTH = 300 << 20  # bytes; the bomb took 4.6 GB


@pytest.fixture(scope="module", autouse=True)
def _loaded(lab: RunningLab) -> None:
    """A service's first request loads it, which may take seconds."""
    lab.client("cloudformation").describe_stacks()
    lab.client("ssm").list_documents()
    lab.client("s3").create_bucket(Bucket="bounded-xml")


def bomb() -> str:
    """Nine times nine times … : 10 lines, 9**10 values."""
    lines = ["a: &a [x,x,x,x,x,x,x,x,x]"]
    for before, name in zip("abcdefghi", "bcdefghij", strict=True):
        lines.append(f"{name}: &{name} [{','.join([f'*{before}'] * 9)}]")
    return "\n".join([*lines, 'Resources: {Q: {Type: "AWS::SQS::Queue", Metadata: *j}}'])


ALIASES = {
    "a bomb": bomb(),
    "one alias": "Metadata: &m {a: 1}\nResources: {Q: {Type: 'AWS::SQS::Queue', Metadata: *m}}",
    "itself": "Resources: &r {Q: {Type: 'AWS::SQS::Queue', Metadata: *r}}",
    "a merge": "Base: &b {Type: 'AWS::SQS::Queue'}\nResources: {Q: {<<: *b}}",
}
DEEP = {
    "lists": "[" * 20_000,
    "lists on lines": "[\n" * 20_000,
    "JSON": '{"a":' * 10_000,
    "JSON with tabs": '{"a":\t' * 8_000,
    "keys": "? " * 20_000,
    "a block": "".join(f"{' ' * n}a:\n" for n in range(300)),
    "closed": '{"Resources": ' + '{"a": ' * 300 + "1" + "}" * 301,
}
CALLS = ("create_stack", "validate_template", "get_template_summary", "create_change_set")


@contextmanager
def others_are_served(lab: RunningLab) -> Iterator[None]:
    """While this lasts, nobody waits long, and the lab's process does not grow."""
    waits, over = [0.0], threading.Event()

    def watch() -> None:
        sts = lab.fresh_client("sts")
        while not over.is_set():
            started = time.monotonic()
            sts.get_caller_identity()
            waits.append(time.monotonic() - started)
            time.sleep(0.05)

    server = psutil.Process(lab.pid)
    before = server.memory_info().rss
    watcher = threading.Thread(target=watch)
    watcher.start()
    started = time.monotonic()
    try:
        yield
        took = time.monotonic() - started
    finally:
        over.set()
        watcher.join()
    assert took < SOON
    assert max(waits) < SOON
    assert server.memory_info().rss - before < GROWTH


def refused(call: Callable[..., Any], **arguments: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    return caught.value.response["Error"]["Code"], caught.value.response["Error"]["Message"]


def names(call: str) -> dict[str, str]:
    name = f"bounded-{uuid.uuid4().hex[:8]}"
    return {
        "create_stack": {"StackName": name},
        "create_change_set": {"StackName": name, "ChangeSetName": "c", "ChangeSetType": "CREATE"},
    }.get(call, {})


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("text", ALIASES)
def test_a_template_has_no_aliases(lab: RunningLab, text: str, call: str) -> None:
    formation = lab.client("cloudformation")
    with others_are_served(lab):
        said = refused(getattr(formation, call), TemplateBody=ALIASES[text], **names(call))
    assert said == ("ValidationError", "Template error: YAML aliases are not allowed in CloudFormation templates")
    stacks = [stack["StackName"] for stack in formation.describe_stacks()["Stacks"]]
    assert not [name for name in stacks if name.startswith("bounded-")]


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("text", DEEP)
def test_a_template_has_a_depth(lab: RunningLab, text: str, call: str) -> None:
    with others_are_served(lab):
        code, message = refused(
            getattr(lab.client("cloudformation"), call), TemplateBody=DEEP[text][:51_200], **names(call)
        )
    assert (code, message[:23]) == ("ValidationError", "Template format error: ")


def test_a_template_has_a_size(lab: RunningLab) -> None:
    """User guide, "CloudFormation quotas": 51,200 bytes in a request, 1 MB in an S3 object."""
    formation, s3 = lab.client("cloudformation"), lab.client("s3")
    resources = "Resources:\n  Q: {Type: 'AWS::SQS::Queue'}\n"

    def of_size(size: int) -> str:
        return resources + "#" * (size - len(resources))

    formation.validate_template(TemplateBody=of_size(51_200))
    code, message = refused(formation.validate_template, TemplateBody=of_size(51_201))
    assert code == "ValidationError"
    assert message.endswith(
        "at 'templateBody' failed to satisfy constraint: Member must have length less than or equal to 51200"
    )
    bucket = f"templates-{uuid.uuid4().hex[:8]}"
    s3.create_bucket(Bucket=bucket)
    for size in (1_000_000, 1_000_001):
        s3.put_object(Bucket=bucket, Key=str(size), Body=of_size(size).encode())
    url = f"{lab.endpoint}/{bucket}/"
    formation.validate_template(TemplateURL=f"{url}1000000")
    said = refused(formation.validate_template, TemplateURL=f"{url}1000001")
    assert said == ("ValidationError", "Template may not exceed 1000000 bytes in size.")


@pytest.mark.parametrize("text", [*ALIASES, *DEEP])
def test_a_document_of_systems_manager(lab: RunningLab, text: str) -> None:
    content = {**ALIASES, **DEEP}[text]
    with others_are_served(lab):
        code, _ = refused(lab.client("ssm").create_document, Name="Bounded", Content=content, DocumentFormat="YAML")
    assert code == "InvalidDocumentContent"


ENTITIES = (
    '<?xml version="1.0" encoding="{encoding}"?><!DOCTYPE t [<!ENTITY a "0123456789">'
    + "".join(f'<!ENTITY {name} "{f"&{before};" * 10}">' for before, name in zip("abcdefg", "bcdefgh", strict=True))
    + "]><Tagging><TagSet><Tag><Key>&h;</Key><Value>v</Value></Tag></TagSet></Tagging>"
)


@pytest.mark.parametrize("encoding", ["UTF-8", "UTF-16"])
@pytest.mark.parametrize("query", ["tagging", "lifecycle", "cors", "delete"])
def test_an_xml_document_has_no_entities(lab: RunningLab, encoding: str, query: str) -> None:
    """S3 "Error responses": MalformedXML."""
    body = ENTITIES.format(encoding=encoding).encode(encoding)
    target, method = f"/bounded-xml?{query}", "POST" if query == "delete" else "PUT"
    with others_are_served(lab):
        answer = send(lab, method, target, signer(lab).headers(method, target, body), body)
    assert (answer.status, answer.code) == (400, "MalformedXML")
