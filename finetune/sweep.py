"""What a training left half made when it was killed is removed; only while none is under way."""

from contextlib import suppress
from pathlib import Path

from finetune.artifact import Artifacts
from finetune.registry import Registry
from finetune.sets import FOLDER, TrainingSets
from retrieval.errors import NotFoundError


def sweep(folder: Path, sets: TrainingSets, registry: Registry) -> int:
    """Remove training sets and candidates that the record does not name: nobody could find them to forget somebody.

    Args:
        folder: The learning folder.
        sets: The record of sets.
        registry: The record of candidates.

    Returns:
        How many things were removed.
    """
    artifacts = Artifacts(folder / "candidates")
    removed = artifacts.sweep()
    for path in (folder / FOLDER).glob("*"):
        with suppress(NotFoundError):
            if not path.name.startswith(".") and not sets.get(path.stem).removed:
                continue
        path.unlink(missing_ok=True)
        removed += 1
    for path in artifacts.folder.glob("*"):
        try:
            registry.get(path.name)
        except NotFoundError:
            artifacts.remove(path.name)
            removed += 1
    return removed
