"""Questions that were asked -> vectors, each made once: review groups them again at every look."""

from collections import OrderedDict
from collections.abc import Sequence
from hashlib import sha256
from threading import Lock

import numpy as np

from eval.grouping import FloatArray, Group, grouped
from retrieval.embed import Embedder

_KEPT_VECTORS = 8_192  # some 12 MB


class AskedVectors:
    """Vectors of questions that were asked, by the hashes of their words; the last 8,192 are kept."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, FloatArray] = OrderedDict()
        self._making = Lock()

    def of(self, texts: Sequence[str], embedder: Embedder) -> FloatArray:
        """Embed questions.

        Args:
            texts: At least one, none empty.
            embedder: By which, unless it did so before.

        Returns:
            One vector a question, in order: shape (len(texts), dim), L2 norm 1.
        """
        with self._making:
            return self._of(texts, embedder)

    def grouped(self, texts: Sequence[str], embedder: Embedder) -> list[Group]:
        """Group questions by meaning, see ``eval.grouping``.

        Args:
            texts: As for ``of``.
            embedder: Likewise.

        Returns:
            The groups.
        """
        # One after the other: two thousand questions take some 120 MB, and of two who look at the same ones the second
        # finds the vectors that the first had made.
        with self._making:
            return grouped(self._of(texts, embedder))

    def _of(self, texts: Sequence[str], embedder: Embedder) -> FloatArray:
        kept = self._kept
        return np.stack([_one(kept, text, embedder) for text in texts])

    def forget(self) -> None:
        """Forget all of them: of somebody who is to be known nowhere any more, too."""
        self._kept = OrderedDict()  # another one: what is being made at this moment goes with the one before


def _one(kept: OrderedDict[str, FloatArray], text: str, embedder: Embedder) -> FloatArray:
    key = sha256(f"{embedder.fingerprint}\x1f{text}".encode(errors="surrogatepass")).hexdigest()
    known = kept.get(key)
    if known is not None:
        kept.move_to_end(key)
        return known
    kept[key] = made = embedder.embed_query(text)
    while len(kept) > _KEPT_VECTORS:
        kept.popitem(last=False)
    return made
