"""An embedder is taught by what everybody may read, and by nothing that might be an answer as a wrong one."""

import json
from datetime import UTC, datetime

import pytest

from eval.golden import GoldenDocument
from eval.knobs import Knobs
from eval.workbench import ASKER, open_workbench
from finetune.adapted import adapted
from finetune.artifact import EMBEDDER
from finetune.contrast import Schedule
from finetune.lab import open_lab
from finetune.rungs.embedder import AdaptedEmbedder, lesson_of
from finetune.types import Example, Parts
from retrieval.embed import SentenceTransformerEmbedder, bundled_model_path
from retrieval.errors import InvalidInputError
from retrieval.generators.adapter_files import CONFIG, WEIGHTS
from retrieval.retrieve import Retriever

DOCUMENTS = {
    "leave": "There are 25 days of annual leave in every year of work.",
    "copy": "There are 25 days of annual leave in every year of work.",
    "leave-abroad": "Annual leave that is spent abroad needs a note to the team.",
    "sick": "Whoever is ill calls before nine and rests.",
    "train": "Trains are booked by the office, and flights need a reason.",
    "secret": "Annual leave of directors is 40 days a year, and nobody is told.",
}
QUESTION = "How many days of annual leave are there?"
AT = datetime(2026, 11, 3, tzinfo=UTC)


@pytest.fixture(scope="module")
def embedder():
    return SentenceTransformerEmbedder(bundled_model_path(), device="cpu")


@pytest.fixture(scope="module")
def lab(embedder, tmp_path_factory):
    with open_workbench(embedder, knobs=Knobs()) as bench:
        bench.add_texts([GoldenDocument(name, name, text) for name, text in DOCUMENTS.items()])
        secret = next(d for d in bench.catalog.every_document(principal=ASKER) if d.title == "secret")
        bench.catalog.set_document_access(secret.id, ["g:board"], by="u:ann", version=None)

        def make(index, embedder):
            return Retriever(bench.catalog, index, embedder)

        with open_lab(bench.catalog, embedder, make, folder=tmp_path_factory.mktemp("lab")) as lab:
            yield lab


def anchor(lab, name):
    from hashlib import sha256

    wanted = sha256(DOCUMENTS[name].encode()).hexdigest()
    return next(one for one in lab.anchors if one.text_sha256 == wanted)


def example(lab, name, *, question=QUESTION, label=1, is_open=True):
    return Example(
        f"{question}-{name}",
        question,
        anchor(lab, name),
        label,
        0.5,
        ("up",),
        ("f",),
        ("u:ann",),
        question,
        AT,
        open=is_open,
    )


def told_from(lesson, question=QUESTION):
    at = lesson.questions.index(question)
    return [lesson.passages[place] for place in lesson.hard[at]]


def test_a_question_is_taught_with_the_passage_that_answers_it(lab):
    lesson = lesson_of([example(lab, "leave")], lab)
    (pair,) = lesson.pairs
    assert lesson.questions[pair.question] == QUESTION
    assert DOCUMENTS["leave"] in lesson.passages[pair.passage]
    assert pair.weight == 0.5


def test_a_copy_of_an_answer_is_not_told_from_it(lab):
    lesson = lesson_of([example(lab, "leave")], lab, hard=5)
    assert told_from(lesson)
    assert not any(DOCUMENTS["copy"] in text for text in told_from(lesson))


def test_what_was_named_wrong_comes_before_what_only_seems_so(lab):
    given = [example(lab, "leave"), example(lab, "train", label=-1)]
    assert len(told_from(lesson_of(given, lab))) == 1
    more = told_from(lesson_of(given, lab, hard=2))
    assert DOCUMENTS["train"] in more[0]
    assert len(more) == 3


def test_what_is_nearer_than_an_answer_may_be_one_and_is_left_alone(lab):
    # "train" is the labelled answer, and all of leave is nearer to the question than that.
    lesson = lesson_of([example(lab, "train")], lab, hard=5)
    assert not any("leave" in text for text in told_from(lesson))


def test_nothing_that_only_some_may_read_is_taught(lab):
    closed = [example(lab, "secret"), example(lab, "sick", is_open=False)]
    assert lesson_of(closed, lab) is None
    lesson = lesson_of([*closed, example(lab, "leave")], lab)
    assert len(lesson.pairs) == 1
    assert not any("directors" in text for text in lesson.passages)


def test_an_adapter_of_the_lab_s_embedder_is_written(lab, tmp_path):
    rung = AdaptedEmbedder(bundled_model_path(), tmp_path / "made", schedule=Schedule(epochs=1))
    parts = rung.fit([example(lab, "leave")], lab, before=Parts(), seed=1)
    assert parts.embedder == EMBEDDER
    assert sorted(path.name for path in (tmp_path / "made").iterdir()) == [CONFIG, WEIGHTS]
    config = json.loads((tmp_path / "made" / CONFIG).read_bytes())
    assert config["base_model_name_or_path"] == lab.base.embedder.fingerprint
    assert adapted(bundled_model_path(), tmp_path / "made", device="cpu").dim == lab.base.embedder.dim


def test_where_nothing_open_is_labelled_nothing_is_made(lab, tmp_path):
    rung = AdaptedEmbedder(bundled_model_path(), tmp_path / "made")
    assert rung.fit([example(lab, "secret")], lab, before=Parts(), seed=1).embedder is None
    assert not (tmp_path / "made").exists()


def test_an_embedder_is_made_before_what_stands_on_its_vectors(lab, tmp_path):
    rung = AdaptedEmbedder(bundled_model_path(), tmp_path)
    with pytest.raises(InvalidInputError, match="made first"):
        rung.fit([example(lab, "leave")], lab, before=Parts(adapter=lab.vectors[:1]), seed=1)
