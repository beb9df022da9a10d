"""The parameters of a notebook: what it declares in its cell tagged `parameters`, and values checked against it."""

from __future__ import annotations

import ast
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeGuard

from dehelpers.errors import ParameterError


@dataclass(frozen=True)
class Parameter:
    """One line of the parameters cell: `records: int = 20_000  # how many departures to stream`."""

    name: str
    kind: str  # a Python type, such as "int" or "list[str]"
    default: str  # a Python expression
    help: str

    def parse(self, text: str) -> Any:
        """The value that `text`, typed on a command line, stands for.

        Raises:
            ValueError: it is not of the parameter's type.
        """
        kinds = [kind.strip() for kind in self.kind.split("|")]
        if "None" in kinds and text == "None":
            return None
        kind = kinds[0]
        if kind == "str":
            return text
        if kind == "bool":
            return {"true": True, "false": False}[text.lower()]
        if kind in ("int", "float"):
            return int(text) if kind == "int" else float(text)
        value = ast.literal_eval(text)
        if type(value).__name__ != kind.partition("[")[0]:
            raise ValueError(text)
        return value


def declared(notebook: Path) -> list[Parameter]:
    """The parameters that a notebook declares, in its order."""
    import papermill  # slow to import, and notebooks need only `check`

    return [
        Parameter(name, _kind(facts["inferred_type_name"], facts["default"]), facts["default"], facts["help"])
        for name, facts in papermill.inspect_notebook(str(notebook)).items()
    ]


def assign(notebooks: Sequence[Path], values: Mapping[str, str]) -> dict[Path, dict[str, Any]]:
    """Give every notebook those values that it has a parameter for, in the parameter's type.

    Parameters:
        notebooks: paths of notebooks.
        values: names and values as typed on a command line.

    Raises:
        ParameterError: no notebook has a parameter of that name, or the value is not of its type.
    """
    result: dict[Path, dict[str, Any]] = {}
    known = {notebook: declared(notebook) if values else [] for notebook in notebooks}
    for name in values:
        if not any(parameter.name == name for parameters in known.values() for parameter in parameters):
            raise ParameterError(f"no notebook has a parameter {name!r}.\n{_listing(known)}")
    for notebook, parameters in known.items():
        result[notebook] = {}
        for parameter in parameters:
            if parameter.name in values:
                text = values[parameter.name]
                try:
                    result[notebook][parameter.name] = parameter.parse(text)
                except (ValueError, KeyError, SyntaxError):
                    raise ParameterError(
                        f"{parameter.name} must be of type {parameter.kind}, which {text!r} is not.\n"
                        + _listing({notebook: parameters})
                    ) from None
    return result


def _kind(declared_type: str, default: str) -> str:
    if declared_type != "None":
        return declared_type
    try:
        return type(ast.literal_eval(default)).__name__
    except (ValueError, SyntaxError):
        return "str"


def _listing(known: Mapping[Path, Sequence[Parameter]]) -> str:
    lines = []
    for notebook, parameters in known.items():
        lines.append(f"{notebook.name}:" if parameters else f"{notebook.name}: no parameters")
        for parameter in parameters:
            hint = f"  # {parameter.help}" if parameter.help else ""
            lines.append(f"  {parameter.name}: {parameter.kind} = {parameter.default}{hint}")
    return "\n".join(lines)


def check(values: Mapping[str, Any], **allowed: range | Collection[Any] | type) -> None:
    """Check the parameters of a notebook, in the cell after them: `check(globals(), month=range(1, 13), target=str)`.

    papermill only warns of a parameter that the notebook does not have, so a mistyped name would go unnoticed. The
    cell that papermill has injected is found here in the history of the kernel, and its names are compared.

    Parameters:
        values: the notebook's variables: `globals()`.
        allowed: for each parameter what it may be: a range, a collection of choices, or a type.

    Raises:
        ParameterError: a value is not allowed, or a name is unknown; the message says what is.
    """
    for name in _injected(values.get("In", ())):
        if name not in allowed:
            raise ParameterError(f"there is no parameter {name!r}: choose from {', '.join(allowed)}")
    for name, choices in allowed.items():
        value = values[name]
        if isinstance(choices, type):
            if not isinstance(value, choices):
                raise ParameterError(f"{name} is {value!r}: it must be of type {choices.__name__}")
        elif isinstance(value, bool) or value not in choices:
            raise ParameterError(f"{name} is {value!r}: it must be {_words(choices)}")


def _injected(history: Sequence[str]) -> list[str]:
    """The names that papermill has set in its last cell of this kernel; such a cell begins with `# Parameters`."""
    cells = [source for source in history if source.startswith("# Parameters")]
    body = ast.parse(cells[-1]).body if cells else []
    return [target.id for line in body if isinstance(line, ast.Assign) for target in line.targets if _is_name(target)]


def _is_name(node: ast.expr) -> TypeGuard[ast.Name]:
    return isinstance(node, ast.Name)


def _words(choices: range | Collection[Any]) -> str:
    if isinstance(choices, range):
        return f"a whole number from {choices[0]:,} to {choices[-1]:,}"
    return "one of " + ", ".join(map(str, choices))
