"""What the language model is taught with: where it lies, who reads what people said to it, and how it is asked."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from finetune.examples import Encode
from finetune.generator_rows import Rows


@dataclass(frozen=True, slots=True)
class Teaching:
    """What a training teaches the language model with.

    Attributes:
        model: Its folder.
        rows: Reads what it can be taught by.
        encode: Of the embedder that serves.
        manifest: Says what rows stand on.
        folder: Where adapters lie, by training set and kind, until the run has ended: one that was killed goes on with
            them.
        limit_s: That the run may take.
        device: Of the model; cuda is taken where there is one when None.
        context_tokens: Window, at most the model's own.
        max_tokens: Of an answer.
    """

    model: Path
    rows: Callable[[], Rows]
    encode: Encode
    manifest: Callable[[Rows], Mapping[str, Any]]
    folder: Path
    limit_s: float
    device: str | None = None
    context_tokens: int = 8192
    max_tokens: int = 512
