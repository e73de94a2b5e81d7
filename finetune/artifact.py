"""Candidates on disk: a folder each, named by the hash of its manifest, which holds the hash of every file in it.

Numbers are safetensors and everything else is JSON: nothing that is loaded can run.
"""

import hashlib
import json
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np

from finetune.sealed import check_plain, checked, seals, sync, write
from finetune.types import Anchor, FloatArray, MemoryRow, Parts, RungName
from ingestion.blobs import storage
from retrieval.errors import ModelError, NotFoundError
from retrieval.learned import Weights
from retrieval.ranking import FEATURES, Ranking

MANIFEST = "manifest.json"
ADAPTER, QUESTIONS, ROWS = "adapter.safetensors", "memory.safetensors", "memory.jsonl"
EMBEDDER, RERANKER, GENERATOR = "embedder", "reranker", "generator"
"""Folders inside a candidate's: of an adapted embedder, an adapted cross-encoder, an adapter of the language model."""

FORMAT = 1
_ID = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Recipe:
    """What a candidate is and was made with.

    Attributes:
        rung: That was made anew.
        rungs: All that made it, in order.
        training_set: Id of the set.
        base: Fingerprint of the embedder whose vectors it works on.
        parent: Candidate that was live when it was made; None where nothing was.
        carried: What was taken over as it is from the candidate that was live, ``retrieval`` or ``generator``, by the
            id of the training set of which it was made.
        config: Of the rungs.
        versions: Of the packages that matter.
    """

    rung: RungName
    rungs: tuple[RungName, ...]
    training_set: str
    base: str
    seed: int
    parent: str | None = None
    carried: Mapping[str, str] = field(default_factory=dict)
    config: Mapping[str, Any] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)


class Artifacts:
    """The folder of candidates; one appears under its name only when it is whole and on disk.

    Args:
        folder: Made with mode 0700 when the first is written.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(
        self, parts: Parts, recipe: Recipe, *, folders: Mapping[str, Path] | None = None
    ) -> tuple[str, Mapping[str, Any]]:
        """Keep a candidate; the same one again is kept once.

        Args:
            parts: What it is made of.
            recipe: What it was made with.
            folders: Where what ``parts`` has as a folder lies, by name (``EMBEDDER`` and its like); copied.

        Returns:
            Its id, and its manifest.

        Raises:
            StorageFullError: The disk is full; nothing is kept.
            ModelError: A file of a folder is none that is kept.
        """
        with storage():
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = self.folder / f".{uuid4().hex}.part"
        try:
            with storage():
                fresh.mkdir(mode=0o700)
                manifest = _manifest(parts, recipe, _write_files(fresh, parts, folders or {}))
                canonical = _canonical(manifest)
                candidate_id = hashlib.sha256(canonical).hexdigest()
                write(fresh / MANIFEST, canonical)
                sync(fresh)
                if not self._whole(candidate_id):
                    # What was damaged is made whole by whoever makes it again.
                    self.remove(candidate_id)
                    fresh.rename(self.folder / candidate_id)
                    sync(self.folder)
            return candidate_id, manifest
        finally:
            shutil.rmtree(fresh, ignore_errors=True)

    def manifest(self, candidate_id: str) -> Mapping[str, Any]:
        """Return what a candidate says it is.

        Raises:
            NotFoundError: There is none of this id.
            ModelError: It was changed, or cannot be read.
        """
        folder = self.path(candidate_id)
        with _readable(candidate_id):
            written = (folder / MANIFEST).read_bytes()
        if hashlib.sha256(written).hexdigest() != candidate_id:
            raise ModelError(f"the manifest of candidate {candidate_id[:12]} is not what was written")
        manifest: Mapping[str, Any] = json.loads(written)
        if manifest.get("format") != FORMAT:
            raise ModelError(f"candidate {candidate_id[:12]} is of another version of this program")
        return manifest

    def read(self, candidate_id: str, *, base: str, dim: int) -> Parts:
        """Return what a candidate is made of, every byte of it checked.

        Args:
            candidate_id: Of it.
            base: Fingerprint of the embedder that serves.
            dim: Of its vectors.

        Raises:
            NotFoundError: There is none of this id.
            ModelError: A file is missing, surplus, cut short or changed, or it was made for another embedder.
        """
        manifest = self.manifest(candidate_id)
        name = f"candidate {candidate_id[:12]}"
        if manifest["base"] != base:
            raise ModelError(f"{name} was made for the embedder {manifest['base']}, and {base} serves")
        if manifest["dim"] not in {None, dim}:
            raise ModelError(f"{name} was made for vectors of {manifest['dim']} numbers, and those here have {dim}")
        with _readable(candidate_id):
            contents = checked(self.path(candidate_id), manifest["files"], besides=MANIFEST, name=name)
            parts = _parts(contents, manifest)
        _check_shapes(parts, dim, name)
        return parts

    def _whole(self, candidate_id: str) -> bool:
        try:
            files = self.manifest(candidate_id)["files"]
            with _readable(candidate_id):
                checked(self.path(candidate_id), files, besides=MANIFEST, name=candidate_id)
        except (ModelError, NotFoundError):
            return False
        return True

    def path(self, candidate_id: str) -> Path:
        """Return the folder of a candidate.

        Raises:
            NotFoundError: There is none of this id.
        """
        path = self.folder / candidate_id
        if not _ID.fullmatch(candidate_id) or not path.is_dir():
            raise NotFoundError(f"there are no files of candidate {candidate_id[:12]}")
        return path

    def remove(self, candidate_id: str) -> None:
        """Delete the files of a candidate; gone already is fine."""
        if _ID.fullmatch(candidate_id):
            shutil.rmtree(self.folder / candidate_id, ignore_errors=True)

    def sweep(self) -> int:
        """Delete what was begun and never finished; only while nobody writes.

        Returns:
            How many candidates that was.
        """
        unfinished = list(self.folder.glob(".*.part"))
        for folder in unfinished:
            shutil.rmtree(folder, ignore_errors=True)
        return len(unfinished)


def _manifest(parts: Parts, recipe: Recipe, files: Mapping[str, Any]) -> dict[str, Any]:
    dims = [array.shape[1] for array in (parts.adapter, parts.questions) if array is not None]
    return asdict(recipe) | {
        "format": FORMAT,
        "dim": int(dims[0]) if dims else None,
        "reach": float(parts.reach),
        "weights": asdict(parts.weights),
        "ranking": None if parts.ranking is None else asdict(parts.ranking),
        "embedder": EMBEDDER if parts.embedder else None,
        "reranker": RERANKER if parts.reranker else None,
        "generator": GENERATOR if parts.generator else None,
        "files": files,
    }


def _canonical(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def _write_files(folder: Path, parts: Parts, folders: Mapping[str, Path]) -> dict[str, Any]:
    from safetensors.numpy import save

    contents: dict[str, bytes] = {}
    if parts.adapter is not None:
        contents[ADAPTER] = save({"adapter": np.ascontiguousarray(parts.adapter, dtype=np.float32)})
    if parts.questions is not None and len(parts.memory):
        contents[QUESTIONS] = save({"questions": np.ascontiguousarray(parts.questions, dtype=np.float32)})
        contents[ROWS] = b"".join(_canonical(_row(row)) + b"\n" for row in parts.memory)
    for name, content in contents.items():
        write(folder / name, content)
    for name, wanted in ((EMBEDDER, parts.embedder), (RERANKER, parts.reranker), (GENERATOR, parts.generator)):
        if wanted and name in folders:
            _copy(folders[name], folder / name)
    return seals(folder, besides=MANIFEST)


def _copy(source: Path, target: Path) -> None:
    target.mkdir(mode=0o700)
    for path in sorted(source.iterdir()):
        check_plain(path)
        shutil.copyfile(path, target / path.name)
        sync(target / path.name)
    sync(target)


def _row(row: MemoryRow) -> dict[str, Any]:
    return {
        "example": row.example,
        "document": row.anchor.document_id,
        "sha256": row.anchor.text_sha256,
        "weight": row.weight,
    }


def _parts(contents: Mapping[str, bytes], manifest: Mapping[str, Any]) -> Parts:
    from safetensors.numpy import load

    adapter: FloatArray | None = load(contents[ADAPTER])["adapter"] if ADAPTER in contents else None
    questions: FloatArray | None = load(contents[QUESTIONS])["questions"] if QUESTIONS in contents else None
    rows = [json.loads(line) for line in contents.get(ROWS, b"").splitlines()]
    return Parts(
        adapter=adapter,
        memory=_memory(rows),
        questions=questions,
        reach=manifest["reach"],
        weights=Weights(**manifest["weights"]),
        ranking=_ranking(manifest.get("ranking")),
        embedder=manifest["embedder"],
        reranker=manifest.get("reranker"),  # candidates of before had none
        generator=manifest.get("generator"),
    )


def _ranking(written: Mapping[str, Any] | None) -> Ranking | None:
    if written is None:
        return None
    columns = [tuple(map(float, written[name])) for name in ("means", "scales", "weights")]
    if {len(column) for column in columns} != {len(FEATURES)} or not np.isfinite(columns).all() or min(columns[1]) <= 0:
        raise ValueError(f"its ranking is not of {len(FEATURES)} finite numbers each")
    return Ranking(written["reranker"], *columns)


def _memory(rows: Sequence[Mapping[str, Any]]) -> tuple[MemoryRow, ...]:
    return tuple(MemoryRow(row["example"], Anchor(row["document"], row["sha256"]), row["weight"]) for row in rows)


def _check_shapes(parts: Parts, dim: int, name: str) -> None:
    wanted = ((parts.adapter, (dim, dim)), (parts.questions, (len(parts.memory), dim)))
    for array, shape in wanted:
        if array is None:
            continue
        if array.shape != shape or array.dtype != np.float32 or not np.isfinite(array).all():
            raise ModelError(f"{name} holds numbers of shape {array.shape}, and {shape} finite ones are wanted")


@contextmanager
def _readable(candidate_id: str) -> Iterator[None]:
    """Give whatever is wrong with its files an error of ours.

    Raises:
        ModelError: One is missing or is not what it claims to be.
    """
    from safetensors import SafetensorError

    try:
        yield
    except OSError as error:
        raise ModelError(f"candidate {candidate_id[:12]} cannot be read: {error.strerror}") from error
    except (SafetensorError, KeyError, TypeError, ValueError) as error:
        raise ModelError(f"candidate {candidate_id[:12]} is damaged: {error}") from error
