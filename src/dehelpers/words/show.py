"""Pictures and tables for notebooks: titled, labelled, with an alt text, and never by colour alone.

A picture is an `<img>` with its own light background: it reads the same in light and dark themes, and unlike inline
SVG it is also shown in a notebook that JupyterLab does not trust yet.
"""

from __future__ import annotations

import base64
import html
import io
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import boto3

from dehelpers.words.decisions import decision_sketch
from dehelpers.words.diagram import pipeline_svg
from dehelpers.words.sketches import SKETCHES

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from dehelpers.words.price import Bill

INK, FILL = "#1b2733", "#9ec9e8"
LONGEST_NAME = 44  # of a row in the tree of a lake, in characters
_LEFT, _RIGHT = "text-align:left", "text-align:right"


@dataclass(frozen=True)
class Picture:
    """What a cell returns to be looked at: HTML in a notebook, text in a terminal."""

    html: str = field(repr=False)
    text: str

    def _repr_html_(self) -> str:
        return self.html

    def __repr__(self) -> str:
        return self.text


def stacked(*pictures: Picture) -> Picture:
    """One below the other, as one picture."""
    return Picture("".join(each.html for each in pictures), "\n\n".join(each.text for each in pictures))


def figure(fig: Figure, alt: str) -> Picture:
    """A matplotlib figure as a picture with an alt text; the figure is closed, so that it does not show twice.

    Parameters:
        fig: the figure; each of its axes has a title and names what it shows, with the unit.
        alt: what the picture says, for those who cannot see it.

    Raises:
        ValueError: there is no alt text, or the axes lack a title or a label.
    """
    for axes in fig.axes:
        if axes.get_label() == "<colorbar>":
            continue
        if not (axes.get_title() or fig.get_suptitle()):
            raise ValueError("the picture has no title: ax.set_title(…)")
        if axes.axison and not (axes.get_xlabel() and axes.get_ylabel()):
            raise ValueError("an axis has no label with its unit: ax.set(xlabel=…, ylabel=…)")
    buffer = io.BytesIO()
    fig.savefig(buffer, format="png", dpi=144, bbox_inches="tight", facecolor="white", metadata={"Software": None})
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close(fig)
    png = buffer.getvalue()
    pixels = int.from_bytes(png[16:20])  # the width as PNG's header has it: trimming and labels changed it
    return _image("image/png", png, alt, width=round(pixels * 90 / 144))


def _image(mime: str, content: bytes, alt: str, width: int) -> Picture:
    if not alt.strip():
        raise ValueError("the picture has no alt text: say in a sentence what it shows")
    source = f"data:{mime};base64,{base64.b64encode(content).decode()}"
    style = f"width:{width}px;max-width:100%;background:#fff;border-radius:6px"
    image = f'<img alt="{html.escape(alt)}" style="{style}" src="{source}">'
    return Picture(f'<figure style="margin:0">{image}</figure>', f"[picture: {alt}]")


def pipeline(highlight: str = "") -> Picture:
    """The pipeline of the course: each stage, its services, and the part in which they come.

    Parameters:
        highlight: the stage to mark: ingestion, storage, processing, analytics, orchestration, security, monitoring
            or cost.
    """
    svg, alt = pipeline_svg(highlight)
    return _image("image/svg+xml", svg.encode(), alt, width=960)


def sketch(name: str) -> Picture:
    """A drawing of boxes and arrows, such as "checkpoint": what a paragraph describes, to be seen at a glance.

    Raises:
        ValueError: there is no drawing of that name; the message lists them.
    """
    if name not in SKETCHES:
        raise ValueError(f"no sketch {name!r}: choose from {', '.join(SKETCHES)}")
    drawing = SKETCHES[name]
    return _image("image/svg+xml", drawing.svg().encode(), drawing.alt, width=drawing.size[0])


def decision(answer: Mapping[str, Any]) -> Picture:
    """A decision of IAM: which policies were asked, what each said, and which statement decided.

    Parameters:
        answer: of SimulatePrincipalPolicy or SimulateCustomPolicy, about one action on one resource.

    Raises:
        ValueError: the answer is about several actions or resources.
    """
    drawing = decision_sketch(answer)
    return _image("image/svg+xml", drawing.svg().encode(), drawing.alt, width=drawing.size[0])


def table(data: pd.DataFrame | Iterable[Mapping[str, Any]], caption: str) -> Picture:
    """Rows as a table with a caption; numbers are aligned to the right.

    Parameters:
        data: a frame (its index is left out) or rows, each a mapping with the same keys.
        caption: what the table shows, with the units if the column names lack them.
    """
    rows: list[Mapping[str, Any]]
    rows = list(data.to_dict("records")) if hasattr(data, "to_dict") else list(data)
    columns = list(rows[0]) if rows else []
    cells = [[_cell(row[column]) for column in columns] for row in rows]
    right = [bool(rows) and all(_numeric(line[index]) for line in cells) for index in range(len(columns))]
    return Picture(_table_html(columns, cells, right, caption), _table_text(columns, cells, right, caption))


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:,.0f}" if value.is_integer() else f"{value:,.3f}"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def _numeric(text: str) -> bool:
    return not text or text[0].isdigit() or (text[:1] in "-+" and text[1:2].isdigit())


def _table_html(columns: list[str], cells: list[list[str]], right: list[bool], caption: str) -> str:
    styles = [_RIGHT if is_right else _LEFT for is_right in right]
    head = "".join(
        f'<th scope="col" style="{style};padding:2px 10px">{html.escape(str(column))}</th>'
        for column, style in zip(columns, styles, strict=True)
    )
    body = "".join(
        "<tr>"
        + "".join(
            f'<td style="{style};white-space:pre;padding:2px 10px">{html.escape(text)}</td>'
            for text, style in zip(line, styles, strict=True)
        )
        + "</tr>"
        for line in cells
    )
    label = f'<caption style="text-align:left;caption-side:top;padding:4px 0">{html.escape(caption)}</caption>'
    return f"<table>{label}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _table_text(columns: list[str], cells: list[list[str]], right: list[bool], caption: str) -> str:
    lines = [[str(column) for column in columns], *cells]
    widths = [max(len(line[index]) for line in lines) for index in range(len(columns))]
    text = [
        "  ".join(
            value.rjust(width) if is_right else value.ljust(width)
            for value, width, is_right in zip(line, widths, right, strict=True)
        ).rstrip()
        for line in lines
    ]
    return "\n".join([caption, *text])


@dataclass
class _Folder:
    """A folder that S3 does not have: keys with slashes only look like one."""

    folders: dict[str, _Folder] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)
    files: int = 0
    size: int = 0

    def add(self, path: Sequence[str], size: int) -> None:
        self.files += 1
        self.size += size
        if len(path) == 1:
            self.sizes[path[0]] = size
        else:
            self.folders.setdefault(path[0], _Folder()).add(path[1:], size)


def lake(bucket: str, prefix: str = "", *, depth: int = 4, most: int = 3) -> Picture:
    """The objects of a bucket as a tree, with number and size.

    Parameters:
        bucket: its name.
        prefix: only keys that start with it.
        depth: how many levels to open; deeper ones are summed up in their folder.
        most: how many entries of a folder to show before "… n more".
    """
    top = _Folder()
    for page in boto3.client("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        for item in page.get("Contents", []):
            top.add(item["Key"].split("/"), item["Size"])
    rows = [_row(f"s3://{bucket}/", top.files, top.size, top.size), *_tree(top, "", depth, most, top.size)]
    tree = table(rows, f"s3://{bucket}/{prefix}: {_count(top.files, 'object')}, {size_text(top.size)}")
    return replace(tree, html=f'<div style="font-family:monospace">{tree.html}</div>')


def _tree(folder: _Folder, indent: str, depth: int, most: int, total: int) -> list[dict[str, str]]:
    entries: list[tuple[str, int, int, _Folder | None]] = [
        *((f"{name}/", inner.files, inner.size, inner) for name, inner in sorted(folder.folders.items(), key=_natural)),
        *((name, 1, size, None) for name, size in sorted(folder.sizes.items(), key=_natural)),
    ]
    shown = entries if len(entries) <= most + 1 else entries[:most]
    rest = entries[len(shown) :]
    rows = []
    for index, (name, files, size, inner) in enumerate(shown):
        last = index == len(shown) - 1 and not rest
        rows.append(_row(indent + ("└─ " if last else "├─ ") + _shortened(name), files, size, total))
        if inner and depth > 1:
            rows += _tree(inner, indent + ("   " if last else "│  "), depth - 1, most, total)
    if rest:
        files, size = sum(entry[1] for entry in rest), sum(entry[2] for entry in rest)
        rows.append(_row(f"{indent}└─ … {len(rest):,} more", files, size, total))
    return rows


def _shortened(name: str) -> str:
    """A name without its middle, if it is so long that the table would be wider than a page."""
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME // 2]}…{name[-(LONGEST_NAME // 2 - 1) :]}"


def _natural(entry: tuple[str, Any]) -> tuple[Any, ...]:
    """Sort month=2 before month=10."""
    head, _, number = entry[0].partition("=")
    return (head, int(number), "") if number.isdigit() else (head, -1, number)


def _row(name: str, files: int, size: int, total: int) -> dict[str, str]:
    bar = ("█" * round(12 * size / total) or "▏") if size else ""
    return {"key": name, "objects": f"{files:,}", "size": size_text(size), "share of the bytes": bar}


def size_text(size: float) -> str:
    """Bytes as people read them, in powers of 1,000."""
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1_000:
            return f"{size:,.0f} {unit}" if unit == "B" else f"{size:,.1f} {unit}"
        size /= 1_000
    return f"{size:,.1f} TB"


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def shards(
    placed: Iterable[tuple[Any, str]], shard_ids: Sequence[str], *, across: str, title: str = "Records per shard"
) -> Picture:
    """A heat map of where records went: a row for each shard, with its share of the whole.

    Parameters:
        placed: for each record a pair: its place across the picture (a batch, a minute, a key), and the ShardId that
            PutRecord or PutRecords answered.
        shard_ids: all shards, so that those with no record are seen too.
        across: what the first of each pair is, for the axis: "batch", "partition key".
        title: of the picture.
    """
    from matplotlib.figure import Figure

    counts = Counter(placed)
    columns = list(dict.fromkeys(column for column, _ in counts))
    grid = [[counts[column, shard] for column in columns] for shard in shard_ids]
    totals = [sum(row) for row in grid]
    whole = sum(totals) or 1
    names = [f"{int(shard.rpartition('-')[2])}" if "-" in shard else shard for shard in shard_ids]
    fig = Figure(figsize=(min(10.5, 3 + 0.5 * max(6, len(columns))), 1.4 + 0.45 * len(shard_ids)))
    axes = fig.subplots()
    top = max((max(row, default=0) for row in grid), default=0) or 1
    image = axes.imshow(grid or [[0]], cmap="Blues", vmin=0, vmax=top, aspect="auto")
    if len(columns) <= 16:  # the number itself, wherever it fits
        for y, row in enumerate(grid):
            for x, number in enumerate(row):
                ink = "white" if number > 0.6 * top else INK
                axes.text(x, y, f"{number:,}", ha="center", va="center", color=ink, fontsize=9)
    labels = [f"shard {name}: {total / whole:.0%}" for name, total in zip(names, totals, strict=True)]
    axes.set_yticks(range(len(shard_ids)), labels)
    step = max(1, len(columns) // 12)
    axes.set_xticks(range(0, len(columns), step), [str(column) for column in columns[::step]])
    axes.set(title=title, xlabel=across, ylabel="share of all records")
    for edge in range(1, len(columns)):  # white lines keep neighbours apart that are equally dark
        axes.axvline(edge - 0.5, color="white", linewidth=1)
    for edge in range(1, len(shard_ids)):
        axes.axhline(edge - 0.5, color="white", linewidth=3)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    fig.colorbar(image, ax=axes, label="records", pad=0.02)
    said = ", ".join(f"shard {name} {total:,} ({total / whole:.0%})" for name, total in zip(names, totals, strict=True))
    return figure(fig, f"{title}: {said}, over {_count(len(columns), 'value')} of {across}.")


def usd_text(usd: float) -> str:
    """Dollars as people read them: cents, and millionths where there is less than a dollar."""
    return f"{usd:,.2f}" if usd >= 1 else f"{usd:.6f}"


def cost(bill: Bill) -> Picture:
    """A bill as bars, the dearest line first, each with its amount."""
    from matplotlib.figure import Figure

    lines = sorted(bill.lines, key=lambda line: line.usd)
    fig = Figure(figsize=(8, 1.3 + 0.38 * len(lines)))
    axes = fig.subplots()
    bars = axes.barh([f"{line.price.service}: {line.price.what}" for line in lines], [line.usd for line in lines])
    for bar in bars:
        bar.set(facecolor=FILL, edgecolor=INK, linewidth=0.6)
    axes.bar_label(bars, [usd_text(line.usd) for line in lines], padding=4, fontsize=9)
    axes.margins(x=0.2)
    axes.set(title=f"{bill.title}: {usd_text(bill.total)} USD (estimate)", xlabel="US dollars", ylabel="billed for")
    axes.spines[["top", "right"]].set_visible(False)
    said = ", ".join(f"{line.price.service} {line.price.what} {usd_text(line.usd)}" for line in reversed(lines))
    return figure(fig, f"{bill.title}, an estimate of {usd_text(bill.total)} USD: {said or 'nothing'}.")
