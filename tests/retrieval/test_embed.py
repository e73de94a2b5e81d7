import threading

import numpy as np
import pytest

from retrieval import embed
from retrieval.batch import QueryBatcher
from retrieval.embed import EndpointEmbedder, SentenceTransformerEmbedder, bundled_model_path
from retrieval.errors import ModelError


@pytest.fixture(scope="module")
def embedder():
    return SentenceTransformerEmbedder(bundled_model_path(), device="cpu")


def test_vectors_are_those_of_sentence_transformers(embedder):
    from sentence_transformers import SentenceTransformer

    texts = ["Roses want water.", "short", "A longer text about oaks. " * 40, ""]
    plain = SentenceTransformer(str(bundled_model_path()), device="cpu").encode(texts, normalize_embeddings=True)
    ours = embedder.embed_documents(texts).vectors
    assert ours.shape == (4, 384)
    assert (ours * plain).sum(axis=1).min() > 0.997  # bf16 where the processor has it


def test_alike_texts_have_alike_vectors(embedder):
    a, b, c = embedder.embed_documents([
        "My laptop was stolen",
        "Someone took my notebook computer",
        "Baking bread",
    ]).vectors
    assert a @ b > a @ c + 0.2


def test_a_span_over_the_whole_text_is_nearly_its_vector(embedder):
    text = "Roses want water every morning. Oaks do not."
    embedded = embedder.embed_documents([text], [[(0, len(text)), (0, 31), (500, 600)]])
    whole, first, behind = embedded.spans[0]
    assert whole @ embedded.vectors[0] > 0.95
    assert first @ embedded.vectors[0] < whole @ embedded.vectors[0]
    assert not behind.any()


def test_tokens_are_counted_without_a_limit_and_without_special_ones(embedder):
    spans = embedder.token_spans(["one two", "word " * 1000])
    assert spans[0] == [(0, 3), (4, 7)]
    assert len(spans[1]) == 1000


def test_counting_beside_encoding_disturbs_neither(embedder):
    texts = [f"text {n} " * (n % 40 + 1) for n in range(64)]
    stop = threading.Event()
    wrong = []

    def count():
        while not stop.is_set():
            if [len(s) for s in embedder.token_spans(["word " * 300])] != [300]:
                wrong.append(1)

    counting = threading.Thread(target=count)
    counting.start()
    try:
        for _ in range(3):
            embedder.embed_documents(texts)
    finally:
        stop.set()
        counting.join()
    assert not wrong


def test_questions_at_the_same_time_get_their_own_vectors(embedder):
    batcher = QueryBatcher(embedder)
    questions = [f"question number {n}" for n in range(24)]
    answers = {}
    threads = [threading.Thread(target=lambda q=q: answers.update({q: batcher.embed_query(q)})) for q in questions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    alone = embedder.embed_documents(questions).vectors
    for question, vector in zip(questions, alone, strict=True):
        assert answers[question] @ vector > 0.999


def test_an_error_reaches_the_one_who_asked():
    class Failing:
        dim, fingerprint, max_tokens = 1, "x", 8

        def embed_documents(self, _texts, _spans=None):
            raise ModelError("gone")

    with pytest.raises(ModelError, match="gone"):
        QueryBatcher(Failing()).embed_query("x")


def test_changed_weights_are_refused(monkeypatch):
    monkeypatch.setattr(embed, "BUNDLED_SHA256", "0" * 64)
    with pytest.raises(ModelError, match="not the expected one"):
        bundled_model_path()


def test_a_model_that_is_not_there_is_a_model_error(tmp_path):
    with pytest.raises(ModelError):
        SentenceTransformerEmbedder(tmp_path, device="cpu")


def test_an_endpoint_that_is_not_there_is_a_model_error():
    with pytest.raises(ModelError):
        EndpointEmbedder("http://127.0.0.1:9/v1", "any", timeout_s=1)


def test_two_kinds_of_numbers_have_two_fingerprints(embedder):
    assert embedder.fingerprint.endswith(("float32", "bfloat16"))
    assert np.isclose(np.linalg.norm(embedder.embed_query("x")), 1.0, atol=1e-3)
