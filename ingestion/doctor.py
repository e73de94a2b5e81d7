"""Doctor: compares catalog, index, originals and runs, says what is wrong, and mends it."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial

from ingestion.ailments import Ailment, Checkup
from ingestion.audit import Audit
from ingestion.compare import Comparison, Found
from ingestion.remedies import Remedies, sha256_of, silent_for
from retrieval.errors import AttuneError, ConflictError

_SEVERITIES = ("error", "warning", "note")


@dataclass(frozen=True, slots=True)
class Patience:
    """How long something may take before the doctor finds it amiss.

    Attributes:
        step_s: Between two steps of one change, as from retiring a revision to collecting it.
        work_s: For the work on one document, its original included.
        silence_s: Between two signs of life of a worker.
        settle_s: Waited before a second look at what seems wrong, since a write may be between two steps.
        looks: How often it must seem wrong on end, the first time included.
    """

    step_s: float = 600.0
    work_s: float = 3600.0
    silence_s: float = 120.0
    settle_s: float = 0.5
    looks: int = 3


@dataclass(frozen=True, slots=True)
class Check:
    """One way of looking, and what to do about what it finds.

    Attributes:
        find: Returns ids by the code of an ailment; given ids, it may confine itself to those.
        remedies: By code; takes the ids.
    """

    find: Callable[[Sequence[str] | None], Found]
    remedies: Mapping[str, Callable[[Sequence[str]], object]] = field(default_factory=dict)


class Doctor:
    """Examines a knowledge base, in the process that owns its index; questions and ingestion go on meanwhile.

    Args:
        remedies: With the catalog, the index and the originals.
        checks: More of them, of what is not known here: the data directory, the schema.
        patience: How long what may take.
    """

    def __init__(self, remedies: Remedies, *, checks: Sequence[Check] = (), patience: Patience | None = None) -> None:
        publisher = remedies.publisher
        self._remedies = remedies
        self._audit: Audit = remedies.audit
        self._publisher = publisher
        self._comparison = Comparison(
            remedies.audit, publisher.index, publisher.embedder.fingerprint, publisher.embedder.dim
        )
        self._patience = patience or Patience()
        self._more = checks
        self._busy = threading.Lock()

    def examine(self, *, repair: bool = False, deep: bool = False) -> Checkup:
        """Look at everything.

        Args:
            repair: Mend what can be mended.
            deep: Read every original and the catalog's file from end to end too.

        Returns:
            What was wrong, the worst first. What a write in progress made look wrong for a moment is not in it.

        Raises:
            ConflictError: Another examination is under way.
            VectorIndexError: The index failed.
        """
        if not self._busy.acquire(blocking=False):
            raise ConflictError("an examination is under way; try again when it is done")
        started = time.monotonic()
        try:
            # In this order, for each mends what the next relies on: texts, vectors, points.
            checks = [*self._more, *self._of_catalog(deep=deep), *self._of_index(), *self._of_work(deep=deep)]
            found = [ailment for check in checks for ailment in self._treated(check, repair=repair)]
        finally:
            self._busy.release()
        documents, chunks = self._publisher.catalog.counts()
        return Checkup(
            ailments=tuple(sorted(found, key=lambda ailment: _SEVERITIES.index(ailment.kind.severity))),
            documents=documents,
            chunks=chunks,
            points=self._publisher.index.count(),
            seconds=round(time.monotonic() - started, 3),
        )

    def compact(self) -> int:
        """Make what was deleted unreadable on disk too: finish deletions, then write index and catalog anew.

        Returns:
            How many bytes smaller the catalog's file is.

        Raises:
            ConflictError: The catalog is too busy, or an examination is under way.
        """
        if not self._busy.acquire(blocking=False):
            raise ConflictError("an examination is under way; try again when it is done")
        try:
            self._publisher.collect()
            self._publisher.index.compact()
            self._publisher.index.flush()
            return self._audit.compact()
        finally:
            self._busy.release()

    def _treated(self, check: Check, *, repair: bool) -> list[Ailment]:
        found = self._confirmed(check)
        ailments = [Ailment(code, tuple(ids)) for code, ids in found.items()]
        return [self._mended(ailment, check) if repair else ailment for ailment in ailments]

    def _confirmed(self, check: Check) -> Found:
        found = check.find(None)
        for _ in range(self._patience.looks - 1):
            subjects = list(dict.fromkeys(key for ids in found.values() for key in ids))
            if not subjects:
                break
            time.sleep(self._patience.settle_s)
            again = check.find(subjects)
            found = {code: _both(ids, again.get(code, [])) for code, ids in found.items()}
        return {code: ids for code, ids in found.items() if ids}

    def _mended(self, ailment: Ailment, check: Check) -> Ailment:
        remedy = check.remedies.get(ailment.code)
        if remedy is None:
            return ailment
        trouble = None
        try:
            remedy(ailment.subjects)
        except (AttuneError, OSError) as error:
            # One that cannot be mended keeps none of the others from it.
            trouble = str(error)
        left = _both(ailment.subjects, check.find(ailment.subjects).get(ailment.code, []))
        return replace(ailment, mended=len(ailment.subjects) - len(left), trouble=trouble)

    def _of_catalog(self, *, deep: bool) -> list[Check]:
        remedies = self._remedies
        return [
            Check(partial(self._catalog_file, deep=deep)),
            Check(
                self._documents,
                {
                    "document-without-revision": lambda ids: remedies.show_a_revision(ids, _ago(self._patience.work_s)),
                    "revision-second-live": remedies.retire,
                },
            ),
            Check(self._quotes, {"chunk-misquoted": remedies.requote, "chunk-misfiled": remedies.refile}),
            Check(
                self._leftovers,
                {
                    "revision-stuck": remedies.discard,
                    "revision-waiting": self._publish_all,
                    "revision-uncollected": lambda _: self._publisher.collect(),
                    "document-uncollected": lambda _: self._publisher.collect(),
                },
            ),
        ]

    def _of_index(self) -> list[Check]:
        remedies, comparison = self._remedies, self._comparison
        return [
            Check(
                comparison.of_vectors,
                {
                    "vector-missing": remedies.keep_vectors,
                    "vector-damaged": remedies.keep_vectors,
                    "vector-of-another-model": remedies.embed,
                },
            ),
            Check(comparison.of_chunks, {"point-missing": remedies.put_in, "point-wrong-vector": remedies.put_in}),
            Check(
                comparison.of_points,
                {
                    "point-orphan": remedies.take_out,
                    "point-stray": remedies.take_out,
                    "point-mislabelled": remedies.put_in_points,
                    "point-stale-access": remedies.set_access,
                    "point-stale-labels": remedies.set_labels,
                },
            ),
        ]

    def _of_work(self, *, deep: bool) -> list[Check]:
        remedies = self._remedies
        return [
            Check(
                partial(self._originals, deep=deep),
                {
                    "blob-missing": remedies.find_originals,
                    "blob-damaged": remedies.put_aside,
                    "blob-orphan": remedies.drop_originals,
                    "blob-unfinished": self._drop_unfinished,
                },
            ),
            Check(self._runs, {"item-stranded": self._audit.requeue}),
        ]

    def _catalog_file(self, _: Sequence[str] | None, *, deep: bool) -> Found:
        return {"catalog-damaged": self._audit.faults()} if deep else {}

    def _documents(self, _: Sequence[str] | None) -> Found:
        revisionless = self._audit.revisionless(_ago(self._patience.work_s))
        return {
            "document-without-revision": [key for key, other in revisionless.items() if other is not None],
            "document-without-content": [key for key, other in revisionless.items() if other is None],
            "revision-second-live": self._audit.second_lives(),
        }

    def _quotes(self, _: Sequence[str] | None) -> Found:
        wrong = list(self._audit.misquotes())
        return {
            "chunk-misfiled": [quote.chunk_id for quote in wrong if quote.misfiled],
            "chunk-misquoted": [quote.chunk_id for quote in wrong if quote.misquoted],
        }

    def _leftovers(self, _: Sequence[str] | None) -> Found:
        retired, deleted = self._audit.uncollected(_ago(self._patience.step_s))
        return {
            "revision-stuck": self._audit.stuck(_ago(self._patience.work_s)),
            "revision-waiting": self._audit.waiting(_ago(self._patience.work_s)),
            "revision-uncollected": retired,
            "document-uncollected": deleted,
        }

    def _originals(self, among: Sequence[str] | None, *, deep: bool) -> Found:
        blobs, patience = self._remedies.blobs, self._patience
        live, wanted = self._audit.live_originals(), self._audit.wanted_originals()
        kept = [digest for digest in live if digest in blobs]
        looked_at = kept if among is None else [digest for digest in kept if digest in set(among)]
        return {
            "blob-missing": [digest for digest in live if digest not in blobs],
            "blob-damaged": [d for d in looked_at if sha256_of(blobs.path(d)) != d] if deep else [],
            "blob-orphan": [
                digest
                for digest in blobs
                if digest not in wanted and digest in blobs and silent_for(blobs.path(digest), patience.work_s)
            ],
            "blob-unfinished": [path.name for path in blobs.unfinished() if silent_for(path, patience.work_s)],
        }

    def _publish_all(self, _: Sequence[str]) -> None:
        while self._publisher.publish_ready():
            pass

    def _drop_unfinished(self, names: Sequence[str]) -> None:
        for path in self._remedies.blobs.unfinished():
            if path.name in names:
                path.unlink(missing_ok=True)

    def _runs(self, _: Sequence[str] | None) -> Found:
        alive = self._audit.workers_seen(_ago(self._patience.silence_s))
        working = self._audit.working_items(_ago(self._patience.silence_s))
        return {
            "run-without-worker": [] if alive else self._audit.running_runs(_ago(self._patience.step_s)),
            "item-stranded": [key for key, worker in working.items() if worker not in alive],
        }


def _both(ids: Sequence[str], others: Sequence[str]) -> list[str]:
    kept = set(others)
    return [key for key in ids if key in kept]


def _ago(age_s: float) -> datetime:
    return datetime.now(UTC) - timedelta(seconds=age_s)
