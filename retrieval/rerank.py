"""Candidates -> the same candidates in a better order: a slower look at fewer of them."""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from math import isfinite
from pathlib import Path
from typing import Any, Protocol

from retrieval.bm25 import Bm25Encoder, Bm25Settings, Terms
from retrieval.embed import FloatArray
from retrieval.embedding_model import silence_progress_bars, weights_digest
from retrieval.errors import ModelError
from retrieval.types import Passage
from retrieval.wording import WordingReader

SentenceVectors = Callable[[Sequence[str]], Mapping[str, FloatArray]]
"""Chunk ids -> the unit vectors of each one's sentences, shape (sentences, dim); chunks without any are left out."""

# Round numbers that win on average over dense weights of .4 to .7 on every set (docs/decisions/0012-ranking.md).
RERANK_SHARE = 1 / 3
SENTENCE, COVERAGE, PAIRS = 0.6, 0.2, 0.2
BATCH_PAIRS = 16
MAX_PAIR_TOKENS = 512


class Reranker(Protocol):
    """Puts candidates in a better order. ``name`` says which, in logs and reports."""

    name: str

    def rerank(self, question: str, passages: Sequence[Passage], *, vector: FloatArray | None) -> list[Passage]:
        """Return the same passages, best first, with their new scores.

        Args:
            question: As it was searched.
            passages: Candidates, best first.
            vector: Of the question, shape (dim,), L2 norm 1; None where only words were searched.

        Returns:
            All of them; scores are comparable within one search only, and equal ones keep the order they came in.

        Raises:
            ModelError: The model failed.
        """
        ...


class KeepOrder:
    """Leaves the candidates as the search ranked them."""

    name = "none"

    def rerank(self, question: str, passages: Sequence[Passage], *, vector: FloatArray | None) -> list[Passage]:
        """Return the passages as they came."""
        del question, vector
        return list(passages)


class SentenceReranker:
    """Late interaction at the level of sentences: how near the best one is, and how well it words the question.

    The sentence vectors were made at ingestion, so nothing is loaded and nothing is embedded.

    Args:
        sentence_vectors: Asked only for chunks that the reader may read.
        terms: Text -> stemmed terms.
        share: Of what the sentences say in the score, in [0, 1]; the search has the rest.
    """

    name = "sentences"

    def __init__(self, sentence_vectors: SentenceVectors, terms: Terms, *, share: float = RERANK_SHARE) -> None:
        self.sentence_vectors = sentence_vectors
        self._reader = WordingReader(terms)
        self._share = share

    def rerank(self, question: str, passages: Sequence[Passage], *, vector: FloatArray | None) -> list[Passage]:
        """Score each passage by (1 - share) * its score + share * what its sentences say; see ``Reranker``."""
        if vector is None:
            return list(passages)
        sentences = self.sentence_vectors([passage.chunk.id for passage in passages])
        agreement = self._reader.agreement(question, [passage.chunk for passage in passages])
        said = [
            (_nearest(passage, sentences, vector), float(coverage), float(pairs))
            for passage, coverage, pairs in zip(passages, agreement.coverage, agreement.pairs, strict=True)
        ]
        return _by_score([self._scored(passage, read) for passage, read in zip(passages, said, strict=True)])

    def _scored(self, passage: Passage, read: tuple[float, float, float]) -> Passage:
        nearest, coverage, pairs = read
        rerank = SENTENCE * nearest + COVERAGE * coverage + PAIRS * pairs
        score = (1 - self._share) * passage.score + self._share * rerank
        return replace(passage, score=score, rerank=rerank, sentences=read)


def _nearest(passage: Passage, sentences: Mapping[str, FloatArray], vector: FloatArray) -> float:
    rows = sentences.get(passage.chunk.id)
    if rows is None or not len(rows):
        # An embedder without sentence vectors, or a chunk without sentences: the whole stands for its parts.
        return passage.dense or 0.0
    return float((rows @ vector).max())


class CrossEncoderReranker:
    """Any sentence-transformers cross-encoder: reads question and passage together; safe from any thread.

    Args:
        model: A folder or a hub id; it must give one number a pair.
        device: cpu or cuda; cuda is taken where there is one when None.
        adapt: Changes the weights of the model, in float32; it is told the fingerprint, and returns the new one.

    Raises:
        ModelError: It cannot be loaded, or it gives more than one number a pair.
    """

    def __init__(
        self, model: str | Path, *, device: str | None = None, adapt: Callable[[Any, str], str] | None = None
    ) -> None:
        self._model = load_cross_encoder(model, device=device)
        self._lock = threading.Lock()
        self.name = Path(model).name
        self.fingerprint = f"{self.name}-{weights_digest(model)}"
        if adapt is not None:
            dtype = next(self._model.parameters()).dtype
            self.fingerprint = adapt(self._model.float(), self.fingerprint)
            self._model.to(dtype)

    def rerank(self, question: str, passages: Sequence[Passage], *, vector: FloatArray | None) -> list[Passage]:
        """Score each passage, title and headings before it, by the model; see ``Reranker``.

        Returns:
            Scores in [0, 1].

        Raises:
            ModelError: The model failed.
        """
        del vector
        if not passages:
            return []
        pairs = [(question, passage.chunk.embedding_text) for passage in passages]
        try:
            with self._lock:
                scores = self._model.predict(pairs, batch_size=BATCH_PAIRS, show_progress_bar=False)
        except (RuntimeError, ValueError, IndexError) as error:
            raise ModelError(f"the cross-encoder {self.name} failed: {error}") from error
        if not all(map(isfinite, scores)):  # numbers of 16 bits end at 65,504
            raise ModelError(f"the cross-encoder {self.name} failed: it gave a passage what is no number")
        return _by_score(_scored(passages, [float(score) for score in scores]))


class EndpointReranker:
    """A rerank endpoint as Cohere, Jina, vLLM and others serve it: ``POST URL/rerank``.

    Args:
        url: Without ``/rerank``.
        model: As the endpoint calls it.
        api_key: Sent as a bearer token; None sends none.
        timeout_s: Of one request; the search waits for it.
    """

    def __init__(self, url: str, model: str, *, api_key: str | None = None, timeout_s: float = 10.0) -> None:
        import httpx

        headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        self._client = httpx.Client(base_url=url.rstrip("/") + "/", headers=headers, timeout=timeout_s)
        self._errors: tuple[type[Exception], ...] = (httpx.HTTPError, KeyError, ValueError, TypeError)
        self.name = model

    def rerank(self, question: str, passages: Sequence[Passage], *, vector: FloatArray | None) -> list[Passage]:
        """Let the endpoint score each passage, title and headings before it; see ``Reranker``.

        Returns:
            Scores on the endpoint's own scale.

        Raises:
            ModelError: It cannot be reached, or did not score every passage.
        """
        del vector
        if not passages:
            return []
        documents = [passage.chunk.embedding_text for passage in passages]
        asked = {"model": self.name, "query": question, "documents": documents, "top_n": len(documents)}
        try:
            response = self._client.post("rerank", json=asked)
            response.raise_for_status()
            scores = {int(row["index"]): float(row["relevance_score"]) for row in response.json()["results"]}
        except self._errors as error:
            raise ModelError(f"the rerank endpoint failed: {error}") from error
        if scores.keys() != set(range(len(passages))) or not all(map(isfinite, scores.values())):
            raise ModelError("the rerank endpoint failed: it did not give each passage one number")
        return _by_score(_scored(passages, [scores[index] for index in range(len(passages))]))


def identity_of(reranker: Reranker) -> str:
    """Return what tells a reranker from others: of a cross-encoder its weights, for folders share names."""
    return reranker.fingerprint if isinstance(reranker, CrossEncoderReranker) else reranker.name


def load_cross_encoder(
    model: str | Path, *, device: str | None = None, options: Mapping[str, Any] | None = None
) -> Any:
    """Load a sentence-transformers cross-encoder.

    Args:
        model: A folder or a hub id; it must give one number a pair.
        device: cuda where there is one when None.
        options: Of the transformer: number format, how attention is computed.

    Returns:
        The model, which reads 512 tokens at most.

    Raises:
        ModelError: It cannot be loaded, or it gives more than one number a pair.
    """
    import torch  # seconds to import; only the cross-encoder pays
    from sentence_transformers import CrossEncoder

    silence_progress_bars()
    options = {"use_safetensors": True, **(options or {})}
    try:
        # A sigmoid even where the model's own configuration wants logits: the scores must stay in [0, 1].
        loaded: Any = CrossEncoder(str(model), device=device, activation_fn=torch.nn.Sigmoid(), model_kwargs=options)
    except (OSError, ValueError) as error:
        raise ModelError(f"cannot load the cross-encoder {model}: {error}") from error
    if loaded.num_labels != 1:
        raise ModelError(f"{model} gives {loaded.num_labels} numbers a pair; a reranker gives one")
    loaded.max_seq_length = min(loaded.max_seq_length or MAX_PAIR_TOKENS, MAX_PAIR_TOKENS)
    return loaded


def open_reranker(
    name: str, sentence_vectors: SentenceVectors, *, device: str | None = None, api_key: str | None = None
) -> Reranker:
    """Make the reranker of a name.

    Args:
        name: ``none``, ``sentences``, a cross-encoder by folder or hub id, or an endpoint as ``URL#model``.
        sentence_vectors: See ``SentenceReranker``.
        device: Where a cross-encoder runs.
        api_key: For an endpoint.

    Returns:
        It, ready to use.

    Raises:
        ModelError: The cross-encoder cannot be loaded, or the endpoint has no address or no model.
    """
    if name == KeepOrder.name:
        return KeepOrder()
    if name == SentenceReranker.name:
        return SentenceReranker(sentence_vectors, Bm25Encoder(Bm25Settings()).terms)
    if name.startswith(("http://", "https://")):
        url, _, model = name.partition("#")
        if not model or not url.partition("://")[2]:
            raise ModelError(f"a rerank endpoint is named as URL#model, not {name}")
        return EndpointReranker(url, model, api_key=api_key)
    return CrossEncoderReranker(name, device=device)


def _scored(passages: Sequence[Passage], scores: Sequence[float]) -> list[Passage]:
    return [replace(passage, score=score, rerank=score) for passage, score in zip(passages, scores, strict=True)]


def _by_score(passages: Sequence[Passage]) -> list[Passage]:
    return sorted(passages, key=lambda passage: -passage.score)
