"""The pipeline of the course, drawn as SVG."""

from __future__ import annotations

from html import escape
from itertools import pairwise
from typing import NamedTuple


class Stage(NamedTuple):
    """A box: its part of the course (0: none), its place and size in pixels, and the services in it."""

    name: str
    part: int
    x: int
    y: int
    width: int
    height: int
    services: tuple[str, ...]


_TOP, _MIDDLE, _TALL = 56, 146, 176
STAGES = (
    Stage("Sources", 0, 20, _MIDDLE, 150, _TALL, ("PostgreSQL", "Departures, live", "Weather files")),
    Stage("Ingestion", 1, 208, _MIDDLE, 160, _TALL, ("S3 uploads", "Kinesis", "Data Firehose", "DMS", "Lambda")),
    Stage("Storage", 2, 406, _MIDDLE, 160, _TALL, ("S3, Iceberg", "Glue Data Catalog", "DynamoDB", "RDS", "Redshift")),
    Stage("Processing", 3, 604, _MIDDLE, 150, _TALL, ("Lambda", "Glue", "EMR")),
    Stage("Analytics", 4, 792, _MIDDLE, 148, _TALL, ("Athena", "Redshift", "Quick Sight")),
    Stage("Orchestration", 5, 208, _TOP, 732, 62, ("Step Functions", "MWAA (Airflow)", "EventBridge")),
    Stage("Security", 6, 208, 350, 232, 82, ("IAM", "KMS", "CloudTrail", "Secrets Manager")),
    Stage("Monitoring", 7, 458, 350, 232, 82, ("CloudWatch", "Logs", "alarms")),
    Stage("Cost", 8, 708, 350, 232, 82, ("Cost Explorer", "Budgets", "Data Exports")),
)
_INK, _PAPER, _LINE, _BOX, _MARK, _MARKED = "#1b2733", "#ffffff", "#5b6b7b", "#f1f5f9", "#b45309", "#fff3df"
_STYLE = (
    f"text{{font-family:system-ui,'Segoe UI','DejaVu Sans',Arial,sans-serif;fill:{_INK}}}"
    ".name{font-size:17px;font-weight:600}.service{font-size:14px}.note{font-size:13px}"
)


def pipeline_svg(highlight: str = "") -> tuple[str, str]:
    """The drawing, with one stage marked, and the sentence that says the same.

    Raises:
        ValueError: there is no stage of that name.
    """
    names = [stage.name.lower() for stage in STAGES if stage.part]
    if highlight and highlight.lower() not in names:
        raise ValueError(f"no stage {highlight!r} in the pipeline: choose from {', '.join(names)}")
    boxes = "".join(_box(stage, stage.name.lower() == highlight.lower()) for stage in STAGES)
    row = [stage for stage in STAGES if stage.y == _MIDDLE]
    arrows = "".join(_arrow(left.x + left.width, right.x) for left, right in pairwise(row))
    title = '<text class="name" x="20" y="32">From source to answer: the pipeline of this course</text>'
    note = '<text class="note" x="940" y="32" text-anchor="end">① … ⑧ the part; part 9 runs all of it</text>'
    alt = _sentence(row, highlight)
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 960 452" width="960" height="452" role="img">'
        f"<title>{escape(alt)}</title><style>{_STYLE}</style>"
        f'<rect width="960" height="452" rx="8" fill="{_PAPER}"/>{title}{note}{arrows}{boxes}</svg>'
    )
    return svg, alt


def _sentence(row: list[Stage], highlight: str) -> str:
    flow = ", then ".join(_words(stage) for stage in row)
    around = "; ".join(_words(stage) for stage in STAGES if stage not in row)
    here = f" This part is {highlight.lower()}." if highlight else ""
    return f"The pipeline of the course: {flow}. Around it: {around}.{here}"


def _words(stage: Stage) -> str:
    number = f"part {stage.part}: " if stage.part else ""
    return f"{stage.name.lower()} ({number}{', '.join(stage.services)})"


def _box(stage: Stage, marked: bool) -> str:
    x, y = stage.x, stage.y
    edge = f'fill="{_MARKED}" stroke="{_MARK}" stroke-width="3.5"' if marked else f'fill="{_BOX}" stroke="{_LINE}"'
    dashes = "" if stage.part else ' stroke-dasharray="5 4"'
    number = f"{chr(0x2460 + stage.part - 1)} " if stage.part else ""
    parts = [
        f'<rect x="{x}" y="{y}" width="{stage.width}" height="{stage.height}" rx="8" {edge}{dashes}/>',
        f'<text class="name" x="{x + 14}" y="{y + 27}">{number}{stage.name}</text>',
    ]
    if marked:  # said in words too, for those who do not see the colour
        parts.append(
            f'<rect x="{x + stage.width - 86}" y="{y - 18}" width="76" height="22" rx="11" fill="{_MARK}"/>'
            f'<text class="note" x="{x + stage.width - 48}" y="{y - 2}" text-anchor="middle" '
            f'style="fill:#fff;font-weight:600">this part</text>'
        )
    if stage.height == _TALL:
        lines = stage.services
    elif stage.width > 300:
        lines = (" · ".join(stage.services),)
    else:
        half = (len(stage.services) + 1) // 2
        lines = (" · ".join(stage.services[:half]), " · ".join(stage.services[half:]))
    step, start = (24, 56) if stage.height == _TALL else (19, 49)
    parts += [
        f'<text class="service" x="{x + 14}" y="{y + start + step * index}">{escape(line)}</text>'
        for index, line in enumerate(lines)
    ]
    return "".join(parts)


def _arrow(start: int, end: int) -> str:
    y = _MIDDLE + _TALL // 2
    return (
        f'<path d="M{start + 4} {y}H{end - 10}" stroke="{_LINE}" stroke-width="2.5"/>'
        f'<path d="M{end - 14} {y - 7}L{end - 3} {y}L{end - 14} {y + 7}z" fill="{_LINE}"/>'
    )
