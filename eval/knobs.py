"""What may be turned in an evaluation and measured again."""

from dataclasses import dataclass
from typing import Literal, get_args

from retrieval.errors import InvalidInputError
from retrieval.types import Fusion

PathMode = Literal["dense", "sparse", "hybrid", "full"]
"""How much of the path to the passages is measured: one list, both fused, or all of it as it serves: a follow-up
rewritten, candidates reranked, copies folded."""


@dataclass(frozen=True, slots=True)
class Knobs:
    """What may be turned and measured again; the defaults are the server's.

    Attributes:
        pool: Hits taken from each of the dense and the sparse list before fusing, 10 to 1,000.
        dense_weight: Share of the dense score in the fused one, in [0, 1].
        fusion: How the two lists become one.
        rerank: ``sentences``, ``none``, a cross-encoder by folder or hub id, or an endpoint as ``URL#model``.
        chunk_tokens: Most tokens of a chunk, at least 32; what the embedder reads when None.
        history: Whether a follow-up question is searched together with the questions before it.
        whole: Whether each text is one chunk that the embedder cuts off at its limit, as in published BEIR figures.
    """

    pool: int = 100
    dense_weight: float = 0.6
    chunk_tokens: int | None = None
    history: bool = False
    whole: bool = False
    fusion: Fusion = "mix"
    rerank: str = "sentences"

    def check(self) -> None:
        """Say nothing when every knob is in range.

        Raises:
            InvalidInputError: One is not.
        """
        tokens = 32 if self.chunk_tokens is None else self.chunk_tokens
        if not 10 <= self.pool <= 1000 or not 0 <= self.dense_weight <= 1 or tokens < 32:
            raise InvalidInputError(
                "the pool is 10 to 1,000 hits, the dense weight 0 to 1, and a chunk at least 32 tokens"
            )
        if self.fusion not in get_args(Fusion):
            raise InvalidInputError(f"there is no fusion {self.fusion}; there are {', '.join(get_args(Fusion))}")
