"""Boxes on a grid and arrows between them, drawn as SVG: `Sketch("Title", "alt text", boxes, arrows)`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import NamedTuple

_WIDTH, _HEIGHT = 186, 66  # of a box, in pixels
_COLUMN, _ROW = 246, 106  # from one box to the next
_LEFT, _TOP = 20, 58
INK, PAPER, LINE, BOX, MARK, MARKED = "#1b2733", "#ffffff", "#5b6b7b", "#f1f5f9", "#b45309", "#fff3df"
_STYLE = (
    f"text{{font-family:system-ui,'Segoe UI','DejaVu Sans',Arial,sans-serif;fill:{INK};text-anchor:middle}}"
    ".title{font-size:17px;font-weight:600;text-anchor:start}.name{font-size:14px;font-weight:600}"
    f".more{{font-size:13px}}.label{{font-size:12px;paint-order:stroke;stroke:{PAPER};stroke-width:5px}}"
)


class Box(NamedTuple):
    """A box: its place on the grid, counted from 0, a word in bold and a line below; a mark is a thick brown edge."""

    column: float
    row: float
    name: str
    more: str = ""
    marked: bool = False


class Arrow(NamedTuple):
    """An arrow from one box to another, by their places in the list of boxes."""

    start: int
    end: int
    label: str = ""


@dataclass(frozen=True)
class Sketch:
    """A drawing with a title, and `alt`, the sentences that say the same to those who cannot see it."""

    title: str
    alt: str
    boxes: Sequence[Box]
    arrows: Sequence[Arrow] = ()

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels; the title fits too."""
        right = max(box.column for box in self.boxes) * _COLUMN + _WIDTH + 2 * _LEFT
        low = max(box.row for box in self.boxes) * _ROW + _HEIGHT + _TOP + 18
        return round(max(right, len(self.title) * 9.4 + 2 * _LEFT)), round(low)

    def svg(self) -> str:
        """The drawing."""
        width, height = self.size
        arrows = "".join(_arrow(self.boxes[arrow.start], self.boxes[arrow.end], arrow.label) for arrow in self.arrows)
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
            f'role="img"><title>{escape(self.alt)}</title><style>{_STYLE}</style>'
            f'<rect width="{width}" height="{height}" rx="8" fill="{PAPER}"/>'
            f'<text class="title" x="{_LEFT}" y="34">{escape(self.title)}</text>'
            f"{arrows}{''.join(map(_box, self.boxes))}{_labels(self)}</svg>"
        )


def _corner(box: Box) -> tuple[float, float]:
    return _LEFT + box.column * _COLUMN, _TOP + box.row * _ROW


def _box(box: Box) -> str:
    x, y = _corner(box)
    edge = f'fill="{MARKED}" stroke="{MARK}" stroke-width="3.5"' if box.marked else f'fill="{BOX}" stroke="{LINE}"'
    middle, line = x + _WIDTH / 2, y + (_HEIGHT / 2 + 5 if not box.more else 28)
    more = f'<text class="more" x="{middle}" y="{y + 49}">{escape(box.more)}</text>' if box.more else ""
    return (
        f'<rect x="{x}" y="{y}" width="{_WIDTH}" height="{_HEIGHT}" rx="7" {edge}/>'
        f'<text class="name" x="{middle}" y="{line}">{escape(box.name)}</text>{more}'
    )


def _ends(start: Box, end: Box) -> tuple[float, float, float, float]:
    """From the side of one box to the facing side of the other."""
    (ax, ay), (bx, by) = _corner(start), _corner(end)
    if start.column == end.column:
        down = ay < by
        return ax + _WIDTH / 2, ay + _HEIGHT * down, bx + _WIDTH / 2, by + _HEIGHT * (not down)
    right = ax < bx
    return ax + _WIDTH * right, ay + _HEIGHT / 2, bx + _WIDTH * (not right), by + _HEIGHT / 2


def _arrow(start: Box, end: Box, label: str) -> str:
    ax, ay, bx, by = _ends(start, end)
    length = max(1.0, ((bx - ax) ** 2 + (by - ay) ** 2) ** 0.5)
    ux, uy = (bx - ax) / length, (by - ay) / length  # the direction, for the head
    left, right = (bx - 11 * ux - 6 * uy, by - 11 * uy + 6 * ux), (bx - 11 * ux + 6 * uy, by - 11 * uy - 6 * ux)
    head = f"M{left[0]:.1f} {left[1]:.1f}L{bx - ux:.1f} {by - uy:.1f}L{right[0]:.1f} {right[1]:.1f}z"
    line = f"M{ax + 2 * ux:.1f} {ay + 2 * uy:.1f}L{bx - 10 * ux:.1f} {by - 10 * uy:.1f}"
    return f'<path d="{line}" stroke="{LINE}" stroke-width="2.2"/><path d="{head}" fill="{LINE}"/>'


def _labels(sketch: Sketch) -> str:
    """Last, so that no line runs through them."""
    texts = []
    for arrow in sketch.arrows:
        start, end = sketch.boxes[arrow.start], sketch.boxes[arrow.end]
        ax, ay, bx, by = _ends(start, end)
        lift = 4 if start.column == end.column else -7
        texts.append(
            f'<text class="label" x="{(ax + bx) / 2:.0f}" y="{(ay + by) / 2 + lift:.0f}">{escape(arrow.label)}</text>'
            if arrow.label
            else ""
        )
    return "".join(texts)
