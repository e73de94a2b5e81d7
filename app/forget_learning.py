"""What was learned of a person or a document is forgotten: training sets, candidates, and what of them serves."""

import shutil
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from app.bootstrap import Services
from app.learning import FOLDER
from app.training_asked import BY_AN_ERASURE
from app.training_jobs import ADAPTERS
from finetune.carry import generator_set, retrieval_set
from finetune.registry import Registry
from finetune.types import RungName
from retrieval.errors import ConflictError

REASON = "what it was trained on was erased"


@dataclass(frozen=True, slots=True)
class LearningForgetting:
    """How it is forgotten. Every step can be repeated; what people said must be gone before, or it is learned again."""

    services: Services

    def person(self, key: str, receipt: dict[str, Any]) -> None:
        """Forget what was learned of what somebody asked, said or did.

        Args:
            key: Their principal id.
            receipt: Training sets and candidates are added to what had used it.
        """
        with self.services.training.held():
            self._forget(self.services.training_sets.of_person(key), receipt)

    def document(self, document_id: str, receipt: dict[str, Any]) -> None:
        """Forget what was learned of a document.

        Args:
            document_id: Of it.
            receipt: As for ``person``.
        """
        with self.services.training.held():
            self._forget(self.services.training_sets.of_document(document_id), receipt)

    def _forget(self, set_ids: Collection[str], receipt: dict[str, Any]) -> None:
        services, used = self.services, receipt.setdefault("used_by", {})
        # A training that is under way may have read it: it begins again without.
        services.training_runs.begin_again(set_ids)
        registry = services.learned.registry
        made = [candidate.id for candidate in registry.by_set(set_ids)]
        live = registry.live()
        again, left = _again(registry, live, set_ids)
        used["candidates"] = sorted({*used.get("candidates", ()), *made})
        used["training_sets"] = sorted({*used.get("training_sets", ()), *set_ids})
        if made:
            services.learned.withdraw(made, reason=REASON)
        for set_id in set_ids:
            services.training_sets.remove(set_id)
            shutil.rmtree(services.data_dir / FOLDER / ADAPTERS / set_id, ignore_errors=True)
        if live in made:
            receipt["went_back_to"] = registry.live() or "nothing learned"
            with suppress(ConflictError):  # one waits already, and will know nothing of it
                receipt["retraining"] = services.training_runs.ask(again, by=BY_AN_ERASURE).id
            if left:
                receipt["to_be_trained"] = left


def _again(
    registry: Registry, live: str | None, set_ids: Collection[str]
) -> tuple[tuple[RungName, ...], tuple[RungName, ...]]:
    """Return what is to be trained again where sets go, none for all that is open, and what takes another run.

    One run may wait, and the language model is taught in a run of its own: where both go, somebody has to ask for that.
    """
    candidate = None if live is None else registry.get(live)
    if candidate is None or generator_set(candidate) not in set_ids:
        return (), ()
    return ((), ("generator",)) if retrieval_set(candidate) in set_ids else (("generator",), ())
