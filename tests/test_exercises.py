"""Exercises: starter code is not attempted, solutions are correct, known slips get their own advice, and a lab that
is down is nobody's mistake."""

from __future__ import annotations

import ast
import inspect
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from importlib import import_module
from pathlib import Path
from typing import Any

import nbformat
import pytest

import dehelpers as de
from dehelpers.exercises import ____, exercises
from dehelpers.exercises.exercise import KINDS, Exercise, Part
from dehelpers.exercises.outcome import NotYet, Outcome, Result, SetupFault
from dehelpers.exercises.progress import Progress
from dehelpers.exercises.source import starter, stub
from dehelpers.words.blank import has_blank
from tests.conftest import RunningLab
from tests.connected import connected
from tests.exercises import right00, right01, right02, right04, right06, wrong00, wrong01, wrong02, wrong04, wrong06
from tests.test_notebooks import PRIVATE, RETIRED, UNWANTED, found

ROOT = Path(__file__).resolve().parents[1]
WRONG = {
    "00_introduction": wrong00.WRONG,
    "01_ingestion": wrong01.WRONG,
    "02_storage": wrong02.WRONG,
    "04_analytics": wrong04.WRONG,
    "06_security": wrong06.WRONG,
}
RIGHT = {
    "00_introduction": right00.RIGHT,
    "01_ingestion": right01.RIGHT,
    "02_storage": right02.RIGHT,
    "04_analytics": right04.RIGHT,
    "06_security": right06.RIGHT,
}
ALL = [exercise for part in WRONG for exercise in exercises(part)]
SLIPS = [
    pytest.param(part, name, answers, words, id=f"{name}-{number}")
    for part, wrong in WRONG.items()
    for name, slips in wrong.items()
    for number, (answers, words) in enumerate(slips)
]

each_exercise = pytest.mark.parametrize("exercise", ALL, ids=lambda exercise: exercise.name)
each_part = pytest.mark.parametrize("part", WRONG)


@pytest.fixture(scope="module", autouse=True)
def progress(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where progress is kept in these tests, never in the project."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("progress")
        patch.setenv("DEHELPERS_PROGRESS", str(folder))
        yield folder


@pytest.fixture(scope="module")
def session(lab: RunningLab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[de.Session]:
    with connected(lab, tmp_path_factory.mktemp("project"), prefix="exercises") as session:
        yield session


@dataclass
class Played:
    """What the checks of a notebook were given and said, by exercise."""

    answers: dict[str, tuple[Any, ...]] = field(default_factory=dict)
    results: dict[str, Result] = field(default_factory=dict)


def play(path: Path, patch: pytest.MonkeyPatch) -> Played:
    """Run all cells of a notebook, as a kernel would, and listen to its checks."""
    played, check = Played(), Exercise.check

    def listen(self: Exercise, *answers: Any) -> Result:
        played.answers[self.name], played.results[self.name] = answers, check(self, *answers)
        return played.results[self.name]

    patch.setattr(Exercise, "check", listen)
    patch.setattr(de, "connect", lambda *_, **__: de.current())  # it is connected, under a prefix of the tests
    namespace: dict[str, Any] = {"__name__": "__main__"}
    for number, cell in enumerate(nbformat.read(path, as_version=4).cells):
        if cell.cell_type == "code":
            exec(compile(cell.source, f"{path.name}:{number}", "exec"), namespace)
    return played


@pytest.fixture(scope="module")
def solved(session: de.Session) -> Played:
    return _both("solutions")


@pytest.fixture(scope="module")
def begun(session: de.Session) -> Played:
    return _both("exercises")


def _both(folder: str) -> Played:
    whole = Played()
    for part in WRONG:
        with pytest.MonkeyPatch.context() as patch:
            played = play(ROOT / folder / f"{part}.ipynb", patch)
        whole.answers |= played.answers
        whole.results |= played.results
    return whole


# -- every exercise --------------------------------------------------------------------------------------------------


@each_exercise
def test_starter_code_is_not_attempted(exercise: Exercise, begun: Played) -> None:
    assert begun.results[exercise.name].outcome is Outcome.NOT_ATTEMPTED


@each_exercise
def test_the_solution_is_correct(exercise: Exercise, solved: Played) -> None:
    result = solved.results[exercise.name]
    assert result.outcome is Outcome.CORRECT, result


@pytest.mark.parametrize(("part", "name", "answers", "words"), SLIPS)
def test_a_known_slip_gets_its_own_advice(part: str, name: str, answers: Any, words: str, session: de.Session) -> None:
    exercise = getattr(exercises(part), name)
    result = exercise.check(*_given(exercise, answers))
    assert result.outcome is Outcome.NOT_YET, result
    assert words in result.message
    others = {other for slip, other in WRONG[part][name] if slip is not answers}
    assert not [other for other in others if other in result.message], "each slip has advice of its own"


def _given(exercise: Exercise, answers: Any) -> tuple[Any, ...]:
    """What check is called with; some answers can only be made of the scene that is set."""
    return tuple(answers(exercise.stage()) if callable(answers) else answers)


OTHERS = [
    pytest.param(part, name, answers, id=f"{name}-{number}")
    for part, right in RIGHT.items()
    for name, each in right.items()
    for number, answers in enumerate(each)
]


@pytest.mark.parametrize(("part", "name", "answers"), OTHERS)
def test_a_right_answer_written_differently_is_correct(part: str, name: str, answers: Any, session: de.Session) -> None:
    exercise = getattr(exercises(part), name)
    result = exercise.check(*_given(exercise, answers))
    assert result.outcome is Outcome.CORRECT, result


ODD = {
    "nothing": lambda *_: None,
    "a dict": lambda *_: {None: [1], 3: "x"},
    "no arguments": lambda: 1,
}


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
@each_exercise
def test_an_odd_answer_is_the_readers(exercise: Exercise, odd: Any, session: de.Session) -> None:
    scene = [exercise.stage()] if exercise.name in ("mend_handler", "poison_pill") else []
    answers = [odd] * (len(inspect.signature(exercise._judge).parameters) - len(scene))
    assert exercise.check(*answers, *scene).outcome is Outcome.NOT_YET


@each_exercise
def test_there_are_at_least_three_right_answers(exercise: Exercise) -> None:
    """The solution is one of them."""
    others = {name: right for rights in RIGHT.values() for name, right in rights.items()}
    assert 1 + len(others[exercise.name]) >= 3


@each_exercise
def test_there_are_at_least_three_known_slips(exercise: Exercise) -> None:
    slips = {name: wrong for wrongs in WRONG.values() for name, wrong in wrongs.items()}
    assert len({words for _, words in slips[exercise.name]}) >= 3


@each_exercise
def test_a_stopped_lab_is_a_set_up_fault(
    exercise: Exercise, solved: Played, stopped: de.Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_module("dehelpers.words.connect"), "_current", stopped)
    result = exercise.check(*solved.answers[exercise.name])
    assert result.outcome is Outcome.SETUP_FAULT
    assert "de.connect()" in result.message


@pytest.fixture(scope="module")
def stopped(session: de.Session, tmp_path_factory: pytest.TempPathFactory) -> de.Session:
    """A session on a lab that has been stopped since."""
    lab = RunningLab(tmp_path_factory.mktemp("stopped"))
    lab.stop()
    return replace(session, endpoint=lab.endpoint)


@each_exercise
def test_it_has_a_kind_and_hints_that_do_not_give_it_away(exercise: Exercise) -> None:
    assert exercise.kind in KINDS
    assert exercise._hints
    assert not [hint for hint in exercise._hints if len(hint) > 300]


@each_part
def test_solutions_and_exercises_have_the_same_names(part: str) -> None:
    cells = nbformat.read(ROOT / "solutions" / f"{part}.ipynb", as_version=4).cells
    tagged = [tag for cell in cells for tag in cell.metadata.get("tags", [])]
    assert tagged == [f"exercise:{exercise.name}" for exercise in exercises(part)]
    assert set(WRONG[part]) == {exercise.name for exercise in exercises(part)}


@each_part
def test_prose_is_short_and_names_the_answer(part: str) -> None:
    cells = nbformat.read(ROOT / "solutions" / f"{part}.ipynb", as_version=4).cells
    text = "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    sections = re.split(r"^(?=## )", text, flags=re.M)[1:]
    for number, (exercise, prose) in enumerate(zip(exercises(part), sections, strict=False), start=1):
        assert prose.splitlines()[0] == f"## {number} · {exercise.title} *({exercise.kind})*"
        assert 15 <= len(prose.split()) <= 130
        code = [cell.source for cell in cells if cell.cell_type == "code"]
        [check] = [source for source in code if source.startswith(f"ex.{exercise.name}.check(")]
        for name in [node.id for node in ast.walk(ast.parse(check)) if isinstance(node, ast.Name) and node.id != "ex"]:
            assert f"`{name}" in prose


@each_part
def test_links_lead_somewhere_and_names_are_of_today(part: str) -> None:
    path = ROOT / "solutions" / f"{part}.ipynb"
    for cell in nbformat.read(path, as_version=4).cells:
        assert found(RETIRED | PRIVATE | UNWANTED, cell.source.replace("time.sleep(", "")) == []
        if cell.cell_type == "markdown":
            for target in re.findall(r"\]\((?!https?://)([^)#]+)", cell.source):
                assert (path.parent / target).exists(), target


def test_starter_code_runs_in_a_kernel(tmp_path: Path, lab: RunningLab) -> None:
    """From top to bottom, as somebody may who only wants to see the questions."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "DEHELPERS_"))} | {
        "DEHELPERS_DIR": str(lab.directory),
        "DEHELPERS_PROGRESS": str(tmp_path),
        "DEHELPERS_PREFIX": "kernel",
    }
    source, target = ROOT / "exercises" / "01_ingestion.ipynb", tmp_path / "executed.ipynb"
    command = [sys.executable, "-m", "papermill", str(source), str(target), "--no-progress-bar"]
    run = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert run.returncode == 0, run.stderr[-3000:]
    outputs = [output for cell in nbformat.read(target, as_version=4).cells for output in cell.get("outputs", [])]
    shown = [output["data"] for output in outputs if output.output_type == "execute_result"]
    said = [data["text/html"] for data in shown if "Not attempted." in data["text/plain"]]
    assert len(said) == len(exercises("01_ingestion"))
    assert all("<strong>○ Not attempted.</strong>" in html for html in said)


# -- the generator ---------------------------------------------------------------------------------------------------


def test_exercises_are_what_solutions_make() -> None:
    run = subprocess.run([sys.executable, "tools/exercises.py", "--check"], cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr


def test_a_stub_replaces_marked_lines_only() -> None:
    source = "def f():\n    # stub: a = ____\n    # stub: return a\n    return 1\n    # end\nprint(f())"
    assert stub(source) == "def f():\n    a = ____\n    return a\nprint(f())"


@pytest.mark.parametrize("source", ["# stub: a = ____\na = 1", "a = 1\n# end"])
def test_a_block_must_be_opened_and_closed(source: str) -> None:
    with pytest.raises(ValueError, match="# end"):
        stub(source)


def test_starter_code_of_what_does_not_exist() -> None:
    with pytest.raises(LookupError, match="exercise:nothing"):
        starter("00_introduction", "nothing")
    with pytest.raises(LookupError, match="missing"):
        starter("99_nothing", "nothing")


# -- the framework ---------------------------------------------------------------------------------------------------


@pytest.fixture
def part(session: de.Session) -> Iterator[Part]:
    """A part with one exercise, whose solution is that of the introduction's first."""
    made = Part("00_introduction")
    made.progress._part = "made_up"

    @made.exercise("A number", kind="write", hints=("It is small.", "It is odd."), stage=lambda: "the scene")
    def name_bucket(number: Any) -> str:
        if number == "fault":
            raise SetupFault("the bucket is missing")
        if number == "bug":
            raise KeyError("a bug in the check")
        if number != 3:
            raise NotYet(f"{number} <is> not `odd`")
        return "Three."

    yield made
    made.progress.forget("name_bucket")


def test_only_answers_that_were_judged_are_attempts(part: Part) -> None:
    said = [part.name_bucket.check(answer) for answer in (____, "fault", "bug", 2, 3, 2)]
    assert [result.outcome for result in said] == [
        Outcome.NOT_ATTEMPTED,
        Outcome.SETUP_FAULT,
        Outcome.SETUP_FAULT,
        Outcome.NOT_YET,
        Outcome.CORRECT,
        Outcome.NOT_YET,
    ]
    record = part.progress["name_bucket"]
    assert (record.attempts, record.solved) == (2, True), "what comes after it was solved is play"


def test_the_solution_opens_after_three_attempts(part: Part) -> None:
    assert "3 more attempts" in repr(part.name_bucket.solution())
    for _ in range(3):
        part.name_bucket.check(2)
    shown = part.name_bucket.solution()
    assert "lab.account_id" in shown.text and "____" not in shown.text and "# end" not in shown.text
    part.name_bucket.check(3)
    assert "with the solution" in repr(part)


def test_the_solution_opens_on_request(part: Part) -> None:
    assert "lab.account_id" in part.name_bucket.solution(anyway=True).text
    assert part.progress["name_bucket"].solution_seen


def test_the_solution_is_open_to_whoever_solved_it(part: Part) -> None:
    part.name_bucket.check(3)
    assert "lab.account_id" in part.name_bucket.solution().text
    assert not part.progress["name_bucket"].solution_seen


def test_hints_come_one_by_one(part: Part) -> None:
    assert [part.name_bucket.hint().text for _ in range(3)] == [
        "Hint 1 of 2. It is small.",
        "Hint 2 of 2. It is odd.",
        "Hint 2 of 2. It is odd.",
    ]
    assert part.name_bucket.hint(1).text == "Hint 1 of 2. It is small."
    assert part.progress["name_bucket"].hints == 2


def test_reset_forgets_and_shows_the_beginning(part: Part) -> None:
    part.name_bucket.check(3)
    assert "bucket_name = ____" in part.name_bucket.reset().text
    assert "○ not attempted" in repr(part.name_bucket)


def test_the_scene_is_set(part: Part) -> None:
    assert part.name_bucket.stage() == "the scene"


def test_results_are_words_and_symbols_rich_or_plain(part: Part) -> None:
    result = part.name_bucket.check(2)
    assert repr(result) == "✗ Not yet. 2 <is> not `odd`"
    assert "2 &lt;is&gt; not <code>odd</code>" in result._repr_html_()
    assert len({outcome.symbol for outcome in Outcome}) == len({outcome.words for outcome in Outcome}) == 4


def test_progress_is_a_table_with_a_bar(part: Part) -> None:
    assert "░░░░░░░░░░░░░░░░░░░░  0 of 1 solved" in repr(part)
    part.name_bucket.check(3)
    assert "████████████████████  1 of 1 solved" in repr(part)
    assert "<table>" in part._repr_html_()


def test_progress_survives_a_damaged_file(part: Part) -> None:
    part.name_bucket.check(3)
    part.progress.path.write_text("{")
    assert "○ not attempted" in repr(part.name_bucket)
    assert part.progress.path.with_suffix(".damaged").read_text() == "{"


def test_no_attempt_is_lost_when_notebooks_write_at_a_time(part: Part) -> None:
    def add(_: int) -> None:
        with Progress("made_up").change("name_bucket") as record:
            record.attempts += 1

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(add, range(40)))
    assert part.progress["name_bucket"].attempts == 40


def test_a_check_says_how_it_is_called(part: Part) -> None:
    with pytest.raises(TypeError, match=r"ex\.name_bucket\.check\(number\)"):
        part.name_bucket.check()
    with pytest.raises(AttributeError, match="choose from name_bucket"):
        _ = part.nothing
    with pytest.raises(ValueError, match="00_introduction"):
        exercises("nothing")


def test_blanks_are_found_wherever_they_are() -> None:
    def inner() -> Any:
        return [lambda: ____]

    assert all(map(has_blank, [____, [1, ____], {"a": (____,)}, inner]))
    assert not any(map(has_blank, [None, "____", [1], {"a": 2}, has_blank]))


def test_an_answer_that_never_ends_is_ended(session: de.Session, monkeypatch: pytest.MonkeyPatch) -> None:
    def read(*_: Any) -> None:
        while True:
            try:
                raise RuntimeError
            except Exception:
                pass

    monkeypatch.setattr("dehelpers.exercises.running.LIMIT", 0.1)
    monkeypatch.setattr("dehelpers.exercises.running.run.__kwdefaults__", {"limit": 0.1})
    result = exercises("00_introduction").tell_errors_apart.check(read)
    assert result.outcome is Outcome.NOT_YET and "still running after 0.1 s" in result.message


def test_an_answer_that_fails_is_told_where(session: de.Session) -> None:
    def read(s3: Any, bucket: str, key: str) -> Any:
        found: dict[str, Any] = {}
        return found[key]

    result = exercises("00_introduction").tell_errors_apart.check(read)
    assert "`read` raised `KeyError: 'airlines.csv'`, in its line 3" in result.message


def test_a_lab_that_goes_away_during_a_check_is_a_set_up_fault(
    tmp_path: Path, new_lab: Callable[..., RunningLab], session: de.Session
) -> None:
    lab = new_lab()

    def read(*_: Any) -> None:
        lab.kill()

    with connected(lab, tmp_path):
        assert exercises("00_introduction").tell_errors_apart.check(read).outcome is Outcome.SETUP_FAULT


def test_without_a_connection_nothing_is_judged() -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(import_module("dehelpers.words.connect"), "_current", None)
        result = exercises("00_introduction").price_month.check(7.65)
    assert result.outcome is Outcome.SETUP_FAULT and "not connected" in result.message


def test_the_shell_shows_progress(progress: Path) -> None:
    environment = {**os.environ, "DEHELPERS_PROGRESS": str(progress)}
    command = [sys.executable, "-m", "dehelpers", "progress"]
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert "00_introduction" in run.stdout and "of 3 solved" in run.stdout


@pytest.mark.parametrize(("name", "answer"), [("mend_handler", print), ("poison_pill", {"BatchSize": 10})])
def test_a_scene_that_is_gone_is_a_set_up_fault(name: str, answer: Any, session: de.Session) -> None:
    result = getattr(exercises("01_ingestion"), name).check(answer, "gone-123456789012")
    assert result.outcome is Outcome.SETUP_FAULT and "stage()" in result.message
