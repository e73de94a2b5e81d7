import json
import shutil
import threading
from dataclasses import astuple, dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
import torch
from transformers import BertForSequenceClassification, PreTrainedTokenizerFast

from retrieval.errors import ModelError
from retrieval.index import Hit, Hits
from retrieval.rerank import (
    CrossEncoderReranker,
    EndpointReranker,
    KeepOrder,
    SentenceReranker,
    identity_of,
    open_reranker,
)
from retrieval.retrieve import Retriever
from retrieval.rows import PassageRow
from retrieval.types import Chunk, Principal
from tests import cross_encoder

READER = Principal(id="u:reader")
EAST, NORTH = np.array([1.0, 0.0], dtype=np.float32), np.array([0.0, 1.0], dtype=np.float32)
WORDS = ["rose", "oak", "bread", "water", "leave", "days", "when", "the", "of"]


def test_cross_encoders_in_folders_of_one_name_are_told_apart(save_cross_encoder, tmp_path):
    first, second = save_cross_encoder(), cross_encoder.save(tmp_path / "other", WORDS, spread=0.5)
    named = [
        CrossEncoderReranker(shutil.copytree(one, tmp_path / at / "model"), device="cpu")
        for at, one in (("a", first), ("b", second), ("c", first))
    ]
    assert {one.name for one in named} == {"model"}
    a, b, c = map(identity_of, named)
    assert a == c != b
    assert identity_of(KeepOrder()) == "none"


def test_a_cross_encoder_whose_numbers_are_none_has_failed(save_cross_encoder, passage):
    broken = CrossEncoderReranker(save_cross_encoder(), device="cpu")
    torch.nn.init.constant_(broken._model[0].auto_model.classifier.bias, torch.nan)
    with pytest.raises(ModelError, match="no number"):
        broken.rerank("rose", [passage("the oak")], vector=None)


def test_keeping_the_order_keeps_everything(passage):
    found = [passage("one", 1, score=0.2), passage("two", 2, score=0.9)]
    assert KeepOrder().rerank("q", found, vector=EAST) == found


@pytest.fixture
def by_sentences():
    """Make a reranker whose terms are words in lower case, each a number."""
    numbers = {}

    def terms(text):
        return frozenset(numbers.setdefault(word, len(numbers)) for word in text.lower().split())

    def make(vectors, *, share=0.5):
        return SentenceReranker(lambda _ids: vectors, terms, share=share)

    return make


def test_a_passage_is_as_good_as_it_was_found_and_as_its_best_sentence_is_near(by_sentences, passage):
    # No word of the question stands there: c1: .5 * .8 + .5 * .6 * 0; c2: .5 * .6 + .5 * .6 * max(0, 1)
    found = [passage("one", 1, score=0.8), passage("two", 2, score=0.6)]
    vectors = {"c1": np.array([NORTH]), "c2": np.array([NORTH, EAST])}
    reranked = by_sentences(vectors).rerank("q", found, vector=EAST)
    assert [(p.chunk.id, p.score, p.rerank) for p in reranked] == [
        ("c2", pytest.approx(0.6), pytest.approx(0.6)),
        ("c1", pytest.approx(0.4), pytest.approx(0.0)),
    ]
    assert reranked[0].dense == found[1].dense


def test_a_passage_that_words_the_question_is_better(by_sentences, passage):
    # Sentences tell nothing apart. "annual leave" in one sentence and side by side: .2 each; in one sentence only: .2.
    texts = ("leave", "annual paid long leave", "annual leave")
    found = [passage(text, n, score=0.0, dense=0.0) for n, text in enumerate(texts)]
    reranked = by_sentences({}, share=1.0).rerank("annual leave", found, vector=EAST)
    assert [p.chunk.id for p in reranked] == ["c2", "c1", "c0"]
    assert [p.score for p in reranked[:2]] == pytest.approx([0.4, 0.2])


def test_a_passage_without_sentence_vectors_is_as_near_as_the_whole_of_it(by_sentences, passage):
    found = [passage("one", 1, score=0.0, dense=0.3), passage("two", 2, score=0.0, dense=None)]
    reranked = by_sentences({"c2": np.zeros((0, 2))}, share=1.0).rerank("q", found, vector=EAST)
    assert [p.score for p in reranked] == pytest.approx([0.6 * 0.3, 0.0])


def test_equal_scores_keep_the_order_they_came_in(by_sentences, passage):
    found = [passage("two", 2, score=0.5, dense=0.5), passage("one", 1, score=0.5, dense=0.5)]
    assert [p.chunk.id for p in by_sentences({}).rerank("q", found, vector=EAST)] == ["c2", "c1"]


def test_a_search_for_words_alone_has_no_vector_and_keeps_its_order(by_sentences, passage):
    found = [passage("one", 1), passage("two", 2)]
    assert by_sentences({"c2": np.array([EAST])}).rerank("q", found, vector=None) == found


@pytest.fixture(scope="module")
def save_cross_encoder(tmp_path_factory):
    """A cross-encoder of two small layers with random weights, saved as sentence-transformers reads it."""

    def save(labels=1):
        return cross_encoder.save(tmp_path_factory.mktemp("cross-encoder"), WORDS, labels=labels)

    return save


def by_hand(folder, question, text):
    """The model run on one pair, without sentence-transformers."""
    tokenizer = PreTrainedTokenizerFast.from_pretrained(folder)
    model = BertForSequenceClassification.from_pretrained(folder).eval()
    with torch.inference_mode():
        logits = model(**tokenizer(question, text, truncation=True, return_tensors="pt")).logits
    return torch.sigmoid(logits).item()


def test_a_cross_encoder_reads_question_and_passage_together(save_cross_encoder, passage):
    folder = save_cross_encoder()
    found = [
        passage("the rose", 1, context="water"),
        passage("oak of bread", 2),
        passage("days of leave", 3),
        passage("rose " * 200, 4),  # longer than the model reads
    ]
    reranked = CrossEncoderReranker(folder, device="cpu").rerank("when water the rose", found, vector=None)
    expected = {p.chunk.id: by_hand(folder, "when water the rose", p.chunk.embedding_text) for p in found}
    assert {p.chunk.id: p.score for p in reranked} == pytest.approx(expected, abs=1e-5)
    assert [p.chunk.id for p in reranked] == sorted(expected, key=lambda key: -expected[key])
    assert len(set(expected.values())) == len(found)


def test_a_cross_encoder_has_nothing_to_do_with_nothing(save_cross_encoder):
    assert CrossEncoderReranker(save_cross_encoder(), device="cpu").rerank("q", [], vector=None) == []


def test_a_model_of_classes_is_no_reranker(save_cross_encoder):
    with pytest.raises(ModelError, match="3 numbers a pair"):
        CrossEncoderReranker(save_cross_encoder(labels=3), device="cpu")


def test_a_missing_cross_encoder_says_so(tmp_path):
    with pytest.raises(ModelError, match="cannot load the cross-encoder"):
        CrossEncoderReranker(tmp_path / "nowhere", device="cpu")


def test_a_reranker_goes_by_its_name(save_cross_encoder):
    folder = save_cross_encoder()
    names = ("none", "sentences", str(folder), "http://127.0.0.1:9/v1#small")
    opened = [open_reranker(name, lambda _ids: {}, device="cpu") for name in names]
    assert [type(one) for one in opened] == [KeepOrder, SentenceReranker, CrossEncoderReranker, EndpointReranker]
    assert [reranker.name for reranker in opened] == ["none", "sentences", folder.name, "small"]


@dataclass
class RerankServer:
    """Answers with what it was told to and keeps what it was asked."""

    url: str = ""
    status: int = 200
    answer: object = None
    asked: list = field(default_factory=list)

    def handle(self, handler):
        body = json.loads(handler.rfile.read(int(handler.headers["content-length"])))
        self.asked.append((handler.path, handler.headers["authorization"], body))
        handler.send_response(self.status)
        handler.end_headers()
        handler.wfile.write(self.answer if isinstance(self.answer, bytes) else json.dumps(self.answer).encode())


@pytest.fixture
def rerank_server():
    told = RerankServer()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            told.handle(self)

        def log_message(self, *_):
            """Say nothing on stderr."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        told.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield told
        server.shutdown()
        thread.join()


def scored(*scores):
    return {"results": [{"index": index, "relevance_score": score} for index, score in scores]}


def test_an_endpoint_scores_what_it_is_sent(rerank_server, passage):
    rerank_server.answer = scored((1, 0.9), (0, 0.2))
    found = [passage("one", 1, score=0.8, context="Title"), passage("two", 2, score=0.6)]
    endpoint = EndpointReranker(f"{rerank_server.url}/v1", "small", api_key="key")
    reranked = endpoint.rerank("which?", found, vector=None)
    assert [(p.chunk.id, p.score, p.rerank) for p in reranked] == [("c2", 0.9, 0.9), ("c1", 0.2, 0.2)]
    sent = {"model": "small", "query": "which?", "documents": ["Title\none", "two"], "top_n": 2}
    assert rerank_server.asked == [("/v1/rerank", "Bearer key", sent)]


def test_an_endpoint_is_not_asked_about_nothing(rerank_server):
    assert EndpointReranker(rerank_server.url, "small").rerank("q", [], vector=None) == []
    assert rerank_server.asked == []


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        (500, scored((0, 0.1), (1, 0.2))),
        (200, b"<html>"),
        (200, b"\xff"),
        (200, []),
        (200, {"results": [{"index": 0}, {"index": 1}]}),
        (200, scored((0, 0.1))),
        (200, scored((0, 0.1), (0, 0.2))),
        (200, scored((0, 0.1), (7, 0.2))),
        (200, scored((0, 0.1), (-1, 0.2))),
        (200, scored((0, 0.1), (1, float("nan")))),
        (200, scored((0, 0.1), (1, "high"))),
    ],
)
def test_an_endpoint_that_answers_with_something_else_has_failed(rerank_server, passage, status, answer):
    rerank_server.status, rerank_server.answer = status, answer
    with pytest.raises(ModelError, match="the rerank endpoint failed"):
        EndpointReranker(rerank_server.url, "small").rerank("q", [passage("one", 1), passage("two", 2)], vector=None)


def test_an_endpoint_that_is_not_there_has_failed(passage):
    # Port 9 of this machine is the discard service, which nobody runs.
    with pytest.raises(ModelError, match="the rerank endpoint failed"):
        EndpointReranker("http://127.0.0.1:9", "small", timeout_s=1.0).rerank("q", [passage("one", 1)], vector=None)


@pytest.mark.parametrize("name", ["http://127.0.0.1:9/v1", "http://127.0.0.1:9#", "https://#small"])
def test_an_endpoint_has_an_address_and_a_model(name):
    with pytest.raises(ModelError, match="URL#model"):
        open_reranker(name, lambda _ids: {})


def row(chunk, updated_at=None):
    columns = (*astuple(chunk)[:8], "[]", chunk.token_count, "[]")
    return PassageRow((*columns, "default", "T", "upload:t", updated_at))


class Catalog:
    def readable_collections(self, **_):
        return None

    def passages_for(self, chunk_ids, **_):
        return {c: row(Chunk(c, "d", "r", 0, 0, 2, c, "", (), 1)) for c in chunk_ids}


class Index:
    """Finds ten chunks, c0 first."""

    def search(self, vector, _text, **_):
        found = tuple(Hit(f"c{n}", 1.0 - n / 10) for n in range(10))
        return Hits(dense=found if vector is not None else ())


@dataclass
class Embedder:
    asked: list = field(default_factory=list)

    def embed_query(self, text):
        self.asked.append(text)
        return EAST


@dataclass
class Backwards:
    """Turns the order round and remembers what it saw."""

    seen: list = field(default_factory=list)
    name: str = "backwards"

    def rerank(self, question, passages, *, vector):
        self.seen.append((question, [p.chunk.id for p in passages], vector))
        return [replace(p, score=5.0 - n) for n, p in enumerate(reversed(passages))]


class Broken:
    name = "broken"

    def rerank(self, *_, **__):
        raise ModelError("out of memory")


def retriever(reranker, depth):
    return Retriever(Catalog(), Index(), Embedder(), reranker=reranker, rerank_depth=depth)


def no_terms(_text):
    return frozenset()


def ids(passages):
    return [p.chunk.id for p in passages]


def test_the_best_candidates_are_reranked_before_the_cut():
    backwards = Backwards()
    assert ids(retriever(backwards, 4).retrieve(" q ", principal=READER, limit=2)) == ["c3", "c2"]
    [(question, seen, vector)] = backwards.seen
    assert (question, seen) == ("q", ["c0", "c1", "c2", "c3"])
    assert vector is EAST


def test_candidates_behind_the_depth_follow_and_never_score_higher():
    found = retriever(Backwards(), 3).retrieve("q", principal=READER, limit=5)
    assert ids(found) == ["c2", "c1", "c0", "c3", "c4"]
    assert [p.score for p in found] == sorted((p.score for p in found), reverse=True)
    # No sentence is near, so the three that were seen fall to 0, below what the fourth was found with.
    far = SentenceReranker(lambda ids: {key: np.array([NORTH]) for key in ids}, no_terms, share=1.0)
    fallen = retriever(far, 3).retrieve("q", principal=READER, limit=5)
    assert [(p.chunk.id, p.score) for p in fallen] == [(f"c{n}", 0.0) for n in range(5)]


def test_a_reranker_that_fails_leaves_the_order_of_the_search_and_it_is_said(caplog):
    plain, broken = (retriever(r, 4).retrieve("q", principal=READER, limit=3) for r in (KeepOrder(), Broken()))
    assert broken == plain
    assert ids(plain) == ["c0", "c1", "c2"]
    assert "the reranker broken failed: out of memory" in caplog.text


def test_a_question_is_embedded_once():
    searching = retriever(SentenceReranker(lambda _ids: {"c9": np.array([EAST])}, no_terms), 10)
    searching.retrieve("q", principal=READER)
    assert searching.embedder.asked == ["q"]


def test_a_search_for_words_alone_embeds_nothing():
    searching = retriever(SentenceReranker(lambda _ids: {}, no_terms), 10)
    searching.retrieve("q", principal=READER, mode="sparse")
    assert searching.embedder.asked == []


def test_lists_become_one_the_way_the_retriever_says():
    ranked = replace(retriever(KeepOrder(), 1), fusion="rrf").retrieve("q", principal=READER, limit=2)
    # The only list there is: first and second by rank, 61/61 and 61/62.
    assert [p.score for p in ranked] == pytest.approx([1.0, 61 / 62])
