"""The last rung of the search: a LoRA adapter of the cross-encoder that looks at candidates again.

What answers a question is told from what the search finds for it and the cross-encoder is asked to judge. Only what
everybody may read takes part: weights serve everybody.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from finetune.artifact import RERANKER
from finetune.contrast import Schedule, Watch
from finetune.cross import SCHEDULE, train_cross_encoder
from finetune.lab import Lab
from finetune.rungs.embedder import Order, lesson_of, saving
from finetune.types import Example, FloatArray, Parts, RungName
from retrieval.errors import InvalidInputError
from retrieval.learned import NOTHING
from retrieval.rerank import CrossEncoderReranker

SEEN = 10
"""Passages of each question that seem to answer it, of which some are drawn for each step."""


class AdaptedReranker:
    """Trains the server's cross-encoder so that what answers a question comes before what only seems to.

    Args:
        model: Folder or hub id of the cross-encoder that serves.
        folder: Where the adapter is written, after each epoch anew.
        schedule: How it is trained.
        watch: Who looks on; its checkpoint is called once the files are written.
    """

    name: RungName = "reranker"
    least = 256

    def __init__(
        self, model: str | Path, folder: Path, *, schedule: Schedule = SCHEDULE, watch: Watch | None = None
    ) -> None:
        self._model = model
        self._folder = folder
        self._schedule = schedule
        self._watch = watch or Watch()

    def fit(self, examples: Sequence[Example], lab: Lab, *, before: Parts, seed: int) -> Parts:
        """Train an adapter; see ``Rung``. The other parts have no part in it.

        Returns:
            ``before`` with the reranker; without it where no open chunk answers a question.

        Raises:
            InvalidInputError: The search of the lab has no cross-encoder.
            CancelledError: It was asked to stop; the last whole epoch lies in the folder.
        """
        base = lab.base.reranker
        if not isinstance(base, CrossEncoderReranker):
            raise InvalidInputError("a reranker is adapted where a cross-encoder reranks")
        lesson = lesson_of(examples, lab, hard=SEEN, order=found_by(lab.for_everybody()))
        if lesson is None:
            return before
        watch = saving(self._watch, self._folder, base=base.fingerprint)
        lora = train_cross_encoder(self._model, lesson, self._schedule, seed=seed, watch=watch)
        lora.save(self._folder, base=base.fingerprint)
        return replace(before, reranker=RERANKER)


def found_by(lab: Lab) -> Order:
    """Return what orders chunks for a question as the search finds them, before they are looked at again."""
    places = {chunk_id: place for place, chunk_id in enumerate(lab.chunk_ids)}
    retriever = lab.retriever(NOTHING)

    def order(question: str, cosines: FloatArray) -> list[int]:
        del cosines
        found = retriever.candidates(question, principal=lab.principal, limit=retriever.rerank_depth)
        return [places[fused.chunk_id] for fused, _ in found if fused.chunk_id in places]

    return order
