"""What is asked: the retriever and the answerer of a workbench, or of the server while it serves."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from retrieval.answer import Answerer
from retrieval.prompt import ANSWER_TEMPLATE
from retrieval.retrieve import Retriever
from retrieval.types import Passage, Principal


@dataclass(frozen=True, slots=True)
class System:
    """A question path over some documents, and what a reader of its figures must know of it.

    Attributes:
        answerer: None where only retrieval can be measured.
        principal: In whose name is asked; what it may not read counts as not found.
        collection: The one collection that is asked; None asks all.
        names: URI of a document -> the name golden questions know it by; a document that is missing here goes by
            its URI.
        fingerprint: Parser, chunker, chunk size and embedder; figures of different ones are of different systems.
        settings: What is set, by name.
        history: Whether a part of the path alone searches a follow-up question together with the questions before it.
        documents: How many the principal may read.
        corpus_epoch: Of the catalog; it rises with every change of a document.
    """

    retriever: Retriever
    principal: Principal
    names: Mapping[str, str]
    fingerprint: str
    answerer: Answerer | None = None
    collection: str | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    history: bool = False
    documents: int = 0
    chunks: int = 0
    corpus_epoch: int = 0

    def documents_of(self, passages: Iterable[Passage]) -> list[str]:
        """Return the documents of passages by the names of the golden set, distinct, in order."""
        return list(dict.fromkeys(self.name(passage.uri) for passage in passages))

    def name(self, uri: str) -> str:
        """Return what the golden set calls a document."""
        return self.names.get(uri, uri)


def settings_of(answerer: Answerer) -> dict[str, Any]:
    """Return what decides about answers besides the search: threshold, passages, generator and prompt."""
    return {
        "abstain_below": answerer.abstain_below,
        "passages_shown": answerer.passages_shown,
        "generator": answerer.versions.get("generator", "unknown"),
        "prompt": ANSWER_TEMPLATE,
    }
