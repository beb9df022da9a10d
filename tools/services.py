"""Write docs/services.md: what each service of the lab does, as `awsfacts` declares it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from awsfacts import Service, services
from awsfacts.declaration import Claim

PAGE = Path(__file__).resolve().parents[1] / "docs" / "services.md"
INTRODUCTION = """\
# The services of the lab: what is real and what differs

Some services do their work, and some only keep and tell what was created: those of later parts of the course, and those
that stand around a pipeline. Each line links the test that proves it. What a service does not do is answered by
`501 NotImplemented` and the sentence that stands here.

*Written by `python tools/services.py` from [src/awsfacts](../src/awsfacts/services): change it there.*
"""
WORKS, KEEPS, LACKS = "does its work", "keeps and tells what was created", "is not there"


def page() -> str:
    """The page as Markdown."""
    ordered = sorted(services().values(), key=lambda service: service.title.split(" ", 1)[1].lower())
    rows = [f"| [{each.title}](#{_anchor(each.title)}) | {state(each)} |" for each in ordered]
    table = "\n".join(["| Service | In the lab it |", "|---|---|", *rows])
    return "\n".join([INTRODUCTION, table, *(f"\n{section(each)}" for each in ordered)]) + "\n"


def state(service: Service) -> str:
    """Whether the lab's service does its work, in a few words."""
    if service.real:
        return WORKS
    return LACKS if not service.resources and any(pattern == ".*" for pattern, _ in service.unsupported) else KEEPS


def section(service: Service) -> str:
    """What is to be said of one service."""
    return "\n\n".join([f"## {service.title}", *_paragraphs(service)])


def _paragraphs(service: Service) -> Iterator[str]:
    if service.real:
        yield _claims("Real", service.real)
    elif state(service) == KEEPS:
        yield "What is created is kept and told. Rely on no more."
    if service.differs:
        yield _claims("Differs from AWS", service.differs)
    if service.resources:
        titles = sorted({resource.title for resource in service.resources}, key=str.lower)
        yield f"**Can be made**: {', '.join(titles)}."
    if service.unsupported:
        yield f"**Not done**: {' '.join(dict.fromkeys(sentence for _, sentence in service.unsupported))}"


def _claims(title: str, claims: tuple[Claim, ...]) -> str:
    lines = [f"- {claim.sentence} [test](../tests/{claim.test.partition('::')[0]})" for claim in claims]
    return "\n".join([f"**{title}**\n", *lines])


def _anchor(title: str) -> str:
    return title.lower().replace(" ", "-")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
