"""The path of an evaluation on small sets, with the bundled embedder and the real knowledge base."""

import json
import tempfile
from functools import partial
from pathlib import Path

import pytest

from eval.evaluate import Parts, evaluate_answers, evaluate_retrieval
from eval.golden import read_beir, read_questions
from eval.knobs import Knobs
from eval.report import report_of_record
from ingestion.parse import parse
from retrieval.answer import Answerer
from retrieval.errors import InvalidInputError
from retrieval.prompt import Draft, Quote
from retrieval.types import Turn

LEAVE = "Every employee may be away for 27 days a year and is paid as usual."
LAPTOP = "A broken laptop goes to the help desk on the second floor."
PARKING = "Visitors park behind the bakery, never in front of the gate."
CORPUS = [
    {"_id": "leave", "title": "Absence", "text": f"Every absence is agreed with the team.\n\n{LEAVE}"},
    {"_id": "laptop", "title": "Equipment", "text": LAPTOP},
    {"_id": "parking", "title": "Site", "text": PARKING},
]


def test_dense_search_finds_by_meaning_where_words_find_nothing(write_beir, embedder):
    # No word of the question stands in any document but stop words.
    beir = write_beir(CORPUS, [{"_id": "q", "text": "How much vacation do I get?"}], [("q", "leave", 1)])
    dense = evaluate_retrieval(read_beir(beir, "dev"), mode="dense", embedder=embedder).as_json()
    sparse = evaluate_retrieval(read_beir(beir, "dev"), mode="sparse", embedder=embedder).as_json()
    names = ("ndcg@10", "recall@10", "recall@100", "mrr@10")
    assert [dense[name] for name in names] == [1.0, 1.0, 1.0, 1.0]
    assert [sparse[name] for name in names] == [0.0, 0.0, 0.0, 0.0]


def test_a_report_says_what_was_measured_and_how(write_beir, embedder):
    corpus = [*CORPUS, {"_id": "blank", "title": " ", "text": "\n\n"}]
    beir = write_beir(corpus, [{"_id": "q", "text": "Where does my laptop go?"}], [("q", "laptop", 1)])
    report = evaluate_retrieval(read_beir(beir, "dev"), mode="hybrid", embedder=embedder, knobs=Knobs(dense_weight=0.3))
    body = json.loads(json.dumps(report.as_json()))
    assert {"ndcg@10", "recall@10", "recall@100", "mrr@10", "queries_per_s"} <= body.keys()
    assert (body["documents"], body["chunks"], body["queries"]) == (3, 3, 1)
    assert embedder.fingerprint in body["fingerprint"]
    assert body["settings"] == {
        "pool": 100,
        "dense_weight": 0.3,
        "chunk_tokens": 254,
        "history": False,
        "whole": False,
        "fusion": "mix",
        "rerank": "sentences",
    }
    assert body["skipped"] == {"documents without title and text": 1}
    assert body["queries_per_s"] > 0
    milliseconds = report.scores["q"]["ms"]
    assert milliseconds is not None
    assert milliseconds > 0
    assert report.scores["q"] == {
        "ndcg@10": 1.0,
        "recall@10": 1.0,
        "recall@100": 1.0,
        "precision@10": 0.1,
        "mrr@10": 1.0,
        "map@100": 1.0,
        "ms": milliseconds,
    }
    assert report_of_record(json.loads(json.dumps(report.record()))) == report


def test_a_document_counts_once_however_many_of_its_chunks_match(write_beir, embedder):
    # Three chunks of one document beat the other document, which is second all the same.
    ovens = "\n\n".join(f"The oven kiln {name} is an oven kiln of the works." * 2 for name in ("one", "two", "three"))
    corpus = [
        {"_id": "ovens", "title": "Works", "text": ovens},
        {"_id": "floor", "title": "Works", "text": f"Beside an oven, {PARKING} " * 3},
    ]
    beir = write_beir(corpus, [{"_id": "q", "text": "oven kiln"}], [("q", "floor", 1)])
    report = evaluate_retrieval(read_beir(beir, "dev"), mode="sparse", embedder=embedder, knobs=Knobs(chunk_tokens=40))
    assert report.counts["chunks"] > 3
    assert report.figures["mrr@10"].value == 0.5


def test_recall_at_100_is_of_documents_not_of_chunks(write_beir, embedder):
    # 60 documents of 5 chunks each match better than the relevant one: before it stand 300 chunks, but 60 documents.
    strong = "\n\n".join("The kiln kiln kiln kiln kiln kiln kiln kiln kiln kiln." for _ in range(5))
    weak = f"Somewhere there is a kiln. {PARKING}"
    corpus = [{"_id": f"d{i}", "title": "", "text": strong} for i in range(60)]
    beir = write_beir(
        [*corpus, {"_id": "weak", "title": "", "text": weak}], [{"_id": "q", "text": "kiln"}], [("q", "weak", 1)]
    )
    report = evaluate_retrieval(read_beir(beir, "dev"), mode="sparse", embedder=embedder, knobs=Knobs(chunk_tokens=32))
    assert report.counts["chunks"] >= 301
    assert (report.figures["recall@10"].value, report.figures["recall@100"].value) == (0.0, 1.0)
    assert not any("1,000 passages" in note for note in report.notes)


def test_documents_too_deep_to_reach_are_told_of(write_beir, embedder):
    # 12 documents of 100 chunks each: 1,000 passages show fewer than 100 documents, and never the weak one.
    strong = "\n\n".join("The kiln kiln kiln kiln kiln kiln kiln kiln kiln kiln." for _ in range(100))
    corpus = [{"_id": f"d{i}", "title": "", "text": strong} for i in range(12)]
    weak = {"_id": "weak", "title": "", "text": f"Somewhere there is a kiln. {PARKING}"}
    beir = write_beir([*corpus, weak], [{"_id": "q", "text": "kiln"}], [("q", "weak", 1)])
    report = evaluate_retrieval(read_beir(beir, "dev"), mode="sparse", embedder=embedder, knobs=Knobs(chunk_tokens=32))
    assert report.figures["recall@100"].value == 0.0
    assert "questions with fewer than 100 documents among 1,000 passages: 1" in report.notes


def test_history_is_searched_only_when_asked_for(write_beir, embedder):
    query = {"_id": "q", "text": "And whom?", "history": [{"role": "user", "text": "My laptop is broken"}]}
    beir = write_beir(CORPUS, [query], [("q", "laptop", 1)])
    alone = evaluate_retrieval(read_beir(beir, "dev"), mode="sparse", embedder=embedder)
    together = evaluate_retrieval(read_beir(beir, "dev"), mode="sparse", embedder=embedder, knobs=Knobs(history=True))
    assert (alone.figures["mrr@10"].value, together.figures["mrr@10"].value) == (0.0, 1.0)


def test_a_title_without_text_can_be_found(write_beir, embedder):
    corpus = [*CORPUS, {"_id": "title", "title": "Turbine overhaul", "text": ""}]
    beir = write_beir(corpus, [{"_id": "q", "text": "turbine"}], [("q", "title", 1)])
    assert evaluate_retrieval(read_beir(beir, "dev"), mode="sparse", embedder=embedder).figures["mrr@10"].value == 1.0


def test_text_that_no_database_holds_is_cleaned_as_in_real_documents(write_beir, embedder):
    corpus = [*CORPUS, {"_id": "odd", "title": "A\u0000B\ud800", "text": "The tur\u00adbine\u0000 hums."}]
    beir = write_beir([], [{"_id": "q", "text": "turbine"}], [("q", "odd", 1)])
    (beir / "corpus.jsonl").write_text("\n".join(json.dumps(row) for row in corpus))
    assert evaluate_retrieval(read_beir(beir, "dev"), mode="sparse", embedder=embedder).figures["mrr@10"].value == 1.0


def test_an_overlong_question_is_cut_and_told_of(write_beir, embedder):
    beir = write_beir(CORPUS, [{"_id": "q", "text": "x " * 2500 + "laptop"}], [("q", "laptop", 1)])
    report = evaluate_retrieval(read_beir(beir, "dev"), mode="sparse", embedder=embedder)
    assert report.figures["mrr@10"].value == 1.0
    assert "questions cut to their last 4,000 characters: 1" in report.notes


@pytest.mark.parametrize("knobs", [Knobs(pool=5), Knobs(dense_weight=1.5), Knobs(chunk_tokens=31)])
def test_a_knob_out_of_range_is_refused(write_beir, embedder, knobs):
    beir = write_beir(CORPUS, [{"_id": "q", "text": "laptop"}], [("q", "laptop", 1)])
    with pytest.raises(InvalidInputError):
        evaluate_retrieval(read_beir(beir, "dev"), mode="sparse", embedder=embedder, knobs=knobs)


def test_nothing_is_left_on_disk(write_beir, embedder, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "scratch"))
    (tmp_path / "scratch").mkdir()
    beir = write_beir(CORPUS, [{"_id": "q", "text": "laptop"}], [("q", "laptop", 1)])
    seen = []

    def progress(stage, done, total):
        seen.append((stage, done, total))
        if stage == "searching":
            assert any((tmp_path / "scratch").iterdir())
            raise InvalidInputError("stopped half way")

    with pytest.raises(InvalidInputError, match="half way"):
        evaluate_retrieval(read_beir(beir, "dev"), mode="sparse", embedder=embedder, progress=progress)
    assert seen == [("indexing", 3, 3), ("searching", 1, 1)]
    assert list((tmp_path / "scratch").iterdir()) == []


class Scripted:
    """A generator that says what the test wrote down: by question, the sentences to quote and the confidence."""

    name = "scripted"

    def __init__(self, script):
        self.script = script
        self.asked = []

    def generate(self, prompt, **_):
        self.asked.append((prompt.question, prompt.history))
        wanted, confidence = self.script[prompt.question]
        quotes = []
        for sentence in wanted:
            number, chunk = next((i, p.chunk) for i, p in enumerate(prompt.passages) if sentence in p.chunk.text)
            start = chunk.start + chunk.text.index(sentence)
            quotes.append(Quote(number, start, start + len(sentence)))
        text = " ".join(f"So it is [{number}]." for number in range(1, len(quotes) + 1))
        return Draft(text, tuple(quotes), confidence, "scripted")


@pytest.fixture
def handbook(tmp_path):
    folder = tmp_path / "hand book"
    (folder / "people").mkdir(parents=True)
    (folder / "people" / "leave ü.md").write_text(f"# Absence\n\n{LEAVE}\n")
    (folder / "laptop.md").write_text(f"# Equipment\n\n{LAPTOP}\n")
    (folder / "parking.md").write_text(f"# Site\n\n{PARKING}\n")
    return folder


QUESTIONS = [
    {"_id": "a", "text": "How many days off?", "evidence": "27 days a year", "documents": ["people/leave ü.md"]},
    {
        "_id": "b",
        "text": "Where does it go?",
        "history": [{"role": "user", "text": "My laptop is broken."}, {"role": "assistant", "text": "I am sorry."}],
        "evidence": "the help desk",
        "documents": ["laptop.md"],
    },
    {"_id": "c", "text": "May dogs come in?", "type": "unanswerable"},
    {"_id": "d", "text": "What is for lunch?", "type": "unanswerable"},
]


def parts_of(embedder, generator, parse=parse):
    answerer = partial(Answerer, generator=generator, fallback=generator, abstain_below=0.5)
    return Parts(embedder, parse, answerer)


def test_answers_are_measured_by_hand_derived_figures(handbook, write_questions, embedder):
    script = {
        "How many days off?": ([LEAVE], 0.9),
        "Where does it go?": ([PARKING, LAPTOP], 0.6),
        "May dogs come in?": ([PARKING], 0.7),
        "What is for lunch?": ([], 0.8),
    }
    generator = Scripted(script)
    report = evaluate_answers(handbook, read_questions(write_questions(QUESTIONS)), parts=parts_of(embedder, generator))
    body = json.loads(json.dumps(report.as_json()))
    assert body["evidence_hit@1"] == 0.5  # a's first quote; b's stands second
    assert body["evidence_hit@3"] == 1.0
    assert body["page_hit@5"] == 1.0  # three documents, all of them found
    assert body["citation_precision"] == pytest.approx(2 / 3, abs=1e-4)  # leave, laptop; not parking
    # d quotes nothing, so its .8 is worth 0: pairs .9>.7, .9>0, .6<.7, .6>0
    assert body["abstention_auroc"] == 0.75
    assert body["abstention_accuracy"] == 0.75  # c is answered wrongly
    assert 0 < body["p50_ms"] <= body["p95_ms"]
    assert [body[name] for name in ("questions", "answerable", "unanswerable", "abstained")] == [4, 2, 2, 1]
    assert body["citation_recall"] == 1.0  # a's and b's only document is among what they cite
    assert body["refusal_accuracy"] == 0.5  # c was answered, d was not
    assert (body["documents"], body["chunks"], body["failed"]) == (3, 3, [])
    assert body["notes"] == [
        'not measured: passage_recall; no answerable question has "passages" of documents that exist',
        'not measured: exact_match, token_f1, rouge_l, bleu; no answerable question has a reference "answer"',
    ]
    assert body["settings"]["abstain_below"] == 0.5
    history = (Turn("user", "My laptop is broken."), Turn("assistant", "I am sorry."))
    assert ("Where does it go?", history) in generator.asked


def test_evidence_is_looked_for_below_the_threshold_too(handbook, write_questions, embedder):
    generator = Scripted({"How many days off?": ([LEAVE], 0.1)})
    report = evaluate_answers(
        handbook, read_questions(write_questions(QUESTIONS[:1])), parts=parts_of(embedder, generator)
    )
    assert report.figures["evidence_hit@1"].value == 1.0
    assert report.figures["citation_precision"].value is None
    assert report.counts["abstained"] == 1
    assert any("there is no unanswerable question" in note for note in report.notes)


def test_failed_documents_and_unknown_ones_are_told_of(handbook, write_questions, embedder):
    (handbook / "empty.md").write_text("")
    question = {"_id": "a", "text": "How many days off?", "documents": ["empty.md", "gone.md"]}
    generator = Scripted({"How many days off?": ([LEAVE], 0.9)})
    report = evaluate_answers(
        handbook, read_questions(write_questions([question])), parts=parts_of(embedder, generator)
    )
    assert [(Path(failure.path).name, failure.reason) for failure in report.failed] == [
        ("empty.md", "is empty (0 bytes)")
    ]
    # The empty file is there, so that it was not found counts; the other is not there at all.
    assert report.figures["page_hit@5"].value == 0.0
    assert report.skipped == {"judgements of documents that do not exist": 1}


def test_a_folder_without_documents_is_refused(tmp_path, write_questions, embedder):
    questions = read_questions(write_questions(QUESTIONS))
    parts = parts_of(embedder, Scripted({}))
    with pytest.raises(InvalidInputError, match="is not a folder"):
        evaluate_answers(tmp_path / "nowhere", questions, parts=parts)
    (tmp_path / "docs").mkdir()
    with pytest.raises(InvalidInputError, match=r"no document of .* could be ingested"):
        evaluate_answers(tmp_path / "docs", questions, parts=parts)
    (tmp_path / "docs" / "a.md").write_text("")
    with pytest.raises(InvalidInputError, match=r"a\.md is empty"):
        evaluate_answers(tmp_path / "docs", questions, parts=parts)
