"""How exercises speak: rich text in JupyterLab, plain text elsewhere; symbols and words, never colour alone."""

from __future__ import annotations

import html
import re

from dehelpers.words.show import Picture

_BOX = "border-left:4px solid currentColor;padding:4px 12px;margin:4px 0"
BAR = 20  # characters


def note(title: str, message: str) -> str:
    """A boxed message as HTML; text between backticks becomes code."""
    return f'<div role="status" style="{_BOX}"><strong>{html.escape(title)}.</strong> {_inline(message)}</div>'


def message(title: str, text: str) -> Picture:
    """A titled message."""
    return Picture(note(title, text), f"{title}. {text}")


def code(title: str, source: str) -> Picture:
    """A titled piece of code, to be read and copied."""
    box = f'<div style="{_BOX}"><strong>{html.escape(title)}</strong><pre>{html.escape(source)}</pre></div>'
    return Picture(box, f"{title}\n\n{source}")


def bar(done: int, whole: int) -> str:
    """A bar of characters, such as `█████░░░░░░░░░░░░░░░`; full only when all is done."""
    filled = BAR * done // whole if whole else 0
    return "█" * filled + "░" * (BAR - filled)


def _inline(text: str) -> str:
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(text))
