"""What was learned of a person or a document is forgotten: training sets, candidates, and what of them serves."""

import shutil
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from app.bootstrap import Services
from app.learning import FOLDER
from app.training_asked import ERASED, GENERATOR, train_again
from app.training_jobs import ADAPTERS


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
        used["candidates"] = sorted({*used.get("candidates", ()), *made})
        used["training_sets"] = sorted({*used.get("training_sets", ()), *set_ids})
        if made:
            services.learned.withdraw(made, reason=ERASED)
        for set_id in set_ids:
            services.training_sets.remove(set_id)
            shutil.rmtree(services.data_dir / FOLDER / ADAPTERS / set_id, ignore_errors=True)
        if live in made:
            receipt["went_back_to"] = registry.live() or "nothing learned"
            run, left = train_again(services)
            receipt["to_be_trained"] = ["generator" if rungs == GENERATOR else "retrieval" for rungs in left]
            if run is not None:
                receipt["retraining"] = run.id
