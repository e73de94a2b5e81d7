"""A document is forgotten: invisible at once, then out of everything that was made of it."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.approved import approved_answers
from app.bootstrap import Services
from app.erasure_rows import FORGOTTEN, ErasureRows, Traces
from app.erasure_scan import Sought, distinctive
from app.forget_learning import LearningForgetting
from retrieval.errors import NotFoundError
from retrieval.quoting import Quoted
from retrieval.retention import WholeDocument
from retrieval.types import Principal

_MANIFEST_MAX_BYTES = 32 << 20
_SYSTEM = Principal("u:attune", administrator=True)


@dataclass(frozen=True, slots=True)
class DocumentForgetting:
    """How a document is forgotten. Every step can be repeated."""

    services: Services
    rows: ErasureRows

    def check(self, subject: str) -> None:
        """Raise where nothing is known of such a document; one that was deleted may still be quoted.

        Raises:
            NotFoundError: There is none.
        """
        if self.services.catalog.whole(subject) is None and not self.rows.mentions([subject]):
            raise NotFoundError(f"no document {subject}")

    def erase(self, subject: str, receipt: dict[str, Any]) -> Sought:
        """Take a document out of every store.

        Args:
            subject: Its id.
            receipt: Counts are added; ``work`` holds what is needed should this be cut short.

        Returns:
            What may be found nowhere afterwards.
        """
        self._hide(subject)
        whole = self.services.catalog.whole(subject)
        if whole is None:
            return self._remembered(subject, receipt)
        originals = sorted({*whole.content_sha256, *self.rows.originals(_traces(whole))})
        receipt.setdefault("work", {"originals": originals, "ids": list(whole.revision_ids)})
        self._withdraw_answers(whole, receipt)
        # Before anything goes: later nobody could say by which words it was known.
        words = distinctive(self.rows, subject, whole.texts)
        if self.rows.is_alone(subject, whole.uri):
            words = (*words, whole.uri)
        self._forget_words(whole, receipt)
        erased = receipt["erased"]
        _added(erased, {"documents": 1, "revisions": len(whole.revision_ids), "chunks": len(whole.chunk_ids)})
        self._delete(subject, originals)
        kept = [sha256 for sha256 in originals if sha256 in self.services.blobs]
        _added(erased, {"originals": len(originals) - len(kept)})
        if kept:
            receipt["originals_of_others"] = kept
        if whole.source_id:
            words_of_source = "takes it in again at its next sync, unless it is removed there or left out"
            receipt["source"] = {"id": whole.source_id, "words": words_of_source}
        gone = tuple(sha256 for sha256 in originals if sha256 not in kept)
        return Sought((subject, *whole.revision_ids), words, gone)

    def _hide(self, subject: str) -> None:
        # Not a tombstone: a start after a kill would purge it, and with it what its words are known by.
        try:
            self.services.catalog.set_document_access(subject, (), by=FORGOTTEN, version=None)
        except NotFoundError:
            return  # deleted already

    def _withdraw_answers(self, whole: WholeDocument, receipt: dict[str, Any]) -> None:
        """Delete approved answers that were made of it, or that repeat it without saying so."""
        quoted, services = Quoted(whole.texts), self.services
        said = services.feedback.approved(principal=_SYSTEM)
        repeat = [one.id for one, _ in said if one.answer and quoted.within(one.answer)]
        withdrawn = approved_answers(services).withdraw(repeat)
        for made in services.catalog.made_of([whole.id]):
            with suppress(NotFoundError):  # the dispatcher was faster
                services.publisher.delete(made)
                withdrawn += 1
        _added(receipt.setdefault("erased", {}), {"approved_answers": withdrawn})

    def _forget_words(self, whole: WholeDocument, receipt: dict[str, Any]) -> None:
        quoted = Quoted(whole.texts)
        used = receipt.setdefault("used_by", {})
        _merged(used, "golden_sets", self.services.golden.forget_document(_names(whole), whole.uri, quoted))
        _merged(used, "evaluation_runs", dict.fromkeys(self.services.runs.forget(_names(whole), quoted), 1))
        _merged(used, "adapters", dict.fromkeys(self._adapters(whole), 1))
        erased = receipt.setdefault("erased", {})
        _added(erased, self._of_answers(whole, quoted))
        _added(erased, self.rows.forget_document(_traces(whole)))
        name = whole.uri.rpartition("/")[2].removeprefix("upload:")
        _added(erased, {"uploads": self.services.uploads.forget_named(whole.collection, name)})
        LearningForgetting(self.services).document(whole.id, receipt)

    def _remembered(self, subject: str, receipt: dict[str, Any]) -> Sought:
        """It is out of the catalog: what answers quote of it says what to look for elsewhere."""
        whole = self.services.interactions.remembered(subject)
        self._withdraw_answers(whole, receipt)
        self._forget_words(whole, receipt)
        work = receipt.get("work", {})
        gone = [sha256 for sha256 in work.get("originals", ()) if sha256 not in receipt.get("originals_of_others", ())]
        return Sought((subject, *work.get("ids", ())), (), tuple(gone))

    def _of_answers(self, whole: WholeDocument, quoted: Quoted) -> dict[str, int]:
        return {
            "feedback": self.services.feedback.forget_document(whole.id, quoted, whole.chunk_ids),
            "readings": self.services.readings.forget_chunks(whole.chunk_ids),
            "given_labels": self.services.given_labels.forget_document(whole.id),
            "assistants": self.services.assistants.forget_document(quoted),
            "reviewed": self.services.reviews.forget_document(whole.id, quoted),
            "interactions": self.services.interactions.forget_document(whole.id, whole.chunk_ids, quoted),
        }

    def _delete(self, subject: str, originals: list[str]) -> None:
        with suppress(NotFoundError):  # the dispatcher was faster
            self.services.publisher.delete(subject)
        self.services.pages.forget()
        self.services.suggestions.forget()
        # Of versions that never came to be too: the sweep would leave them for an hour.
        if self.services.publisher.originals is not None:
            self.services.publisher.originals.drop(originals)

    def _adapters(self, whole: WholeDocument) -> list[str]:
        """Return the adapters whose files say that they were made with the document."""
        folder = self.services.settings.local_adapters
        if folder is None or not folder.is_dir():
            return []
        return sorted({path.parent.name for path in folder.glob("*/*.json") if _says(path, whole.id)})


def _says(path: Path, document_id: str) -> bool:
    return path.stat().st_size <= _MANIFEST_MAX_BYTES and document_id.encode() in path.read_bytes()


def _traces(whole: WholeDocument) -> Traces:
    return Traces(whole.id, whole.collection, whole.uri, whole.revision_ids)


def _names(whole: WholeDocument) -> set[str]:
    return {whole.id, whole.uri, *whole.revision_ids, *whole.chunk_ids} - {""}


def _added(counts: dict[str, int], more: Mapping[str, int]) -> None:
    for kind, count in more.items():
        counts[kind] = counts.get(kind, 0) + count


def _merged(used: dict[str, Any], kind: str, names: Mapping[str, int]) -> None:
    used[kind] = sorted({*used.get(kind, ()), *names})
