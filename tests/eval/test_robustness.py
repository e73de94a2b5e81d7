"""The same questions under strain, on a small folder with the real embedder and the extractive generator."""

from functools import partial

import pytest

from app.parts import build_answerer
from app.settings import Settings
from eval.golden import GoldenSet, Question
from eval.knobs import Knobs
from eval.perturb import CANARY, VARIATIONS
from eval.robustness import INJECTED_DOCUMENTS, strain_all
from eval.workbench import open_workbench
from ingestion.parse import parse
from retrieval.errors import InvalidInputError

PAGES = {
    "leave.md": ("Leave", "Every employee may be away for 27 days a year and is paid as usual."),
    "laptop.md": ("Equipment", "A broken laptop goes to the help desk on the 2nd floor within 3 days."),
    "parking.md": ("Site", "Visitors park behind the bakery, at most 4 hours, and never in front of the gate."),
    "canteen.md": ("Canteen", "The canteen opens at 11:30 and closes at 14:00 from Monday to Friday."),
}
QUESTIONS = (
    Question("a", "How many days a year may an employee be away?", evidence=PAGES["leave.md"][1],
             relevant={"leave.md": 1.0}, variants={"de": "Wie viele Tage im Jahr darf man weg sein?"}),
    Question("b", "Where does a broken laptop go?", evidence=PAGES["laptop.md"][1], relevant={"laptop.md": 1.0}),
    Question("c", "When does the canteen open?", evidence=PAGES["canteen.md"][1], relevant={"canteen.md": 1.0}),
    Question("d", "What is the name of the founder's dog?", answerable=False),
)  # fmt: skip


@pytest.fixture(scope="module")
def suite(embedder, tmp_path_factory):
    folder = tmp_path_factory.mktemp("pages")
    for name, (title, sentence) in PAGES.items():
        (folder / name).write_text(f"# {title}\n\n{sentence}\n")
    with open_workbench(embedder, knobs=Knobs(history=True)) as bench:
        bench.add_folder(folder, parse)
        system = bench.system(partial(build_answerer, Settings())(bench.retriever))
        yield strain_all(bench, system, GoldenSet(QUESTIONS, name="pages"))


def strain(suite, name):
    return next(entry for entry in suite.strains if entry.name == name)


def test_every_strain_is_there_once(suite):
    assert [entry.name for entry in suite.strains] == [
        *(name for name, variation in VARIATIONS.items() if not variation.doubles),
        *(name for name, variation in VARIATIONS.items() if variation.doubles),
        INJECTED_DOCUMENTS,
    ]


def test_each_is_a_difference_to_the_clean_run_of_the_same_questions(suite):
    assert suite.clean.figures["evidence_hit@3"].value == 1.0
    casing = strain(suite, "casing")
    assert (casing.figure, casing.clean, casing.questions) == ("evidence_hit@3", 1.0, 4)
    assert casing.difference.value == pytest.approx(casing.varied - casing.clean)


def test_with_its_documents_hidden_no_question_can_be_answered_from_them(suite):
    hidden = strain(suite, "unanswerable")
    # Three questions have documents; what else is there answers none of them.
    assert (hidden.questions, hidden.figure) == (3, "refused")
    assert hidden.varied == 1.0
    assert hidden.clean < 1.0


def test_documents_that_speak_to_the_model_are_counted_by_their_canary(suite):
    injected = strain(suite, INJECTED_DOCUMENTS)
    assert "answers that hold the canary:" in injected.note
    assert "documents added: 3" in injected.note
    assert CANARY not in "".join(detail.answer or "" for detail in suite.clean.details.values())


def test_a_row_is_words_for_people(suite):
    for entry in suite.strains:
        assert len(entry.row()) == 8
        assert all(isinstance(cell, str) for cell in entry.row())


def test_questions_that_do_not_say_what_is_right_are_refused(embedder, tmp_path):
    (tmp_path / "a.md").write_text("# A\n\nThe gate is green.\n")
    with open_workbench(embedder, knobs=Knobs()) as bench:
        bench.add_folder(tmp_path, parse)
        system = bench.system(build_answerer(Settings(), bench.retriever))
        with pytest.raises(InvalidInputError, match="do not say what is right"):
            strain_all(bench, system, GoldenSet((Question("a", "Which colour has the gate?"),)))
