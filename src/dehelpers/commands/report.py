"""What `dehelpers run` leaves behind: a table in the terminal and an HTML page that links the executed notebooks."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat
from nbconvert import HTMLExporter

if TYPE_CHECKING:
    from dehelpers.commands.run import Result

PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>AWS for Data Engineers: report of a run</title>
<style>
  body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }}
  table {{ border-collapse: collapse; width: 100%; }}
  th, td {{ padding: .4rem .8rem; border-bottom: 1px solid #ccc; text-align: left; vertical-align: top; }}
  .number {{ text-align: right; font-variant-numeric: tabular-nums; }}
  .failed {{ color: #a00; font-weight: 600; }}
</style>
<h1>AWS for Data Engineers</h1>
<p>{summary}</p>
<table>
<thead><tr><th>Notebook<th>Parameters<th class="number">Cells<th class="number">Seconds<th>Result</thead>
<tbody>
{rows}
</tbody>
</table>
</html>
"""


def outcome(executed: Path) -> tuple[int, str]:
    """What an executed notebook says of itself: how many code cells ran, and its first error or ""."""
    if not executed.is_file():
        return 0, ""
    cells = [cell for cell in nbformat.read(executed, as_version=4).cells if cell.cell_type == "code"]
    for number, cell in enumerate(cells, 1):
        for output in cell.outputs:
            if output.output_type == "error":
                return number, f"code cell {number}: {output.ename}: {output.evalue}".splitlines()[0]
    return sum(cell.execution_count is not None for cell in cells), ""


def table(results: Sequence[Result]) -> str:
    """Notebook, cells, seconds, result: one line each, then the totals."""
    width = max(len("notebook"), *(len(result.notebook.stem) for result in results))
    lines = [f"{'notebook':<{width}}  cells  seconds  result"]
    lines += [
        f"{result.notebook.stem:<{width}}  {result.cells:>5}  {result.seconds:>7.1f}  {result.verdict}"
        for result in results
    ]
    return "\n".join([*lines, _summary(results)])


def write(results: Sequence[Result], parameters: Mapping[Path, Mapping[str, Any]], folder: Path) -> Path:
    """Write `index.html` and one page for each executed notebook; returns the path of the index."""
    folder.mkdir(parents=True, exist_ok=True)
    exporter = HTMLExporter()
    rows = []
    for result in results:
        title = html.escape(result.notebook.stem)
        if result.output.is_file():
            page = folder / f"{result.notebook.stem}.html"
            page.write_text(exporter.from_filename(str(result.output))[0], encoding="utf-8")
            title = f'<a href="{html.escape(page.name)}">{title}</a>'
        values = ", ".join(f"{name} = {value!r}" for name, value in parameters[result.notebook].items())
        failed = ' class="failed"' if result.error else ""
        rows.append(
            f'<tr><td>{title}<td>{html.escape(values)}<td class="number">{result.cells}'
            f'<td class="number">{result.seconds:.1f}<td{failed}>{html.escape(result.verdict)}</tr>'
        )
    index = folder / "index.html"
    summary = f"{_summary(results)} Finished {datetime.now().astimezone():%Y-%m-%d %H:%M %Z}."
    index.write_text(PAGE.format(summary=summary, rows="\n".join(rows)), encoding="utf-8")
    return index


def _summary(results: Sequence[Result]) -> str:
    failed = sum(bool(result.error) for result in results)
    noun = "notebook" if len(results) == 1 else "notebooks"
    return f"{len(results)} {noun}, {len(results) - failed} ok, {failed} failed."
