"""Every notebook runs headless with any parameters, puts out what is stored in it, and is made as all the others."""

from __future__ import annotations

import ast
import copy
import json
import os
import re
import statistics
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import boto3
import nbformat
import pytest
from nbclient import NotebookClient
from nbconvert import HTMLExporter
from nbformat import NotebookNode

from dehelpers.process import lab
from dehelpers.words.parameters import declared

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("[0-9]*.ipynb"))

# What papermill runs each notebook with; nbval runs it with its defaults.
PARAMETERS: dict[str, dict[str, Any]] = {
    "00_introduction": {"airport": "JFK", "hours": 1},
    "01_ingestion": {"records": 600, "shards": 2, "month": 12, "seed": 7},
    "02_storage": {"month": 11, "airport": "LGA", "times": 1},
    "04_analytics": {"month": 11, "airport": "LGA", "times": 1},
    "06_security": {"passengers": 250, "airport": "EWR", "seed": 7},
}

# The `##` headings of a notebook; one for each outcome comes after "Connect".
OPENING = ["What you will be able to do", "Parameters", "Connect"]
CLOSING = [
    "Production pitfalls",
    "How this differs from AWS",
    "What it would have cost",
    "Recap",
    "Teardown",
    "Next",
]

# Names that AWS, Airflow or this course have left behind. A line may have them if it says so: it is a quotation
# (`>`), or has one of the words of HISTORY.
RETIRED = {
    r"DummyOperator|dummy_operator|days_ago|schedule_interval": "EmptyOperator, pendulum and schedule (Airflow 3)",
    r"Kinesis (Data )?Firehose": "Amazon Data Firehose",
    r"Kinesis Data Analytics": "Managed Service for Apache Flink",
    r"QuickSight": "Quick Sight",
    r"AWS Data Migration": "AWS Database Migration Service",
    r"AWS Data Pipeline\b": "Step Functions or MWAA",
    r"Elasticsearch Service": "Amazon OpenSearch Service",
    r"AWS (Single Sign-On|SSO)\b": "IAM Identity Center",
    r"select_object_content": "Athena (S3 Select is closed to new customers)",
}
HISTORY = ("formerly", "previously", "renamed", "retired", "the guide")

# What is not the same on the next run, or on the next machine.
VOLATILE = {
    r"(127\.0\.0\.1|localhost):\d+": "a port",
    r"\b20(2[4-9]|[3-9]\d)-\d\d-\d\d[T ]\d\d:\d\d": "the time of the run",
    r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b": "a random id",
    r"\bat 0x[0-9a-f]{6,}": "an address in memory",
    r"\bpid \d+": "a process id",
}
PRIVATE = {
    r"\bA(KIA|SIA)(?!IOSFODNN7EXAMPLE)[A-Z2-7]{16}\b": "an access key",
    r"(?<![\w/.:])/(home|root|work|tmp|Users|private|var/folders)/": "a path of one machine",
    r"\b[A-Z]:\\\w": "a path of Windows",
}
UNWANTED = {
    r"\blocalaws\b": "notebooks know only the endpoint",
    r"\bsleep\((?!random\.|pace\b)": "wait with de.wait, which polls (retries may pause, loops keep their pace)",
    r"\binput\(": "it would block an unattended run; make it a parameter",
    r"\b(pip|conda|uv) install\b": "a notebook never changes its environment",
    r"read_json\(.*use_threads=(?!False)": "pandas records warnings there, which threads take from each other",
    r"raises-exception": "papermill ignores it; use try/except",
}

each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def read(path: Path) -> NotebookNode:
    return nbformat.read(path, as_version=4)


def code_cells(path: Path) -> list[NotebookNode]:
    return [cell for cell in read(path).cells if cell.cell_type == "code"]


def prose_cells(path: Path) -> list[NotebookNode]:
    return [cell for cell in read(path).cells if cell.cell_type == "markdown"]


def headings(path: Path, level: str = "##") -> list[str]:
    lines = [line for cell in prose_cells(path) for line in without_code(cell.source).splitlines()]
    return [line.removeprefix(level + " ").strip() for line in lines if line.startswith(level + " ")]


def section(path: Path, title: str) -> str:
    """The prose under one `##` heading."""
    prose = "\n\n".join(cell.source for cell in prose_cells(path))
    match = re.search(rf"^## {re.escape(title)}\s*?\n(.*?)(?=^## |\Z)", prose, re.S | re.M)
    return match[1] if match else ""


def bullets(prose: str) -> list[str]:
    return re.findall(r"^(?:[-*]|\d+\.) .*(?:\n[ \t]+\S.*)*", prose, re.M)


def without_code(markdown: str) -> str:
    return re.sub(r"^```.*?^```", "", markdown, flags=re.S | re.M)


def lines_of(cell: NotebookNode) -> list[str]:
    return [line for line in cell.source.splitlines() if line.strip()]


def texts(output: NotebookNode) -> str:
    """All that a reader sees of an output as text."""
    data = {"text/plain": output.get("text", ""), **output.get("data", {})}
    return "\n".join(str(value) for kind, value in data.items() if kind.startswith("text/"))


def found(patterns: dict[str, str], text: str) -> list[str]:
    matches = {why: re.search(pattern, text) for pattern, why in patterns.items()}
    return [f"{match[0]!r}: {why}" for why, match in matches.items() if match]


# -- they run --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The directory of a lab that nobody has started: notebooks do that."""
    directory = tmp_path_factory.mktemp("lab")
    yield directory
    lab.stop(directory)


def environment(home: Path) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "DEHELPERS_"))}
    return {**inherited, "DEHELPERS_DIR": str(home), "PYDEVD_DISABLE_FILE_VALIDATION": "1"}


def papermill(path: Path, parameters: dict[str, Any], home: Path, folder: Path) -> None:
    """As a reader types it, and in a directory that is not the notebook's.

    What has run is written once, at the end: twice for each cell took papermill as long as all the cells.
    """
    options = ["--no-progress-bar", "--no-request-save-on-cell-execute"]
    options += ["-y", json.dumps(parameters)] if parameters else []
    command = [sys.executable, "-m", "papermill", str(path), "executed.ipynb", *options]
    run = subprocess.run(command, cwd=folder, env=environment(home), capture_output=True, text=True, timeout=600)
    assert run.returncode == 0, run.stderr[-3000:]


def what_exists(home: Path) -> list[str]:
    running = lab.find(home)
    assert running, "the notebook should have started the lab, and left it running"
    keys = {"aws_access_key_id": running.access_key_id, "aws_secret_access_key": running.secret_access_key}
    place = {"endpoint_url": running.endpoint, "region_name": running.region, **keys}
    names = [bucket["Name"] for bucket in boto3.client("s3", **place).list_buckets()["Buckets"]]
    names += boto3.client("kinesis", **place).list_streams()["StreamNames"]
    names += [each["FunctionName"] for each in boto3.client("lambda", **place).list_functions()["Functions"]]
    databases = boto3.client("rds", **place).describe_db_instances()["DBInstances"]
    machines = boto3.client("dms", **place).describe_replication_instances()["ReplicationInstances"]
    names += [each["DBInstanceIdentifier"] for each in databases]
    names += [each["ReplicationInstanceIdentifier"] for each in machines]
    return names + boto3.client("sqs", **place).list_queues().get("QueueUrls", [])


@each_notebook
def test_run_twice_without_teardown_it_says_the_same_and_leaves_nothing(path: Path, home: Path, tmp_path: Path) -> None:
    """With other parameters, and in one kernel: from the first cell to the last, and once more."""
    twice, first = read(path), [cell for cell in code_cells(path) if cell.source.strip() != "de.teardown()"]
    again = [cell for cell in code_cells(path) if "parameters" not in cell.metadata.get("tags", [])]
    twice.cells = copy.deepcopy([*first, *again])
    for number, cell in enumerate(twice.cells):
        cell.id = f"twice-{number}"
    nbformat.write(twice, tmp_path / path.name)
    papermill(tmp_path / path.name, PARAMETERS[path.stem], home, tmp_path)
    ran = [cell for cell in read(tmp_path / "executed.ipynb").cells if "injected-parameters" not in cell.metadata.tags]
    before = [cell for cell in ran[: len(first)] if "parameters" not in cell.metadata.get("tags", [])]
    assert [(cell.source, said(cell)) for cell in ran[len(first) : -1]] == [
        (cell.source, said(cell)) for cell in before
    ]
    assert what_exists(home) == []


def said(cell: NotebookNode) -> str:
    """What a cell has put out, apart from what every run has its own of: times, and the number of calls so far."""
    if "nbval-ignore-output" in cell.metadata.get("tags", []) or re.search(r"de\.cost\(|calls\(lab", cell.source):
        return ""
    return "".join(output.get("text") or output.get("data", {}).get("text/plain", "") for output in cell.outputs)


def test_what_one_notebook_tears_down_is_nothing_that_another_has_open(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """00 runs to its end, and an exercise set is torn down, while 01 and 04 are open in their middle."""
    for name, value in {"DEHELPERS_DIR": str(home), "PYDEVD_DISABLE_FILE_VALIDATION": "1"}.items():
        monkeypatch.setenv(name, value)
    ingestion, analytics = Open("01_ingestion", records=500, shards=2), Open("04_analytics")
    with ingestion.client.setup_kernel(), analytics.client.setup_kernel():
        ingestion.run_up_to("## 5.")
        analytics.run_up_to("## 3.")
        papermill(NOTEBOOKS[0], {}, home, tmp_path)
        exercises = "import dehelpers as de, boto3; de.connect(part='x01'); de.teardown()"
        subprocess.run([sys.executable, "-c", exercises], env=environment(home), check=True, timeout=60)
        ingestion.run_up_to("## 6.")
        analytics.run_up_to("## 4.")
        assert "1 bucket, 1 Kinesis stream, 1 SQS queue" in ingestion.finish()
        assert "1 bucket, 1 Glue database" in analytics.finish()
    assert what_exists(home) == []


class Open:
    """A notebook that somebody has open in JupyterLab, and runs section by section."""

    def __init__(self, name: str, **parameters: Any) -> None:
        self.notebook = read(ROOT / "notebooks" / f"{name}.ipynb")
        self.client = NotebookClient(self.notebook, timeout=120)
        self.at = 0
        for cell in self.notebook.cells:
            if "parameters" in cell.metadata.get("tags", []):
                cell.source += "".join(f"\n{name} = {value!r}" for name, value in parameters.items())

    def run_up_to(self, heading: str) -> None:
        cells = self.notebook.cells
        end = next(number for number, cell in enumerate(cells) if cell.source.startswith(heading))
        for number in range(self.at, end):
            if cells[number].cell_type == "code":
                self.client.execute_cell(cells[number], number)
        self.at = end

    def finish(self) -> str:
        """Run the teardown; returns what it says."""
        number = max(number for number, cell in enumerate(self.notebook.cells) if cell.cell_type == "code")
        return said(self.client.execute_cell(self.notebook.cells[number], number))


def test_a_value_out_of_range_or_a_name_that_does_not_exist_is_said(tmp_path: Path) -> None:
    advice = {
        ("month", "13"): "month is 13: it must be a whole number from 1 to 12",
        ("airprt", "JFK"): "there is no parameter 'airprt': choose from target, month",
    }
    for (name, value), words in advice.items():
        command = [
            sys.executable,
            "-m",
            "papermill",
            str(ROOT / "notebooks" / "04_analytics.ipynb"),
            "executed.ipynb",
            "-p",
            name,
            value,
        ]
        run = subprocess.run(command, cwd=tmp_path, env=environment(tmp_path), capture_output=True, text=True)
        assert run.returncode and words in run.stderr, run.stderr[-2000:]


@each_notebook
def test_it_puts_out_what_is_stored(path: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pytest", "--nbval", "--nbval-current-env", "--nbval-cell-timeout=300"]
    command += ["-p", "no:cacheprovider", "--rootdir", str(tmp_path), str(path)]
    try:
        run = subprocess.run(command, cwd=tmp_path, env=environment(tmp_path), capture_output=True, text=True)
        assert run.returncode == 0, run.stdout[-6000:]
    finally:
        lab.stop(tmp_path)


# -- what is stored --------------------------------------------------------------------------------------------------


@each_notebook
def test_its_outputs_are_stored_by_the_tool(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(ROOT / "tools")
    from store_outputs import normalise

    assert normalise(read(path)) == read(path), f"run: python tools/store_outputs.py notebooks/{path.name}"


@each_notebook
def test_cells_that_say_something_have_said_it(path: Path) -> None:
    silent = [cell.source for cell in code_cells(path) if speaks(cell.source) and not cell.outputs]
    assert silent == []
    assert not any(output.output_type == "error" for cell in code_cells(path) for output in cell.outputs)
    assert not any(output.get("name") == "stderr" for cell in code_cells(path) for output in cell.outputs)


def speaks(source: str) -> bool:
    """Whether a cell must have an output: it prints, runs a command, or ends with a value."""
    commands = [line for line in source.splitlines() if line.startswith("!")]
    if any(not re.search(r"--quiet|--only-show-errors|>", line) for line in commands):
        return True
    tree = ast.parse("\n".join(line for line in source.splitlines() if not line.startswith(("!", "%"))))
    run = [statement for statement in tree.body if not isinstance(statement, ast.FunctionDef)]
    calls = [node.func for part in run for node in ast.walk(part) if isinstance(node, ast.Call)]
    if any(isinstance(call, ast.Name) and call.id in ("print", "display") for call in calls):
        return True
    last = tree.body[-1] if tree.body and not source.rstrip().endswith(";") else None
    return isinstance(last, ast.Expr) and isinstance(last.value, ast.Name | ast.Attribute | ast.Subscript)


@each_notebook
def test_stored_outputs_are_the_same_tomorrow(path: Path) -> None:
    for cell in code_cells(path):
        seen = "\n".join(map(texts, cell.outputs))
        assert found(PRIVATE, cell.source + "\n" + seen) == [], cell.source
        if "nbval-ignore-output" not in cell.metadata.get("tags", []):
            assert found(VOLATILE, seen) == [], cell.source
    for cell in prose_cells(path):
        assert found(PRIVATE, cell.source) == [], cell.source


# -- how they are made -----------------------------------------------------------------------------------------------


@each_notebook
def test_its_parts_come_in_order(path: Path) -> None:
    assert len(headings(path, "#")) == 1
    assert "?" in read(path).cells[0].source, "the title comes with the question that the notebook answers"
    titles = headings(path)
    assert titles[: len(OPENING)] == OPENING
    assert titles[-len(CLOSING) :] == CLOSING
    promised = bullets(section(path, OPENING[0]))
    kept = titles[len(OPENING) : -len(CLOSING)]
    recalled = bullets(section(path, "Recap"))
    assert len(promised) == len(kept) == len(recalled) > 1, "one bullet, one section, one line of the recap each"
    opening = section(path, OPENING[0])
    assert all(word in opening for word in ("minutes", "Prerequisites", "USD", "DEA-C01"))
    assert not [title for title in titles if not section(path, title).strip()], "an empty section"
    assert code_cells(path)[-1].source.strip() == "de.teardown()"


@each_notebook
def test_its_parameters_are_typed_and_explained(path: Path) -> None:
    [cell] = [cell for cell in read(path).cells if "parameters" in cell.metadata.get("tags", [])]
    assert all(isinstance(statement, ast.AnnAssign) for statement in ast.parse(cell.source).body)
    parameters = {parameter.name: parameter for parameter in declared(path)}
    assert [name for name, parameter in parameters.items() if not parameter.help] == []
    values = PARAMETERS[path.stem]
    assert values and all(type(value).__name__ == parameters[name].kind for name, value in values.items())
    checked = code_cells(path)[code_cells(path).index(cell) + 1]
    called = ast.parse(checked.source).body[0].value
    assert ast.unparse(called.func) == "de.parameters.check", "ranges and names are checked in the next cell"
    assert [keyword.arg for keyword in called.keywords] == list(parameters)


def predicts(prose: str) -> bool:
    """Whether the reader is asked, in bold, to say what will come."""
    return any(
        re.search(r"\?|[Pp]redict|[Gg]uess|in your head", bold) for bold in re.findall(r"\*\*(.+?)\*\*", prose, re.S)
    )


@each_notebook
def test_the_answer_to_a_prediction_is_collapsed(path: Path) -> None:
    """In JupyterLab; the HTML of nbconvert shows it."""
    cells = read(path).cells
    prose = [number for number, cell in enumerate(cells) if number and cell.cell_type == "markdown"]
    asking = [number for number in prose if predicts(cells[number].source)]
    assert len(asking) >= 4
    for number in asking:
        following = (cell for cell in cells[number + 1 :] if cell.cell_type == "code" and not is_sketch(cell))
        answer = next(cell for cell in following if cell.outputs)
        assert answer.metadata.get("jupyter", {}).get("outputs_hidden"), (cells[number].source, answer.source)
        # a closed output still shows its first line that is not empty (JupyterLab's CodeCell.getOutputPlaceholderText)
        assert answer.outputs[0].get("text", "").startswith("The answer:\n"), answer.source
    exporter = HTMLExporter()
    shown = exporter.from_filename(str(path))[0]
    assert shown.count("jp-OutputArea-output") >= sum(len(cell.outputs) for cell in cells if cell.cell_type == "code")


def is_sketch(cell: NotebookNode) -> bool:
    return "de.show.sketch(" in cell.source


@each_notebook
def test_cells_fit_the_screen(path: Path) -> None:
    for cell in code_cells(path):
        lines = cell.source.splitlines()
        assert len(lines) <= 15, cell.source
        assert [line for line in lines if len(line) > 100] == []


@each_notebook
def test_a_picture_comes_at_least_every_twelve_cells(path: Path) -> None:
    """Cells of code, each of which has its prose; a table is no picture."""
    cells = code_cells(path)
    end = next(number for number, cell in enumerate(cells) if cell.source == "de.cost()")
    pictures = [number for number, cell in enumerate(cells) if re.search(r"de\.show\.(?!table)", cell.source)]
    stops = [0, *(number for number in pictures if number < end), end]
    gaps = [cells[one + 1].source for one, other in pairwise(stops) if other - one > 12]
    assert gaps == []


@each_notebook
def test_the_reader_types_something(path: Path) -> None:
    tried = [cell for cell in code_cells(path) if "de.try_it(" in cell.source]
    assert 2 <= len(tried) <= 4
    for cell in tried:
        assert "= ____" in cell.source and "Your turn" in said(cell)


@each_notebook
def test_it_names_the_guide_and_links_it(path: Path) -> None:
    assert "[*AWS for Data Engineers*](../docs/guide.md)" in section(path, OPENING[0])


@each_notebook
def test_its_rhythm(path: Path) -> None:
    code = sorted(len(lines_of(cell)) for cell in code_cells(path))
    assert statistics.median(code) <= 7  # of at most 100 characters
    assert statistics.quantiles(code, n=10)[-1] <= 12
    assert len(prose_cells(path)) >= len(code)
    words = [len(without_code(cell.source).split()) for cell in prose_cells(path)]
    assert 25 <= statistics.median(words) <= 60


@each_notebook
def test_every_picture_has_words(path: Path) -> None:
    shown = [texts(output) for cell in code_cells(path) for output in cell.outputs]
    for text in [*shown, *(cell.source for cell in prose_cells(path))]:
        for image in re.findall(r"<img\b[^>]*>", text):
            assert re.search(r'alt="[^"]{20,}"', image), image[:200]
        for image in re.findall(r"<svg\b[^>]*>.*?</svg>", text, re.S):
            assert "aria-label" in image or "<title" in image or 'aria-hidden="true"' in image, image[:200]
        for words in re.findall(r"!\[(.*?)\]\(", text):
            assert len(words) >= 20, f"![{words}]"
    for cell in code_cells(path):
        for output in cell.outputs:
            kinds = set(output.get("data", {}))
            assert not kinds & {"image/png", "image/svg+xml"}, "show pictures with de.show, which gives them words"


@each_notebook
def test_it_speaks_of_today(path: Path) -> None:
    for cell in read(path).cells:
        seen = "\n".join(map(texts, cell.get("outputs", [])))
        for line in (cell.source + "\n" + seen).splitlines():
            if not line.lstrip().startswith(">") and not any(word in line for word in HISTORY):
                assert found(RETIRED, line) == [], line
        if cell.cell_type == "code":
            assert found(UNWANTED, cell.source) == [], cell.source


@each_notebook
def test_each_difference_from_aws_is_proved(path: Path) -> None:
    """A claim names its tests in a comment: `<!-- tests: test_claims_00.py::test_the_bucket_is_a_folder -->`."""
    claims = bullets(section(path, "How this differs from AWS"))
    assert claims
    for claim in claims:
        tests = re.search(r"<!-- tests?: (.+?) -->", claim, re.S)
        assert tests, claim
        for name in re.split(r"[,\s]+", tests[1].strip()):
            file, _, function = name.partition("::")
            assert f"def {function}(" in (ROOT / "tests" / file).read_text(), name


@each_notebook
def test_its_links_lead_somewhere(path: Path) -> None:
    for cell in prose_cells(path):
        for target in re.findall(r"\]\((?!https?://|#)([^)#]+)", without_code(cell.source)):
            assert (path.parent / target).exists(), target
