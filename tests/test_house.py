"""The house as CONTRIBUTING.md draws it: which room may use which, and no sign to a room that is not there."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
#: Package → what none of its modules imports.
CLOSED = {
    "awsfacts": ("localaws", "dehelpers"),
    "dehelpers": ("localaws",),
    "dehelpers.process": ("dehelpers.words", "dehelpers.exercises", "dehelpers.commands"),
    "dehelpers.words": ("dehelpers.exercises", "dehelpers.commands"),
    "dehelpers.exercises": ("dehelpers.commands",),
    "localaws": ("dehelpers",),
    "localaws.hive": ("localaws.engines", "localaws.gateway", "localaws.lake"),
    "localaws.lake": ("localaws.engines",),
    "localaws.warehouse": ("localaws.engines", "localaws.gateway", "localaws.lab", "moto"),
    "localaws.policies": ("localaws.engines", "localaws.gateway", "localaws.lab", "moto"),
}


#: Package → what it may import all the same: the lake's objects are S3's.
OPEN = {"localaws.lake": ("localaws.engines.s3",)}
ROOMS = ("src", "tests", "tools", "notebooks", "solutions", "exercises", "benchmarks", "data", "docs")
KINDS = "py|md|ipynb|json|sql|sh|toml|yml|lock|parquet|css"
#: A path that is told to be in this tree: from one of its rooms on, or a document.
CITED = re.compile(rf"(?<![\w/])((?:{'|'.join(ROOMS)})/[\w./-]+\.(?:{KINDS})|[A-Z]{{3,}}\.md)\b")
#: In a document, each name of a file in code's letters; it may leave out where its table or sentence is.
NAMED = re.compile(rf"`([\w./-]+\.(?:{KINDS}))`")
EXAMPLES = {"solutions/NN_part.ipynb", "lab.json", "out.ipynb", "calls.jsonl", "notebooks/NAME.ipynb"}


@pytest.mark.parametrize("package", CLOSED)
def test_a_package_imports_only_what_lies_below_it(package: str) -> None:
    folder = ROOT / "src" / package.replace(".", "/")
    used = {
        f"{path.relative_to(ROOT)} imports {module}"
        for path in folder.rglob("*.py")
        for module in imported(path.read_text())
        if is_within(module, CLOSED[package]) and not is_within(module, OPEN.get(package, ()))
    }
    assert not used


def test_a_notebook_knows_aws_and_the_helpers_but_not_the_lab() -> None:
    """What runs in a notebook runs against AWS too."""
    notebooks = [*ROOT.glob("notebooks/*.ipynb"), *ROOT.glob("exercises/*.ipynb"), *ROOT.glob("solutions/*.ipynb")]
    cells = {path: [cell for cell in json.loads(path.read_text())["cells"]] for path in notebooks}
    assert cells
    assert not [path for path, held in cells.items() for cell in held if "localaws" in "".join(cell["source"])]


def test_nothing_cites_a_file_that_is_not_there() -> None:
    places = [*(path for room in ROOMS for path in (ROOT / room).rglob("*.*")), *ROOT.glob("*.*"), ROOT / "Makefile"]
    files = [path for path in places if path.is_file()]
    known = ["/" + path.relative_to(ROOT).as_posix() for path in files]
    missing = {
        f"{path.relative_to(ROOT)} cites {name}"
        for path in files
        if path.suffix in (".py", ".md", ".ipynb", ".sh", ".toml", "")
        for name in cited(path)
        if name not in EXAMPLES and not any(each.endswith("/" + name) for each in known)
    }
    assert not missing


def cited(path: Path) -> set[str]:
    text = path.read_text()
    return {*CITED.findall(text), *(NAMED.findall(text) if path.suffix == ".md" else ())}


def imported(code: str) -> Iterator[str]:
    """The modules that *code* imports, also within functions."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{each.name}" for each in node.names)


def is_within(module: str, packages: tuple[str, ...]) -> bool:
    return any(module == package or module.startswith(f"{package}.") for package in packages)
